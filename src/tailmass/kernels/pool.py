"""What the series of a feature have in common, and how a young one leans on it: empirical Bayes.

    theta = (kappa theta_pool + n theta_own) / (kappa + n)

A reduction over the mature series gives theta_pool: medians of what is one number, and up to eight kinds of days. What
is learnt as a mean of n values needs no theta_pool afterwards: a series is given it once, when it has met 20 values, as
if it came of kappa values of its own, and its own data take over by themselves.

    scale          log (v/level^2) has the median m and the variance t^2:  kappa = 4/t^2 of v = exp(m) level^2
    lags           median of each coefficient, kappa = 100
    exceedances    medians of q and of the mean excess, kappa = 5000
    onsets         medians of the highest ones, which stand for the median of the series' buckets
    counts         medians of size and occupancy (`discrete.Pool`)
    day            sum over kinds c of  w_c a_c S_c,  kappa = 5 passes;  week and noise of the kind likewise

S_c is the mean shape of a kind of day, clustered by correlation. The hours that the young series has passed so far,
x_h, are x_h = base + a S_c(h) with an amplitude a ~ N(mu_c, tau_c^2), which is known by those of the kind, in scales or
in parts of the level, whichever of the two the series have more in common. So a_c is the mean of a normal posterior and
w_c the marginal likelihood of the kind, times its share of the series; some may have no day at all, a = 0.

References
----------
Robbins (1956), An empirical Bayes approach to statistics.
Efron & Morris (1973), Stein's estimation rule and its competitors - an empirical Bayes approach.
Lloyd (1982), Least squares quantization in PCM. Gonzalez (1985), Clustering to minimize the maximum intercluster
distance (how it begins).
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints, Singles
from tailmass.kernels import discrete, exceedances, noise, peaks, predict, season, state, surprise
from tailmass.kernels.jit import inlined, kernel
from tailmass.kernels.season import DAY
from tailmass.kernels.state import Model

EVERY = 96  # buckets from one reduction to the next
FEWEST = 30  # mature series without which nothing is pooled
MOST = 256  # of them that are looked at, evenly spread
MATURE_DAYS, MATURE = 3.0, 300.0  # updates of a mature series; the longer of the two
AGE = surprise.MATURE  # updates at which a series leans on the pool, just before anything is reported of it

CLUSTERS = 8
ALIKE = 0.9  # correlation from which two days are of one kind
TURNS = 10  # of Lloyd's iteration at most
SCALE_WORTH = 4.0  # times the inverse of the variance between series
LAG_WORTH = 100.0
BODY_WORTH = 5000.0
DAY_PASSES, WEEK_PASSES, NOISE_PASSES = 4.0, 2.0, 3.0  # one less than what they are worth
GATE_DAYS = 0.5  # which the gates are worth
HOUR = 1.5  # scales by which the middle of an hour may be off its shape
LEAST_VARIANCE, MOST_VARIANCE = 0.01, 2.0  # of the logarithm of an amplitude
LEAST_OVERLAP = 0.2  # level over mean of the hours passed: no kind of day explains more
UNKNOWN = 1e300  # variance between series that have no levels
LEAST_WEIGHT = 10.0  # of `discrete.Shape`, from which a size is one's own
ROOM = 1e36  # square units; it must fit into 32 bits

# Columns of `numbers`.
SERIES, RATIO, RATIO_VARIANCE, LAGS, SHARE, EXCESS, BUCKETS, BY_LEVEL, SIZE, OCCUPIED = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
PERIOD = 13  # set by whoever calls: number of the stretch of EVERY buckets before which the series were looked at last
NUMBERS = 14
# Columns of `kinds`: logarithms of amplitudes in scales and in levels, then mean errors without and with the season.
PORTION, IN_SCALES, IN_LEVELS, DAY_ERRORS, WEEK_ERRORS = 0, 1, 3, 5, 7
KIND = 9


class Peers(NamedTuple):
    """What a reduction has found; zeros where there were too few."""

    numbers: Floats
    """(NUMBERS,) series looked at, 0 while nothing is pooled, and medians."""
    kinds: Floats
    """(CLUSTERS + 1, KIND) the kinds of days; the last one is that of the series without."""
    days: Floats
    """(CLUSTERS + 1, slots) shape of the day, mean square 1."""
    weeks: Floats
    """(CLUSTERS + 1, slots) what the time of the week adds, in amplitudes of the day."""
    noises: Floats
    """(CLUSTERS + 1, slots) variance of each time of day over that of the series."""
    onsets: Floats
    """(K,) the highest onsets of `fuse`."""


class Hours(NamedTuple):
    """The hours that a young series has passed; (passed,) each."""

    time: Floats
    """The middle of what was passed of it, seconds."""
    middle: Floats
    """Between its highest and its lowest value, less the anchor, units."""
    weight: Floats
    """How much of it was passed; they add up to 1."""


def gather(model: Model, counts: Floats, known: int, span: int, peers: Peers) -> None:
    """Look at the mature among the first `known` series, and set what they have in common.

    Parameters
    ----------
    model, counts : as of `observe`
    span : seconds of a bucket
    peers : changed in place; as it were without series where they are too few
    """
    brief = model.brief[:known]
    old = brief[:, state.UPDATES] >= max(MATURE, MATURE_DAYS * DAY / span)
    mature = np.flatnonzero(old & (brief[:, state.SPREAD + 2] > 0.0))
    peers.numbers[:PERIOD] = 0.0
    if len(mature) < FEWEST:
        return
    chosen = mature[:: -(-len(mature) // MOST)]
    peers.numbers[SERIES] = len(chosen)
    _gather_numbers(model, counts, chosen, peers)
    _gather_kinds(model, chosen, peers)


def _gather_numbers(model: Model, counts: Floats, chosen: Ints, peers: Peers) -> None:
    """Medians of what is one number."""
    brief, numbers = model.brief[chosen].astype(np.float64), peers.numbers
    level, variance = model.exact[chosen, state.LEVEL], brief[:, state.SPREAD + 2]
    numbers[RATIO_VARIANCE] = UNKNOWN
    leveled = level != 0.0
    if leveled.sum() >= FEWEST:
        ratios = np.log(variance[leveled] / np.square(level[leveled]))
        numbers[RATIO] = np.median(ratios)
        numbers[RATIO_VARIANCE] = max(LEAST_VARIANCE, (1.4826 * np.median(np.abs(ratios - numbers[RATIO]))) ** 2)
    numbers[LAGS : LAGS + predict.LAGS] = np.median(brief[:, state.LAG : state.LAG + predict.LAGS], axis=0)
    share, watched, excess = brief[:, state.EXCEEDANCES : state.EXCEEDANCES + 3].T
    prior = exceedances.PRIOR * 10.0**-exceedances.HEIGHT
    numbers[SHARE] = np.median((share + prior) / (watched + exceedances.PRIOR))
    numbers[EXCESS] = np.median((excess + exceedances.NOMINAL * prior) / (share + prior))
    numbers[BUCKETS] = np.floor(np.median(brief[:, state.UPDATES]))
    peers.onsets[:] = np.median(model.sums[chosen].astype(np.float64), axis=0)
    if counts.shape[1]:
        over, weight, alive, dead = counts[chosen].T
        own = weight >= LEAST_WEIGHT
        if own.sum() >= FEWEST:
            size = 1.0 / max(1.0 / discrete.LARGEST_SIZE, float(np.median(over[own] / weight[own])))
            numbers[SIZE] = max(discrete.SMALLEST_SIZE, size)
            occupied = float(np.median(alive[own] / (alive[own] + dead[own])))
            numbers[OCCUPIED] = max(discrete.LEAST_OCCUPIED, min(discrete.MOST_OCCUPIED, occupied))


def _gather_kinds(model: Model, chosen: Ints, peers: Peers) -> None:
    """The kinds of days, and what the series of each have in common."""
    brief, level = model.brief[chosen].astype(np.float64), np.abs(model.exact[chosen, state.LEVEL])
    scale = np.sqrt(brief[:, state.SPREAD + 2])
    plain, seasonal = brief[:, state.DAY_GATE], brief[:, state.DAY_GATE + 1]
    step = brief[:, state.STEP, None]
    shapes = (model.day[chosen] >> season.VISIT_BITS) * step
    shapes -= shapes.mean(axis=1, keepdims=True)
    amplitude = np.sqrt(np.square(shapes).mean(axis=1)) * (seasonal < season.BREAK_EVEN * plain)
    some = amplitude > 0.0
    shapes[some] /= amplitude[some, None]
    kind = np.full(len(chosen), CLUSTERS)
    peers.days[:] = 0.0
    kind[some] = clustered(shapes[some], peers.days)

    gates = brief[:, [state.DAY_GATE, state.DAY_GATE + 1, state.WEEK_GATE, state.WEEK_GATE + 1]] / scale[:, None]
    week = (model.week[chosen] >> season.VISIT_BITS) * step
    noises = (model.noise[chosen] >> season.VISIT_BITS) * noise.STEP
    within = np.zeros(2)  # squares of the logarithms of amplitudes, in scales and in levels
    for part in (peers.kinds, peers.weeks, peers.noises):
        part[:] = 0.0
    for c in range(CLUSTERS + 1):
        belongs = kind == c
        if not belongs.any():
            continue
        peers.kinds[c, PORTION] = belongs.mean()
        peers.kinds[c, DAY_ERRORS : DAY_ERRORS + 4] = np.median(gates[belongs], axis=0)
        peers.noises[c] = noises[belongs].mean(axis=0)
        if c == CLUSTERS:
            continue
        peers.weeks[c] = (week[belongs] / amplitude[belongs, None]).mean(axis=0)
        for j, (unit, column) in enumerate(((scale, IN_SCALES), (level, IN_LEVELS))):
            if not unit[belongs].all():
                within[j] = np.inf
                continue
            logs = np.log(amplitude[belongs] / unit[belongs])
            squares = np.square(logs - logs.mean())
            within[j] += squares.sum()
            variance = squares.mean() if len(logs) > 2 else 1.0
            peers.kinds[c, column : column + 2] = logs.mean(), np.clip(variance, LEAST_VARIANCE, MOST_VARIANCE)
    peers.numbers[BY_LEVEL] = float(within[1] < within[0])


def clustered(shapes: Floats, centers: Floats) -> Ints:
    """The kind of each day: k-means of directions, from the most usual day and then always the one least like those.

    Parameters
    ----------
    shapes : (n, slots) days with the mean 0 and the mean square 1
    centers : (CLUSTERS + 1, slots) set to the mean direction of each kind, mean square 1; 0 where there is none

    Returns
    -------
    kinds : (n,) in [0, CLUSTERS)
    """
    n = len(shapes)
    kinds = np.full(n, -1)
    if n == 0:
        return kinds
    at, number = int(np.argmax(_alike(shapes, shapes.sum(axis=0)))), 0
    nearest = np.full(n, -1.0)
    while number < CLUSTERS:
        centers[number] = shapes[at]
        nearest = np.maximum(nearest, _alike(shapes, centers[number]))
        number += 1
        at = int(np.argmin(nearest))
        if nearest[at] >= ALIKE:
            break
    for _ in range(TURNS):
        before, kinds = kinds, np.argmax([_alike(shapes, centers[c]) for c in range(number)], axis=0)
        if (before == kinds).all():
            break
        for c in range(number):
            center = shapes[kinds == c].sum(axis=0)
            centers[c] = center / (np.sqrt(np.square(center).mean()) or 1.0)
    return kinds


def _alike(shapes: Floats, center: Floats) -> Floats:
    """Correlation of each shape with one; not by BLAS, whose sums depend on its threads."""
    alike: Floats = (shapes * center).mean(axis=1)
    return alike


@kernel
def borrow(model: Model, i: int, span: int, time: int, peers: Peers) -> None:
    """Give series `i` what it has in common with its peers.

    Parameters
    ----------
    model : changed in place
    span : seconds of a bucket
    time : local time of the bucket that was learnt last, seconds
    """
    numbers = peers.numbers
    if numbers[SERIES] < FEWEST:
        return
    brief, sums = model.brief, model.sums
    n, level = np.float64(brief[i, state.UPDATES]), model.exact[i, state.LEVEL]
    worth = min(n, SCALE_WORTH / numbers[RATIO_VARIANCE])
    usual = min(ROOM, math.exp(numbers[RATIO]) * level * level)
    for k in range(state.SPREAD, state.SPREAD + 4):
        brief[i, k] = (worth * usual + n * np.float64(brief[i, k])) / (worth + n)
    for k in range(predict.LAGS):
        own = np.float64(brief[i, state.LAG + k])
        brief[i, state.LAG + k] = (LAG_WORTH * numbers[LAGS + k] + n * own) / (LAG_WORTH + n)
    body = state.exceedances(brief, i)
    runs = BODY_WORTH * numbers[SHARE]
    excess = body.excess + runs * numbers[EXCESS]
    body = exceedances.Exceedances(body.share + runs, body.watched + BODY_WORTH, excess, body.since)
    state.keep_exceedances(brief, i, body)
    for k in range(peaks.K):
        sums[i, k] = peers.onsets[k]
    brief[i, state.BORROWED] = numbers[BUCKETS]
    _borrow_season(model, i, span, time, peers)


@kernel
def _borrow_season(model: Model, i: int, span: int, time: int, peers: Peers) -> None:
    """The day, week and noise that series `i` probably has, and its level without them."""
    exact, brief = model.exact, model.brief
    s = math.sqrt(np.float64(brief[i, state.SPREAD + 2]))
    passed = _passed(model.envelope, i, span, time, np.float64(brief[i, state.UPDATES]))
    if s <= 0.0 or len(passed.time) == 0:
        return
    anchor = exact[i, state.ANCHOR]
    belief, amplitude, base = _beliefs(passed, s, anchor, peers)
    slots = model.day.shape[1]
    day, week, noises = np.zeros(slots), np.zeros(model.week.shape[1]), np.zeros(model.noise.shape[1])
    level, errors = anchor, np.zeros(4)
    for c in range(CLUSTERS + 1):
        level += belief[c] * base[c]
        for j in range(slots):
            day[j] += belief[c] * amplitude[c] * peers.days[c, j]
        for j in range(len(week)):
            week[j] += belief[c] * amplitude[c] * peers.weeks[c, j]
        for j in range(len(noises)):
            noises[j] += belief[c] * peers.noises[c, j]
        for j in range(4):
            errors[j] += belief[c] * peers.kinds[c, DAY_ERRORS + j] * s
    for j in range(len(noises)):
        model.noise[i, j] = season.packed(noises[j], NOISE_PASSES, noise.STEP)
    # Slots are read shrunk by n/(n + 1), which would halve what is already shrunk.
    of_day, of_week = (DAY_PASSES + 1.0) / DAY_PASSES, (WEEK_PASSES + 1.0) / WEEK_PASSES
    largest = 0.0
    for j in range(slots):
        largest = max(largest, of_day * abs(day[j]))
    for j in range(len(week)):
        largest = max(largest, of_week * abs(week[j]))
    if not 0.0 < largest < predict.FARTHEST:
        return
    step = 2.0 ** math.ceil(math.log2(largest / (2.0 * season.COARSE)))
    brief[i, state.STEP] = step
    for j in range(slots):
        model.day[i, j] = season.packed(of_day * day[j], DAY_PASSES, step)
    for j in range(len(week)):
        model.week[i, j] = season.packed(of_week * week[j], WEEK_PASSES, step)
    seen = GATE_DAYS * DAY / span
    by_day = season.Gate(errors[0], errors[1], seen)
    state.keep_gate(brief, i, state.DAY_GATE, by_day)
    state.keep_gate(brief, i, state.WEEK_GATE, season.Gate(errors[2], errors[3], seen))
    state.keep_running(brief, i, state.DAY_PASS, season.Pass(0.0, 0.0))
    state.keep_running(brief, i, state.WEEK_PASS, season.Pass(0.0, 0.0))
    # The last residuals were those to the old level, without a season.
    shift = exact[i, state.LEVEL] - level - season.openness(by_day) * _at(day, float(time))
    exact[i, state.LEVEL] = level
    brief[i, state.WINDOW] = 0.0
    # What the experts have done without the season says nothing of what they will do with it.
    brief[i, state.QUICK] = 0.0
    for k in range(3):
        brief[i, state.ERRORS + k] = s
        brief[i, state.DRIFT + k] = 0.0
    for k in range(predict.LAGS):
        brief[i, state.PAST + k] = np.float64(brief[i, state.PAST + k]) + shift


@kernel
def _passed(hours: Singles, i: int, span: int, time: int, n: float) -> Hours:
    """The hours of the `n` buckets up to `time`, as the envelope remembers them; no more than a day of them."""
    number = hours.shape[1] // 2
    long = DAY / number
    begin = time - (n - 1.0) * span
    last = int(time // long)
    at, middle, weight = np.empty(number), np.empty(number), np.empty(number)
    passed = 0
    for hour in range(max(int(begin // long), last - number + 1), last + 1):
        slot = hour % number
        high, low = np.float64(hours[i, slot]), np.float64(hours[i, number + slot])
        if high < low:
            continue
        since, until = max(begin, hour * long), min(time + float(span), (hour + 1) * long)
        at[passed], middle[passed] = 0.5 * (since + until), 0.5 * (high + low)
        weight[passed] = max(0.05, (until - since) / long)
        passed += 1
    total = 0.0
    for k in range(passed):
        total += weight[k]
    for k in range(passed):
        weight[k] /= total
    return Hours(at[:passed], middle[:passed], weight[:passed])


@inlined
def _at(slots: Floats, time: float) -> float:
    """A shape at a time of day, between the centres of two slots."""
    place = (time % DAY) / DAY * len(slots)
    near, share = int(place) % len(slots), place - int(place)
    return float((1.0 - share) * slots[near] + share * slots[(near + 1) % len(slots)])


@kernel
def _beliefs(passed: Hours, s: float, anchor: float, peers: Peers) -> tuple[Floats, Floats, Floats]:
    """How likely each kind of day is, its amplitude, and the level less the anchor; (CLUSTERS + 1,) each."""
    time, middle, weight = passed
    kinds, n = peers.kinds, len(time)
    belief, amplitude, base = np.full(CLUSTERS + 1, -np.inf), np.zeros(CLUSTERS + 1), np.zeros(CLUSTERS + 1)
    square = HOUR * HOUR * s * s / n  # the weights add up to 1
    mean, yy, best = 0.0, 0.0, -np.inf
    for h in range(n):
        mean += weight[h] * middle[h]
    for h in range(n):
        yy += weight[h] * (middle[h] - mean) ** 2
    shape = np.empty(n)
    for c in range(CLUSTERS + 1):
        if kinds[c, PORTION] == 0.0:
            continue
        belief[c], base[c] = math.log(kinds[c, PORTION]) - 0.5 * yy / square, mean
        if c < CLUSTERS:
            center, sy, ss = 0.0, 0.0, 0.0
            for h in range(n):
                shape[h] = _at(peers.days[c], time[h])
                center += weight[h] * shape[h]
            for h in range(n):
                sy += weight[h] * (shape[h] - center) * (middle[h] - mean)
                ss += weight[h] * (shape[h] - center) ** 2
            if peers.numbers[BY_LEVEL] > 0.0:
                usual, variance = math.exp(kinds[c, IN_LEVELS]), kinds[c, IN_LEVELS + 1]
                usual *= abs(mean + anchor) / max(LEAST_OVERLAP, 1.0 + usual * center)
            else:
                usual, variance = math.exp(kinds[c, IN_SCALES]) * s, kinds[c, IN_SCALES + 1]
            usual = max(1e-6 * s, min(predict.FARTHEST, usual * math.exp(0.5 * variance)))
            between = usual * usual * (math.exp(variance) - 1.0)
            precision = ss / square + 1.0 / between
            a = (sy / square + usual / between) / precision
            belief[c] -= 0.5 * (usual * usual / between - precision * a * a + math.log(between * precision))
            amplitude[c] = max(0.0, a)
            base[c] -= amplitude[c] * center
        best = max(best, belief[c])
    total = 0.0
    for c in range(CLUSTERS + 1):
        belief[c] = math.exp(belief[c] - best)
        total += belief[c]
    for c in range(CLUSTERS + 1):
        belief[c] /= total
    return belief, amplitude, base
