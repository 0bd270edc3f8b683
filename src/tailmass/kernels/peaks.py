"""How new a value is: the highest peaks a channel of a series has had, and a generalised Pareto tail beyond them.

With u* the lowest of the K highest peaks, n the buckets they stand for and d their excesses over u*,

    p(x) = K/(n + K + 1) (1 + xi (x - u*)/beta)^(-1/xi)        x > u*; no evidence below
    xi   = (10 xi0 + K xi^)/(10 + K) >= 0,   xi^ = 2 - a0/(a0 - 2 a1),   a_r = mean d (1-F)^r
    beta = (1 - xi) max(a0, 0.02 |u* - mean|, least)
    k    = -log10 p min(1, (E + 5)/O)

A peak enters as min(x, x_p) with p(x_p) = min(1e-4, 0.03 p(u*)): one catastrophe does not blind the channel, and what
keeps coming is learnt in a few events. Peaks within four buckets share an entry. Two generations age the set: after
20,000 buckets the current one becomes the previous one. E is how many records a channel in equilibrium would have
broken, O how many this one did: a channel that breaks them too often, as a random walk does, knows less than it says.

References
----------
Hosking & Wallis (1987), Parameter and quantile estimation for the generalized Pareto distribution.
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Singles
from tailmass.kernels.jit import inlined, part

K = 8
NOW, BEFORE = 0, K  # where the peaks of the two generations begin, descending
LATEST, WHEN, OBSERVED, THRESHOLD = 2 * K, 2 * K + 1, 2 * K + 2, 2 * K + 3
FIELDS = 2 * K + 4
"""Numbers a side of a channel: two generations; the entry that was made last and the age at which; O; and u*."""

LOWEST = -3e38  # an entry that is still free; finite, and below whatever is kept in 32 bits
APART = 4.0  # buckets within which two peaks are one event
GENERATION = 20_000.0
RAREST, SHARE = 1e-4, 0.03  # how rare a peak is taken to be at most when it is learnt
SHAPE, WORTH = 0.1, 10.0  # prior of xi, and the peaks it is worth
FLOOR = 0.02
MOST = 10.0  # powers of ten
LENIENCY = 5.0  # records that may be too many before they count against a channel


class Ages(NamedTuple):
    """What all channels of a series share."""

    now: float
    """Buckets of the current generation."""
    before: float
    """Buckets of the previous one."""
    expected: float
    """E."""


@inlined
def share(ages: Ages) -> float:
    """p(u*)."""
    return K / (ages.now + ages.before + K + 1.0)


@inlined
def clear(peaks: Singles, i: int, start: int) -> None:
    """Make series `i` one without peaks, in the fields from `start` on."""
    for k in range(FIELDS):
        peaks[i, start + k] = LOWEST
    peaks[i, start + OBSERVED] = 0.0


@inlined
def pareto(peaks: Singles, i: int, start: int, mean: float, least: float) -> tuple[float, float]:
    """Shape and scale of the excesses over the lowest of the K highest peaks."""
    threshold = np.float64(peaks[i, start + THRESHOLD])
    a, b, a0, a1 = 0, 0, 0.0, 0.0
    for k in range(K - 1):  # the two generations, merged
        if peaks[i, start + NOW + a] >= peaks[i, start + BEFORE + b]:
            excess = np.float64(peaks[i, start + NOW + a]) - threshold
            a += 1
        else:
            excess = np.float64(peaks[i, start + BEFORE + b]) - threshold
            b += 1
        a0 += excess / (K - 1)
        a1 += excess * ((k + 0.65) / (K - 1)) / (K - 1)
    return fitted(a0, a1, K, SHAPE, max(FLOOR * abs(threshold - mean), least))


@inlined
def fitted(a0: float, a1: float, n: int, prior: float, floor: float) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto tail by its first two probability-weighted moments."""
    xi = prior
    if a0 > 0.0 and a0 - 2.0 * a1 > 1e-12 * a0:
        xi = (WORTH * prior + n * max(-0.5, min(0.9, 2.0 - a0 / (a0 - 2.0 * a1)))) / (WORTH + n)
        xi = max(0.0, xi)
    return xi, max(max(a0, floor) * (1.0 - xi), 1e-30)


