"""A series as points: each row with the rows just before it, for detectors that look at one point at a time."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SIZE = 4  # rows in a shingle, as in the streaming example of rrcf's documentation


def shingles(values: Floats) -> Floats:
    """(n - SIZE + 1, SIZE) rows i to i + SIZE - 1; the first one belongs to row SIZE - 1.

    >>> shingles(np.arange(6.0)).tolist()
    [[0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0]]
    """
    if len(values) < SIZE:
        return np.empty((0, SIZE))
    return np.lib.stride_tricks.sliding_window_view(np.asarray(values, float), SIZE)
