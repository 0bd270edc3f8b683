"""Small counts, for which a bell curve on a transformed scale will not do: exact tails, and what shapes them.

    Y = 0                  with chance 1 - occupied           the series is dead in this bucket
    Y ~ NB(mean, size)     otherwise                          variance mean + mean^2/size; Poisson as size grows

    low  = P(Y < y) + P(Y = y)/2        high = P(Y > y) + P(Y = y)/2        low + high = 1
    u    = -log10 min(1, 2 min(low, high))                                  one-sided functions: -log10 of that side

`mean` is that of a bucket in which the series is alive: the prediction of all buckets over `occupied`. Half of what is
at y itself (mid-p) belongs to either side, so that a stream of noughts and ones is no surprise on either. The price:
values can be up to twice as frequent as their evidence says, though most are half as frequent. A value between two
whole numbers, as weights make them, gets what lies between their logarithms. Values below 0 are 0.

    1/size = (excess + W/pooled) / (weight + W)           excess: decayed sum of a^2/mean^2 ((y - mean)^2 - y)
    a = mean / (1 + mean/size)                            weight: decayed sum of a^2

This is the mean of ((y - mean)^2 - y) / mean^2, of which each value is 1/size on average, with weights that are inverse
to its variance: 2/a^2 where the size is large. Without them the nights, with means near 0, would drown the days.

References
----------
Lancaster (1961), Significance tests in discrete distributions (mid-p).
Loader (2000), Fast and accurate computation of binomial probabilities (the logarithm of the mass).
DLMF 8.17.22 (the continued fraction of the incomplete beta function), 1.12(ii) (its convergents).
Lambert (1992), Zero-inflated Poisson regression (which zeros are dead).
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.kernels.jit import inlined, kernel, part

HIGHEST = 30.0  # evidence

# Tails
FEW = 64  # values up to it are summed from 0 on
SHALLOW = 600.0  # nats: where 0 is less probable than e^-600 a sum from there would lose itself in rounding to 0
CERTAIN = 0.99  # a lower tail above it is not subtracted from 1: what is left would have lost two digits
LEAST_MASS = 1e-280
LARGEST = 1e15  # a size that is as good as infinite
HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)
LOG_2, LOG_10 = math.log(2.0), math.log(10.0)
PRECISION = 1e-13
MOST_STEPS = 100_000  # of the fraction: not enough only for mean/size beyond 1e6, where 1e-3 of a tail may be missing
FARTHEST = 1e300  # counts; their logarithms stay finite
RECIPROCALS = 1.0 / np.arange(1.0, FEW + 1.0)  # a product is four times as fast as a quotient

# Shape
SLOW = 1e-4
CLIP, CLIP_EVENTS = 12.0, 2.0  # standard deviations and events above the mean: what the size may see of one value
SMALLEST_SIZE, LARGEST_SIZE = 1e-3, 1e12
SIZE_WORTH = 8.0  # buckets with a mean of one; as if 1/size were known within a half: 2/8 is its variance
OCCUPIED_WORTH = 20.0  # buckets
LEAST_OCCUPIED, MOST_OCCUPIED = 1e-3, 1.0 - 1e-6

# Silence
GAP_WORTH = 50.0  # gaps
GAP_SLOW = 1e-3
LAPSE = 6.0  # powers of ten: no gap counts for more than one that was thought to come once in a million


class Tails(NamedTuple):
    """Logarithms to base 10 of the two tails, each at most 0."""

    low: float
    high: float


class Shape(NamedTuple):
    """What has been learnt about the counts of one series, other than their mean; begins with zeros."""

    excess: float
    """Decayed sum of a^2/mean^2 ((y - mean)^2 - y)."""
    weight: float
    """Decayed sum of a^2."""
    alive: float
    """Decayed number of buckets in which the series was alive."""
    dead: float
    """The others."""


class Pool(NamedTuple):
    """What is known of the series of a detector as a whole; a series leans on it until it has seen enough itself."""

    size: float
    """Of the negative binomial, > 0."""
    occupied: float
    """Share of the buckets in which a series is alive, in (0, 1)."""
    gap: float
    """`gap_size`, at least 1."""


class Quiet(NamedTuple):
    """How long a series has been silent, and how long it is used to be; begins with zeros."""

    expected: float
    """Events that were expected since the last one."""
    buckets: float
    """Buckets without events since then."""
    gaps: float
    """Number of gaps there were; a bucket with events ends one, which may have been empty."""
    length: float
    """Running mean of their buckets."""
    first: float
    """Running mean of the events expected in a gap."""
    second: float
    """Running mean of their square, less what it owes to the length of a bucket."""


class _Smaller(NamedTuple):
    """The less probable tail."""

    log: float
    """Natural logarithm."""
    low: bool
    """Which one it is."""


@part
def tails(y: float, mean: float, size: float, occupied: float) -> Tails:
    """How far out `y` is on either side.

    Parameters
    ----------
    y : the count, finite; below 0 it is 0
    mean : > 0, while the series is alive
    size : > 0, may be infinite
    occupied : share of the buckets in which the series is alive, in (0, 1]

    Returns
    -------
    tails : log10 of each, exact to 1e-12 of itself or of 1, whichever is larger, for means up to hundreds
    """
    whole = np.floor(min(max(y, 0.0), FARTHEST))
    share = max(y, 0.0) - whole if y < FARTHEST else 0.0
    at = _tails_at(whole, mean, size, occupied)
    if share == 0.0:
        return at
    above = _tails_at(whole + 1.0, mean, size, occupied)
    return Tails(at.low + share * (above.low - at.low), at.high + share * (above.high - at.high))


@part
def evidence(y: float, mean: float, size: float, occupied: float, side: int) -> float:
    """-log10 of the chance of a count at least as far out as `y` on the watched side, in [0, 30].

    `side` is +1 where only high values matter, -1 where only low ones do, 0 for both; the rest as for `tails`.
    """
    if y <= 0.0 or y == np.floor(y):
        smaller = _smaller(min(max(y, 0.0), FARTHEST), mean, size, occupied)
        if side == 0:
            log = min(0.0, LOG_2 + smaller.log)
        elif smaller.low == (side < 0):
            log = smaller.log
        else:
            log = math.log1p(-math.exp(smaller.log))
        return min(HIGHEST, -log / LOG_10)
    both = tails(y, mean, size, occupied)
    if side == 0:
        return max(0.0, min(HIGHEST, -min(both.low, both.high) - LOG_2 / LOG_10))
    return min(HIGHEST, -(both.low if side < 0 else both.high))


@part
def silence(expected: float, size: float) -> float:
    """log10 of the chance of no event at all where `expected` >= 0 were expected, at most 0.

    `size` is that of the sum, > 0: of one bucket times their number where each varies on its own, of one bucket where
    they are high or low together.
    """
    return -_log_empty(expected, min(size, LARGEST)) / LOG_10


@inlined
def size(s: Shape, pool: Pool) -> float:
    """Size of the negative binomial, in [1e-3, 1e12]."""
    inverse = (s.excess + SIZE_WORTH / pool.size) / (s.weight + SIZE_WORTH)
    return 1.0 / max(1.0 / LARGEST_SIZE, min(1.0 / SMALLEST_SIZE, inverse))


@inlined
def occupied(s: Shape, pool: Pool) -> float:
    """Share of the buckets in which the series is alive, in (0, 1)."""
    share = (s.alive + OCCUPIED_WORTH * pool.occupied) / (s.alive + s.dead + OCCUPIED_WORTH)
    return max(LEAST_OCCUPIED, min(MOST_OCCUPIED, share))


@inlined
def learn(s: Shape, y: float, mean: float, pool: Pool) -> Shape:
    """The shape after the count `y`, where `mean` was expected of a bucket in which the series is alive, `mean` > 0.

    A zero is dead with the chance that the shape itself gives to that, and moves the size only as far as it is not.
    """
    r, share = size(s, pool), occupied(s, pool)
    alive = 1.0
    if y <= 0.0:
        empty = share * math.exp(-_log_empty(mean, r))
        alive = empty / (1.0 - share + empty)
    spread = 1.0 + mean / r
    seen = min(max(y, 0.0), mean + CLIP * math.sqrt(mean * spread) + CLIP_EVENTS)
    keep, deviation = 1.0 - SLOW, seen - mean
    return Shape(
        keep * s.excess + alive * (deviation * deviation - seen) / (spread * spread),
        keep * s.weight + alive * mean * mean / (spread * spread),
        keep * s.alive + alive,
        keep * s.dead + 1.0 - alive,
    )


@part
def heard(q: Quiet, y: float, mean: float, pool: Pool) -> Quiet:
    """What is known of silences after a bucket with the count `y`, where `mean` >= 0 was expected, dead or alive."""
    if y <= 0.0:
        return Quiet(q.expected + mean, q.buckets + 1.0, q.gaps, q.length, q.first, q.second)
    r = gap_size(q, pool)
    gap = min(q.expected, _gap_unit(q) * r * math.expm1(LAPSE * LOG_10 / (r + 1.0)))
    # A whole number K of buckets, each but the last of which goes by with chance p, has the mean p/(1 - p). It is the
    # mean of K (K - 1) that is twice its square, as that of the square would be if there were no buckets.
    square = gap * gap * (1.0 - 1.0 / q.buckets) if q.buckets > 0.0 else 0.0
    buckets = q.buckets * gap / q.expected if q.expected > 0.0 else 0.0
    gain = max(1.0 / (q.gaps + 1.0), GAP_SLOW)
    return Quiet(
        0.0,
        0.0,
        q.gaps + 1.0,
        q.length + gain * (buckets - q.length),
        q.first + gain * (gap - q.first),
        q.second + gain * (square - q.second),
    )


@part
def lull(q: Quiet, pool: Pool) -> float:
    """log10 of the chance of a gap as long as the running one, judged by the gaps there were; at most 0.

    Events whose rate is drawn anew at each from a gamma distribution leave gaps with the tail (1 + x/r)^-(r + 1), x
    being the events expected: one power more than `silence`, as more of the gaps begin where the rate is high. Events
    that come in clusters leave longer gaps than events that come one by one, hence the unit of x.
    """
    r = gap_size(q, pool)
    return -(r + 1.0) * math.log1p(q.expected / (_gap_unit(q) * r)) / LOG_10


@inlined
def gap_size(q: Quiet, pool: Pool) -> float:
    """The r of `lull`, at least 1: half the mean square of the gaps over the square of their mean is r/(r - 1)."""
    ratio = 0.5 * q.second / (q.first * q.first) if q.first > 0.0 else 1.0
    known = min(q.gaps, 1.0 / GAP_SLOW)
    inverse = (known * (1.0 - 1.0 / max(1.0, ratio)) + GAP_WORTH / pool.gap) / (known + GAP_WORTH)
    return 1.0 / max(1.0 / LARGEST, min(1.0, inverse))


@inlined
def _gap_unit(q: Quiet) -> float:
    """Events expected for each that comes by itself: where a bucket goes by with chance p, its mean over -log p."""
    if q.length <= 0.0:
        return 1.0
    known = min(q.gaps, 1.0 / GAP_SLOW)
    unit = q.first / (q.length * math.log1p(1.0 / q.length))
    return (known * unit + GAP_WORTH) / (known + GAP_WORTH)


@part
def _tails_at(n: float, mean: float, size: float, occupied: float) -> Tails:
    """The same for a whole number."""
    smaller = _smaller(n, mean, size, occupied)
    other = math.log1p(-math.exp(smaller.log))
    if smaller.low:
        return Tails(smaller.log / LOG_10, other / LOG_10)
    return Tails(other / LOG_10, smaller.log / LOG_10)


@part
def _smaller(n: float, mean: float, size: float, occupied: float) -> _Smaller:
    """The less probable tail at a whole number, dead buckets included."""
    alive = _smaller_alive(n, mean, min(size, LARGEST))
    if occupied >= 1.0:
        return alive
    if not alive.low:  # and n > 0: dead buckets are all below
        return _Smaller(math.log(occupied) + alive.log, False)
    low = math.exp(alive.log)
    dead = (0.5 if n == 0.0 else 1.0) * (1.0 - occupied)
    if dead + occupied * low <= 0.5:
        return _Smaller(math.log(dead + occupied * low), True)
    return _Smaller(math.log(1.0 - occupied - dead + occupied * (1.0 - low)), False)


@inlined
def _smaller_alive(n: float, mean: float, size: float) -> _Smaller:
    """The less probable tail of a negative binomial at a whole number."""
    empty = _log_empty(mean, size)
    if n <= FEW and empty < SHALLOW:
        q = mean / (mean + size)
        first = size * q
        low, mass = 0.0, math.exp(-empty)
        for k in range(int(n)):
            low += mass
            mass *= (first + k * q) * RECIPROCALS[k]
        low += 0.5 * mass
        if low <= 0.5:
            return _Smaller(math.log(low), True)
        if low < CERTAIN or n < mean:  # below the mean even the most crooked of them leave 1e-4 above
            return _Smaller(math.log(1.0 - low), False)
        if mass > LEAST_MASS:
            return _Smaller(math.log(mass * (0.5 + _above(n, first, q))), False)
    return _far(n, mean, size)


@kernel
def _far(n: float, mean: float, size: float) -> _Smaller:
    """The same where a sum from 0 on is long or loses itself: mass at n, times the tail in units of that mass."""
    q = mean / (mean + size)
    log = _log_mass(n, mean, size)
    if n >= mean:
        return _Smaller(min(-LOG_2, log + math.log(0.5 + _above(n, size * q, q))), False)
    low = log + math.log(0.5 + _below(n, mean, size))
    if low <= -LOG_2:
        return _Smaller(low, True)
    return _Smaller(math.log1p(-math.exp(low)), False)


@inlined
def _log_empty(mean: float, size: float) -> float:
    """-log P(Y = 0)."""
    return size * math.log1p(mean / size)


@part
def _log_mass(n: float, mean: float, size: float) -> float:
    """log P(Y = n): three rests of Stirling's formula, and how far n and the size are from their expectations."""
    if n == 0.0:
        return -_log_empty(mean, size)
    ratio = (mean / n) * ((n + size) / (mean + size))
    step = (mean - n) / n * (size / (mean + size))  # ratio - 1, without cancellation
    far = n * (step - (math.log1p(step) if step > -0.5 else math.log(ratio)))
    other = (n - mean) / (mean + size)
    far += size * (other - math.log1p(other))
    rests = _stirling(n + size) - _stirling(n) - _stirling(size)
    return rests - far - 0.5 * (math.log(n) + math.log1p(n / size)) - HALF_LOG_2_PI


