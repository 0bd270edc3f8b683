"""What each hour of the day has lately stayed within, and how far a value is outside of that.

A slot of the day keeps its highest and its lowest value. When the series comes back to it the next day, the two first
draw together by a tenth, so that what was a record last month is one again.
"""

import numpy as np

from tailmass.columns import Singles
from tailmass.kernels.jit import inlined

SLOTS = 24
KEEP = 0.9  # of the width, a day
UNKNOWN = 3e38  # low above high: nothing has been seen here


@inlined
def clear(envelope: Singles, i: int) -> None:
    """Make series `i` one of which nothing is known."""
    slots = envelope.shape[1] // 2
    for k in range(slots):
        envelope[i, k] = -UNKNOWN
        envelope[i, slots + k] = UNKNOWN


@inlined
def excess(envelope: Singles, i: int, slot: int, x: float) -> float:
    """How far `x` is above (+) or below (-) what this time of day has stayed within; 0 inside."""
    high, low = np.float64(envelope[i, slot]), np.float64(envelope[i, envelope.shape[1] // 2 + slot])
    if high < low:
        return 0.0
    return max(0.0, x - high) + min(0.0, x - low)


@inlined
def learn(envelope: Singles, i: int, slot: int, x: float, anew: bool) -> None:
    """Take `x` in; `anew` is whether the series has just come to this time of day."""
    other = envelope.shape[1] // 2 + slot
    high, low = np.float64(envelope[i, slot]), np.float64(envelope[i, other])
    if anew and high >= low:
        middle, half = 0.5 * (high + low), 0.5 * KEEP * (high - low)
        high, low = middle + half, middle - half
    envelope[i, slot] = max(high, x)
    envelope[i, other] = min(low, x)
