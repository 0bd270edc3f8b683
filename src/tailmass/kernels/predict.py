"""The linear robust predictor: three experts on a level, its seasons and a short autoregression.

    lags      m_1 = level + S(t) + sum phi_i r_i                  r = last residuals of m_2, clipped at 6 scales
    seasons   m_2 = level + S(t)                                  S(t): the seasons, each as far as its gate is open
    quick     m_3 = quick + S(t)                                  quick: a level with a memory of 12 buckets

    m  = sum w_k m_k / sum w_k,  w_k = F_k / max(E_k, floor)^4    E_k: mean |x - m_k| of late
    level += max(1/n, 1/M) clip(x - m_2),  M = max(7 days, 200 buckets)
    phi   += 0.02 * 4 clip(x - m_1) r / (4 s^2 + |r|^2)

E_k forgets within 50 buckets, and sees no more than 6 scales. F is 4 for the lags, which are right most of the time,
and 1 for the others. A level that has moved is found by Page's cumulative sums of what the two experts without lags
leave, z = (x - steady)/s clipped at 4:

    G+ = max(0, G+ + z - 1/2),  G- = max(0, G- - z - 1/2)         an alarm: G > 12 and the last 6 had one sign

The quick expert then begins afresh at the last value, and is believed from there on; or the seasons are, where it is
to them that the series has come back. The slow level learns on at its pace, so that an incident leaves no trace in it.

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

QUICK = 1.0 / 12.0  # gain of the quick level
FORGETTING = 0.02  # of the errors by which experts are weighed
FAVOUR = 4.0  # for the lags

DRIFT, ALARM, FURTHEST_STEP = 0.5, 12.0, 4.0  # Page's test, in scales
STEADY = 6.0  # residuals of one sign in a row, without which no level has moved
RESTART = 1.0  # updates a quick level that begins afresh is taken to have had
BY_FAR = 0.5  # of the error of the seasons
BACK, FAILED = 2.0, 3.0  # scales: as near to the seasons is back to them; and the error of who has been wrong

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
    above: float
    """Page's sum upwards."""
    below: float
    """Page's sum downwards."""
    run: float
    """Residuals of one sign in a row, negative where they were."""
    quick: float
    """The quick level."""
    quick_updates: float
    """Updates since it last began afresh."""
    error_lags: float
    """E of each expert."""
    error_seasons: float
    error_quick: float
    phi: Lags
    """Autoregression coefficients."""
    past: Lags
    """Last residuals, newest first."""


class Prediction(NamedTuple):
    """What a series expects of a bucket, before seeing it."""

    mean: float
    """Of all experts together."""
    by_lags: float
    by_seasons: float
    by_quick: float
    steady: float
    """Of the experts without lags together."""
    base: float
    """By the seasons, or by the quick level where that has lately been right by far more."""
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
    return Level(
        1.0, float(bucket), x, x, abs(x), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, x, 1.0, 0.0, 0.0, 0.0, none, none
    )  # fmt: skip


@inlined
def predict(s: Level, bucket: int, seasonal: float) -> Prediction:
    """Expect the value of `bucket`, to which the seasons add `seasonal`."""
    by_lags = by_seasons = s.level + seasonal
    if bucket - s.last <= STALE + 1.0:
        by_lags += s.phi[0] * s.past[0] + s.phi[1] * s.past[1] + s.phi[2] * s.past[2] + s.phi[3] * s.past[3]
    by_quick = s.quick + seasonal
    floor = max(max(0.5 * s.step, CLOSE * s.peak), TINY)
    lags, quick = shares(s, floor)
    steady = (1.0 - quick) * by_seasons + quick * by_quick
    base = by_quick if s.error_quick < BY_FAR * s.error_seasons else by_seasons
    return Prediction(lags * by_lags + (1.0 - lags) * steady, by_lags, by_seasons, by_quick, steady, base, floor)


@inlined
def shares(s: Level, floor: float) -> tuple[float, float]:
    """What the lags have of the mean, and the quick level of what the lags leave."""
    lags, seasons, quick = _doubt(s.error_lags, floor), _doubt(s.error_seasons, floor), _doubt(s.error_quick, floor)
    # Weights of 1/doubt each, with the fractions made common: two divisions do for five.
    steady = seasons + quick
    favoured = FAVOUR * seasons * quick
    return favoured / (favoured + lags * steady), seasons / steady


@inlined
def _doubt(error: float, floor: float) -> float:
    """One over the weight of an expert with this running mean error."""
    square = max(error, floor) ** 2
    return square * square


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
    moved : whether the level has just been found to have moved away from the seasons

    References
    ----------
    Nagumo & Noda (1967), A learning method for system identification (normalised LMS).
    Bates & Granger (1969), The combination of forecasts (weights by past errors).
    Raftery, Karny & Ettler (2010), Online prediction under model uncertainty via dynamic model averaging (forgetting).
    Page (1954), Continuous inspection schemes.
    """
    change = abs(x - s.previous)
    step = change if change > 0.0 and (s.step == 0.0 or change < s.step) else s.step
    peak = max(abs(x), s.peak + FADING * (abs(x) - s.peak))
    floor = max(max(0.5 * step, CLOSE * peak), TINY)
    n = s.updates
    e, r, q = x - expected.by_lags, x - expected.by_seasons, x - expected.by_quick
    scale_e, scale_r = s.scale_e, s.scale_r
    if n == 1.0:
        scale_e, scale_r = max(abs(e), floor), max(abs(r), floor)
    # The first step a constant ever makes must not set the limit to what is seen of it.
    known = floor if s.step > 0.0 else expected.floor
    sd = max(scale_r, known)
    bound_e, bound_r = CLIP * max(scale_e, known), CLIP * sd
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

    forgetting = max(1.0 / (n + 1.0), FORGETTING)
    error_lags = s.error_lags + forgetting * (min(abs(e), bound_r) - s.error_lags)
    error_seasons = s.error_seasons + forgetting * (min(abs(r), bound_r) - s.error_seasons)
    error_quick = s.error_quick + forgetting * (min(abs(q), bound_r) - s.error_quick)
    level = s.level + max(1.0 / (n + 1.0), 1.0 / max(7.0 * buckets_per_day, 200.0)) * clipped_r
    updates = s.quick_updates
    quick = s.quick + max(1.0 / (updates + 1.0), QUICK) * max(-bound_r, min(bound_r, q))

    off = x - expected.steady
    z = max(-FURTHEST_STEP, min(FURTHEST_STEP, off / sd))
    above, below = max(0.0, s.above + z - DRIFT), max(0.0, s.below - z - DRIFT)
    run = max(s.run, 0.0) + 1.0 if off > 0.0 else min(s.run, 0.0) - 1.0
    moved = False
    if may_move and ((above > ALARM and run >= STEADY) or (below > ALARM and run <= -STEADY)):
        above, below, run = 0.0, 0.0, 0.0
        if abs(r) < BACK * sd:
            error_seasons, error_quick = min(error_seasons, sd), max(error_quick, FAILED * sd)
        else:
            moved, updates, quick = True, RESTART, s.quick + q
            error_lags, error_seasons = max(error_lags, FAILED * sd), max(error_seasons, FAILED * sd)
            error_quick = min(error_quick, sd)
    newest = (clipped_r, past[0], past[1], past[2])
    after = Level(
        n + 1.0, float(bucket), level, x, peak, step, scale_e, scale_r, above, below, run, quick, updates + 1.0,
        error_lags, error_seasons, error_quick, phi, newest,
    )  # fmt: skip
    return after, bound_r, moved
