"""The slow twins: each algorithm as its definition, in plain numbers, one row or one series at a time.

They are written from the docstrings of the kernels and share no code with them, so that a slip is made only once.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from struct import pack, unpack

DAY, WEEK = 86_400, 604_800

Entry = tuple[int, int, int, float, float, float]
"""Bucket, series, rows, sum, smallest and largest value."""
Finding = tuple[int, int, float, float, float]
"""Bucket, series, probability, actual, typical."""


def renumber(codes: Iterable[int], known: dict[int, int]) -> list[int]:
    """The next free id for each code that `known` does not have yet; -1 for a negative code."""
    return [known.setdefault(code, len(known)) if code >= 0 else -1 for code in codes]


def number_pairs(pairs: Iterable[tuple[int, int]], known: dict[tuple[int, int], int]) -> list[int]:
    """The same for pairs; -1 where one of the two is negative."""
    return [known.setdefault(pair, len(known)) if min(pair) >= 0 else -1 for pair in pairs]


def admit(
    times_ms: Sequence[int], dated: Sequence[bool], newest: int, latency: int, advanced: int, horizon: int
) -> list[tuple[str, int]]:
    """What becomes of each row, and up to which second time is over then."""
    admitted, out = [newest], []
    never = newest
    for time_ms, known in zip(times_ms, dated, strict=True):
        second = math.floor(time_ms / 1000)
        if not known or (max(admitted) > never and second - max(admitted) > horizon):
            status = "undated"
        elif max(admitted) - second > latency or second < advanced:
            status = "late"
        else:
            status = "admitted"
            admitted.append(second)
        out.append((status, max(max(admitted) - latency, advanced)))
    return out


def accumulate(rows: Iterable[tuple[int, int, float]], first: int, until: int) -> list[Entry]:
    """Rows (bucket, series, value) to what each series did in the buckets `first` to `until - 1`."""
    values = defaultdict(list)
    for bucket, series, value in rows:
        if first <= bucket < until and series >= 0 and not math.isnan(value):
            values[bucket, series].append(value)
    # Python's own `sum` compensates for rounding since 3.12; the definition is one addition a row.
    return [(*key, len(each), reduce(add, each), min(each), max(each)) for key, each in sorted(values.items())]


def student_density(t: float) -> float:
    """Density of Student's t with five degrees of freedom."""
    return 8.0 / (3.0 * math.pi * math.sqrt(5.0)) * (1.0 + t * t / 5.0) ** -3


def student_tail(z: float, panels: int = 400) -> float:
    """P(T > z), z >= 0, by Simpson's rule: over t up to 1, over w = 1/t beyond, where the range is finite.

    Its own error is about 1e-10 of the result.
    """
    if z <= 1.0:
        return 0.5 - _simpson(student_density, 0.0, z, panels)
    return _simpson(lambda w: student_density(1.0 / w) / (w * w) if w > 0.0 else 0.0, 0.0, 1.0 / z, panels)


def _simpson(f, begin: float, end: float, panels: int) -> float:  # type: ignore[no-untyped-def]
    h = (end - begin) / panels
    inside = sum((4.0 if k % 2 else 2.0) * f(begin + k * h) for k in range(1, panels))
    return float(h / 3.0 * (f(begin) + inside + f(end)))


def clip(value: float, limit: float) -> float:
    """The value, or the nearer of -limit and limit."""
    return max(-limit, min(limit, value))


def single(value: float) -> float:
    """The value rounded to 32 bits, in which the slots of a season are kept."""
    return float(unpack("f", pack("f", value))[0])