@inlined
def log_tail(excess: float, xi: float) -> float:
    """Natural logarithm of the Pareto tail, `excess` in units of its scale."""
    return -excess if xi < 1e-6 else -math.log1p(xi * excess) / xi


@part
def novelty(
    peaks: Singles, i: int, start: int, x: float, mean: float, least: float, ages: Ages, judged: bool, learning: bool,
    together: float = APART,
) -> float:  # fmt: skip
    """k of a value above the threshold, in [0, 10], and its entry among the peaks.

    Parameters
    ----------
    peaks : (series, fields), changed in place where `learning`
    i, start : the series, and where the fields of the channel's side begin
    x : the channel, rounded to 32 bits; > the THRESHOLD of the side, or the lowest entry of its current generation
    mean : of the channel
    least : mean excess that is taken for granted
    ages : before this bucket
    judged : whether the series is old enough for evidence
    together : buckets within which two peaks are one event
    """
    threshold = np.float64(peaks[i, start + THRESHOLD])
    entering, k = x, 0.0
    if judged and x > threshold > LOWEST:
        rate = share(ages)
        apart = ages.now - peaks[i, start + WHEN] > together
        observed = peaks[i, start + OBSERVED] + (1.0 if apart else 0.0)
        xi, beta = pareto(peaks, i, start, mean, least)
        log_share = math.log(rate)
        beyond = log_tail((x - threshold) / beta, xi)
        weight = min(1.0, (ages.expected + LENIENCY) / max(observed, 1.0))
        k = min(MOST, -weight * (log_share + beyond) / math.log(10.0))
        limit = min(math.log(RAREST) - log_share, math.log(SHARE))
        if beyond < limit:
            reach = -limit if xi < 1e-6 else math.expm1(-limit * xi) / xi
            # As it will be kept: an entry at the limit that is met again must be a tie, which renews nothing.
            entering = np.float64(np.float32(threshold + beta * reach))
        if learning:
            peaks[i, start + OBSERVED] = observed
    if learning and entering > peaks[i, start + NOW + K - 1]:
        _insert(peaks, i, start, entering, ages.now, together)
    return max(0.0, k)


@part
def _insert(peaks: Singles, i: int, start: int, x: float, now: float, together: float) -> None:
    """Enter `x`; an entry made at most `together` buckets ago is raised, never doubled.

    Only a higher value renews the time of an entry, so a long run fills the set: that is how a new regime is learnt.
    """
    place = K - 1
    if now - peaks[i, start + WHEN] <= together:
        latest = peaks[i, start + LATEST]
        for k in range(K):
            if peaks[i, start + NOW + k] == latest:
                place = k
        if x <= latest:
            return
    while place > 0 and peaks[i, start + NOW + place - 1] < x:
        peaks[i, start + NOW + place] = peaks[i, start + NOW + place - 1]
        place -= 1
    peaks[i, start + NOW + place] = x
    peaks[i, start + LATEST] = x
    peaks[i, start + WHEN] = now
    merge(peaks, i, start)


@part
def merge(peaks: Singles, i: int, start: int) -> None:
    """Set the threshold: the K-th highest of both generations."""
    a, threshold = 0, LOWEST
    for k in range(K):
        if peaks[i, start + NOW + a] >= peaks[i, start + BEFORE + k - a]:
            threshold = peaks[i, start + NOW + a]
            a += 1
        else:
            threshold = peaks[i, start + BEFORE + k - a]
    peaks[i, start + THRESHOLD] = threshold


@part
def turn(peaks: Singles, i: int, start: int, length: float = GENERATION) -> None:
    """Begin a new generation after one of so many buckets."""
    for k in range(K):
        peaks[i, start + BEFORE + k] = peaks[i, start + NOW + k]
        peaks[i, start + NOW + k] = LOWEST
    if peaks[i, start + WHEN] > LOWEST:
        peaks[i, start + WHEN] -= length
    merge(peaks, i, start)


@inlined
def highest(peaks: Singles, i: int, start: int) -> float:
    """The highest peak of both generations."""
    return max(np.float64(peaks[i, start + NOW]), np.float64(peaks[i, start + BEFORE]))