@inlined
def _stirling(x: float) -> float:
    """log Gamma(x + 1) less Stirling's formula for it."""
    if x < 16.0:
        return math.lgamma(x + 1.0) - (x + 0.5) * math.log(x) + x - HALF_LOG_2_PI
    s = 1.0 / (x * x)
    return (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s / 1680.0))) / x


@part
def _above(n: float, first: float, q: float) -> float:
    """P(Y > n) / P(Y = n) for n >= mean; (first + k q)/(k + 1) is P(Y = k + 1) / P(Y = k)."""
    ratio = (first + n * q) / (n + 1.0)
    if max(ratio, q) > 0.5:  # quotients go from here to q
        return ratio * _fraction(n + 1.0, first, q)
    total, term, k = 0.0, ratio, n + 1.0
    while term > PRECISION * total:
        total += term
        term *= (first + k * q) / (k + 1.0)
        k += 1.0
    return total


@part
def _below(n: float, mean: float, size: float) -> float:
    """P(Y < n) / P(Y = n) for n < mean."""
    p = size / (mean + size)
    if size < n:
        return n / size * _fraction(size, n * p, p)
    q = mean / (mean + size)
    total, term, k = 0.0, 1.0, n
    while k > 0.0 and term > PRECISION * total:
        term *= k / (size * q + (k - 1.0) * q)
        total += term
        k -= 1.0
    return total


@part
def _fraction(a: float, xb: float, x: float) -> float:
    """The continued fraction of I_x(a, b): what x^a (1 - x)^b / (a B(a, b)) is multiplied by.

    b comes as x b, which stays finite in the Poisson limit.
    """
    above, above_old = 1.0 - (xb + a * x) / (a + 1.0), 1.0  # the fraction is below/above
    below, below_old = 1.0, 1.0
    for m in range(1, MOST_STEPS):
        k = a + 2.0 * m
        even = m * ((xb - m * x) / (k - 1.0)) / k
        odd = -((a + m) / k) * ((xb + (a + m) * x) / (k + 1.0))
        last = below / above
        above_old, below_old = above + even * above_old, below + even * below_old
        above, below = above_old + odd * above, below_old + odd * below
        # Scaled so that neither grows beyond bounds: one quotient a step, where forms without a scale have four.
        scale = 1.0 / above
        above, above_old, below, below_old = 1.0, above_old * scale, below * scale, below_old * scale
        if abs(below - last) <= PRECISION * below:
            break
    return below
