"""The slow twin of `kernels/rare.py`: one stream as its definition, in plain numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

BINS, WIDTH, FADING, LEARNING = 64, 4, 64, 20


def bin_of(n: float) -> int:
    """Octaves above one and a half, in quarters."""
    return 0 if n < 1.5 else min(BINS - 1, 1 + math.floor(WIDTH * math.log2(n / 1.5)))


@dataclass
class Stream:
    """Values with the number of buckets they were in; each with the bin it was put into when it was there last."""

    keep: float
    buckets: int = 0
    total: float = 0.0
    news: float = 0.0
    counts: dict[int, float] = field(default_factory=dict)
    bins: dict[int, int] = field(default_factory=dict)
    weights: dict[int, float] = field(default_factory=dict)

    def expected(self, value: int) -> float:
        """E of a value."""
        expected = self.news + 0.5 / (self.buckets * 5.0 / 9.0 + 1.0)
        if value not in self.counts:
            return expected
        once = sum(weight for each, weight in self.weights.items() if self.bins[each] == 0)
        twice = sum(weight for each, weight in self.weights.items() if 1 <= self.bins[each] <= bin_of(2.5))
        sigma = once / (once + 2.0 * twice + 1.0)
        for j in range(self.bins[value] + 1):
            inside = [each for each in self.counts if self.bins[each] == j]
            expected += max(0.0, sum(self.counts[e] - sigma * self.weights[e] for e in inside)) / self.total
        return expected

    def learn(self, present: Sequence[int]) -> None:
        """One bucket with these values."""
        self.buckets += 1
        if self.buckets % FADING == 0:
            share = self.keep**FADING
            self.total *= share
            self.counts = {each: n * share for each, n in self.counts.items()}
            self.weights = {each: weight * share for each, weight in self.weights.items()}
        self.total += 1.0
        fresh = [each for each in present if each not in self.counts]
        for each in present:
            self.counts[each] = self.counts.get(each, 0.0) + 1.0
            self.bins[each] = bin_of(self.counts[each])
            self.weights[each] = 1.0
        gain = max(3.0 / (self.buckets + 2.0), 3.0 * (1.0 - self.keep))
        self.news += gain * (min(len(fresh), 3) - self.news)


def unusual(buckets: Sequence[Sequence[int]], keep: float, most: float) -> list[tuple[int, int, float, float]]:
    """Bucket, value, E and share of the buckets that had it, of the values with an E of at most `most`."""
    stream, found = Stream(keep), []
    for b, present in enumerate(buckets):
        if stream.buckets >= LEARNING:
            for each in present:
                expected = stream.expected(each)
                if expected <= most:
                    found.append((b, each, expected, stream.counts.get(each, 0.0) / stream.total))
        if present:
            stream.learn(present)
    return found
