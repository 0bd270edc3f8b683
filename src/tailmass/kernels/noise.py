"""How noisy a time of day is: slots of squared innovations over what is usual for the series.

    ratio = max over the two slots around of (n v + 7)/(n + 7),   v = mean of min(e^2/s^2, 7.5),  n = buckets behind it
    s(t)  = s sqrt(ratio)

Days that are quiet at night and busy at noon have scales to match. A gate, as seasons have one, measured no better.
"""

from tailmass.kernels import season
from tailmass.kernels.jit import inlined

STEP = 1.0 / 256.0  # in which a ratio is kept
MOST = 7.5  # what one squared innovation may count
PRIOR = 7.0  # buckets for which a slot is taken to be like all others


@inlined
def ratio(near: int, far: int, buckets: float) -> float:
    """Variance of this time of day over that of the series, > 0; `buckets` is what one pass through a slot has."""
    a, b = season.visits(near) * buckets, season.visits(far) * buckets
    noise_a, noise_b = a * season.mean(near, STEP) + PRIOR, b * season.mean(far, STEP) + PRIOR
    a, b = a + PRIOR, b + PRIOR
    return noise_a / a if noise_a * b >= noise_b * a else noise_b / b
