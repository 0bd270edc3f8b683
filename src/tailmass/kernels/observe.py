"""Closed buckets through the models: every series of a feature meets its next value, one call for many buckets."""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Flags, Floats, Ints, Shorts, Singles
from tailmass.kernels import (
    cycle,
    discrete,
    envelope,
    exceedances,
    flat,
    fuse,
    noise,
    peaks,
    precision,
    predict,
    season,
    state,
    student,
    surprise,
)
from tailmass.kernels.cycle import Cycles
from tailmass.kernels.discrete import Pool, Shape
from tailmass.kernels.fuse import Onset
from tailmass.kernels.jit import inlined, kernel
from tailmass.kernels.peaks import Ages
from tailmass.kernels.pool import AGE, Peers, borrow
from tailmass.kernels.season import DAY, WEEK, Pass
from tailmass.kernels.state import Model

FEWEST_EVENTS = 3.0  # a count that is less than this off its typical value is no anomaly, whatever the scale says
DAYS_REMEMBERED, WEEKS_REMEMBERED = 8.0, 5.0  # passes of a slot
FEW = 20.0  # expected events up to which a count has the exact tails of counts
LEAST_EXPECTED = 1e-3
WINDOW = 6.0  # buckets
BOUND = 0.025  # probability beyond each bound
SETTLED_DAYS = 3.0  # before which a persistent residual may well be the season, which is not known yet
EARLY, EARLY_DAYS = 0.6, 2.0  # of the scale, for so long: what values are outside of their hour by
LEAST_OFF = 1e-9  # of the size of the values: less is nothing but rounding


class Watch(NamedTuple):
    """What to look for, the same for every series of a feature."""

    span: int
    """Seconds of a bucket."""
    side: int
    """+1: only high values matter, -1: only low ones, 0: both."""
    dense: bool
    """A known series without rows has the value 0; otherwise the bucket passes it by."""
    counts: bool
    """The values are numbers of events."""
    least: float
    """Evidence, in powers of ten, from which a value is worth reporting."""
    sensitivity: float
    """What the surprise counts on its own; 1 unless the user says otherwise."""
    learning: bool
    """Whether the models learn; interim results leave them as they are."""


class Entries(NamedTuple):
    """The values of consecutive buckets, by bucket, then by series."""

    offsets: Ints
    """(buckets + 1,) where each bucket's entries begin."""
    series: Ints
    """(entries,)"""
    values: Floats
    """(entries,) unit of the data."""
    rows: Floats
    """(entries,) rows that a mean is of; empty where the values are no means."""
    local: Ints
    """(buckets,) seconds by which local time is ahead of UTC."""
    first: int
    """Number of the first bucket."""
    asked: Flags = np.zeros(0, np.bool_)
    """(entries,), or (buckets * known,) where the watch is dense: tell this value, whatever its evidence; or empty."""


class Places(NamedTuple):
    """Where in its seasons a bucket is."""

    day: int
    week: int
    noise: int
    hour: int


class Unusual(NamedTuple):
    """Values with at least the least evidence, or asked for; (found,) each, by bucket, then by series."""

    bucket: Ints
    """Position of the bucket among those of the call."""
    series: Ints
    evidence: Floats
    """a of `fuse`, in powers of ten."""
    actual: Floats
    """Unit of the data."""
    typical: Floats
    """Unit of the data."""
    lower: Floats
    """Unit of the data: 2.5 % of the values were expected below it ..."""
    upper: Floats
    """... and 2.5 % above this one."""
    signs: Floats
    """(found, SIGNS) what speaks for it: surprise, window, raw, envelope, recalibration, variance; all adds up."""
    largest_of: Ints
    """Buckets of which it is the most extreme on its side; 0 where it is not."""
    moved: Ints
    """1 where the level was just found to have moved."""


SIGNS = 6
COUNTS = 4  # `discrete.Shape`, where the values are counts


