"""What a time of day or of the week adds to the level: slots with shrinkage, and a gate instead of a test."""

import math
from typing import NamedTuple

from tailmass.kernels.jit import inlined

DAY, WEEK = 86_400, 604_800
STEEPNESS, BREAK_EVEN = 80.0, 0.95  # the gate is half open when the season takes 5 % off the mean error


class Gate(NamedTuple):
    """How well one series does with a season and without."""

    plain: float
    """Running mean |error| without the season."""
    seasonal: float
    """The same with it."""


@inlined
def read(near: float, near_visits: float, far: float, far_visits: float, share: float) -> float:
    """The season between two slot centres, `share` of the way from the near to the far one.

    A tent between the two means, each shrunk by n/(n + 1) for its n visits.
    """
    return (1.0 - share) * near * near_visits / (near_visits + 1.0) + share * far * far_visits / (far_visits + 1.0)


@inlined
def openness(gate: Gate) -> float:
    """How much of the season to use, 0 to 1, by what it has saved so far: 1 / (1 + exp(80 (E1/E0 - 0.95)))."""
    if gate.plain <= 0.0:
        return 0.0
    return 1.0 / (1.0 + math.exp(min(50.0, max(-50.0, STEEPNESS * (gate.seasonal / gate.plain - BREAK_EVEN)))))


@inlined
def compare(gate: Gate, deviation: float, expected: float, limit: float, gain: float) -> Gate:
    """The gate after a `deviation` from the level, where `expected` was the season's; errors count up to `limit`."""
    return Gate(
        gate.plain + gain * (min(abs(deviation), limit) - gate.plain),
        gate.seasonal + gain * (min(abs(deviation - expected), limit) - gate.seasonal),
    )


@inlined
def moved(value: float, visits: float, deviation: float, limit: float) -> float:
    """A slot's mean after one more `deviation`, `visits` counting it: a mean of the first ones, then exponential."""
    return value + (max(-limit, min(limit, deviation)) - value) / visits
