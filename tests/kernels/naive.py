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
from typing import NamedTuple

DAY, WEEK = 86_400, 604_800

Entry = tuple[int, int, int, float, float, float]
"""Bucket, series, rows, sum, smallest and largest value."""


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


def student_beyond(z: float) -> float:
    """P(T > z), z >= 0, by the angle whose tangent is z / sqrt 5; exact to 1e-16, so good for any z but huge ones."""
    angle = math.atan(z / math.sqrt(5.0))
    return 0.5 - (angle + math.sin(angle) * math.cos(angle) * (1.0 + 2.0 / 3.0 * math.cos(angle) ** 2)) / math.pi


def student_quantile(p: float) -> float:
    """The z >= 0 with P(T > z) = p, by Newton's rule, which comes from the left as the tail is convex."""
    z, step = 0.0, 1.0
    while step > 1e-12:
        step = (student_beyond(z) - p) / student_density(z)
        z += step
    return z


def count_evidence(y: int, mean: float, size: float, occupied: float) -> float:
    """u of a count, by the sum of all masses of a negative binomial with dead buckets."""
    mass, odds = math.exp(-size * math.log1p(mean / size)), mean / (mean + size)
    low, high, k = 0.0, 0.0, 0
    while k <= y or mass > 1e-17 * high:
        low += mass * ((k < y) + 0.5 * (k == y))
        high += mass * ((k > y) + 0.5 * (k == y))
        mass *= odds * (size + k) / (k + 1)
        k += 1
    dead = (1.0 - occupied) * (0.5 if y == 0 else 1.0)
    low, high = occupied * low + dead, occupied * high + (dead if y == 0 else 0.0)
    return min(30.0, max(0.0, -math.log10(max(2.0 * min(low, high), 1e-300))))


def clip(value: float, limit: float) -> float:
    """The value, or the nearer of -limit and limit."""
    return max(-limit, min(limit, value))


def single(value: float) -> float:
    """The value rounded to 32 bits, in which most of what is known of a series is kept."""
    return float(unpack("f", pack("f", value))[0])


def summed(terms: Iterable[float]) -> float:
    """One addition a term; see `accumulate`."""
    return reduce(add, terms, 0.0)


class Slots:
    """Means at the times of one period, in whole steps, and the pass through one of them that is not over."""

    def __init__(self, period: int, number: int, remembered: int) -> None:
        self.period, self.number, self.remembered = period, number, remembered
        self.steps = [0] * number
        self.passes = [0] * number
        self.place = 0
        self.total, self.count = 0.0, 0

    def around(self, time: int) -> tuple[int, int, float]:
        """The slots before and after a time, and how far it is between them."""
        place = time % self.period / self.period * self.number
        left = math.floor(place)
        return left % self.number, (left + 1) % self.number, place - left

    def nearest(self, time: int) -> int:
        """The slot whose centre is nearest."""
        return math.floor(time % self.period / self.period * self.number + 0.5) % self.number

    def at(self, time: int, step: float) -> float:
        """A tent between the shrunk means of the two slots around."""
        left, right, share = self.around(time)
        one, other = (self.steps[k] * step for k in (left, right))
        a, b = self.passes[left], self.passes[right]
        return (1.0 - share) * one * a / (a + 1) + share * other * b / (b + 1)

    def known(self, time: int) -> bool:
        """Whether both slots around have a pass behind them."""
        left, right, _ = self.around(time)
        return min(self.passes[left], self.passes[right]) > 0

    def leaves(self, time: int, elapsed: int) -> bool:
        """Whether a pass ends as the series comes to this time, so long after the last one."""
        return self.count > 0 and (self.nearest(time) != self.place or elapsed >= self.period / 2)

    def mean(self, step: float) -> float:
        """The mean of the slot with the pass that ends."""
        before = self.steps[self.place] * step
        return before + (self.total / self.count - before) / min(self.passes[self.place] + 1, self.remembered)

    def fold(self, mean: float, step: float) -> None:
        """End the pass."""
        self.steps[self.place] = int(clip(math.floor(mean / step + 0.5), 2047)) if step else 0
        self.passes[self.place] = min(self.passes[self.place] + 1, self.remembered)
        self.total, self.count = 0.0, 0

    def see(self, time: int, deviation: float, limit: float) -> None:
        """One more deviation in the pass."""
        self.place = self.nearest(time)
        self.total = single(self.total + clip(deviation, limit))
        self.count += 1

    def rescale(self, ratio: float) -> None:
        """Write all means in steps of which `ratio` make an old one."""
        self.steps = [int(clip(math.floor(each * ratio + 0.5), 2047)) for each in self.steps]

    @property
    def packed(self) -> list[int]:
        """The slots in 16 bits: 12 of steps, 4 of passes."""
        return [16 * steps + passes for steps, passes in zip(self.steps, self.passes, strict=True)]


