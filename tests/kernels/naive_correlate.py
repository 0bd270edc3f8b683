"""The slow twin of `kernels/correlate.py` for a few series: its definition, in plain numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.kernels.naive import student_beyond


@dataclass
class Pair:
    """A series beside another."""

    peer: int
    n: int = 0
    ab: float = 0.0
    aa: float = 0.0
    bb: float = 0.0
    ee: float = 0.0

    @property
    def slope(self) -> float:
        return self.ab / self.bb if self.bb > 0.0 else 0.0

    @property
    def explained(self) -> float:
        return self.ab**2 / (self.aa * self.bb) if self.aa * self.bb > 0.0 else 0.0

    def learn(self, a: float, b: float) -> None:
        square = (a - self.slope * b) ** 2
        if self.n >= 20:
            square = min(square, 36.0 * self.ee)
        self.n += 1
        gain = max(1.0 / self.n, 1e-3)
        self.ab += gain * (a * b - self.ab)
        self.aa += gain * (a * a - self.aa)
        self.bb += gain * (b * b - self.bb)
        self.ee += gain * (square - self.ee)


@dataclass
class Series:
    """One series."""

    level: float = 0.0
    variance: float = 0.0
    met: int = 0
    ring: dict[int, int] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)

    def z(self, y: float) -> float:
        return (y - self.level) / math.sqrt(self.variance) if self.met >= 20 and self.variance > 0.0 else 0.0

    def learn(self, y: float, z: float, now: int) -> None:
        self.met += 1
        off = y - self.level if self.met > 1 else 0.0
        square = min(off**2, 36.0 * self.variance) if self.met > 20 and self.variance > 0.0 else off**2
        self.level = y if self.met == 1 else self.level + off * max(1.0 / self.met, 1.0 / 6.0)
        self.variance += (square - self.variance) * max(1.0 / self.met, 1e-3)
        self.ring[now] = round(25.0 * clipped(z)) or 1


def clipped(z: float) -> float:
    return max(-5.0, min(5.0, z))


def evidence(z: float) -> float:
    return min(30.0, -math.log10(max(2.0 * student_beyond(abs(z)), 1e-300)))


class Company:
    """So few series that all of them are held against each other."""

    def __init__(self) -> None:
        self.known: dict[int, Series] = {}

    def meet(self, now: int, values: Mapping[int, float], least: float) -> dict[int, tuple[int, float]]:
        """Of series that have left their peers: the best peer, and the evidence."""
        z = {i: self.known.setdefault(i, Series()).z(y) for i, y in values.items()}
        found = {}
        for i in values:
            there = [
                each
                for each in self.known[i].pairs
                if abs(z.get(each.peer, math.inf)) <= 4.0 and each.n >= 64 and each.explained >= 0.6 and each.ee > 0.0
            ]
            if self.known[i].met < 20 or not there:
                continue
            best = max(there, key=lambda each: each.explained)
            heard = [each for each in there if 1.0 - each.explained <= 2.0 * (1.0 - best.explained) + 1e-9]
            u = min(evidence((z[i] - each.slope * z[each.peer]) / math.sqrt(each.ee)) for each in heard)
            if u >= max(least, evidence(z[i]) + 1.0):
                found[i] = (best.peer, u)
        for i in values:
            for pair in self.known[i].pairs:
                if pair.peer in values:
                    pair.learn(clipped(z[i]), clipped(z[pair.peer]))
        for i, y in values.items():
            self.known[i].learn(y, z[i], now)
        if (now + 1) % 32 == 0:
            self._acquaint(now)
        return found

    def _acquaint(self, now: int) -> None:
        there = [i for i, each in sorted(self.known.items()) if each.met >= 52 and now - max(each.ring) <= 32]
        for place, i in enumerate(there):
            for j in there[place + 1 :]:
                explained = self._alike(i, j, now)
                if explained >= 0.6:
                    self._offer(i, j, explained)
                    self._offer(j, i, explained)

    def _alike(self, i: int, j: int, now: int) -> float:
        one, other = self.known[i].ring, self.known[j].ring
        both = [(one[t], other[t]) for t in range(now - 63, now + 1) if t in one and t in other]
        aa, bb = sum(a * a for a, _ in both), sum(b * b for _, b in both)
        return sum(a * b for a, b in both) ** 2 / (aa * bb) if len(both) >= 32 else 0.0

    def _offer(self, i: int, j: int, explained: float) -> None:
        pairs = self.known[i].pairs
        if any(each.peer == j for each in pairs):
            return
        if len(pairs) < 3:
            pairs.append(Pair(j))
            return
        worse = [each for each in pairs if each.n >= 64 and each.explained < explained - 0.1]
        if worse:
            pairs[pairs.index(min(worse, key=lambda each: each.explained))] = Pair(j)
