"""How long a series has stood still: a sensor that is stuck says nothing wrong, only always the same.

    k = -(run - longest) log10(share),  run > 2 longest and run >= 6, else 0

run is how many values in a row have been equal to the one before, longest the longest such run that is over, and share
how often a value was equal to the one before it until then: a series that seldom moves has to stand still for long.
"""

import math
from typing import NamedTuple

from tailmass.kernels.jit import inlined

SHORTEST = 6.0
LONGER = 2.0  # times the longest run so far
MEMORY = 1000.0  # values by which the share is known
MOST = 3.0  # powers of ten: public data has many still stretches that nobody calls anomalies


class Flat(NamedTuple):
    """What one series has done."""

    run: float
    longest: float
    share: float


@inlined
def learn(s: Flat, still: bool, n: float) -> Flat:
    """After a value, `still` if it is the one before, `n` being the number of values before it."""
    share = s.share + ((1.0 if still else 0.0) - s.share) / min(n, MEMORY)
    if still:
        return Flat(s.run + 1.0, s.longest, share)
    return Flat(0.0, max(s.longest, s.run), share)


@inlined
def evidence(s: Flat, n: float) -> float:
    """k of the run that goes on, in [0, 3]; `n` values have been seen."""
    if s.run < SHORTEST or s.run <= LONGER * s.longest:
        return 0.0
    before = min(n, MEMORY)
    share = (max(0.0, s.share * before - s.run) + 1.0) / (max(0.0, before - s.run) + 1.0)
    return min(MOST, max(0.0, -(s.run - s.longest) * math.log10(min(1.0, share))))
