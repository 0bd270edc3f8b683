"""What a time of day or of the week adds to the level: slots with shrinkage, and a gate instead of a test.

A slot is 16 bits: 12 of its mean, in steps of the series, and 4 of the passes behind it. It learns the mean of a pass
when the pass is over, so that a value never explains itself, and the one after it.
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Shorts
from tailmass.kernels.jit import inlined, part

DAY, WEEK = 86_400, 604_800
STEEPNESS, BREAK_EVEN = 80.0, 0.95  # the gate is half open when the season takes 5 % off the mean error

VISIT_BITS = 4
MOST_VISITS = 15
SHRUNK: Floats = np.arange(MOST_VISITS + 1) / np.arange(1.0, MOST_VISITS + 2)  # n/(n + 1)
STEPS = 2047.0  # in which a mean is kept, to either side
COARSE = 512.0  # steps of the largest slot below which the step is halved: one wild day must not blur all later ones


class Gate(NamedTuple):
    """How well one series does with a season and without."""

    plain: float
    """Running mean |error| without the season."""
    seasonal: float
    """The same with it."""
    compared: float
    """Buckets in which there was a season to compare with."""


class Pass(NamedTuple):
    """What a slot has seen since the series entered it."""

    total: float
    count: float  # type: ignore[assignment]  # hides tuple.count, which nobody misses


@inlined
def place(time: int, period: int, slots: int) -> tuple[int, float]:
    """The slot before a time, and how far the time is from its centre to that of the next one, in [0, 1)."""
    at = (time % period) / period * slots
    near = int(at) % slots
    return near, at - int(at)


@inlined
def visits(slot: int) -> float:
    """Passes behind a slot."""
    return float(slot & MOST_VISITS)


@inlined
def mean(slot: int, step: float) -> float:
    """The mean of a slot; `step` is what one of its steps is worth."""
    return (slot >> VISIT_BITS) * step


@inlined
def read(near: int, far: int, share: float, step: float) -> float:
    """The season between two slot centres, `share` of the way from the near to the far one.

    A tent between the two means, each shrunk by n/(n + 1) for its n visits.
    """
    a, b = SHRUNK[near & MOST_VISITS], SHRUNK[far & MOST_VISITS]
    value: float = (1.0 - share) * mean(near, step) * a + share * mean(far, step) * b
    return value


@inlined
def openness(gate: Gate) -> float:
    """How much of the season to use, 0 to 1, by what it has saved so far: 1 / (1 + exp(80 (E1/E0 - 0.95)))."""
    if gate.plain <= 0.0:
        return 0.0
    return 1.0 / (1.0 + math.exp(min(50.0, max(-50.0, STEEPNESS * (gate.seasonal / gate.plain - BREAK_EVEN)))))


@inlined
def compare(gate: Gate, deviation: float, expected: float, limit: float, memory: float) -> Gate:
    """The gate after a `deviation` from the level, where `expected` was the season's; errors count up to `limit`."""
    gain = 1.0 / min(gate.compared + 1.0, memory)
    return Gate(
        gate.plain + gain * (min(abs(deviation), limit) - gate.plain),
        gate.seasonal + gain * (min(abs(deviation - expected), limit) - gate.seasonal),
        gate.compared + 1.0,
    )


@inlined
def added(seen: Pass, deviation: float, limit: float) -> Pass:
    """The pass with one more deviation, of which `limit` is seen at most."""
    return Pass(seen.total + max(-limit, min(limit, deviation)), seen.count + 1.0)


@inlined
def folded(slot: int, seen: Pass, step: float, remembered: float) -> float:
    """The mean of a slot with a finished pass: of the first ones, then exponential over those `remembered`."""
    now = min(visits(slot) + 1.0, remembered)
    before = mean(slot, step)
    return before + (seen.total / seen.count - before) / now


@inlined
def packed(value: float, passes: float, step: float) -> int:
    """The slot with this mean and so many passes."""
    steps = math.floor(value / step + 0.5) if step > 0.0 else 0.0
    return (int(max(-STEPS, min(STEPS, steps))) << VISIT_BITS) | int(min(passes, MOST_VISITS))


@part
def step_for(value: float, step: float) -> float:
    """The step with which `value` can be kept: the present one, or the next power of two that is coarse enough."""
    if abs(value) <= STEPS * step:
        return step
    return float(2.0 ** math.ceil(math.log2(abs(value) / STEPS)))


@part
def rescaled(slots: Shorts, i: int, ratio: float) -> None:
    """Write the slots of series `i` in other steps, of which `ratio` make one of the old."""
    for k in range(slots.shape[1]):
        slot = slots[i, k]
        steps = max(-STEPS, min(STEPS, math.floor((slot >> VISIT_BITS) * ratio + 0.5)))
        slots[i, k] = (int(steps) << VISIT_BITS) | (slot & MOST_VISITS)


@part
def largest(slots: Shorts, i: int) -> float:
    """Steps of the largest slot of series `i`, either side."""
    most = 0
    for k in range(slots.shape[1]):
        most = max(most, abs(slots[i, k] >> VISIT_BITS))
    return float(most)
