"""The slow twin of `kernels.pool`: what series have in common, one number and one day at a time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from tests.kernels.naive import DAY, Series, clip, single

NOMINAL = 0.99 / math.log(10.0)


@dataclass
class Kind:
    """The series whose days are alike, or those without (no `day`)."""

    portion: float
    day: list[float]
    week: list[float]
    noise: list[float]
    errors: tuple[list[float], list[float]]
    """Mean error of the day without and with the season, in scales; the same of the week."""
    in_scales: tuple[float, float] = (0.0, 0.0)
    """Mean and variance of log amplitude."""
    in_levels: tuple[float, float] = (0.0, 0.0)


@dataclass
class Common:
    """What they have in common."""

    ratio: float
    ratio_variance: float
    lags: list[float]
    share: float
    excess: float
    buckets: int
    onsets: list[float]
    kinds: list[Kind]
    by_level: bool
    size: float = 0.0
    occupied: float = 0.0


def gathered(series: Sequence[Series]) -> Common | None:
    """Of the mature series every so-manieth; nothing where they are fewer than thirty."""
    mature = [each for each in series if each.n >= max(300, 3 * each.per_day) and each.both > 0.0]
    if len(mature) < 30:
        return None
    chosen = mature[:: math.ceil(len(mature) / 256)]
    ratios = [math.log(each.both / each.level**2) for each in chosen if each.level]
    ratio, spread = 0.0, 1e300
    if len(ratios) >= 30:
        ratio = median(ratios)
        spread = max(0.01, (1.4826 * median(abs(each - ratio) for each in ratios)) ** 2)
    kinds, by_level = grouped(chosen)
    common = Common(
        ratio=ratio,
        ratio_variance=spread,
        lags=[median(each.phi[k] for each in chosen) for k in range(4)],
        share=median((each.body.runs + 100.0) / (each.body.watched + 1000.0) for each in chosen),
        excess=median((each.body.excess + 100.0 * NOMINAL) / (each.body.runs + 100.0) for each in chosen),
        buckets=math.floor(median(each.n for each in chosen)),
        onsets=[median(each.sums[k] for each in chosen) for k in range(8)],
        kinds=kinds,
        by_level=by_level,
    )
    counted = [each.count_sums for each in chosen if each.count_sums[1] >= 10.0]
    if len(counted) >= 30:
        inverse = median(excess / weight for excess, weight, _, _ in counted)
        common.size = 1.0 / min(1e3, max(1e-12, inverse))
        common.occupied = min(1.0 - 1e-6, max(1e-3, median(alive / (alive + dead) for _, _, alive, dead in counted)))
    return common


def grouped(chosen: Sequence[Series]) -> tuple[list[Kind], bool]:
    """Kinds of days, and whether amplitudes go with the level rather than with the scale."""
    shapes, amplitudes = {}, {}
    for i, each in enumerate(chosen):
        day = [steps * each.season_step for steps in each.day.steps]
        mean = fmean(day)
        amplitude = math.sqrt(fmean((value - mean) ** 2 for value in day))
        if each.day_gate.openness > 0.5 and amplitude > 0.0:
            shapes[i] = [(value - mean) / amplitude for value in day]
            amplitudes[i] = amplitude
    kinds, squares = [], [0.0, 0.0]
    for day, members in clusters(shapes):
        made = kind(chosen, members, day, amplitudes)
        for j, units in enumerate(([chosen[i].both ** 0.5 for i in members], [abs(chosen[i].level) for i in members])):
            if not all(units):
                squares[j] = math.inf
                continue
            logs = [math.log(amplitudes[i] / unit) for i, unit in zip(members, units, strict=True)]
            off = [(each - fmean(logs)) ** 2 for each in logs]
            squares[j] += sum(off)
            told = fmean(logs), max(0.01, min(2.0, fmean(off) if len(off) > 2 else 1.0))
            made.in_scales, made.in_levels = (told, made.in_levels) if j == 0 else (made.in_scales, told)
        kinds.append(made)
    without = [i for i in range(len(chosen)) if i not in shapes]
    if without:
        kinds.append(kind(chosen, without, [], {}))
    return kinds, squares[1] < squares[0]


def kind(chosen: Sequence[Series], members: Sequence[int], day: list[float], amplitudes: dict[int, float]) -> Kind:
    """What the members have in common, besides their day."""
    scales = {i: math.sqrt(chosen[i].both) for i in members}
    week = [0.0] * chosen[0].week.number
    if day:
        week = [
            fmean(chosen[i].week.steps[k] * chosen[i].season_step / amplitudes[i] for i in members)
            for k in range(len(week))
        ]
    return Kind(
        portion=len(members) / len(chosen),
        day=day,
        week=week,
        noise=[fmean(chosen[i].noise.steps[k] / 256.0 for i in members) for k in range(chosen[0].noise.number)],
        errors=(
            [median(getattr(chosen[i].day_gate, name) / scales[i] for i in members) for name in ("plain", "seasonal")],
            [median(getattr(chosen[i].week_gate, name) / scales[i] for i in members) for name in ("plain", "seasonal")],
        ),
    )


def alike(one: Sequence[float], other: Sequence[float]) -> float:
    """Correlation, of shapes."""
    return fmean(a * b for a, b in zip(one, other, strict=True))


def clusters(shapes: dict[int, list[float]]) -> list[tuple[list[float], list[int]]]:
    """Mean direction and members, by Lloyd's iteration."""
    if not shapes:
        return []
    usual = [sum(column) for column in zip(*shapes.values(), strict=True)]
    centers = [shapes[max(shapes, key=lambda i: alike(shapes[i], usual))]]
    while len(centers) < 8:
        lonely = min(shapes, key=lambda i: max(alike(shapes[i], center) for center in centers))
        if max(alike(shapes[lonely], center) for center in centers) >= 0.9:
            break
        centers.append(shapes[lonely])
    members: list[list[int]] = []
    for _ in range(10):
        before, members = members, [[] for _ in centers]
        for i, shape in shapes.items():
            members[max(range(len(centers)), key=lambda c: alike(shape, centers[c]))].append(i)
        if members == before:
            break
        for c, each in enumerate(members):
            total = [sum(shapes[i][k] for i in each) for k in range(len(usual))]
            size = math.sqrt(fmean(value * value for value in total)) or 1.0
            centers[c] = [value / size for value in total]
    return [(center, each) for center, each in zip(centers, members, strict=True) if each]