@dataclass
class Gate:
    """Running mean errors with and without a season."""

    memory: float
    plain: float = 0.0
    seasonal: float = 0.0
    compared: int = 0

    @property
    def openness(self) -> float:
        """How much of the season to use."""
        if self.plain == 0.0:
            return 0.0
        return 1.0 / (1.0 + math.exp(clip(80.0 * (self.seasonal / self.plain - 0.95), 50.0)))

    def compare(self, deviation: float, expected: float, limit: float) -> None:
        """See the errors of one bucket."""
        gain = 1.0 / min(self.compared + 1, self.memory)
        self.plain = single(self.plain + gain * (min(abs(deviation), limit) - self.plain))
        self.seasonal = single(self.seasonal + gain * (min(abs(deviation - expected), limit) - self.seasonal))
        self.compared += 1


def pareto(top: Sequence[float], prior: float, floor: float) -> tuple[float, float]:
    """Shape and scale of the excesses of seven values over the eighth, by probability-weighted moments."""
    excesses = [each - top[7] for each in top[:7]]
    a0 = summed(each / 7 for each in excesses)
    a1 = summed(each * ((k + 0.65) / 7) / 7 for k, each in enumerate(excesses))
    shape = prior
    if a0 > 0.0 and a0 - 2.0 * a1 > 1e-12 * a0:
        shape = max(0.0, (10.0 * prior + 8.0 * max(-0.5, min(0.9, 2.0 - a0 / (a0 - 2.0 * a1)))) / 18.0)
    return shape, max(1e-30, (1.0 - shape) * max(a0, floor))


def log_beyond(excess: float, shape: float) -> float:
    """Natural logarithm of the tail beyond so many scales."""
    return -math.log(1.0 + shape * excess) / shape if shape > 1e-6 else -excess


def quantile_beyond(log_p: float, shape: float) -> float:
    """The inverse: (p^-shape - 1) / shape."""
    return (math.exp(-shape * log_p) - 1.0) / shape if shape > 1e-6 else -log_p


@dataclass
class Ages:
    """Buckets of the two generations, and the records that were to be expected."""

    now: int = 0
    before: int = 0
    expected: float = 0.0

    @property
    def share(self) -> float:
        """How many buckets in all are above the lowest of the highest peaks."""
        return 8 / (self.now + self.before + 8 + 1)


@dataclass
class Peaks:
    """The eight highest values that one side of a channel has had, of either generation, and in all its life."""

    together: int = 4
    now: list[float] = field(default_factory=list)
    before: list[float] = field(default_factory=list)
    latest: tuple[float, int] | None = None
    records: int = 0
    highest_now: float = -math.inf
    highest_before: float = -math.inf

    @property
    def highest(self) -> float:
        """The highest value of both generations, whatever has been entered for it."""
        return max(self.highest_now, self.highest_before)

    @property
    def top(self) -> list[float]:
        """The eight highest of both."""
        return sorted(self.now + self.before, reverse=True)[:8]

    def meet(self, x: float, mean: float, least: float, ages: Ages, judged: bool) -> float:
        """How new `x` is, where excesses are at least so large, and its entry."""
        top, entering, k = self.top, x, 0.0
        if judged and len(top) == 8 and x > top[7]:
            if self.latest is None or ages.now - self.latest[1] > self.together:
                self.records += 1
            shape, scale = pareto(top, 0.1, max(0.02 * abs(top[7] - mean), least))
            log_share = math.log(ages.share)
            log_p = log_beyond((x - top[7]) / scale, shape)
            weight = min(1.0, (ages.expected + 5.0) / max(self.records, 1))
            k = max(0.0, min(10.0, -(log_share + log_p) / math.log(10.0) * weight))
            limit = min(math.log(1e-4) - log_share, math.log(0.03))
            if log_p < limit:
                entering = single(top[7] + scale * quantile_beyond(limit, shape))
        self.highest_now = max(self.highest_now, x)
        if len(self.now) < 8 or entering > self.now[7]:
            self.enter(entering, ages.now)
        return k

    def enter(self, x: float, age: int) -> None:
        """Enter a peak, in the place of one that was entered at most `together` buckets ago."""
        if self.latest is not None and age - self.latest[1] <= self.together:
            if x <= self.latest[0]:
                return
            if self.latest[0] in self.now:
                self.now.remove(self.latest[0])
        self.now = sorted([*self.now, x], reverse=True)[:8]
        self.latest = x, age

    def turn(self, length: int = 20_000) -> None:
        """Begin a new generation after one of so many buckets."""
        self.now, self.before = [], self.now
        self.highest_now, self.highest_before = -math.inf, self.highest_now
        if self.latest is not None:
            self.latest = self.latest[0], self.latest[1] - length

    @property
    def packed(self) -> list[float]:
        """As the kernel keeps them, with its lowest number where there is nothing."""
        free = [-3e38] * 8
        latest = self.latest or (-3e38, -3e38)
        threshold = [*self.top, *free][7]
        return [*[*self.now, *free][:8], *[*self.before, *free][:8], *latest, self.records, threshold]


