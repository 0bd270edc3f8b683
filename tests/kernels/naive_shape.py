"""The slow twin of `kernels.shape`: every window from the values themselves, one series at a time.

Written from the docstring of the kernel; it shares no code with it.
"""

import math
from dataclasses import dataclass, field

UINT64 = 2**64


def splitmix(number: int) -> int:
    """The output function of splitmix64, of a state that is `number` golden gammas."""
    z = number * 0x9E3779B97F4A7C15 % UINT64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % UINT64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % UINT64
    return z ^ (z >> 31)


def mean(values: list[float]) -> float:
    """Mean of 1, 2, 4, 8 ... values, half by half."""
    half = len(values) // 2
    return 0.5 * (mean(values[:half]) + mean(values[half:])) if half else values[0]


def variance(window: list[float]) -> float:
    """Mean square deviation from the mean."""
    middle = sum(window) / len(window)
    return sum((b - middle) ** 2 for b in window) / len(window)


def steps(window: list[float], spread: float) -> list[int]:
    """A window with most of its height taken out, in whole forty-eighths of what is left."""
    middle, size = sum(window) / len(window), math.sqrt(variance(window) + 0.3 * spread)
    scale = 48.0 / size if size else 0.0
    return [max(-127, min(127, math.floor((b - middle) * scale + 0.5))) for b in window]


def distance(one: list[int], other: list[int]) -> float:
    """Root mean square difference, in deviations."""
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) / len(one)) / 48.0


@dataclass
class Level:
    """One level of one series."""

    size: int
    places: int
    values: list[float] = field(default_factory=list)
    blocks: list[float] = field(default_factory=list)
    spread: float = 0.0
    windows: int = 0
    compared: int = 0
    typical: float = 0.0
    worthy: int = 0
    oddness: float | None = None
    distances: dict[int, float | None] = field(default_factory=dict)
    remembered: list[list[int]] = field(default_factory=list)
    habits: list[float] = field(default_factory=list)

    def begin(self) -> None:
        """Forget what was last, but not what is remembered."""
        self.values, self.blocks, self.oddness = [], [], None

    def push(self, x: float) -> None:
        """One value more."""
        self.values.append(x)
        if len(self.values) == self.size:
            self.blocks.append(mean(self.values))
            self.values = []
            if len(self.blocks) >= 16 and len(self.blocks) % 4 == 0:
                self.compare()

    def compare(self) -> None:
        """The last sixteen blocks are a window."""
        last = self.blocks[-16:]
        self.windows += 1
        square = variance(last)
        if self.windows > 8:
            square = min(square, 16.0 * self.spread)
        self.spread += max(1.0 / self.windows, 1.0 / 2000.0) * (square - self.spread)
        far = self.judge(steps(last, self.spread)) if len(self.remembered) >= 8 else None
        self.distances[len(self.blocks)] = far
        if len(self.blocks) >= 32:
            then = self.distances[len(self.blocks) - 16]
            if then is None or then > self.typical:
                self.remember(steps(self.blocks[-32:-16], self.spread), then or 0.0)

    def judge(self, window: list[int]) -> float:
        """How far it is from the nearest remembered one; the oddness follows."""
        distances = [distance(window, each) for each in self.remembered]
        far = min(distances)
        nearest = distances.index(far)
        habit, limit = self.habits[nearest], 4.0 * self.typical
        self.compared += 1
        if self.compared > 64:
            self.oddness = (far / (habit + self.typical + 0.02)) ** 2
        taken = min(far, limit) if self.compared > 16 else far
        self.typical += max(1.0 / self.compared, 1.0 / 2000.0) * (taken - self.typical)
        self.habits[nearest] += 0.3 * (min(far, max(4.0 * self.typical, habit)) - habit)
        return far

    def remember(self, window: list[int], habit: float) -> None:
        """Give it a place, if it is to have one."""
        self.worthy += 1
        if len(self.remembered) < self.places:
            self.remembered.append(window)
            self.habits.append(habit)
            return
        place = splitmix(self.worthy) % min(self.worthy, 4 * self.places)
        if place < self.places:
            self.remembered[place], self.habits[place] = window, habit


class Series:
    """One series of one feature."""

    def __init__(self, places: int) -> None:
        self.levels = [Level(size, places) for size in (1, 2, 4, 8)]
        self.last: int | None = None
        self.unit = self.x = 0.0

    def meet(self, bucket: int, y: float) -> float:
        """Learn a value; how odd the series has been of late."""
        if self.unit == 0.0 and y != 0.0:
            self.unit = 2.0 ** max(-1000, math.floor(math.log2(min(abs(y), 1e300))))
        missed = bucket - self.last - 1 if self.last is not None else 0
        x = max(-1e18, min(1e18, y / self.unit)) if self.unit else 0.0
        for level in self.levels:
            if missed > 4:
                level.begin()
            else:
                for _ in range(missed):
                    level.push(self.x)
            level.push(x)
        self.last, self.x = bucket, x
        told = [level.oddness for level in self.levels if level.oddness is not None]
        return sum(told) / len(told) if told else 0.0


def recognize(table: list[list[float | None]], first: int, twins: list[Series], *, dense: bool) -> list[float]:
    """The oddness of every value in a table (bucket, series), None where a series has no rows; in order."""
    out = []
    for b, row in enumerate(table):
        for y, twin in zip(row, twins, strict=True):
            if y is not None:
                out.append(twin.meet(first + b, y))
            elif dense:
                out.append(0.0 if twin.last is None else twin.meet(first + b, 0.0))
    return out
