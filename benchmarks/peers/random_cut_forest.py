"""Robust random cut forest, by `rrcf`.

Parameters: those of the streaming example in rrcf's documentation, 40 trees of 256 points over shingles of 4 rows. The
score is the mean collusive displacement of the newest shingle.

Guha, Mishra, Roy & Schrijvers (2016), Robust random cut forest based anomaly detection on streams.
"""

import numpy as np
import rrcf

from benchmarks.peers.shingles import SIZE, Floats, shingles

TREES, POINTS = 40, 256


def scores(timestamps: Floats, values: Floats) -> Floats:
    """Collusive displacement of each row's shingle when it arrives, from 0 to `POINTS`; 0 until the trees are full."""
    out = np.zeros(len(values))
    trees = [rrcf.RCTree(random_state=seed) for seed in range(TREES)]
    for index, point in enumerate(shingles(values)):
        total = 0.0
        for tree in trees:
            if index >= POINTS:
                tree.forget_point(index - POINTS)
            tree.insert_point(point, index=index)
            total += tree.codisp(index)
        if index >= POINTS:
            out[index + SIZE - 1] = total / TREES
    return out