@dataclass
class Body:
    """What a series did beyond one in ten."""

    runs: float = 0.0
    watched: float = 0.0
    excess: float = 0.0
    since: int = 20_000

    @property
    def line(self) -> tuple[float, float]:
        """u' at u = 1, and its slope; a prior of a thousand buckets has what Student's t says."""
        nominal = (1.0 - 0.01) / math.log(10.0)
        q = (self.runs + 100.0) / (self.watched + 1000.0)
        mean = (self.excess + 100.0 * nominal) / (self.runs + 100.0)
        return -math.log10(q), max(0.6, min(1.5, nominal / mean))

    def read(self, u: float) -> float:
        """u' of a u."""
        base, slope = self.line
        return max(0.0, base + slope * (u - 1.0)) if u > 1.0 else 0.0

    def beyond(self, probability: float) -> float:
        """Scales beyond which, on one side, this share of the values is to be expected."""
        base, slope = self.line
        wanted = -math.log10(2.0 * probability)
        u = 1.0 + (wanted - base) / slope if wanted >= base else wanted / base
        return student_quantile(0.5 * 10.0**-u)

    def learn(self, u: float) -> None:
        """See the evidence of one bucket."""
        keep = 1.0 - 1e-5
        beyond = u > 1.0
        first = beyond and self.since > 2
        self.runs = single(keep * self.runs + first)
        self.excess = single(keep * self.excess + (min(u - 1.0, 2.0) if first else 0.0))
        self.watched = single(keep * self.watched + (first or not beyond))
        self.since = 1 if beyond else self.since + 1


class Finding(NamedTuple):
    """What is told of a value."""

    bucket: int
    series: int
    evidence: float
    actual: float
    typical: float
    lower: float
    upper: float
    signs: tuple[float, ...]
    largest_of: int
    moved: bool


@dataclass
class Cycle:
    """A season of any length: slots that learn the mean of a pass when it is over, and the gate."""

    period: float
    origin: float
    gate: Gate = field(init=False)
    means: list[float] = field(init=False)
    passes: list[int] = field(init=False)
    slot: int = 0
    total: float = 0.0
    count: int = 0

    def __post_init__(self) -> None:
        slots = max(1, min(64, math.floor(self.period + 0.5)))
        self.means, self.passes = [0.0] * slots, [0] * slots
        self.gate = Gate(2.0 * self.period + 50.0)

    def around(self, bucket: int) -> tuple[int, int, float]:
        """The slots before and after a bucket, and how far it is between them."""
        turns = (bucket - self.origin) / self.period
        place = (turns - math.floor(turns)) * len(self.means)
        near = min(math.floor(place), len(self.means) - 1)
        return near, (near + 1) % len(self.means), place - near

    def at(self, bucket: int) -> float:
        """A tent between the shrunk means of the two slots around."""
        near, far, share = self.around(bucket)
        shrunk = [self.means[k] * self.passes[k] / (self.passes[k] + 1) for k in (near, far)]
        return (1.0 - share) * shrunk[0] + share * shrunk[1]

    def learn(self, bucket: int, rest: float, limit: float, gap: int) -> None:
        """See what all else leaves of one bucket."""
        near, far, share = self.around(bucket)
        if min(self.passes[near], self.passes[far]) > 0:
            self.gate.compare(rest, self.at(bucket), limit)
        slot = far if share >= 0.5 else near
        if self.count and (slot != self.slot or gap >= self.period):
            n = self.passes[self.slot] = min(self.passes[self.slot] + 1, 8)
            before = self.means[self.slot]
            self.means[self.slot] = single(before + (self.total / self.count - before) / n)
            self.total, self.count = 0.0, 0
        self.slot = slot
        self.total, self.count = single(self.total + clip(rest, limit)), self.count + 1


class Expected(NamedTuple):
    """What a series expects of a bucket."""

    mean: float
    """Of all experts together."""
    lags: float
    seasons: float
    quick: float
    steady: float
    """Of those without lags together."""
    base: float
    """The seasons, or the quick level where its error is less than half of theirs."""
    daily: float
    weekly: float
    by_day: float
    """As much of the daily season as is used."""
    by_seasons: float
    """As much of the two seasons as is used."""


