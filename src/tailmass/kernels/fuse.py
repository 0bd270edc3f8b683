"""Several signs to one: what speaks for an anomaly is added up, and the sum is held against its own past.

    S  = 0.40 u + 0.31 (k_window + k_raw + k_envelope)
    S' = S where it is above every onset of the last 24 buckets, else 0
    a  = max(sensitivity u, S + 0.38 k_S),    k_S: novelty of S' among its own eight highest peaks

A sum is powerful where several signs are moderate. They are neither independent nor the same, and no theory says how a
sum of such signs is distributed; its own past does. a is in powers of ten: a = u where nothing but the surprise speaks.
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Singles
from tailmass.kernels import peaks
from tailmass.kernels.jit import inlined, part

SURPRISE, NOVELTY = 0.40, 0.31  # weights of the signs in the sum
RECALIBRATED = 0.38
LAG = 24  # buckets
SHAPE, FLOOR = 0.3, 0.1
MOST = 30.0
K = peaks.K
USUAL = (4.0, 3.2, 2.8, 2.5, 2.2, 2.0, 1.9, 1.8)
"""The eight highest onsets that series have in so many buckets, the mean of public corpora: what a new series is taken
to have had, as otherwise its first little onset would be the largest of all times."""
USUAL_BUCKETS = 500.0


class Onset(NamedTuple):
    """The last onset of a series' sums."""

    since: float
    """Buckets since then; large before the first one."""
    height: float
    mean: float
    """Mean of all S' so far."""


@part
def novelty(sums: Singles, i: int, onset: float, mean: float, n: float) -> float:
    """k_S of an onset among the eight highest (descending) of the `n` buckets so far, in [0, 30]."""
    threshold = np.float64(sums[i, K - 1])
    if onset <= threshold:
        return 0.0
    a0, a1 = 0.0, 0.0
    for k in range(K - 1):
        excess = np.float64(sums[i, k]) - threshold
        a0 += excess / (K - 1)
        a1 += excess * ((k + 0.65) / (K - 1)) / (K - 1)
    xi, beta = peaks.fitted(a0, a1, K, SHAPE, FLOOR * abs(threshold - mean))
    log_p = math.log(K / (n + USUAL_BUCKETS + K + 1.0)) + peaks.log_tail((onset - threshold) / beta, xi)
    return min(MOST, max(0.0, -log_p / math.log(10.0)))


@inlined
def begin(sums: Singles, i: int) -> None:
    """Make series `i` a usual one."""
    for k in range(K):
        sums[i, k] = USUAL[k]


@part
def enter(sums: Singles, i: int, onset: float) -> None:
    """Put an onset among the eight highest, if it is one of them."""
    if onset <= sums[i, K - 1]:
        return
    place = K - 1
    while place > 0 and sums[i, place - 1] < onset:
        sums[i, place] = sums[i, place - 1]
        place -= 1
    sums[i, place] = onset
