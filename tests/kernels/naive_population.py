"""The slow twin of `kernels/population.py` and `kernels/tail.py`: their definitions, in plain numbers."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

K, DAY, NORMAL = 1024, 86_400, 0.5586098711723646

Found = tuple[int, int, float, float]
"""Bucket, member, chance, typical."""
Fit = tuple[float, float, float, float, list[float]]
"""Height, share, scale, shape and the peaks of both generations, descending."""


def mean_between(ordered: Sequence[float], low: float, high: float) -> float:
    """Mean of the sorted values from one share of them to another."""
    n = len(ordered)
    weights = [max(0.0, min(i + 1, high * n) - max(i, low * n)) for i in range(n)]
    return sum(w * y for w, y in zip(weights, ordered, strict=True)) / ((high - low) * n)


@dataclass
class Side:
    """The draws of one side, as all of them; the highest are looked for when they are asked for."""

    now: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)

    def fit(self, n: float, least: float) -> Fit:
        """The tail, of `n` draws on both sides."""
        peaks = sorted(self.now, reverse=True)[:K] + sorted(self.before, reverse=True)[:K]
        peaks.sort(reverse=True)
        k = int(min(K - 1, max(8, 0.01 * n)))
        if n < 100:
            return math.inf, 1.0, 1.0, 0.0, peaks
        if len(peaks) <= k:
            return 0.0, (len(peaks) + 1.0) / (n + 1.0), math.inf, 0.0, peaks
        excesses = [x - peaks[k] for x in peaks[:k]]
        mean = sum(excesses) / k
        weighted = sum(x * (i + 0.65) / k for i, x in enumerate(excesses)) / k
        shape = min(0.9, max(-0.5, 2.0 - mean / (mean - 2.0 * weighted))) if mean > 2.0 * weighted else -0.5
        shape = max(0.0, (10.0 * 0.1 + k * shape) / (10.0 + k))
        scale = (1.0 - shape) * max(mean, least)
        wider = min(len(peaks) - 1, 4 * k)
        if wider >= 2 * k:
            scale = max(scale, 0.5 * (peaks[k] - peaks[wider]) / math.log(wider / k))
        return peaks[k], k / (n + 1.0), scale, shape, peaks


def survival(excess: float, scale: float, shape: float) -> float:
    """Of a generalised Pareto distribution."""
    return math.exp(-excess / scale) if shape <= 1e-6 else (1.0 + shape * excess / scale) ** (-1.0 / shape)


@dataclass
class Population:
    """One population."""

    seen: int = 0
    middle: float = 0.0
    above: float = 0.0
    below: float = 0.0
    known: set[int] = field(default_factory=set)


@dataclass
class Member:
    """One member; the day and the number of the draws beyond the height."""

    habit: float = 0.0
    met: int = 0
    day: int = -1
    brought: int = 0


class Compared:
    """All that a feature knows."""

    def __init__(
        self, span: int, side: int, *, counts: bool, most: float, generation: int = 10**9, unit: float = 0.0
    ) -> None:
        self.unit = unit
        self.span, self.side, self.counts, self.most, self.generation = span, side, counts, most, generation
        self.populations: defaultdict[int, Population] = defaultdict(Population)
        self.members: defaultdict[int, Member] = defaultdict(Member)
        self.sides = {+1: Side(), -1: Side()}
        self.draws, self.drawn_before = 0, 0
        self.begun = self.since = 0

    def meet(self, bucket: int, values: Mapping[int, float], population: Mapping[int, int]) -> Iterable[Found]:
        """Judge a bucket, then learn it."""
        if self.draws == self.drawn_before == 0:
            self.begun = self.since = bucket
        elif self.draws and bucket - self.since >= min(self.generation, max(64, self.since - self.begun)):
            for each in self.sides.values():
                each.before, each.now = each.now, []
            self.drawn_before, self.draws, self.since = self.draws, 0, bucket
        n = self.draws + self.drawn_before
        fits = {sign: each.fit(n, 0.25 if self.unit else 0.02) for sign, each in self.sides.items()}
        allowed = min(60.0, 3.0 + 3.0 * max(fit[1] for fit in fits.values()) * DAY / self.span)
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for member in sorted(values):
            groups[population[member]].append(member)
        for g, group in sorted(groups.items()):
            yield from self._group(bucket, self.populations[g], {i: values[i] for i in group}, fits, n, allowed)

    def _group(
        self, bucket: int, pop: Population, values: Mapping[int, float], fits: Mapping[int, Fit], n: int,
        allowed: float,
    ) -> Iterable[Found]:  # fmt: skip
        ordered = sorted(values.values())
        size = len(ordered)
        centre = mean_between(ordered, 0.25, 0.75)
        up = max(0.0, mean_between(ordered, 0.5, 0.9) - centre) / NORMAL
        down = max(0.0, centre - mean_between(ordered, 0.1, 0.5)) / NORMAL
        own = size / (size + 10.0) if pop.seen else 1.0
        lean = size**2 / (size**2 + 400.0) if pop.seen else 1.0
        m = own * centre + (1.0 - own) * pop.middle
        deviation = sum(abs(y - centre) for y in ordered) / size
        least = max(0.1 * own * deviation, 0.5 if self.counts else 1e-300, 1e-3 * abs(m))
        spread = {
            +1: max(least, lean * up + (1.0 - lean) * pop.above),
            -1: max(least, lean * down + (1.0 - lean) * pop.below),
        }
        if self.unit:
            m, spread = 0.0, {+1: self.unit, -1: self.unit}
        pop.known |= set(values)
        counted = len(pop.known) > 1 and pop.seen >= 3
        for i, y in values.items():
            member = self.members[i]
            t = max(-20.0, min(20.0, math.asinh((y - m) / spread[+1 if y > m else -1])))
            habit = member.habit * member.met / (member.met + 10.0)
            d = t - habit
            if counted:
                sign = +1 if d > 0.0 else -1
                height, share, scale, shape, peaks = fits[sign]
                if d != 0.0 and self.side in (0, sign) and abs(d) > height:
                    rank = sum(1 for x in peaks if x >= abs(d))
                    p = max(share * survival(abs(d) - height, scale, shape), rank / n)
                    p = min(1.0, 2.0 * p) if self.side == 0 else p
                    expected = m + math.sinh(habit) * spread[+1 if habit > 0.0 else -1]
                    if p <= self.most and (not self.counts or abs(y - expected) >= 3.0):
                        yield bucket, i, p, expected
                self._draw(member, abs(d), sign, fits[sign], n, bucket * self.span // DAY, allowed)
                self.draws += 1
            member.met += 1
            member.habit += (t - member.habit) / min(member.met, 50)
        pop.seen += 1
        gain = max(1.0 / pop.seen, 0.05 * size / (size + 10.0))
        pop.middle += gain * (centre - pop.middle)
        pop.above += gain * (up - pop.above)
        pop.below += gain * (down - pop.below)

    def _draw(self, member: Member, x: float, sign: int, fit: Fit, n: int, day: int, allowed: float) -> None:
        height, _, scale, shape, _ = fit
        if height < math.inf:
            clip = min(0.03, 0.25 / int(min(K - 1, max(8, 0.01 * n))))
            most = height + (scale * (clip**-shape - 1.0) / shape if shape > 1e-6 else -scale * math.log(clip))
            if x > height:
                brought = member.brought if member.day == day else 0
                if brought >= allowed:
                    return
                member.day, member.brought = day, brought + 1
            x = min(x, most)
        self.sides[sign].now.append(x)
