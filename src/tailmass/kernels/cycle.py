"""A season of any length, of the series in which one was found: `periodogram` tells its period, slots learn its form.

    phase = (bucket - origin) / period mod 1        64 slots a period at most, read and shrunk as those of `season`

Only series that have such a season have a row here. A slot learns the mean of a pass when the pass is over and
remembers eight of them; the season has a gate like the others.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.columns import Floats, Singles
from tailmass.kernels.jit import inlined
from tailmass.kernels.season import Gate

SLOTS = 64
REMEMBERED = 8.0  # passes
MEMORY, LEAST_MEMORY = 2.0, 50.0  # of the gate: periods, and buckets on top of them

# Columns of `exact`.
PERIOD, ORIGIN = range(2)
EXACT = 2
# Columns of `brief`: the gate, the slot of the last value, the pass through it, and the slots' means and passes.
GATE, AT, TOTAL, COUNT, MEANS = 0, 3, 4, 5, 6
PASSES = MEANS + SLOTS
BRIEF = PASSES + SLOTS


class Cycles(NamedTuple):
    """The seasons that were found."""

    row: npt.NDArray[np.int32]
    """(series,) row of each series; -1 of one without."""
    exact: Floats
    """(rows, EXACT) period and origin, buckets."""
    brief: Singles
    """(rows, BRIEF)"""


class Place(NamedTuple):
    """Where in its cycle a series is."""

    near: int
    """The slot before."""
    far: int
    """The slot after."""
    share: float
    """How far it is from the one to the other, in [0, 1)."""


@inlined
def place(exact: Floats, j: int, bucket: float) -> Place:
    """Where in the cycle of row `j` a bucket is."""
    slots = max(1, min(SLOTS, int(exact[j, PERIOD] + 0.5)))
    turns = (bucket - exact[j, ORIGIN]) / exact[j, PERIOD]
    at = (turns - math.floor(turns)) * slots
    near = min(int(at), slots - 1)
    return Place(near, (near + 1) % slots, at - near)


@inlined
def read(brief: Singles, j: int, at: Place) -> float:
    """What the cycle adds to the level."""
    a, b = np.float64(brief[j, PASSES + at.near]), np.float64(brief[j, PASSES + at.far])
    near, far = np.float64(brief[j, MEANS + at.near]), np.float64(brief[j, MEANS + at.far])
    return (1.0 - at.share) * near * a / (a + 1.0) + at.share * far * b / (b + 1.0)


@inlined
def passed(brief: Singles, j: int, at: Place) -> bool:
    """Whether both slots around have a pass behind them."""
    return bool(brief[j, PASSES + at.near] > 0.0 and brief[j, PASSES + at.far] > 0.0)


@inlined
def gate(brief: Singles, j: int) -> Gate:
    """How well the series does with its cycle, and without."""
    return Gate(np.float64(brief[j, GATE]), np.float64(brief[j, GATE + 1]), np.float64(brief[j, GATE + 2]))


@inlined
def keep_gate(brief: Singles, j: int, s: Gate) -> None:
    """Put that away."""
    brief[j, GATE], brief[j, GATE + 1], brief[j, GATE + 2] = s


@inlined
def learn(brief: Singles, j: int, at: Place, rest: float, limit: float, long: bool) -> None:
    """Take in what all else leaves, of which `limit` is seen at most; `long`: the last value was a period ago."""
    slot = at.far if at.share >= 0.5 else at.near
    before = int(brief[j, AT])
    if (slot != before or long) and brief[j, COUNT] > 0.0:
        passes = min(np.float64(brief[j, PASSES + before]) + 1.0, REMEMBERED)
        mean = np.float64(brief[j, TOTAL]) / np.float64(brief[j, COUNT])
        brief[j, MEANS + before] += (mean - np.float64(brief[j, MEANS + before])) / passes
        brief[j, PASSES + before] = passes
        brief[j, TOTAL], brief[j, COUNT] = 0.0, 0.0
    brief[j, AT] = slot
    brief[j, TOTAL] += max(-limit, min(limit, rest))
    brief[j, COUNT] += 1.0
