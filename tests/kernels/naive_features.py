"""The slow twins of what functions take from the rows of a bucket, as their definitions."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction


def weighted_median(values: Sequence[float], weights: Sequence[int]) -> float:
    """The middle of the values, each as often as it weighs; the mean of the two in the middle of an even number."""
    rows = sorted(value for value, weight in zip(values, weights, strict=True) for _ in range(weight))
    middle = len(rows) // 2
    if len(rows) % 2:
        return rows[middle]
    lower, upper = rows[middle - 1], rows[middle]
    total = lower + upper
    return 0.5 * total if math.isfinite(total) else 0.5 * lower + 0.5 * upper


def variance(values: Sequence[float], weights: Sequence[int]) -> tuple[float, float]:
    """Mean and population variance, in exact arithmetic up to the last step."""
    rows = [Fraction(value) for value, weight in zip(values, weights, strict=True) for _ in range(weight)]
    mean = sum(rows) / len(rows)
    return float(mean), float(sum((row - mean) ** 2 for row in rows) / len(rows))


def first_seen(rows: Iterable[tuple[int, int, str]]) -> dict[tuple[int, int], list[str]]:
    """By bucket and series, the different texts in the order in which they came."""
    cells: dict[tuple[int, int], list[str]] = {}
    for bucket, series, text in rows:
        own = cells.setdefault((bucket, series), [])
        if text not in own:
            own.append(text)
    return cells


class Bytes:
    """What texts were told before: by context, how often each decision went either way."""

    def __init__(self) -> None:
        self.counts: dict[object, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.told = 0

    def contexts(self, text: str) -> Iterable[tuple[list[object], int]]:
        """The contexts of each decision, and how it goes."""
        past = [0, 0]
        for byte in [*text.encode(), 0]:
            bits = f"{byte:08b}"
            for place, bit in enumerate(bits):
                node = int("1" + bits[:place], 2)
                one = 256 * past[1] + node
                # The hash of the kernel, so that the same contexts share a place.
                two = (((past[0] << 16) | one) * 0x9E3779B97F4A7C15 % 2**64) >> 48
                yield [node, ("one", one), ("two", two)], int(bit)
            past = [past[1], byte]

    def length(self, text: str) -> float:
        """Bytes."""
        bits = 0.0
        for contexts, bit in self.contexts(text):
            chance = 0.5
            for context in contexts:
                seen = self.counts[context]
                chance = (seen[bit] + chance) / (sum(seen) + 1.0)
            bits -= math.log2(chance)
        return bits / 8.0

    def learn(self, text: str) -> None:
        """One text more."""
        for contexts, bit in self.contexts(text):
            for context in contexts:
                seen = self.counts[context]
                seen[bit] += 1.0
                if sum(seen) >= 1024.0:
                    self.counts[context] = [0.5 * each for each in seen]
        self.told += len(text.encode()) + 1

    def measure(self, lots: Iterable[Sequence[str]]) -> list[float]:
        """The lengths of all texts, lot by lot."""
        lengths = []
        for lot in lots:
            early = self.told < 4096
            if early:
                for text in lot:
                    self.learn(text)
            lengths += [self.length(text) for text in lot]
            if not early:
                for text in lot:
                    self.learn(text)
        return lengths