def borrow(young: Series, time: int, common: Common) -> None:
    """A series that has just met its twentieth value, at a time, is given what its peers have in common."""
    n, kappa = young.n, min(young.n, 4.0 / common.ratio_variance)
    usual = min(1e36, math.exp(common.ratio) * young.level**2)
    young.up, young.down, young.both, young.fast = (
        single((kappa * usual + n * own) / (kappa + n)) for own in (young.up, young.down, young.both, young.fast)
    )
    young.phi = [
        single((100.0 * theirs + n * own) / (100.0 + n)) for theirs, own in zip(common.lags, young.phi, strict=True)
    ]
    young.body.runs = single(young.body.runs + 5000.0 * common.share)
    young.body.watched = single(young.body.watched + 5000.0)
    young.body.excess = single(young.body.excess + 5000.0 * common.share * common.excess)
    young.sums = [single(each) for each in common.onsets]
    young.borrowed = common.buckets
    if young.both > 0.0:
        borrow_season(young, time, common)


def borrow_season(young: Series, time: int, common: Common) -> None:
    """The day that it probably has, by the hours that it has passed."""
    scale, long = math.sqrt(young.both), DAY / young.hours
    begin = time - (young.n - 1) * young.span
    hours = []
    for hour in range(math.floor(begin / long), math.floor(time / long) + 1)[-young.hours :]:
        if hour % young.hours in young.envelope:
            high, low = young.envelope[hour % young.hours]
            since, until = max(begin, hour * long), min(time + young.span, (hour + 1) * long)
            hours.append(((since + until) / 2, (high + low) / 2, max(0.05, (until - since) / long)))
    total = sum(weight for _, _, weight in hours)
    fits = [fit(young, hours, total, each, common.by_level, scale) for each in common.kinds]
    best = max(log for log, _, _ in fits)
    beliefs = [math.exp(log - best) for log, _, _ in fits]
    beliefs = [each / sum(beliefs) for each in beliefs]
    mixed = list(zip(beliefs, fits, common.kinds, strict=True))

    def mean(part: str, number: int) -> list[float]:
        return [
            sum(belief * amplitude * getattr(each, part)[k] for belief, (_, amplitude, _), each in mixed if each.day)
            for k in range(number)
        ]

    day, week = mean("day", young.day.number), mean("week", young.week.number)
    noises = [sum(belief * each.noise[k] for belief, _, each in mixed) for k in range(young.noise.number)]
    young.noise.steps = [int(clip(math.floor(each * 256.0 + 0.5), 2047)) for each in noises]
    young.noise.passes = [3] * young.noise.number
    largest = max(max(abs(each) * 5 / 4 for each in day), max(abs(each) * 3 / 2 for each in week))
    if not 0.0 < largest < 1e18:
        return
    step = young.season_step = 2.0 ** math.ceil(math.log2(largest / 1024))
    for slots, shape, passes in ((young.day, day, 4), (young.week, week, 2)):
        more = (passes + 1) / passes
        slots.steps = [int(clip(math.floor(more * each / step + 0.5), 2047)) for each in shape]
        slots.passes = [passes] * slots.number
        slots.total = 0.0
        slots.count = 0
    for gate, which in ((young.day_gate, 0), (young.week_gate, 1)):
        gate.plain, gate.seasonal = (
            single(sum(belief * each.errors[which][k] for belief, _, each in mixed) * scale) for k in range(2)
        )
        gate.compared = round(young.per_day / 2)
    level = young.anchor + sum(belief * base for belief, (_, _, base), _ in mixed)
    place = time % DAY / DAY * len(day)
    near, share = math.floor(place) % len(day), place - math.floor(place)
    now = (1.0 - share) * day[near] + share * day[(near + 1) % len(day)]
    shift = young.level - level - young.day_gate.openness * now
    young.past = [single(each + shift) for each in young.past]
    young.level, young.quick, young.window = level, level, 0.0
    young.errors = [single(scale)] * 3
    young.above, young.below, young.run = 0.0, 0.0, 0


