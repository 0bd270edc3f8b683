"""Seasons in fewer slots: what is given up of models before new ones are refused."""

import numpy as np

from tailmass.columns import Shorts
from tailmass.kernels.season import MOST_VISITS, VISIT_BITS


def halved(slots: Shorts) -> Shorts:
    """(series, slots / 2) the mean of each two slots, with the visits of the one that has more.

    >>> packed = np.array([[(10 << 4) | 3, (20 << 4) | 5]], np.int16)
    >>> [(int(slot) >> 4, int(slot) & 15) for slot in halved(packed)[0]]
    [(15, 5)]
    """
    pairs = slots.reshape(len(slots), slots.shape[1] // 2, 2)
    mean = np.rint((pairs >> VISIT_BITS).mean(axis=2)).astype(np.int16)
    visits = (pairs & MOST_VISITS).max(axis=2)
    halved: Shorts = (mean << VISIT_BITS) | visits
    return halved
