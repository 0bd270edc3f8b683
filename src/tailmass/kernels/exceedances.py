"""How heavy the tails of a series are, by its own exceedances of a moderate height.

Student's t is a guess. What a series did beyond one in ten tells how far its evidence u = -log10 p may be trusted:

    u' = -log10 q + b (u - 1)      u >= 1, else 0
    q  = share of buckets with u > 1                          0.1 if t were right
    b  = 0.430 / mean of min(u - 1, 2) over those buckets     1 if t were right; within 0.6 and 1.5

Only the beginning of a run counts, and no excess counts beyond 2: incidents, which are few, long and large, must not
pass for the body of the series, which is what this is about.

References
----------
Pickands (1975), Statistical inference using extreme order statistics.
"""

import math
from typing import NamedTuple

from tailmass.kernels.jit import inlined

HEIGHT = 1.0  # evidence from which a value is an exceedance: one in ten
REACH = 2.0150483726691575  # scales at that height, both sides of Student's t together
MOST = 2.0  # of an excess
NOMINAL = (1.0 - 10.0**-MOST) / math.log(10.0)  # mean excess if u is what it says it is
PRIOR = 1000.0  # buckets that the guess is worth
KEEP = 1.0 - 1e-5
APART = 2.0  # buckets within which exceedances are one run
GENTLEST, STEEPEST = 0.6, 1.5


class Exceedances(NamedTuple):
    """What one series has done; all three decay."""

    share: float
    """Runs beyond the height, without those the prior is worth."""
    watched: float
    """Buckets, without those the prior is worth and those inside of a run."""
    excess: float
    """Sum of the excesses, without that of the prior."""
    since: float
    """Buckets since the last exceedance; large before the first."""


class Tilt(NamedTuple):
    """The line from u to u'."""

    base: float
    """u' at the height."""
    slope: float


@inlined
def tilt(s: Exceedances) -> Tilt:
    """How the evidence of a series is to be read."""
    prior = PRIOR * 10.0**-HEIGHT
    runs = s.share + prior
    slope = NOMINAL * runs / (s.excess + NOMINAL * prior)
    return Tilt(math.log10((s.watched + PRIOR) / runs), max(GENTLEST, min(STEEPEST, slope)))


@inlined
def read(line: Tilt, u: float) -> float:
    """u', at least 0, of a `u` from HEIGHT on."""
    return max(0.0, line.base + line.slope * (u - HEIGHT))


@inlined
def reach(line: Tilt, u: float) -> float:
    """The u that reads as u'; below the height the line runs straight to 0."""
    if u >= line.base:
        return HEIGHT + (u - line.base) / line.slope
    return HEIGHT * u / line.base


@inlined
def learn(s: Exceedances, u: float) -> Exceedances:
    """The exceedances after evidence `u`, which may be 0 where it is below the height."""
    share, watched, excess = s.share * KEEP, s.watched * KEEP, s.excess * KEEP
    if u <= HEIGHT:
        return Exceedances(share, watched + 1.0, excess, s.since + 1.0)
    if s.since > APART:
        return Exceedances(share + 1.0, watched + 1.0, excess + min(u - HEIGHT, MOST), 1.0)
    return Exceedances(share, watched, excess, 1.0)