class Season:
    """Mean deviations at the times of one period."""

    def __init__(self, period: int, slots: int, visits_remembered: float, gate_memory: float) -> None:
        self.period, self.slots = period, slots
        self.visits_remembered, self.gate_memory = visits_remembered, gate_memory
        self.mean: defaultdict[int, float] = defaultdict(float)
        self.visits: defaultdict[int, int] = defaultdict(int)
        self.plain_error = self.seasonal_error = 0.0

    def place(self, time: int) -> float:
        """How many slots into the period a time is."""
        return (time % self.period) / self.period * self.slots

    def at(self, time: int) -> float:
        """The season there: a tent between the shrunk means of the two slots around."""
        place = self.place(time)
        left, share = math.floor(place), place - math.floor(place)
        shrunk = [
            self.mean[k] * self.visits[k] / (self.visits[k] + 1) for k in ((left + j) % self.slots for j in (0, 1))
        ]
        return shrunk[0] * (1.0 - share) + shrunk[1] * share

    @property
    def openness(self) -> float:
        """How much of it to use."""
        if self.plain_error == 0.0:
            return 0.0
        return 1.0 / (1.0 + math.exp(clip(80.0 * (self.seasonal_error / self.plain_error - 0.95), 50.0)))

    def learn(self, time: int, n: float, deviation: float, limit: float) -> None:
        """Compare the errors with and without the season, then let the nearest slot see the deviation."""
        gain = 1.0 / min(n + 1.0, self.gate_memory + 1.0)
        error = min(abs(deviation - self.at(time)), limit)
        self.plain_error += gain * (min(abs(deviation), limit) - self.plain_error)
        self.seasonal_error += gain * (error - self.seasonal_error)
        slot = math.floor(self.place(time) + 0.5) % self.slots
        memory = min(65_535.0, self.visits_remembered + 1.0)
        count = min(self.visits[slot] + 1.0, memory)
        self.mean[slot] = single(self.mean[slot] + (clip(deviation, limit) - self.mean[slot]) / count)
        self.visits[slot] = int(count)


@dataclass
class Candidate:
    """A map on trial: its own running mean and variance, and what they were worth."""

    kind: str
    mean: float = 0.0
    variance: float = 0.0
    evidence: float = 0.0


