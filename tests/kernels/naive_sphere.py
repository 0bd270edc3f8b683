"""The slow twin of `kernels/sphere.py`: its definition, in plain numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

Point = tuple[float, float, float]
Row = tuple[int, Point]
"""Epoch second and place."""

EARTH = 6371.0


def angle(a: Point, b: Point) -> float:
    """By the arc tangent of the cross product over the dot product."""
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(a, b, strict=True)))


@dataclass
class Cluster:
    """A centre, the weight of its places, and half the sum of their squared angles."""

    centre: Point
    weight: float
    squares: float = 0.0

    def beyond(self, place: Point) -> float:
        """The share that is farther away than a place."""
        square = (2.0 * (20.0 / EARTH) ** 2 + self.squares) / (2.0 + self.weight)
        return float((1.0 + angle(self.centre, place) ** 2 / (4.0 * square)) ** -2.0)


@dataclass
class Series:
    """One series."""

    keep: float
    clusters: list[Cluster] = field(default_factory=list)
    buckets: int = 0
    far: float = 0.0
    fast: float = 0.0
    last: Row | None = None
    now: tuple[float, float] = (0.0, 0.0)
    """Whether it was far off in the newest bucket, and whether it came too fast."""

    def meet(self, rows: Sequence[Row], peers: "Peers | None" = None) -> float | None:
        """The chance of the most unusual row of a bucket; None of a series that is too young."""
        prior = 0.5 / (self.buckets * 5.0 / 9.0 + 1.0)
        strange, hasty = self.far + prior, self.fast + prior
        if peers is not None:
            prior, own = 0.5 / (peers.visits * 5.0 / 9.0 + 1.0), self.buckets / (self.buckets + 20.0)
            strange = own * self.far + (1.0 - own) * peers.far + prior
            hasty = own * self.fast + (1.0 - own) * peers.fast + prior
        chances, far, fast = [], 0.0, 0.0
        for second, place in rows:
            total = sum(each.weight for each in self.clusters)
            shares = [each.beyond(place) for each in self.clusters]
            inside = sum(each.weight * share for each, share in zip(self.clusters, shares, strict=True))
            if peers is not None and peers.clusters:
                theirs = [(each.weight, each.beyond(place)) for each in peers.clusters]
                inside += 500.0 * sum(w * share for w, share in theirs) / sum(w for w, _ in theirs)
                total += 500.0
                shares += [share for _, share in theirs]
            chances.append(strange + (inside / total if total else 1.0))
            if shares and max(shares) < 0.01:
                far = 1.0
            if self.last is not None:
                way = EARTH * angle(self.last[1], place)
                if way > 100.0 and way > 900.0 * max(1, second - self.last[0]) / 3600.0:
                    fast = 1.0
                    chances.append(hasty)
            self.last = (second, place)
        known = self.buckets >= 20 if peers is None else peers.buckets >= 20 and peers.members - {id(self)}
        found = 1.0 - (1.0 - min(1.0, *chances)) ** 2 if known else None
        fade(self.clusters, self.keep)
        for _, place in rows:
            join(self.clusters, place, 1.0 / len(rows), 4)
        self.buckets += 1
        gain = max(3.0 / (self.buckets + 2.0), 3.0 * (1.0 - self.keep))
        self.far += gain * (far - self.far)
        self.fast += gain * (fast - self.fast)
        self.now = (far, fast)
        return found


@dataclass
class Peers:
    """What the series of a population have in common."""

    keep: float
    clusters: list[Cluster] = field(default_factory=list)
    buckets: int = 0
    visits: int = 0
    far: float = 0.0
    fast: float = 0.0
    members: set[int] = field(default_factory=set)

    def meet(self, bucket: Sequence[tuple[Series, Sequence[Row]]]) -> None:
        """All that was in a bucket, once every series has been judged."""
        self.buckets += 1
        fade(self.clusters, self.keep)
        for series, rows in bucket:
            for _, place in rows:
                join(self.clusters, place, 1.0 / len(rows), 32)
            self.visits += 1
            gain = max(3.0 / (self.visits + 2.0), 3.0 * (1.0 - self.keep))
            self.far += gain * (series.now[0] - self.far)
            self.fast += gain * (series.now[1] - self.fast)
            self.members.add(id(series))


def fade(clusters: Sequence[Cluster], keep: float) -> None:
    """A bucket passes."""
    for each in clusters:
        each.weight *= keep
        each.squares *= keep


def join(clusters: list[Cluster], place: Point, weight: float, most: int) -> None:
    """A place becomes part of the cluster it is least far from, or one of its own."""
    nearest = max(clusters, key=lambda each: each.beyond(place), default=None)
    if nearest is None or (nearest.beyond(place) < 0.01 and len(clusters) < most):
        clusters.append(Cluster(place, weight))
        return
    d = angle(nearest.centre, place)
    nearest.weight += weight
    share = weight / nearest.weight
    nearest.squares += 0.5 * weight * (1.0 - share) * d * d
    moved = [x + share * (y - x) for x, y in zip(nearest.centre, place, strict=True)]
    length = math.hypot(*moved)
    if length > 1e-9:
        nearest.centre = (moved[0] / length, moved[1] / length, moved[2] / length)
