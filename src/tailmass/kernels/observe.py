"""Closed buckets through the models: every series of a feature meets its next value, one call for many buckets."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.columns import Floats, Ints
from tailmass.kernels import predict, season, stabilize, surprise
from tailmass.kernels.jit import inlined, kernel
from tailmass.kernels.predict import Level
from tailmass.kernels.season import DAY, WEEK, Gate
from tailmass.kernels.stabilize import Bid, Map
from tailmass.kernels.surprise import Spread

FEWEST_EVENTS = 3.0  # a count that is less than this off its typical value is no anomaly, whatever the scale says
DAYS_REMEMBERED, WEEKS_REMEMBERED = 7.0, 4.0  # visits of a slot are counted up to those of so long
MOST_VISITS = 65_535.0
Slots = npt.NDArray[np.float32]
Visits = npt.NDArray[np.uint16]


class Model(NamedTuple):
    """All that is known of the series of one feature: a field of a noun a row, a series a column."""

    maps: Floats
    """(5, series): `stabilize.Map`."""
    trial: Floats
    """(9, series): three `stabilize.Bid`, of the identity, asinh and counts."""
    level: Floats
    """(16, series): `predict.Level`."""
    spread: Floats
    """(4, series): `surprise.Spread`."""
    gates: Floats
    """(4, series): `season.Gate` of the day and of the week."""
    day: Slots
    """(slot, series) mean deviation from the level at each time of day."""
    day_visits: Visits
    """(slot, series) values behind it."""
    week: Slots
    """(slot, series) mean deviation from level and day at each time of the week."""
    week_visits: Visits
    """(slot, series) values behind it."""


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
    reach: float
    """Scales from the prediction from which a value is worth reporting."""
    learning: bool
    """Whether the models learn; interim results leave them as they are."""


class Unusual(NamedTuple):
    """Values at least `reach` scales from their prediction; (found,) each, by bucket, then by series."""

    bucket: Ints
    """Position of the bucket among those of the call."""
    series: Ints
    probability: Floats
    actual: Floats
    """Unit of the data."""
    typical: Floats
    """Unit of the data."""


@kernel
def observe(
    model: Model, watch: Watch, offsets: Ints, series: Ints, values: Floats, first: int, start: int, known: int,
    found: Unusual, updates: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Let the series meet their values of the buckets from `start` on, until the buckets end or `found` is full.

    Parameters
    ----------
    offsets, series, values : (buckets + 1,), (entries,), (entries,) the buckets, as in `buckets.Closed`
    first : number of the first bucket
    start : position of the bucket to begin with
    known : series ids are below this
    found : filled from its beginning; holds at least `known`
    updates : (buckets,) set to the number of series that met a value

    Returns
    -------
    stop, filled : position of the bucket to go on with, and how much of `found` is in use
    """
    maps, trial, level, spread, gates, day, day_visits, week, week_visits = model
    per_day = DAY / watch.span
    day_slots, week_slots = len(day), len(week)
    day_memory = min(MOST_VISITS, DAYS_REMEMBERED * per_day / day_slots + 1.0)
    week_memory = min(MOST_VISITS, WEEKS_REMEMBERED * 7.0 * per_day / week_slots + 1.0)
    filled = 0
    for b in range(start, len(offsets) - 1):
        begin, end = offsets[b], offsets[b + 1]
        meetings = known if watch.dense else end - begin
        if filled + meetings > len(found.series):
            return b, filled
        bucket = first + b
        time = bucket * watch.span
        day_place = (time % DAY) / DAY * day_slots
        week_place = (time % WEEK) / WEEK * week_slots
        d0, day_share = int(day_place) % day_slots, day_place - int(day_place)
        w0, week_share = int(week_place) % week_slots, week_place - int(week_place)
        d1, w1 = (d0 + 1) % day_slots, (w0 + 1) % week_slots
        d, w = d0 if day_share < 0.5 else d1, w0 if week_share < 0.5 else w1
        entry = begin
        for meeting in range(meetings):
            i, y = meeting, 0.0
            if not watch.dense:
                i, y = series[entry], values[entry]
                entry += 1
            elif entry < end and series[entry] == i:
                y = values[entry]
                entry += 1
            elif level[0, i] == 0.0:
                continue  # not seen yet: a series begins with its first row
            if not watch.learning and level[0, i] == 0.0:
                continue
            m = _load_map(maps, i)
            if m.unit == 0.0 and y != 0.0:
                m = Map(stabilize.unit_of(y), m.kind, m.centre, m.width, m.size)
            v = stabilize.measured(m, y)
            x = stabilize.forward(m, m.kind, v)
            if level[0, i] == 0.0:
                _store_map(maps, i, m)
                _store_level(level, i, predict.begin(bucket, x))
                updates[b] += 1
                continue

            s, sp = _load_level(level, i), Spread(spread[0, i], spread[1, i], spread[2, i], spread[3, i])
            by_day, by_week = Gate(gates[0, i], gates[1, i]), Gate(gates[2, i], gates[3, i])
            daily = season.read(day[d0, i], day_visits[d0, i], day[d1, i], day_visits[d1, i], day_share)
            weekly = season.read(week[w0, i], week_visits[w0, i], week[w1, i], week_visits[w1, i], week_share)
            gated = season.openness(by_day) * daily
            expected = predict.predict(s, bucket, gated + season.openness(by_week) * weekly)
            e = x - expected.mean
            updates[b] += 1

            if s.updates >= surprise.MATURE:
                z = e / surprise.scale(sp, e, expected.floor)
                if abs(z) >= watch.reach and z * watch.side >= 0.0:
                    typical = stabilize.backward(m, expected.mean) * (m.unit if m.unit > 0.0 else 1.0)
                    if watch.counts:
                        typical = max(0.0, typical)
                    if not (watch.counts and abs(y - typical) < FEWEST_EVENTS):
                        found.bucket[filled] = b
                        found.series[filled] = i
                        found.probability[filled] = surprise.probability(z, watch.side)
                        found.actual[filled] = y
                        found.typical[filled] = typical
                        filled += 1
            if not watch.learning:
                continue

            n = s.updates
            if stabilize.TRIAL_BEGINS <= n < stabilize.TRIAL_ENDS:
                if n == stabilize.TRIAL_BEGINS:
                    m = stabilize.entered(m, s.level, max(s.scale_r, expected.floor))
                _bid(trial, i, m, v, n, watch.counts)
            after, limit = predict.learn(s, bucket, per_day, x, expected)
            sp = surprise.learn(sp, e, n)
            deviation = x - s.level
            gain = 1.0 / min(n + 1.0, 2.0 * per_day + 1.0)
            by_day = season.compare(by_day, deviation, daily, limit, gain)
            gain = 1.0 / min(n + 1.0, 14.0 * per_day + 1.0)
            by_week = season.compare(by_week, deviation - gated, weekly, limit, gain)
            visits = min(day_visits[d, i] + 1.0, day_memory)
            day[d, i] = season.moved(day[d, i], visits, deviation, limit)
            day_visits[d, i] = np.uint16(visits)
            visits = min(week_visits[w, i] + 1.0, week_memory)
            week[w, i] = season.moved(week[w, i], visits, deviation - gated, limit)
            week_visits[w, i] = np.uint16(visits)
            if n + 1.0 == stabilize.TRIAL_ENDS:
                kind = stabilize.winner(trial[2, i], trial[5, i], trial[8, i])
                if kind != stabilize.IDENTITY:
                    before, m = m, stabilize.adopted(m, kind)
                    ratio = before.unit / m.unit
                    stretch = ratio * stabilize.slope(m, kind, after.level * ratio)
                    for slot in range(day_slots):
                        day[slot, i] = stabilize.carried_slot(m, day[slot, i], after.level, ratio)
                    for slot in range(week_slots):
                        week[slot, i] = stabilize.carried_slot(m, week[slot, i], after.level, ratio)
                    after = stabilize.carried(m, after, ratio)
                    sp = stabilize.carried_spread(sp, stretch)
                    by_day, by_week = stabilize.carried_gate(by_day, stretch), stabilize.carried_gate(by_week, stretch)
            _store_map(maps, i, m)
            _store_level(level, i, after)
            spread[0, i], spread[1, i], spread[2, i], spread[3, i] = sp
            gates[0, i], gates[1, i] = by_day
            gates[2, i], gates[3, i] = by_week
    return len(offsets) - 1, filled