@dataclass
class Series:
    """One series of one feature."""

    span: int
    side: int = 0
    counts: bool = False
    reach: float = 0.0

    unit: float = 0.0
    kind: str = "identity"
    centre: float = 0.0
    width: float = 0.0
    size: float = 0.0

    n: int = 0
    last: int = 0
    level: float = 0.0
    previous: float = 0.0
    peak: float = 0.0
    step: float = 0.0
    scale_e: float = 0.0
    scale_r: float = 0.0
    phi: list[float] = field(default_factory=lambda: [0.0] * 4)
    past: list[float] = field(default_factory=lambda: [0.0] * 4)

    up: float = 0.0
    down: float = 0.0
    both: float = 0.0
    fast: float = 0.0

    def __post_init__(self) -> None:
        per_day = DAY / self.span
        day, week = max(1, min(96, DAY // self.span)), max(1, min(168, WEEK // self.span))
        self.per_day = per_day
        self.day = Season(DAY, day, 7.0 * per_day / day, 2.0 * per_day)
        self.week = Season(WEEK, week, 4.0 * 7.0 * per_day / week, 14.0 * per_day)
        self.trial = [Candidate("identity"), Candidate("asinh"), Candidate("counts")]

    def map(self, v: float, kind: str | None = None) -> float:
        """`v`, in units, in the unit of the model."""
        match kind or self.kind:
            case "asinh":
                return self.width * math.asinh((v - self.centre) / self.width)
            case "counts":
                return 2.0 * math.sqrt(self.size) * math.asinh(math.sqrt((max(v, 0.0) + 0.375) / self.size))
        return v

    def unmap(self, x: float) -> float:
        """The inverse of `map`."""
        match self.kind:
            case "asinh":
                return self.centre + self.width * math.sinh(clip(x / self.width, 500.0))
            case "counts":
                half = max(0.0, min(300.0, x / (2.0 * math.sqrt(self.size))))
                return max(0.0, self.size * math.sinh(half) ** 2 - 0.375)
        return x

    def slope(self, v: float, kind: str | None = None) -> float:
        """The derivative of `map`."""
        match kind or self.kind:
            case "asinh":
                return 1.0 / math.hypot(1.0, (v - self.centre) / self.width)
            case "counts":
                w = max(v, 0.0) + 0.375
                return 1.0 / math.sqrt(w + w * w / self.size)
        return 1.0

    @property
    def floor(self) -> float:
        """The smallest scale that the resolution of the data allows."""
        return max(0.5 * self.step, 1e-4 * self.peak, 1e-12)

    def meet(self, bucket: int, y: float) -> tuple[float, float, float] | None:
        """Learn a value; probability, actual and typical if it was worth reporting."""
        if self.unit == 0.0 and y != 0.0:
            self.unit = 2.0 ** max(-1000, math.floor(math.log2(min(abs(y), 1e300))))
        v = clip(y / self.unit, 1e30) if self.unit else 0.0
        x = self.map(v)
        if self.n == 0:
            self.n, self.last, self.level, self.previous, self.peak = 1, bucket, x, x, abs(x)
            return None
        time = bucket * self.span
        season = self.day.openness * self.day.at(time) + self.week.openness * self.week.at(time)
        if bucket - self.last > 5:  # four missed buckets and more
            self.past = [0.0] * 4
        unlagged = self.level + season
        mean = unlagged + sum(a * r for a, r in zip(self.phi, self.past, strict=True))
        reported = self.judge(y, x - mean, mean)
        if 20 <= self.n < 200:
            self.try_maps(v)
        self.learn(bucket, x, x - mean, x - unlagged)
        if self.n == 200:
            self.choose_map()
        return reported

    def judge(self, y: float, e: float, mean: float) -> tuple[float, float, float] | None:
        """Whether the innovation is far enough out on the watched side, and how improbable it is then."""
        if self.n < 20:
            return None
        side = self.up if e > 0.0 else self.down
        z = e / math.sqrt(max(side, self.both, self.fast / 4.0, self.floor**2))
        if abs(z) < self.reach or z * self.side < 0.0:
            return None
        typical = self.unmap(mean) * (self.unit or 1.0)
        if self.counts:
            typical = max(0.0, typical)
            if abs(y - typical) < 3.0:
                return None
        tail = student_tail(abs(z))
        return max(tail if self.side else 2.0 * tail, 1e-300), y, typical

    def learn(self, bucket: int, x: float, e: float, r: float) -> None:
        """Level, autoregression, scales and seasons after the innovation `e` and the residual `r`."""
        change = abs(x - self.previous)
        if change > 0.0:
            self.step = min(self.step or change, change)
        self.peak = max(abs(x), self.peak + 1e-3 * (abs(x) - self.peak))
        if self.n == 1:
            self.scale_e, self.scale_r = max(abs(e), self.floor), max(abs(r), self.floor)
        scale = max(self.scale_r, self.floor)
        limit_e, limit_r = 6.0 * max(self.scale_e, self.floor), 6.0 * scale
        if self.n < 10:
            limit_e = limit_r = 1e300
        else:
            energy = 4.0 * scale**2 + sum(each**2 for each in self.past)
            step = 0.02 * 4.0 * clip(e, limit_e) / energy
            self.phi = [a + step * each for a, each in zip(self.phi, self.past, strict=True)]
        robust = max(1.0 / (self.n + 1), 1e-3)
        self.scale_e += robust * (1.2533 * abs(clip(e, limit_e)) - self.scale_e)
        self.scale_r += robust * (1.2533 * abs(clip(r, limit_r)) - self.scale_r)
        self.learn_spread(e)
        deviation, day = x - self.level, self.day.openness * self.day.at(bucket * self.span)
        self.day.learn(bucket * self.span, self.n, deviation, limit_r)
        self.week.learn(bucket * self.span, self.n, deviation - day, limit_r)
        self.level += max(1.0 / (self.n + 1), 1.0 / max(7.0 * self.per_day, 200.0)) * clip(r, limit_r)
        self.past = [clip(r, limit_r), *self.past[:3]]
        self.previous, self.last = x, bucket
        self.n += 1

    def learn_spread(self, e: float) -> None:
        """One-sided, symmetric and fast second moments."""
        self.fast += max(1.0 / (self.n + 1), 1.0 / 300.0) * (e * e - self.fast)
        a = max(1.0 / (self.n + 1), 1e-4)
        side = self.up if e > 0.0 else self.down
        square = min(e * e, 144.0 * side) if self.n >= 20 and side > 0.0 else e * e
        self.both += a * (square - self.both)
        self.up += a * ((2.0 * square if e > 0.0 else 0.0) - self.up)
        self.down += a * ((0.0 if e > 0.0 else 2.0 * square) - self.down)

    def try_maps(self, v: float) -> None:
        """Let each candidate predict the value, as its unit has it."""
        if self.n == 20:
            scale = max(self.scale_r, self.floor)
            mean, variance = self.level * self.unit, (scale * self.unit) * (scale * self.unit)
            self.centre, self.width, self.size = self.level, max(scale, 1e-9), 1e9
            if 0.0 < mean < variance < math.inf and mean * mean < math.inf:
                self.size = mean * mean / (variance - mean)
        seen = self.n - 20
        for each in self.trial:
            if each.kind == "counts" and not self.counts:
                each.evidence = -1e300
                continue
            unit = self.unit if each.kind == "counts" else 1.0
            deviation = self.map(v * unit, each.kind) - each.mean
            if seen >= 20:
                sd = max(math.sqrt(each.variance), 1e-9)
                slope = max(self.slope(v * unit, each.kind) * unit, 1e-300)
                each.evidence += math.log(student_density(deviation / sd)) - math.log(sd) + math.log(slope)
            gain = max(1.0 / (seen + 1), 0.05)
            each.mean += gain * deviation
            each.variance = (1.0 - gain) * each.variance + gain * (1.0 - gain) * deviation**2

    def choose_map(self) -> None:
        """Keep the best candidate, and carry over all that was learnt."""
        identity, asinh, counts = self.trial
        best = asinh if asinh.evidence >= counts.evidence else counts
        if best.evidence <= identity.evidence + 100.0:
            return
        ratio = self.unit if best.kind == "counts" else 1.0
        self.kind, self.unit = best.kind, self.unit / ratio
        stretch = ratio * self.slope(self.level * ratio)
        level = self.map(self.level * ratio)
        for season in (self.day, self.week):
            for slot, mean in season.mean.items():
                season.mean[slot] = single(self.map((self.level + mean) * ratio) - level)
            season.plain_error *= stretch
            season.seasonal_error *= stretch
        self.previous, self.peak = self.map(self.previous * ratio), abs(self.map(self.peak * ratio))
        self.level = level
        self.step, self.scale_e, self.scale_r = (w * stretch for w in (self.step, self.scale_e, self.scale_r))
        self.past = [each * stretch for each in self.past]
        self.up, self.down, self.both, self.fast = (w * stretch**2 for w in (self.up, self.down, self.both, self.fast))


def observe(table: Sequence[Sequence[float]], first: int, series: list[Series], *, dense: bool) -> list[Finding]:
    """Rows of a table (bucket, series), NaN where a series has none, through the models."""
    found = []
    for position, row in enumerate(table):
        for i, (each, value) in enumerate(zip(series, row, strict=True)):
            absent = math.isnan(value)
            if absent and not (dense and each.n > 0):
                continue
            reported = each.meet(first + position, 0.0 if absent else value)
            if reported is not None:
                found.append((position, i, *reported))
    return found


def prior(u: float) -> float:
    """Two power laws with their seam at u = 3, where the rate is 10^-3.37."""
    return float(min(1.0, 10.0 ** (-3.37 - (0.62 if u < 3.0 else 0.30) * (u - 3.0))))


def rates(findings: Sequence[tuple[int, int, float]], updates: Sequence[int], keep: float, worth: float) -> list[float]:
    """Rate of each finding (bucket, series, evidence), from nothing but the findings of earlier buckets."""
    out = []
    for now, _, u in findings:
        events = [
            (bucket, height)
            for one in {series for _, series, _ in findings}
            for bucket, height in runs([(b, e) for b, series, e in findings if series == one and b < now])
        ]
        count = sum(keep ** (now - bucket) * share_beyond(height, u) for bucket, height in events)
        watched = sum(keep ** (now - bucket) * updates[bucket] for bucket in range(now))
        out.append((count + worth * prior(u)) / (watched + worth))
    return out


def runs(values: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Unusual values (bucket, evidence) of one series to its events: the highest value of each run."""
    events: list[tuple[int, float]] = []
    for bucket, height in values:
        if not events or bucket - events[-1][0] > 48:
            events.append((bucket, height))
        elif height > events[-1][1]:
            events[-1] = (bucket, height)
    return events


def share_beyond(height: float, u: float) -> float:
    """How much of an event of this height counts as at least `u`: all or nothing, and linear within a bin of 0.05."""
    left = 0.05 * min(599, int(height / 0.05))
    return max(0.0, min(1.0, 1.0 - (min(u, 30.0) - left) / 0.05))
