"""The linear robust predictor: level, seasons and a short autoregression, one update a bucket.

    m = level + w_d S_d(t) + w_w S_w(t) + sum phi_i r_i           r = last residuals, clipped at 6 scales
    level += max(1/n, 1/M) clip(r),  M = max(7 days, 200 buckets)
    phi   += 0.02 * 4 clip(e) r / (4 s^2 + |r|^2)                 e = x - m, the innovation

Everything here is in the model's unit: values go through `tailmass.kernels.stabilize` first.
"""

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
def begin(bucket: int, x: float) -> Level:
    """A series at its first value: nothing was expected, so nothing is learnt but where it starts."""
    none = (0.0, 0.0, 0.0, 0.0)
    return Level(1.0, float(bucket), x, x, abs(x), 0.0, 0.0, 0.0, none, none)


@inlined
def predict(s: Level, bucket: int, seasonal: float) -> Prediction:
    """Expect the value of `bucket`, to which the seasons add `seasonal`."""
    mean = residual_mean = s.level + seasonal
    if bucket - s.last <= STALE + 1.0:
        mean += s.phi[0] * s.past[0] + s.phi[1] * s.past[1] + s.phi[2] * s.past[2] + s.phi[3] * s.past[3]
    return Prediction(mean, residual_mean, max(max(0.5 * s.step, CLOSE * s.peak), TINY))


@inlined
def learn(s: Level, bucket: int, buckets_per_day: float, x: float, expected: Prediction) -> tuple[Level, float]:
    """The series after the value `x`, for which it expected `expected`; and how much the seasons may see of it.

    References
    ----------
    Nagumo & Noda (1967), A learning method for system identification (normalised LMS).
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
    level = s.level + max(1.0 / (n + 1.0), 1.0 / max(7.0 * buckets_per_day, 200.0)) * clipped_r
    newest = (clipped_r, past[0], past[1], past[2])
    return Level(n + 1.0, float(bucket), level, x, peak, step, scale_e, scale_r, phi, newest), bound_r
