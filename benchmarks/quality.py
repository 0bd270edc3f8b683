"""The evidence of the models as a detector for an evaluation kit: one series in, one score a row out.

`scores(timestamps, values)` is strictly causal: the score of a row uses that row and earlier ones only. It is u, the
-log10 of the probability that the models give to the value; fusion with other evidence is not part of it.
"""

import numpy as np
import numpy.typing as npt

from tailmass.analysis.model import FeatureModel
from tailmass.kernels.observe import Watch

SILENT = 33  # rows that fix the bucket span, and are not scored
MOST = 30.0

Floats = npt.NDArray[np.float64]


def scores(timestamps: Floats, values: Floats) -> Floats:
    """u of every row, in [0, 30]; 0 where a row was not scored.

    Parameters
    ----------
    timestamps : (n,) epoch seconds, increasing
    values : (n,) unit of the data; what is not finite is passed over
    """
    span = max(1, round(float(np.median(np.diff(timestamps[:SILENT]))) or 60.0))
    buckets = np.round(np.asarray(timestamps, float) / span).astype(np.int64)
    judged = np.isfinite(values)
    judged[1:] &= buckets[1:] > buckets[:-1]
    rows = np.flatnonzero(judged)
    first = int(buckets[rows[0]])
    offsets = np.zeros(int(buckets[rows[-1]]) - first + 2, np.int64)
    offsets[buckets[rows] - first + 1] = 1
    offsets = np.cumsum(offsets)
    model = FeatureModel(Watch(span, 0, False, False, 0.0, True))
    found, _ = model.learn(offsets, np.zeros(len(rows), np.int64), np.asarray(values, float)[rows], first, 1)
    out = np.zeros(len(values))
    out[rows[offsets[found.bucket]]] = np.minimum(MOST, -np.log10(found.probability))
    out[rows[:SILENT]] = 0.0
    return out