def fit(
    young: Series, hours: Sequence[tuple[float, float, float]], total: float, each: Kind, by_level: bool, scale: float
) -> tuple[float, float, float]:
    """Log of how likely a kind is, its amplitude, and the level less the anchor; by regression on its day."""
    variance = (1.5 * scale) ** 2 / len(hours)
    mean = sum(weight * x for _, x, weight in hours) / total
    around = sum(weight * (x - mean) ** 2 for _, x, weight in hours) / total
    log = math.log(each.portion)
    if not each.day:
        return log - around / (2 * variance), 0.0, mean
    slots = len(each.day)
    shape = []
    for at, _, _ in hours:
        place = at % DAY / DAY * slots
        near, share = math.floor(place) % slots, place - math.floor(place)
        shape.append((1.0 - share) * each.day[near] + share * each.day[(near + 1) % slots])
    center = sum(weight * s for (_, _, weight), s in zip(hours, shape, strict=True)) / total
    logs, between = each.in_levels if by_level else each.in_scales
    usual = math.exp(logs)
    if by_level:
        usual *= abs(mean + young.anchor) / max(0.2, 1.0 + usual * center)
    else:
        usual *= scale
    usual = max(1e-6 * scale, min(1e18, usual * math.exp(between / 2)))
    prior = usual**2 * (math.exp(between) - 1.0)
    ss = sum(weight * (s - center) ** 2 for (_, _, weight), s in zip(hours, shape, strict=True)) / total
    sy = sum(weight * (s - center) * (x - mean) for (_, x, weight), s in zip(hours, shape, strict=True)) / total
    precision = ss / variance + 1.0 / prior
    amplitude = (sy / variance + usual / prior) / precision
    # The residuals, the amplitude's distance from what is usual, and the room that it has.
    rest = around - 2.0 * amplitude * sy + amplitude**2 * ss
    log -= (rest / variance + (amplitude - usual) ** 2 / prior + math.log(prior * precision)) / 2
    amplitude = max(0.0, amplitude)
    return log, amplitude, mean - amplitude * center
