"""Isolation forest, by `pyod`, made a stream: fitted again and again to the last rows, and asked about the next ones.

Parameters: the defaults of PyOD, 100 trees of 256 points; over shingles of 4 rows. The documentation does not say how
to use it on a stream; here it is fitted to the last 2,048 shingles, first after 256 of them, then each time their
number has doubled, then every 2,048 rows.

Liu, Ting & Zhou (2008), Isolation forest.
"""

import numpy as np
from pyod.models.iforest import IForest

from benchmarks.peers.shingles import SIZE, Floats, shingles

FIRST, WINDOW = 256, 2048


def scores(timestamps: Floats, values: Floats) -> Floats:
    """PyOD's decision score of each row's shingle, above 0 what is odder than nine tenths of the fit; 0 before."""
    out = np.zeros(len(values))
    points = shingles(values)
    begin = FIRST
    while begin < len(points):
        forest = IForest(random_state=0).fit(points[max(0, begin - WINDOW) : begin])
        end = begin + min(begin, WINDOW)
        out[begin + SIZE - 1 : end + SIZE - 1] = forest.decision_function(points[begin:end])
        begin = end
    return out