@kernel
def observe(
    model: Model, cycles: Cycles, counts: Floats, watch: Watch, pool: Pool, peers: Peers, entries: Entries, start: int,
    known: int,
    found: Unusual, updates: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Let the series meet their values of the buckets from `start` on, until the buckets end or `found` is full.

    Parameters
    ----------
    model, cycles, counts : what is known; `counts` is (series, COUNTS) where the values are counts
    pool : what series of few counts lean on
    peers : what a young series leans on
    start : position of the bucket to begin with
    known : series ids are below this
    found : filled from its beginning; holds at least `known`
    updates : (buckets,) set to the number of series that met a value

    Returns
    -------
    stop, filled : position of the bucket to go on with, and how much of `found` is in use
    """
    exact, brief, day, week, noises, hours, tops, sums = model
    row_of, cycle_exact, cycle_brief = cycles
    offsets, series, values, rows, local, first, asked = entries
    where, whose, evidence, actual, typical, lower, upper, signs, largest_of, moved_level = found
    per_day = DAY / watch.span
    day_slots, week_slots, noise_slots = day.shape[1], week.shape[1], noises.shape[1]
    hour_slots = hours.shape[1] // 2
    per_noise_slot = per_day / noise_slots
    day_memory, week_memory = 2.0 * per_day + 1.0, 14.0 * per_day + 1.0
    filled = 0
    for b in range(start, len(offsets) - 1):
        begin, end = offsets[b], offsets[b + 1]
        meetings = known if watch.dense else end - begin
        if filled + meetings > len(whose):
            return b, filled
        bucket = first + b
        time = bucket * watch.span + local[b]
        d0, d1, day_share = _slots(time, DAY, day_slots)
        w0, w1, week_share = _slots(time, WEEK, week_slots)
        v0, v1, _ = _slots(time, DAY, noise_slots)
        here = _places(time, day_slots, week_slots, noise_slots, hour_slots)
        before = _places(time - watch.span, day_slots, week_slots, noise_slots, hour_slots)
        entry = begin
        for meeting in range(meetings):
            i, y, n_rows = meeting, 0.0, 0.0
            if not watch.dense:
                i, y = series[entry], values[entry]
                if len(rows):
                    n_rows = rows[entry]
                entry += 1
            elif entry < end and series[entry] == i:
                y = values[entry]
                entry += 1
            elif brief[i, state.UPDATES] == 0.0:
                continue  # not seen yet: a series begins with its first row
            if not watch.learning and brief[i, state.UPDATES] == 0.0:
                continue
            unit = exact[i, state.UNIT]
            if unit == 0.0 and y != 0.0:
                unit = 1.0 if watch.counts else predict.unit_of(y)
                if watch.learning:
                    exact[i, state.UNIT] = unit
            x = predict.measured(unit, y)
            updates[b] += 1
            if brief[i, state.UPDATES] == 0.0:
                state.keep_level(exact, brief, i, predict.begin(bucket, x))
                exact[i, state.ANCHOR] = x
                envelope.clear(hours, i)
                for side in range(2 * state.CHANNELS):
                    peaks.clear(tops, i, side * peaks.FIELDS)
                    brief[i, state.LOWEST_PEAKS + side] = peaks.LOWEST
                for k in range(4):
                    brief[i, state.HIGHEST + k] = peaks.LOWEST
                brief[i, state.EXCEEDANCES + 3] = peaks.GENERATION
                brief[i, state.ONSET] = peaks.GENERATION
                brief[i, state.OFFSET] = local[b]
                fuse.begin(sums, i)
                continue

            s, sp = state.level(exact, brief, i), state.spread(brief, i)
            n = s.updates
            mature = n >= surprise.MATURE
            by_day, by_week = state.gate(brief, i, state.DAY_GATE), state.gate(brief, i, state.WEEK_GATE)
            step = np.float64(brief[i, state.STEP])
            daily = season.read(day[i, d0], day[i, d1], day_share, step)
            weekly = season.read(week[i, w0], week[i, w1], week_share, step)
            gated = season.openness(by_day) * daily
            seasonal = gated + season.openness(by_week) * weekly
            j, phase, by_cycle, cyclic = row_of[i], cycle.Place(0, 0, 0.0), season.Gate(0.0, 0.0, 0.0), 0.0
            if j >= 0:
                phase, by_cycle = cycle.place(cycle_exact, j, bucket), cycle.gate(cycle_brief, j)
                cyclic = cycle.read(cycle_brief, j, phase)
            expected = predict.predict(s, bucket, seasonal + season.openness(by_cycle) * cyclic)
            e, r = x - expected.mean, x - expected.by_seasons

            busy = noise.ratio(noises[i, v0], noises[i, v1], per_noise_slot)
            precise = state.rows(brief, i)
            lean = precision.factor(precise, n_rows)
            wide = busy * lean
            steady = e / math.sqrt(wide)
            scale = surprise.scale(sp, steady, expected.floor)
            z = min(abs(steady) / scale, abs(e) / expected.floor)
            body = state.exceedances(brief, i)
            u, read = 0.0, 0.0
            few = watch.counts and expected.mean <= FEW
            shape = Shape(0.0, 0.0, 0.0, 0.0)
            if few:
                shape = Shape(counts[i, 0], counts[i, 1], counts[i, 2], counts[i, 3])
                mean = max(expected.mean, LEAST_EXPECTED)
                alive = discrete.occupied(shape, pool)
                if mature:
                    u = discrete.evidence(max(y, 0.0), mean / alive, discrete.size(shape, pool), alive, 0)
            elif mature and z > exceedances.REACH:
                u = surprise.evidence(z)
            line = exceedances.tilt(body) if u > exceedances.HEIGHT else exceedances.Tilt(1.0, 1.0)
            if u > exceedances.HEIGHT:
                read = exceedances.read(line, u)

            gap = bucket - s.last
            kept = 1.0 - 1.0 / WINDOW
            faded = kept if gap <= 1.0 else kept**gap
            limit_r = predict.CLIP * max(s.scale_r, expected.floor)
            # A mean of few rows is as far off as one of the usual number would have to be to say the same.
            weighed = r / math.sqrt(lean) if lean > 1.0 else r
            seen_r = weighed if n < predict.YOUNG else max(-limit_r, min(limit_r, weighed))
            past_window = faded * brief[i, state.WINDOW]
            window = past_window + (1.0 - kept) * seen_r
            raw = (expected.by_seasons + weighed if lean > 1.0 else x) - exact[i, state.ANCHOR]
            excess = envelope.excess(hours, i, here.hour, raw) if n > per_day else 0.0
            outside = faded * brief[i, state.OUTSIDE] + (1.0 - kept) * excess

            # What is unusual of a value must be unusual of the value itself: no echo of the one before.
            off = 1.0 if r > 0.0 else -1.0
            ages = state.ages(brief, i)
            # On its second day whatever is outside of the first one is so for the first time ever.
            least = EARLY * scale * min(1.0, (EARLY_DAYS * per_day / n) ** 2)
            k_window = _newest(tops, brief, i, 0, window, 0.0, off, ages, mature, watch.learning)
            k_raw = _newest(tops, brief, i, 1, raw, 0.0, off, ages, mature, watch.learning)
            k_outside = _newest(tops, brief, i, 2, outside, least, off, ages, mature, watch.learning)
            if off * (seen_r - past_window) <= 0.0:
                k_window = 0.0
            if off * excess <= 0.0:
                k_outside = 0.0
            # Where the level has moved, nothing is new of a value that is where the level now is.
            if expected.base != expected.by_seasons and off * (x - expected.base) < scale:
                k_window, k_raw, k_outside = 0.0, 0.0, 0.0
            if watch.side != 0:
                if off * watch.side < 0.0:
                    k_window, k_raw, k_outside = 0.0, 0.0, 0.0
                if e * watch.side < 0.0:
                    read = 0.0
            total = fuse.SURPRISE * read + fuse.NOVELTY * (k_window + k_raw + k_outside)
            onset = state.onset(brief, i)
            is_onset = total > 0.0 and (onset.since > fuse.LAG or total > onset.height)
            again = 0.0
            if is_onset and mature:
                again = fuse.novelty(sums, i, total, onset.mean, n + np.float64(brief[i, state.BORROWED]))
            fused = max(watch.sensitivity * read, total + fuse.RECALIBRATED * again)
            stood, stuck = state.flat(brief, i), 0.0
            if not watch.counts:
                stood = flat.learn(stood, x == s.previous, n)
                stuck = flat.evidence(stood, n) if mature and watch.side == 0 else 0.0

            may_move = n > max(SETTLED_DAYS * per_day, 2.0 * surprise.MATURE)
            after, limit, moved = predict.learn(s, bucket, per_day, x, expected, may_move)
            wanted = len(asked) > 0 and asked[b * known + i if watch.dense else entry - 1]
            if mature and (max(fused, stuck) >= watch.least or wanted):
                # A drift is told against the base, whose value it has left; the lags have long followed it.
                by_surprise = watch.sensitivity * read >= total + fuse.RECALIBRATED * again
                is_stuck = stuck > fused
                center = expected.mean if by_surprise and not is_stuck else expected.base
                told = center * (unit if unit > 0.0 else 1.0)
                if watch.counts:
                    told = max(0.0, told)
                enough = abs(y - told) >= FEWEST_EVENTS if watch.counts else abs(x - center) > LEAST_OFF * s.peak
                if enough and (watch.side == 0 or (y - told) * watch.side >= 0.0):
                    where[filled], whose[filled] = b, i
                    evidence[filled], actual[filled], typical[filled] = max(fused, stuck), y, told
                    reach = _bound(body)
                    floor = expected.floor
                    up = reach * math.sqrt(wide * max(sp.up, floor * floor)) * unit
                    down = reach * math.sqrt(wide * max(sp.down, floor * floor)) * unit
                    lower[filled], upper[filled] = told - down, told + up
                    if watch.counts:
                        lower[filled] = max(0.0, lower[filled])
                    signs[filled, :] = 0.0
                    if is_stuck:
                        signs[filled, 5] = stuck
                    else:
                        signs[filled, 1] = fuse.NOVELTY * k_window
                        signs[filled, 2] = fuse.NOVELTY * k_raw
                        signs[filled, 3] = fuse.NOVELTY * k_outside
                        signs[filled, 4] = fuse.RECALIBRATED * again
                        others = signs[filled, 1] + signs[filled, 2] + signs[filled, 3] + signs[filled, 4]
                        signs[filled, 0] = fused - others
                    record = k_raw > 0.0 and np.float64(np.float32(off * raw)) >= _highest(brief, i, off)
                    largest_of[filled] = int(ages.now + ages.before) + 1 if record else 0
                    moved_level[filled] = 1 if moved else 0
                    filled += 1
            if not watch.learning:
                continue

            square = steady * steady / max(sp.both, expected.floor * expected.floor)
            if len(rows):
                bare = e * e / max(sp.both, expected.floor * expected.floor)
                state.keep_rows(brief, i, precision.learn(precise, n_rows, bare, n))
            if few:
                taught = discrete.learn(shape, max(y, 0.0), max(expected.mean, LEAST_EXPECTED), pool)
                counts[i, 0], counts[i, 1], counts[i, 2], counts[i, 3] = taught
            state.keep_level(exact, brief, i, after)
            state.keep_flat(brief, i, stood)
            state.keep_spread(brief, i, surprise.learn(sp, steady, n))
            if mature:
                state.keep_exceedances(brief, i, exceedances.learn(body, u))

            deviation = x - s.level
            if season.visits(day[i, d0]) > 0.0 and season.visits(day[i, d1]) > 0.0:
                by_day = season.compare(by_day, deviation, daily, limit, day_memory)
                state.keep_gate(brief, i, state.DAY_GATE, by_day)
            if season.visits(week[i, w0]) > 0.0 and season.visits(week[i, w1]) > 0.0:
                by_week = season.compare(by_week, deviation - gated, weekly, limit, week_memory)
                state.keep_gate(brief, i, state.WEEK_GATE, by_week)
            if j >= 0:
                rest = deviation - seasonal
                if cycle.passed(cycle_brief, j, phase):
                    memory = cycle.MEMORY * cycle_exact[j, cycle.PERIOD] + cycle.LEAST_MEMORY
                    cycle.keep_gate(cycle_brief, j, season.compare(by_cycle, rest, cyclic, limit, memory))
                cycle.learn(cycle_brief, j, phase, rest, limit, gap >= cycle_exact[j, cycle.PERIOD])
            elapsed = gap * watch.span
            left = before
            if gap != 1.0 or brief[i, state.OFFSET] != local[b]:
                then = int(s.last) * watch.span + int(brief[i, state.OFFSET])
                left = _places(then, day_slots, week_slots, noise_slots, hour_slots)
            rest = deviation - gated
            _pass(day, day, week, brief, i, state.DAY_PASS, left.day, here.day, elapsed >= 0.5 * DAY, deviation, limit)
            _pass(week, day, week, brief, i, state.WEEK_PASS, left.week, here.week, elapsed >= 0.5 * WEEK, rest, limit)
            if mature:
                _noisy(noises, brief, i, left.noise, here.noise, elapsed >= 0.5 * DAY, square * wide)

            mean_gain = 1.0 / min(n + 1.0, peaks.GENERATION)
            brief[i, state.MEANS] += mean_gain * (window - brief[i, state.MEANS])
            brief[i, state.MEANS + 1] += mean_gain * (raw - brief[i, state.MEANS + 1])
            brief[i, state.MEANS + 2] += mean_gain * (outside - brief[i, state.MEANS + 2])
            brief[i, state.WINDOW], brief[i, state.OUTSIDE] = window, outside
            envelope.learn(hours, i, here.hour, raw, here.hour != left.hour or elapsed >= DAY)
            brief[i, state.OFFSET] = local[b]
            brief[i, state.HIGHEST] = max(np.float64(brief[i, state.HIGHEST]), raw)
            brief[i, state.HIGHEST + 1] = max(np.float64(brief[i, state.HIGHEST + 1]), -raw)
            _age(tops, brief, i, ages, mature)
            onset_mean = onset.mean + ((total if is_onset else 0.0) - onset.mean) / (n + 1.0)
            if is_onset:
                fuse.enter(sums, i, total)
                state.keep_onset(brief, i, Onset(1.0, total, onset_mean))
            else:
                state.keep_onset(brief, i, Onset(onset.since + 1.0, onset.height, onset_mean))
            if n + 1.0 == AGE:
                borrow(model, i, watch.span, time, peers)
    return len(offsets) - 1, filled


@inlined
def _slots(time: int, period: int, slots: int) -> tuple[int, int, float]:
    """The slots of a period before and after a time, and how far it is between their centres."""
    place = (time % period) / period * slots
    near = int(place) % slots
    return near, (near + 1) % slots, place - int(place)


@inlined
def _newest(
    tops: Singles, brief: Singles, i: int, channel: int, x: float, least: float, off: float, ages: Ages, judged: bool,
    learning: bool,
) -> float:  # fmt: skip
    """k of a channel on the side `off`; both sides learn."""
    k = 0.0
    mean = np.float64(brief[i, state.MEANS + channel])
    for low in range(2):
        side = 2 * channel + low
        sign = -1.0 if low else 1.0
        peak = np.float64(np.float32(sign * x))  # as it would be kept: a ceiling reached again is no record
        if peak > brief[i, state.LOWEST_PEAKS + side]:
            start = side * peaks.FIELDS
            found = peaks.novelty(tops, i, start, peak, sign * mean, least, ages, judged, learning)
            brief[i, state.LOWEST_PEAKS + side] = tops[i, start + peaks.NOW + peaks.K - 1]
            if off == sign:
                k = found
    return k


@inlined
def _highest(brief: Singles, i: int, off: float) -> float:
    """The most extreme value of both generations on the side `off`, as something to be above."""
    side = state.HIGHEST + (0 if off > 0.0 else 1)
    return max(np.float64(brief[i, side]), np.float64(brief[i, side + 2]))


@inlined
def _age(tops: Singles, brief: Singles, i: int, ages: Ages, judged: bool) -> None:
    """One bucket more for the peaks of series `i`."""
    expected = ages.expected + (peaks.share(ages) if judged else 0.0)
    if ages.now + 1.0 < peaks.GENERATION:
        state.keep_ages(brief, i, Ages(ages.now + 1.0, ages.before, expected))
        return
    for side in range(2 * state.CHANNELS):
        peaks.turn(tops, i, side * peaks.FIELDS)
        brief[i, state.LOWEST_PEAKS + side] = peaks.LOWEST
    for side in range(2):
        brief[i, state.HIGHEST + 2 + side] = brief[i, state.HIGHEST + side]
        brief[i, state.HIGHEST + side] = peaks.LOWEST
    state.keep_ages(brief, i, Ages(0.0, ages.now + 1.0, expected))


@inlined
def _places(time: int, day: int, week: int, noise: int, hours: int) -> Places:
    """The slots whose centres are nearest to a time, and its hour; of so many slots each."""
    return Places(
        _nearest(time, DAY, day),
        _nearest(time, WEEK, week),
        _nearest(time, DAY, noise),
        int((time % DAY) / DAY * hours),
    )


@inlined
def _nearest(time: int, period: int, slots: int) -> int:
    """The slot whose centre is nearest to a time."""
    return int((time % period) / period * slots + 0.5) % slots


@inlined
def _pass(
    slots: Shorts, day: Shorts, week: Shorts, brief: Singles, i: int, field: int, before: int, at: int, long: bool,
    deviation: float, limit: float,
) -> None:  # fmt: skip
    """A deviation in the slot `at` of a season of series `i`, which saw its last one in the slot `before`.

    `long` is whether it was so long ago that it was another pass even if the slot is the same.
    """
    seen = state.running(brief, i, field)
    if (at != before or long) and seen.count > 0.0:
        remembered = DAYS_REMEMBERED if field == state.DAY_PASS else WEEKS_REMEMBERED
        step = np.float64(brief[i, state.STEP])
        value = season.folded(slots[i, before], seen, step, remembered)
        finer = season.step_for(value, step)
        small = max(season.largest(day, i), season.largest(week, i)) < season.COARSE
        if at < before and small and abs(value) < season.COARSE * step:
            finer = max(0.5 * step, predict.TINY)
        if finer != step:
            if step > 0.0:
                season.rescaled(day, i, step / finer)
                season.rescaled(week, i, step / finer)
            brief[i, state.STEP] = finer
        passes = min(season.visits(slots[i, before]) + 1.0, remembered)
        slots[i, before] = season.packed(value, passes, finer)
        seen = Pass(0.0, 0.0)
    state.keep_running(brief, i, field, season.added(seen, deviation, limit))


@inlined
def _noisy(noises: Shorts, brief: Singles, i: int, before: int, at: int, long: bool, square: float) -> None:
    """The same with a squared innovation, for the noise of this time of day."""
    seen = state.running(brief, i, state.NOISE_PASS)
    if (at != before or long) and seen.count > 0.0:
        value = season.folded(noises[i, before], seen, noise.STEP, DAYS_REMEMBERED)
        passes = min(season.visits(noises[i, before]) + 1.0, DAYS_REMEMBERED)
        noises[i, before] = season.packed(value, passes, noise.STEP)
        seen = Pass(0.0, 0.0)
    state.keep_running(brief, i, state.NOISE_PASS, season.added(seen, square, noise.MOST))


@inlined
def _bound(body: exceedances.Exceedances) -> float:
    """Scales within which all but 2.5 % of the values of a series stay, on either side."""
    u = exceedances.reach(exceedances.tilt(body), -math.log10(2.0 * BOUND))
    return student.quantile(0.5 * 10.0**-u)
