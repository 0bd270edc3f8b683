"""The linear robust predictor: level, seasons and a short autoregression, one update a bucket.

    m = level + w_d S_d(t) + w_w S_w(t) + sum phi_i r_i           r = last residuals, clipped at 6 scales
    level += max(1/n, 1/M) clip(r),  M = max(7 days, 200 buckets)
    phi   += 0.02 * 4 clip(e) r / (4 s^2 + |r|^2)                 e = x - m, the innovation

A level that has moved for good is found by Page's cumulative sums and learnt afresh:

    G+ = max(0, G+ + z - 1/2),  G- = max(0, G- - z - 1/2)         z = r/s, clipped at 4
    n  = 1                                                        once G > 12 and the last 6 residuals had one sign

Everything here is in units of the series: its values over a power of two near the first one that was not 0.
"""

import math
from typing import NamedTuple

from tailmass.kernels.jit import inlined

LAGS = 4
RATE = 0.02  # step of the normalised least mean squares
CLIP = 6.0  # scales: what the level, the seasons and the autoregression may see of one error
YOUNG = 10.0  # updates before the scales are fit to clip with
STALE = 4.0  # missed buckets after which the last residuals say nothing about the next
MEAN_TO_DEVIATION = 1.2533  # sqrt(pi / 2): mean |e| to standard deviation of a Gaussian
CLOSE = 1e-4  # of the largest |x| of late: differences below are rounding, not information
FADING = 1e-3  # how fast one wild value is forgotten there; if it never were, it would hide all later ones
TINY = 1e-12
UNLIMITED = 1e300
FARTHEST = 1e18  # in units, even if the first value was mere rounding noise; its square must fit into 32 bits

DRIFT, ALARM, FURTHEST_STEP = 0.5, 12.0, 4.0  # Page's test, in scales
STEADY = 6.0  # residuals of one sign in a row, without which no level has moved
RESTART = 1.0  # updates a level that has moved is taken to have had

Lags = tuple[float, float, float, float]


class Level(NamedTuple):
    """The predictor of one series."""

    updates: float
    """Buckets learnt from."""
    last: float
    """Number of the last bucket learnt from."""
    level: float
    previous: float
    """The last x."""
    peak: float
    """Largest |x| of late."""
    step: float
    """Smallest change between two x so far that is not 0: the resolution of the data; 0 while unknown."""
    scale_e: float
    """Robust standard deviation of the innovation."""
    scale_r: float
    """The same of the residual, which leaves the autoregression out."""
    settled: float
    """Updates since the level last began afresh."""
    above: float
    """Page's sum upwards."""
    below: float
    """Page's sum downwards."""
    run: float
    """Residuals of one sign in a row, negative where they were."""
    phi: Lags
    """Autoregression coefficients."""
    past: Lags
    """Last residuals, newest first."""


class Prediction(NamedTuple):
    """What a series expects of a bucket, before seeing it."""

    mean: float
    residual_mean: float
    """The mean without the autoregression."""
    floor: float
    """Smallest scale that the resolution of the data allows."""


@inlined
def unit_of(y: float) -> float:
    """The power of two at or below |y|; 0 for 0."""
    if y == 0.0:
        return 0.0
    return float(2.0 ** max(-1000.0, math.floor(math.log2(min(abs(y), 1e300)))))


@inlined
def measured(unit: float, y: float) -> float:
    """`y` in units, within FARTHEST; 0 while there is no unit."""
    return max(-FARTHEST, min(FARTHEST, y / unit)) if unit > 0.0 else 0.0


@inlined
def begin(bucket: int, x: float) -> Level:
    """A series at its first value: nothing was expected, so nothing is learnt but where it starts."""
    none = (0.0, 0.0, 0.0, 0.0)
    return Level(1.0, float(bucket), x, x, abs(x), 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, none, none)


@inlined
def predict(s: Level, bucket: int, seasonal: float) -> Prediction:
    """Expect the value of `bucket`, to which the seasons add `seasonal`."""
    mean = residual_mean = s.level + seasonal
    if bucket - s.last <= STALE + 1.0:
        mean += s.phi[0] * s.past[0] + s.phi[1] * s.past[1] + s.phi[2] * s.past[2] + s.phi[3] * s.past[3]
    return Prediction(mean, residual_mean, max(max(0.5 * s.step, CLOSE * s.peak), TINY))


@inlined
def learn(
    s: Level, bucket: int, buckets_per_day: float, x: float, expected: Prediction, may_move: bool
) -> tuple[Level, float, bool]:
    """The series after the value `x`, for which it expected `expected`.

    Parameters
    ----------
    may_move : whether persistent residuals are a new level, and not a season that is not known yet

    Returns
    -------
    level : the series
    limit : how much of a residual the seasons may see
    moved : whether the level has just been found to have moved

    References
    ----------
    Nagumo & Noda (1967), A learning method for system identification (normalised LMS).
    Page (1954), Continuous inspection schemes.
    """
    change = abs(x - s.previous)
    step = change if change > 0.0 and (s.step == 0.0 or change < s.step) else s.step
    peak = max(abs(x), s.peak + FADING * (abs(x) - s.peak))
    floor = max(max(0.5 * step, CLOSE * peak), TINY)
    n = s.updates
    e, r = x - expected.mean, x - expected.residual_mean
    scale_e, scale_r = s.scale_e, s.scale_r
    if n == 1.0:
        scale_e, scale_r = max(abs(e), floor), max(abs(r), floor)
    sd = max(scale_r, floor)
    bound_e, bound_r = CLIP * max(scale_e, floor), CLIP * sd
    young = n < YOUNG
    if young:
        bound_e = bound_r = UNLIMITED
    clipped_e, clipped_r = max(-bound_e, min(bound_e, e)), max(-bound_r, min(bound_r, r))
    gain = max(1.0 / (n + 1.0), 1e-3)
    scale_e += gain * (abs(clipped_e) * MEAN_TO_DEVIATION - scale_e)
    scale_r += gain * (abs(clipped_r) * MEAN_TO_DEVIATION - scale_r)

    past = s.past if bucket - s.last <= STALE + 1.0 else (0.0, 0.0, 0.0, 0.0)
    phi = s.phi
    if not young:
        square = past[0] * past[0] + past[1] * past[1] + past[2] * past[2] + past[3] * past[3]
        push = RATE * LAGS * clipped_e / (LAGS * sd * sd + square)
        phi = (phi[0] + push * past[0], phi[1] + push * past[1], phi[2] + push * past[2], phi[3] + push * past[3])

    z = max(-FURTHEST_STEP, min(FURTHEST_STEP, r / sd))
    above, below = max(0.0, s.above + z - DRIFT), max(0.0, s.below - z - DRIFT)
    run = max(s.run, 0.0) + 1.0 if r > 0.0 else min(s.run, 0.0) - 1.0
    settled = s.settled
    moved = may_move and ((above > ALARM and run >= STEADY) or (below > ALARM and run <= -STEADY))
    if moved:
        settled, above, below, run = RESTART, 0.0, 0.0, 0.0
    level = s.level + max(1.0 / (settled + 1.0), 1.0 / max(7.0 * buckets_per_day, 200.0)) * clipped_r
    newest = (clipped_r, past[0], past[1], past[2])
    after = Level(
        n + 1.0, float(bucket), level, x, peak, step, scale_e, scale_r, settled + 1.0, above, below, run, phi, newest
    )  # fmt: skip
    return after, bound_r, moved
