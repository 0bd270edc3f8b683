"""Half-space trees, by `river`.

Parameters: the defaults of river, 10 trees of height 8 and windows of 250 points, behind a `MinMaxScaler` as its
documentation advises where the limits of the data are not known; over shingles of 4 rows.

Tan, Ting & Liu (2011), Fast anomaly detection for streaming data.
"""

import numpy as np
from river import anomaly, compose, preprocessing

from benchmarks.peers.shingles import SIZE, Floats, shingles


def scores(timestamps: Floats, values: Floats) -> Floats:
    """Score of each row's shingle by the trees that have not learnt it yet, in [0, 1]; 0 in the first window."""
    out = np.zeros(len(values))
    model = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(seed=42))
    for index, point in enumerate(shingles(values).tolist()):
        features = dict(enumerate(point))
        out[index + SIZE - 1] = model.score_one(features)
        model.learn_one(features)
    return out
