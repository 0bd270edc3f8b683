"""The tail of all that the members of a population ever did: highest peaks, and a generalised Pareto beyond them.

    p(x) = max(k / (n + 1) (1 + xi (x - u) / beta)^(-1 / xi), r / n)        x > u

u is the (k+1)-th highest of n draws, k one in a hundred of them but within 8 and K - 1; xi and beta come from
probability weighted moments of the excesses over u, xi shrunk to XI as if that had been seen in 10 of them. r is how
many of the draws were as high as x. Where fewer than k draws are on a side at all, p is their share. There are
thousands of draws a bucket, so that one in a million is known in a day.

Two generations age the set: the older one is forgotten when the newer one has lasted long enough, which is as long as
all there was before it, until that is a generation. So the first buckets, in which nobody's habits are known and
everybody who has some is far off, are forgotten early.

References
----------
Hosking & Wallis (1987), Parameter and quantile estimation for the generalized Pareto distribution.
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels.jit import inlined, kernel

K = 1024
FEWEST = 8.0  # excesses that a tail is made of
SHARE = 0.01  # of the draws
LEAST_DRAWS = 100.0
XI, XI_WORTH = 0.1, 10.0
GENTLEST, STEEPEST = -0.5, 0.9
WIDER = 4  # times k: the tail falls at most twice as fast beyond u as it does from so many draws to u
CLIP, CLIP_SHARE = 0.03, 0.25  # of p(u), and of the excesses: how improbable a draw may be remembered as
SHORTEST = 64  # buckets of a generation
HIGH, LOW = 0, 1


class Tails(NamedTuple):
    """What is remembered of the draws, of either side."""

    peaks: Floats
    """(2 sides, 2 generations, K) descending; the newer generation first."""
    filled: Ints
    """(2, 2) how many of them there are."""
    draws: Floats
    """(2 generations,) on both sides together."""
    since: Ints
    """(2,) number of the first bucket of all, and of the newer generation."""


class Tail(NamedTuple):
    """One side as it is before a bucket."""

    merged: Floats
    """(peaks,) of both generations, descending."""
    height: float
    """u; infinite while there are too few draws."""
    share: float
    """p(u)"""
    scale: float
    """beta"""
    shape: float
    """xi"""
    draws: float
    """n"""
    most: float
    """The height that a peak is remembered with at most."""


@kernel
def fitted(tails: Tails, side: int, least: float) -> Tail:
    """One side of what was drawn so far; `least` is the least mean excess, in the unit of the draws."""
    first, second = tails.filled[side, 0], tails.filled[side, 1]
    merged = np.empty(first + second)
    i, j = 0, 0
    for place in range(first + second):
        if j >= second or (i < first and tails.peaks[side, 0, i] >= tails.peaks[side, 1, j]):
            merged[place] = tails.peaks[side, 0, i]
            i += 1
        else:
            merged[place] = tails.peaks[side, 1, j]
            j += 1
    n = tails.draws[0] + tails.draws[1]
    k = int(min(float(K - 1), max(FEWEST, SHARE * n)))
    if n < LEAST_DRAWS:
        return Tail(merged, np.inf, 1.0, 1.0, 0.0, n, np.inf)
    if len(merged) <= k:  # next to no draw is on this side: any that is, is as improbable as that
        return Tail(merged, 0.0, (len(merged) + 1.0) / (n + 1.0), np.inf, 0.0, n, np.inf)
    height = merged[k]
    mean, weighted = 0.0, 0.0
    for place in range(k):
        mean += merged[place] - height
        weighted += (merged[place] - height) * (place + 0.65) / k
    mean /= k
    weighted /= k
    shape = GENTLEST
    if mean > 2.0 * weighted:
        shape = min(STEEPEST, max(GENTLEST, 2.0 - mean / (mean - 2.0 * weighted)))
    shape = max(0.0, (XI_WORTH * XI + k * shape) / (XI_WORTH + k))
    scale = (1.0 - shape) * max(mean, least)
    wider = min(len(merged) - 1, WIDER * k)
    if wider >= 2 * k:
        scale = max(scale, (height - merged[wider]) / (2.0 * math.log(wider / k)))
    share = k / (n + 1.0)
    clip = min(CLIP, CLIP_SHARE / k)
    most = height + (scale * (clip**-shape - 1.0) / shape if shape > 1e-6 else -scale * math.log(clip))
    return Tail(merged, height, share, scale, shape, n, most)


@inlined
def chance(tail: Tail, x: float) -> float:
    """The probability of a draw of at least `x` on this side; 1 up to its height."""
    if x <= tail.height:
        return 1.0
    excess = (x - tail.height) / tail.scale
    beyond = (1.0 + tail.shape * excess) ** (-1.0 / tail.shape) if tail.shape > 1e-6 else math.exp(-excess)
    low, high = 0, len(tail.merged)
    while low < high:  # merged[low] is the first that is below x
        middle = (low + high) // 2
        if tail.merged[middle] >= x:
            low = middle + 1
        else:
            high = middle
    return float(max(tail.share * beyond, low / tail.draws))


@inlined
def enter(tails: Tails, side: int, x: float) -> None:
    """A draw of `x` on a side, if it is among the highest of its generation."""
    filled = tails.filled[side, 0]
    if filled == K and x <= tails.peaks[side, 0, K - 1]:
        return
    place = min(filled, K - 1)
    while place > 0 and tails.peaks[side, 0, place - 1] < x:
        tails.peaks[side, 0, place] = tails.peaks[side, 0, place - 1]
        place -= 1
    tails.peaks[side, 0, place] = x
    tails.filled[side, 0] = min(K, filled + 1)


@inlined
def age(tails: Tails, bucket: int, generation: int) -> None:
    """Begin a new generation where the newer one is old enough, which is `generation` buckets at most."""
    if tails.draws[0] == 0.0 and tails.draws[1] == 0.0:
        tails.since[0] = tails.since[1] = bucket
    if bucket - tails.since[1] < min(generation, max(SHORTEST, tails.since[1] - tails.since[0])):
        return
    if tails.draws[0] == 0.0:
        return
    for side in range(2):
        for place in range(K):
            tails.peaks[side, 1, place] = tails.peaks[side, 0, place]
        tails.filled[side, 1], tails.filled[side, 0] = tails.filled[side, 0], 0
    tails.draws[1], tails.draws[0] = tails.draws[0], 0.0
    tails.since[1] = bucket
