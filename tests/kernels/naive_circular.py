"""The slow twin of `kernels/circular.py`: its definition, in plain numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Series:
    """How many periods had events in each slot."""

    slots: list[float]
    periods: float = 0.0
    last: int | None = None

    def smooth(self, j: int) -> float:
        n = len(self.slots)
        return 0.25 * self.slots[j - 1] + 0.5 * self.slots[j] + 0.25 * self.slots[(j + 1) % n]


@dataclass
class Detector:
    """All series of a detector."""

    length: int
    keep: float
    borrowed: float
    leaning: float
    least_periods: float
    known: dict[int, Series] = field(default_factory=dict)
    group: dict[int, int] = field(default_factory=dict)

    def chance(self, i: int, slot: int) -> tuple[float, float] | None:
        """p of a slot, and how dense it is for a mean of one; None of a series that is too young."""
        n = self.length
        series = self.known.get(i)
        if series is None or series.periods < self.least_periods:
            return None
        total = sum(series.slots)
        alike = [each for k, each in self.known.items() if k != i and self.group.get(k) == self.group.get(i)]
        others = [sum(each.smooth(j) for each in alike) for j in range(n)]
        mean = total / n
        variance = sum(visits**2 for visits in series.slots) / n - mean**2
        even = max(0.0, mean**2 / max(variance - mean, mean**2 / 20.0) - 1.0)
        once = sum(visits for visits in series.slots if visits < 1.5)
        weight = min(self.borrowed, self.leaning * (0.5 + once)) / (sum(others) + 200.0)
        density = [series.smooth(j) + (0.5 + once) / n + even + weight * others[j] for j in range(n)]
        height = density[slot % n] * (1.0 + 1e-6)
        return sum(f for f in density if f <= height) / sum(density), density[slot % n] * n / sum(density)

    def learn(self, i: int, slot: int) -> None:
        """Events in a slot."""
        series = self.known.setdefault(i, Series([0.0] * self.length))
        if series.last is not None and slot <= series.last:
            return
        if series.last is None or slot // self.length > series.last // self.length:
            series.slots = [self.keep * visits for visits in series.slots]
            series.periods = self.keep * series.periods + 1.0
        series.slots[slot % self.length] += 1.0
        series.last = slot


def unusual(detector: Detector, buckets: Sequence[Sequence[tuple[int, int]]], most: float) -> dict[int, float]:
    """By the position of the entry (series, slot): p of what is at most half as usual as times on the average."""
    found, position = {}, 0
    for bucket in buckets:
        for k, (i, slot) in enumerate(bucket):
            told = detector.chance(i, slot)
            if told is not None and told[0] <= most and told[1] <= 0.5:
                found[position + k] = told[0]
        for i, slot in bucket:
            detector.learn(i, slot)
        position += len(bucket)
    return found