@inlined
def _bid(trial: Floats, i: int, m: Map, v: float, n: float, counts: bool) -> None:
    """Let the candidates of series `i` bid for `v`; `counts` allows the map for counts."""
    for candidate in range(3):
        row = 3 * candidate
        if candidate == stabilize.COUNTS and not counts:
            trial[row + 2, i] = stabilize.IMPOSSIBLE
            continue
        bid = Bid(trial[row, i], trial[row + 1, i], trial[row + 2, i])
        bid = stabilize.raised(m, float(candidate), bid, v, n)
        trial[row, i], trial[row + 1, i], trial[row + 2, i] = bid


@inlined
def _load_map(maps: Floats, i: int) -> Map:
    return Map(maps[0, i], maps[1, i], maps[2, i], maps[3, i], maps[4, i])


@inlined
def _store_map(maps: Floats, i: int, m: Map) -> None:
    maps[0, i], maps[1, i], maps[2, i], maps[3, i], maps[4, i] = m


@inlined
def _load_level(level: Floats, i: int) -> Level:
    return Level(
        level[0, i], level[1, i], level[2, i], level[3, i], level[4, i], level[5, i], level[6, i], level[7, i],
        phi=(level[8, i], level[9, i], level[10, i], level[11, i]),
        past=(level[12, i], level[13, i], level[14, i], level[15, i]),
    )  # fmt: skip


@inlined
def _store_level(level: Floats, i: int, s: Level) -> None:
    level[0, i], level[1, i], level[2, i], level[3, i] = s.updates, s.last, s.level, s.previous
    level[4, i], level[5, i], level[6, i], level[7, i] = s.peak, s.step, s.scale_e, s.scale_r
    level[8, i], level[9, i], level[10, i], level[11, i] = s.phi
    level[12, i], level[13, i], level[14, i], level[15, i] = s.past