@dataclass
class Series:
    """One series of one feature."""

    span: int
    side: int = 0
    counts: bool = False
    means: bool = False
    least: float = 0.0
    sensitivity: float = 1.0
    pool_size: float = 2.0
    pool_occupied: float = 0.99

    unit: float = 0.0
    anchor: float = 0.0
    n: int = 0
    last: int = 0
    hour: int = 0

    level: float = 0.0
    previous: float = 0.0
    peak: float = 0.0
    step: float = 0.0
    scale_e: float = 0.0
    scale_r: float = 0.0
    above: float = 0.0
    below: float = 0.0
    run: int = 0
    quick: float = 0.0
    quick_updates: int = 1
    errors: list[float] = field(default_factory=lambda: [0.0] * 3)  # of the lags, the seasons and the quick level
    cycle: Cycle | None = None
    still: int = 0
    longest_still: int = 0
    share_still: float = 0.0
    phi: list[float] = field(default_factory=lambda: [0.0] * 4)
    past: list[float] = field(default_factory=lambda: [0.0] * 4)

    up: float = 0.0
    down: float = 0.0
    both: float = 0.0
    fast: float = 0.0

    season_step: float = 0.0
    body: Body = field(default_factory=Body)
    usual_rows: float = 0.0
    theta: float = 0.0
    count_sums: list[float] = field(default_factory=lambda: [0.0] * 4)

    window: float = 0.0
    outside: float = 0.0
    envelope: dict[int, tuple[float, float]] = field(default_factory=dict)
    ages: Ages = field(default_factory=Ages)
    channel_means: list[float] = field(default_factory=lambda: [0.0] * 3)
    sums: list[float] = field(default_factory=lambda: [single(each) for each in (4, 3.2, 2.8, 2.5, 2.2, 2, 1.9, 1.8)])
    borrowed: float = 0.0
    since_onset: int = 20_000
    onset_height: float = 0.0
    onset_mean: float = 0.0

    def __post_init__(self) -> None:
        self.per_day = DAY / self.span
        slots, weekly, hours = (max(1, min(m, p // self.span)) for m, p in ((96, DAY), (56, WEEK), (24, DAY)))
        self.day, self.week, self.noise = Slots(DAY, slots, 8), Slots(WEEK, weekly, 5), Slots(DAY, hours, 8)
        self.hours = hours
        self.day_gate, self.week_gate = Gate(2.0 * self.per_day + 1.0), Gate(14.0 * self.per_day + 1.0)
        self.peaks = [(Peaks(), Peaks()) for _ in range(3)]  # window, raw and envelope; high and low

    @property
    def floor(self) -> float:
        """The smallest scale that the resolution of the data allows."""
        return max(0.5 * self.step, 1e-4 * self.peak, 1e-12)

    def meet(self, bucket: int, y: float, rows: float = 0.0, local: int = 0) -> Finding | None:
        """Learn a value, a mean of so many rows, with the clocks `local` ahead; what there is to be told of it."""
        if self.unit == 0.0 and y != 0.0:
            self.unit = 1.0 if self.counts else 2.0 ** max(-1000, math.floor(math.log2(min(abs(y), 1e300))))
        x = clip(y / self.unit, 1e18) if self.unit else 0.0
        time = bucket * self.span + local
        hour = math.floor(time % DAY / DAY * self.hours)
        if self.n == 0:
            self.n, self.last, self.hour, self.anchor = 1, bucket, hour, x
            self.level, self.previous, self.quick, self.peak = x, x, x, single(abs(x))
            return None
        gap = bucket - self.last
        expected = self.expect(time, bucket, gap)
        e, r, floor = x - expected.mean, x - expected.seasons, self.floor

        # The value by itself.
        busy = self.busy(time)
        wide = busy * (1.0 + self.theta * self.lack(rows))
        steady = e / math.sqrt(wide)
        side = self.up if steady > 0.0 else self.down
        scale = math.sqrt(max(side, self.both, self.fast / 4.0, floor * floor))
        few = self.counts and expected.mean <= 20.0
        u = self.surprise(y, min(abs(steady) / scale, abs(e) / floor), expected.mean, few)
        read = 0.0 if e * self.side < 0.0 else self.body.read(u)

        # What it makes of what came before it.
        keep = 1.0 - 1.0 / 6.0
        limit = math.inf if self.n < 10 else 6.0 * max(self.scale_r, floor)
        lean = 1.0 + self.theta * self.lack(rows)
        seen = r / math.sqrt(lean) if lean > 1.0 else r  # a mean of few rows says less
        raw = expected.seasons + seen - self.anchor if lean > 1.0 else x - self.anchor
        before, now = keep**gap * self.window, clip(seen, limit)
        channels = [
            before + (1.0 - keep) * now,
            raw,
            keep**gap * self.outside + (1.0 - keep) * self.excess(hour, raw),
        ]
        early = 2.0 * self.per_day / self.n
        least = 0.6 * scale * min(1.0, early * early)
        window, raw, outside = self.newest(channels, (0.0, 0.0, least), 0 if r > 0.0 else 1)
        if (now - before if r > 0.0 else before - now) <= 0.0:  # a mean that falls back is the past speaking
            window = 0.0
        if self.excess(hour, channels[1]) * (1.0 if r > 0.0 else -1.0) <= 0.0:  # the same, inside of the envelope
            outside = 0.0
        news = x - expected.base if r > 0.0 else expected.base - x
        if expected.base != expected.seasons and news < scale:  # where the level now is
            window = raw = outside = 0.0
        if (self.side < 0 and r > 0.0) or (self.side > 0 and r <= 0.0):
            window = raw = outside = 0.0

        # All of it together.
        total = 0.40 * read + 0.31 * (window + raw + outside)
        onset = total > 0.0 and (self.since_onset > 24 or total > self.onset_height)
        again = 0.38 * self.again(total) if onset else 0.0
        alone = self.sensitivity * read
        signs = (0.31 * window, 0.31 * raw, 0.31 * outside, again)
        center = expected.mean if alone >= total + again else expected.base
        told, fused, stuck = None, max(alone, total + again), self.stuck(x == self.previous)
        if self.n >= 20 and max(fused, stuck) >= self.least:
            if stuck > fused:
                told = self.tell(y, x, expected.base, wide, stuck, (0.0, 0.0, 0.0, 0.0), stuck)
            else:
                told = self.tell(y, x, center, wide, fused, signs, 0.0)
            peaks = self.peaks[1][0 if r > 0.0 else 1]
            if told and raw > 0.0 and single(channels[1] if r > 0.0 else -channels[1]) >= peaks.highest:
                told = told._replace(largest_of=self.ages.now + self.ages.before + 1)

        square = steady * steady / max(self.both, floor * floor)
        if self.means:
            self.learn_rows(rows, e * e / max(self.both, floor * floor))
        if few:
            self.learn_counts(max(y, 0.0), max(expected.mean, 1e-3))
        if self.n >= 20:
            self.body.learn(u)
        deviation = x - self.level
        limit, moved = self.learn_level(x, expected)
        self.learn_spread(steady)
        if self.cycle:
            self.cycle.learn(bucket, deviation - expected.by_seasons, limit, gap)
        self.learn_seasons(time, gap * self.span, deviation, expected, limit)
        if self.n >= 20:
            self.learn_noise(time, gap * self.span, square * wide)
        self.learn_channels(channels)
        self.learn_envelope(hour, channels[1], gap * self.span)
        self.learn_onset(total, onset)
        self.n, self.last, self.hour = self.n + 1, bucket, hour
        return told and told._replace(moved=moved)

    def expect(self, time: int, bucket: int, gap: int) -> Expected:
        """What the value should be; after four missed buckets and more the last residuals say nothing of it."""
        if gap > 5:
            self.past = [0.0] * 4
        daily, weekly = self.day.at(time, self.season_step), self.week.at(time, self.season_step)
        by_day = self.day_gate.openness * daily
        by_seasons = by_day + self.week_gate.openness * weekly
        cyclic = self.cycle.gate.openness * self.cycle.at(bucket) if self.cycle else 0.0
        seasons = self.level + (by_seasons + cyclic)
        lags = seasons + summed(a * r for a, r in zip(self.phi, self.past, strict=True))
        quick = self.quick + (by_seasons + cyclic)
        # In the order of the kernel: of a constant, the last bit of the mean decides on which side a value is.
        inverse = [1.0 / max(error, self.floor) for error in self.errors]
        a, b, c = ((each * each) * (each * each) for each in inverse)
        share, of_rest = 4.0 * a / (4.0 * a + b + c), c / (b + c)
        steady = (1.0 - of_rest) * seasons + of_rest * quick
        mean = share * lags + (1.0 - share) * steady
        base = quick if self.errors[2] < 0.5 * self.errors[1] else seasons
        return Expected(mean, lags, seasons, quick, steady, base, daily, weekly, by_day, by_seasons)

    def stuck(self, still: bool) -> float:
        """k of a run of equal values that is longer than twice the longest one before."""
        if self.counts:
            return 0.0
        share = self.share_still + (float(still) - self.share_still) / min(self.n, 1000)
        self.share_still = single(share)
        if not still:
            self.longest_still, self.still = max(self.longest_still, self.still), 0
            return 0.0
        self.still += 1
        if self.n < 20 or self.side or self.still < 6 or self.still <= 2 * self.longest_still:
            return 0.0
        seen = min(self.n, 1000)
        share = (max(0.0, share * seen - self.still) + 1.0) / (max(0, seen - self.still) + 1.0)
        return min(3.0, max(0.0, -(self.still - self.longest_still) * math.log10(min(1.0, share))))

    def busy(self, time: int) -> float:
        """Variance of this time of day over that of the series; seven buckets speak for one."""
        left, right, _ = self.noise.around(time)
        ratios = []
        for k in (left, right):
            behind = self.noise.passes[k] * (self.per_day / self.hours)
            ratios.append((behind * (self.noise.steps[k] / 256.0) + 7.0) / (behind + 7.0))
        return max(ratios)

    def lack(self, rows: float) -> float:
        """How many rows there usually are for every one of these, less 1."""
        return max(-0.9, min(999.0, self.usual_rows / rows - 1.0)) if rows > 0.0 and self.usual_rows > 0.0 else 0.0

    def surprise(self, y: float, z: float, mean: float, few: bool) -> float:
        """u, which is nothing of a young series; a tail of counts where few are expected."""
        if self.n < 20 or (not few and z < 2.0):  # two scales are less than one in ten: nobody looks at it
            return 0.0
        if few:
            size, occupied = self.count_law
            return count_evidence(int(y), max(mean, 1e-3) / occupied, size, occupied)
        return min(30.0, -math.log10(max(2.0 * student_tail(z), 1e-300)))

    def excess(self, hour: int, raw: float) -> float:
        """How far outside of what this hour has stayed within; there is no saying on the first day."""
        if hour not in self.envelope or self.n <= self.per_day:
            return 0.0
        high, low = self.envelope[hour]
        return max(0.0, raw - high) + min(0.0, raw - low)

    def newest(self, channels: Sequence[float], least: Sequence[float], side: int) -> list[float]:
        """k of each channel on one side, where its excesses are at least so large; both sides meet it."""
        new = []
        for x, mean, known, (high, low) in zip(channels, self.channel_means, least, self.peaks, strict=True):
            k_high = high.meet(single(x), mean, known, self.ages, self.n >= 20)
            k_low = low.meet(single(-x), -mean, known, self.ages, self.n >= 20)
            new.append(k_low if side else k_high)
        return new

    def again(self, total: float) -> float:
        """k_S of an onset among the eight highest, those of a usual series' five hundred buckets among them."""
        if self.n < 20 or total <= self.sums[7]:
            return 0.0
        shape, scale = pareto(self.sums, 0.3, 0.1 * abs(self.sums[7] - self.onset_mean))
        log_p = math.log(8 / (self.n + self.borrowed + 500 + 9)) + log_beyond((total - self.sums[7]) / scale, shape)
        return max(0.0, min(30.0, -log_p / math.log(10.0)))

    def tell(
        self, y: float, x: float, center: float, wide: float, evidence: float, signs: tuple[float, ...], stuck: float
    ) -> Finding | None:
        """What there is to be said, if the value is far enough off and on a side that matters."""
        typical = center * (self.unit or 1.0)
        if self.counts:
            typical = max(0.0, typical)
        enough = abs(y - typical) >= 3.0 if self.counts else abs(x - center) > 1e-9 * self.peak
        if not enough or (y - typical) * self.side < 0.0:
            return None
        scales = self.body.beyond(0.025) * self.unit
        lower = typical - scales * math.sqrt(wide * max(self.down, self.floor * self.floor))
        upper = typical + scales * math.sqrt(wide * max(self.up, self.floor * self.floor))
        lower = max(0.0, lower) if self.counts else lower
        return Finding(
            0, 0, evidence, y, typical, lower, upper, (evidence - summed((*signs, stuck)), *signs, stuck), 0, False
        )

    def learn_rows(self, rows: float, square: float) -> None:
        """The share of the variance that comes from the rows, and their usual number."""
        if rows <= 0.0:
            return
        d = self.lack(rows)
        if self.usual_rows == 0.0:
            self.usual_rows = single(rows)
            return
        expected = 1.0 + self.theta * d
        seen = min(square, 9.0 * max(1.0, expected))
        theta = self.theta + 0.02 * (seen - expected) * d / (1.0 + d * d)
        self.theta = single(max(0.0, min(1.0, theta)))
        self.usual_rows = single(self.usual_rows + max(1.0 / (self.n + 1), 0.01) * (rows - self.usual_rows))

    @property
    def count_law(self) -> tuple[float, float]:
        """Size and occupancy of the negative binomial, which lean on the pool."""
        excess, weight, alive, dead = self.count_sums
        size = 1.0 / min(1e3, max(1e-12, (excess + 8.0 / self.pool_size) / (weight + 8.0)))
        return size, min(1.0 - 1e-6, max(1e-3, (alive + 20.0 * self.pool_occupied) / (alive + dead + 20.0)))

    def learn_counts(self, y: float, mean: float) -> None:
        """Sums that decay, of a value where so many were expected."""
        size, occupied = self.count_law
        empty = occupied * math.exp(-size * math.log1p(mean / size))
        alive = 1.0 if y > 0.0 else empty / (empty + 1.0 - occupied)
        variance = mean + mean**2 / size
        seen = min(y, mean + 12.0 * math.sqrt(variance) + 2.0)
        weight = alive * mean**4 / variance**2
        new = (weight * ((seen - mean) ** 2 - seen) / mean**2, weight, alive, 1.0 - alive)
        self.count_sums = [(1.0 - 1e-4) * old + each for old, each in zip(self.count_sums, new, strict=True)]

    def learn_level(self, x: float, expected: Expected) -> tuple[float, bool]:
        """Levels, autoregression and robust scales; how much of a residual counts, and whether the level has moved."""
        e, r, q = x - expected.lags, x - expected.seasons, x - expected.quick
        before, constant = self.floor, self.step == 0.0
        change = abs(x - self.previous)
        if change > 0.0:
            self.step = single(min(self.step or change, change))
        self.peak = single(max(abs(x), self.peak + 1e-3 * (abs(x) - self.peak)))
        if self.n == 1:
            self.scale_e, self.scale_r = max(abs(e), self.floor), max(abs(r), self.floor)
        floor = before if constant else self.floor
        scale = max(self.scale_r, floor)
        limit_e, limit_r = 6.0 * max(self.scale_e, floor), 6.0 * scale
        if self.n < 10:
            limit_e = limit_r = 1e300
        else:
            energy = 4.0 * scale * scale + summed(each * each for each in self.past)
            push = 0.02 * 4.0 * clip(e, limit_e) / energy
            self.phi = [single(a + push * each) for a, each in zip(self.phi, self.past, strict=True)]
        robust = max(1.0 / (self.n + 1), 1e-3)
        self.scale_e = single(self.scale_e + robust * (1.2533 * abs(clip(e, limit_e)) - self.scale_e))
        self.scale_r = single(self.scale_r + robust * (1.2533 * abs(clip(r, limit_r)) - self.scale_r))
        forget = max(1.0 / (self.n + 1), 0.02)
        errors = [
            was + forget * (min(abs(off), limit_r) - was) for was, off in zip(self.errors, (e, r, q), strict=True)
        ]
        self.level += self.slow_gain * clip(r, limit_r)
        quick = self.quick + max(1.0 / (self.quick_updates + 1), 1.0 / 12.0) * clip(q, limit_r)
        moved = False
        if self.alarms(x - expected.steady, clip((x - expected.steady) / scale, 4.0)):
            if abs(r) < 2.0 * scale:  # back where it used to be
                errors[1], errors[2] = min(errors[1], scale), max(errors[2], 3.0 * scale)
            else:
                moved, self.quick_updates, quick = True, 1, self.quick + q
                errors = [max(errors[0], 3.0 * scale), max(errors[1], 3.0 * scale), min(errors[2], scale)]
        self.errors = [single(each) for each in errors]
        self.quick = self.level + single(quick - self.level)
        self.quick_updates += 1
        self.past = [single(clip(r, limit_r)), *self.past[:3]]
        self.previous = x
        return limit_r, moved

    @property
    def slow_gain(self) -> float:
        """Of the level: a mean at first, then a memory of seven days or 200 buckets."""
        return max(1.0 / (self.n + 1), 1.0 / max(7.0 * self.per_day, 200.0))

    def alarms(self, off: float, z: float) -> bool:
        """Page's test, of a series that knows its day."""
        self.above, self.below = max(0.0, self.above + z - 0.5), max(0.0, self.below - z - 0.5)
        self.run = max(self.run, 0) + 1 if off > 0.0 else min(self.run, 0) - 1
        alarm = (self.above > 12.0 and self.run >= 6) or (self.below > 12.0 and self.run <= -6)
        if alarm and self.n > max(3.0 * self.per_day, 40.0):
            self.above, self.below, self.run = 0.0, 0.0, 0
            return True
        self.above, self.below = single(self.above), single(self.below)
        return False

    def learn_spread(self, e: float) -> None:
        """One-sided, symmetric and fast second moments."""
        self.fast = single(self.fast + max(1.0 / (self.n + 1), 1.0 / 300.0) * (e * e - self.fast))
        a = max(1.0 / (self.n + 1), 1e-4)
        side = self.up if e > 0.0 else self.down
        square = min(e * e, 144.0 * side) if self.n >= 20 and side > 0.0 else e * e
        self.both = single(self.both + a * (square - self.both))
        self.up = single(self.up + a * ((2.0 * square if e > 0.0 else 0.0) - self.up))
        self.down = single(self.down + a * ((0.0 if e > 0.0 else 2.0 * square) - self.down))

    def learn_seasons(self, time: int, elapsed: int, deviation: float, expected: Expected, limit: float) -> None:
        """What the time of day and of the week add, and what it is worth to know that."""
        rest = deviation - expected.by_day
        if self.day.known(time):
            self.day_gate.compare(deviation, expected.daily, limit)
        if self.week.known(time):
            self.week_gate.compare(rest, expected.weekly, limit)
        for slots, each in ((self.day, deviation), (self.week, rest)):
            if slots.leaves(time, elapsed):
                mean = slots.mean(self.season_step)
                self.choose_step(mean, slots.nearest(time) < slots.place)
                slots.fold(mean, self.season_step)
            slots.see(time, each, limit)

    def choose_step(self, mean: float, around: bool) -> None:
        """Coarser for a mean that does not fit; finer, once around the period, where all are small."""
        largest = max(map(abs, self.day.steps + self.week.steps))
        finer = max(0.5 * self.season_step, 1e-12)
        step = self.season_step
        if abs(mean) > 2047 * step:
            step = 2.0 ** math.ceil(math.log2(abs(mean) / 2047))
        elif around and largest < 512 and abs(mean) < 512 * step:
            step = finer
        if step != self.season_step:
            for slots in (self.day, self.week):
                slots.rescale(self.season_step / step)
            self.season_step = single(step)

    def learn_noise(self, time: int, elapsed: int, square: float) -> None:
        """How noisy this time of day is."""
        if self.noise.leaves(time, elapsed):
            self.noise.fold(self.noise.mean(1.0 / 256.0), 1.0 / 256.0)
        self.noise.see(time, square, 7.5)

    def learn_channels(self, channels: Sequence[float]) -> None:
        """Means, and one bucket more for the peaks."""
        gain = 1.0 / min(self.n + 1, 20_000)
        self.channel_means = [single(m + gain * (x - m)) for m, x in zip(self.channel_means, channels, strict=True)]
        self.window, self.outside = single(channels[0]), single(channels[2])
        if self.n >= 20:
            self.ages.expected = single(self.ages.expected + self.ages.share)
        self.ages.now += 1
        if self.ages.now == 20_000:
            self.ages.now, self.ages.before = 0, 20_000
            for side in (each for channel in self.peaks for each in channel):
                side.turn()

    def learn_envelope(self, hour: int, raw: float, elapsed: int) -> None:
        """Let the hour draw together by a tenth a day, then take the value in."""
        high, low = self.envelope.get(hour, (-math.inf, math.inf))
        if (hour != self.hour or elapsed >= DAY) and hour in self.envelope:
            middle, half = 0.5 * (high + low), 0.45 * (high - low)
            high, low = middle + half, middle - half
        self.envelope[hour] = single(max(high, raw)), single(min(low, raw))

    def learn_onset(self, total: float, onset: bool) -> None:
        """Onsets of the sum, their mean and the eight highest."""
        self.onset_mean = single(self.onset_mean + ((total if onset else 0.0) - self.onset_mean) / (self.n + 1))
        self.since_onset += 1
        if onset:
            self.since_onset, self.onset_height = 1, single(total)
            if total > self.sums[7]:
                self.sums = sorted([*self.sums, single(total)], reverse=True)[:8]


def observe(
    table: Sequence[Sequence[float]], first: int, series: list[Series], *, dense: bool = False,
    rows: Sequence[Sequence[float]] | None = None, local: Sequence[int] | None = None,
) -> list[Finding]:  # fmt: skip
    """Values of a table (bucket, series), NaN where a series has none, through the models.

    `rows` has the shape of the table, `local` is by bucket.
    """
    found = []
    for b, values in enumerate(table):
        for i, (each, value) in enumerate(zip(series, values, strict=True)):
            absent = math.isnan(value)
            if absent and not (dense and each.n > 0):
                continue
            told = each.meet(
                first + b, 0.0 if absent else value, rows[b][i] if rows else 0.0, local[b] if local else 0
            )  # fmt: skip
            if told is not None:
                found.append(told._replace(bucket=b, series=i))
    return found


def prior(u: float) -> float:
    """Two power laws with their seam at u = 3.75, where the rate is 10^-3.26."""
    return float(min(1.0, 10.0 ** (-3.26 - (0.49 if u < 3.75 else 0.21) * (u - 3.75))))


def rates(
    findings: Sequence[tuple[int, int, float]],
    updates: Sequence[int],
    keep: float,
    worth: float,
    family: Sequence[float] | None = None,
) -> list[float]:
    """Rate of each finding (bucket, series, evidence), from nothing but the findings of earlier buckets.

    `family` is how many series the prior speaks for, by finding; one where it is not given.
    """
    out = []
    for (now, _, u), size in zip(findings, family or [1.0] * len(findings), strict=True):
        events = [
            (bucket, height)
            for one in {series for _, series, _ in findings}
            for bucket, height in runs([(b, e) for b, series, e in findings if series == one and b < now])
        ]
        count = sum(keep ** (now - bucket) * share_beyond(height, u) for bucket, height in events)
        watched = sum(keep ** (now - bucket) * updates[bucket] for bucket in range(now))
        out.append((count + worth * min(1.0, size * prior(u))) / (watched + worth))
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
