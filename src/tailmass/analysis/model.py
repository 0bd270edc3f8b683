"""The model of one feature: all its series, as structures of arrays."""

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.coarse import halved
from tailmass.analysis.cycle import FeatureCycles
from tailmass.analysis.newcomers import KEPT, Newcomers
from tailmass.analysis.shape import Shapes
from tailmass.columns import Floats, Ints
from tailmass.kernels import envelope, exceedances, peaks, pool, state, student
from tailmass.kernels.discrete import Pool
from tailmass.kernels.forecast import forecast
from tailmass.kernels.observe import BOUND, COUNTS, SIGNS, Entries, Unusual, Watch, observe
from tailmass.kernels.pool import Peers, gather
from tailmass.kernels.season import DAY, WEEK
from tailmass.kernels.state import Model

DAY_SLOTS, WEEK_SLOTS, NOISE_SLOTS = 96, 56, 24
FEWEST_SLOTS = 24  # of a day: with fewer, what a season is loses its form
FEWEST_RESULTS = 4096  # values a call may report before it comes back for more room
BOUNDED = 100.0 * (1.0 - 2.0 * BOUND)  # per cent of the values that bounds are for elsewhere
LEAST_BEYOND = 5e-9  # what bounds of 100 % leave out
POOL = Pool(size=2.0, occupied=0.99, gap=3.0)
"""What counts are taken to be like before thirty series have shown what theirs are."""


class FeatureModel:
    """Predictor, scales and memory of every series of one feature.

    Parameters
    ----------
    watch : what to look for
    shapes : whether to watch for odd forms, too

    A series gets its model with its fourth value, unless a bucket without rows is a value of 0: then every bucket is
    one, and it has a model from the first on. Models that were forgotten begin anew with the next value.
    """

    room: int | None = None
    """Bytes that new models may take; None for no limit."""

    def __init__(self, watch: Watch, *, shapes: bool = False) -> None:
        self.watch = watch
        self._shapes = Shapes(dense=watch.dense) if shapes else None
        self._capacity = 0
        self._model = _nothing(watch.span)
        self._cycles = FeatureCycles(watch.span, dense=watch.dense)
        self._counts = np.zeros((0, COUNTS if watch.counts else 0))
        self._peers = _no_peers(self._model)
        self._newcomers = Newcomers(0 if watch.dense else KEPT)

    def learn(self, entries: Entries, known: int) -> tuple[Unusual, Ints]:
        """Meet the values of closed buckets.

        Parameters
        ----------
        entries : the values
        known : series ids are below this

        Returns
        -------
        unusual : values with at least the evidence that the watch asks for; with `shapes`, signs of all sources
        updates : (buckets,) series that met a value
        """
        updates = np.zeros(len(entries.offsets) - 1, np.int64)
        stops = _stops(entries.first, len(updates)) if known >= pool.FEWEST else [0, len(updates)]
        return _concatenated([self._learn(entries, *part, known, updates) for part in pairwise(stops)]), updates

    def probe(self, entries: Entries, known: int) -> Unusual:
        """The same for buckets that are still open: nothing is learnt, and nothing said of shapes.

        Where an absent row means 0, a value can only grow until the bucket closes, so that only high ones are told.
        """
        watch = self.watch._replace(learning=False, dense=False)
        now = self._newcomers.by_row(entries, known)
        found = self._told(self._meet(watch, now, len(self._newcomers.owner), np.zeros(len(now.local), np.int64)))
        if not self.watch.dense:
            return found
        high = found.actual > found.typical
        return Unusual._make(part[high] for part in found)

    def forecast(self, series: int, first: int, local: Ints) -> tuple[Floats, Floats, Floats]:
        """What a series is expected to do from bucket `first` on, and the bounds of 95 % of its values.

        Parameters
        ----------
        local : (buckets,) seconds by which local time is ahead of UTC

        Returns
        -------
        mean, lower, upper : (buckets,) unit of the data; NaN of a series that never met a value
        """
        row = self._newcomers.row(series)
        of = self if row >= 0 else self._young(series)
        return forecast(of._model, of._cycles.arrays, max(row, 0), self.watch.span, first, local, self.watch.counts)

    @property
    def modelled(self) -> Ints:
        """The ids of the series that have a model."""
        return self._newcomers.owner.astype(np.int64)

    def expected(self, series: Ints, bucket: int, local: int, percentile: float) -> tuple[Floats, Floats, Floats]:
        """What series are expected to do in one bucket, before they meet it.

        Parameters
        ----------
        series : (n,) ids
        local : seconds by which local time is ahead of UTC in it
        percentile : of the values that are expected within the bounds, 0 to 100

        Returns
        -------
        mean, lower, upper : (n,) unit of the data; NaN of a series without a model
        """
        mean, width = np.full(len(series), np.nan), np.full((len(series), 2), np.nan)
        locals_ = np.array([local], np.int64)
        for place, row in enumerate(self._newcomers.row(each) for each in series.tolist()):
            if row < 0:
                continue
            told = forecast(self._model, self._cycles.arrays, row, self.watch.span, bucket, locals_, False)
            (mean[place],), (lower,), (upper,) = told
            wider = _width(self._model, row, percentile) / _width(self._model, row, BOUNDED)
            width[place] = (mean[place] - lower) * wider, (upper - mean[place]) * wider
        least = 0.0 if self.watch.counts else -np.inf
        return np.maximum(least, mean), np.maximum(least, mean - width[:, 0]), np.maximum(least, mean + width[:, 1])

    def idle(self, before: int) -> tuple[Ints, Ints]:
        """What `forget` would set free: last buckets with a value, and the bytes that each series takes."""
        with_model, young = self._newcomers.idle(before)
        each = (self.model_bytes, self._newcomers.slot_bytes)
        return np.append(with_model, young), np.repeat(each, [len(with_model), len(young)])

    def forget(self, before: int) -> None:
        """Let go of what is known of the series without a value since bucket `before`."""
        rows = self._newcomers.forget(before)
        self._model = arrays.only(self._model, rows)
        self._counts = self._counts[rows]
        self._cycles.only(rows)
        if self._shapes:
            self._shapes.only(rows)
        self._capacity = len(rows)

    def coarsen(self) -> bool:
        """Have half as many times of day and of the week; whether there were models with more than few."""
        slots = self._model.day.shape[1]
        if slots % 2 or slots < 2 * FEWEST_SLOTS or not len(self._newcomers.owner):
            return False
        day, week = halved(self._model.day), halved(self._model.week)
        self._model = self._model._replace(day=day, week=week)
        days, weeks = (each.reshape(len(each), -1, 2).mean(axis=2) for each in (self._peers.days, self._peers.weeks))
        self._peers = self._peers._replace(days=days, weeks=weeks)
        return True

    def state(self, prefix: str, series: int) -> Arrays:
        """The arrays of all models; `series` ids there are."""
        rows = len(self._newcomers.owner)
        self._make_room(rows)
        kept = arrays.taken_apart(self._model, prefix, rows, axis=0)
        kept[f"{prefix}.counts"] = self._counts[:rows].copy()
        kept |= self._cycles.state(f"{prefix}.cycle", rows)
        kept |= {f"{prefix}.peers.{name}": part.copy() for name, part in self._peers._asdict().items()}
        kept |= self._newcomers.state(f"{prefix}.new")
        return kept | (self._shapes.state(f"{prefix}.shapes", rows) if self._shapes else {})

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the model that `state` was taken of."""
        self._model = arrays.put_together(self._model, prefix, kept)
        self._counts = np.array(kept[f"{prefix}.counts"])
        self._cycles.restore(f"{prefix}.cycle", kept)
        self._peers = arrays.put_together(self._peers, f"{prefix}.peers", kept)
        self._newcomers.restore(f"{prefix}.new", kept)
        self._capacity = len(self._model.exact)
        if self._shapes:
            self._shapes.restore(f"{prefix}.shapes", kept)

    @property
    def refused(self) -> bool:
        """Whether a series could not have a model since this was last asked."""
        refused, self._newcomers.refused = self._newcomers.refused, False
        return refused

    def size_bytes(self, known: int) -> int:
        """Bytes in use when series ids are below `known`."""
        rows = len(self._newcomers.owner)
        own = arrays.size_bytes(self._peers) + self.model_bytes * rows + self._cycles.extra_bytes(rows)
        return own + self._newcomers.size_bytes(known) - self._newcomers.bytes_of(0, rows, 0)

    def most_bytes(self, known: int, more: int) -> int:
        """The same at most, once so many more series may have got a model, and all the seasons that there can be."""
        rows = len(self._newcomers.owner) + more
        return self.size_bytes(known) + self.model_bytes * more + self._cycles.most_bytes(rows)

    def bytes_of(self, series: int) -> int:
        """Bytes that so many series take once all of them have their model."""
        own = arrays.size_bytes(self._peers) + self.model_bytes * series + self._cycles.ring_bytes(series)
        return own + self._newcomers.bytes_of(series, 0, 0)

    @property
    def model_bytes(self) -> int:
        """Bytes of one model."""
        own = arrays.series_bytes(self._model, 0) + arrays.series_bytes((self._counts,), 0) + self._cycles.series_bytes
        return own + self._newcomers.bytes_of(0, 1, 0) + (self._shapes.series_bytes if self._shapes else 0)

    def _learn(self, entries: Entries, begin: int, stop: int, known: int, updates: Ints) -> Unusual:
        """Meet the values of some buckets, between which the series are not looked at."""
        if stop > begin:
            self._pool((entries.first + begin) // pool.EVERY, known)
        now, met = _between(entries, begin, stop), updates[begin:stop]
        price = self.model_bytes + self._cycles.ring_bytes(1)
        room = None if self.room is None else self.room // price
        before = len(self._newcomers.owner)
        earlier, now, passed = self._newcomers.admit(now, known, room)
        rows = len(self._newcomers.owner)
        if self.room is not None:
            self.room -= price * (rows - before)
        if self.watch.dense and not self._newcomers.in_order:
            now = _by_row(now)
        self._make_room(rows)
        for missed in earlier:
            self._learn_rows(missed, rows, np.zeros(1, np.int64))
        met += passed
        return self._told(self._learn_rows(now, rows, met), begin)

    def _learn_rows(self, entries: Entries, rows: int, updates: Ints) -> Unusual:
        if self._shapes is None:
            return self._meet(self.watch, entries, rows, updates)
        evidence, least = self._shapes.learn(entries, rows), self.watch.least
        found = self._meet(self.watch, entries._replace(asked=evidence >= least), rows, updates)
        return self._shapes.fused(evidence, found, entries, rows, least)

    def _meet(self, watch: Watch, entries: Entries, rows: int, updates: Ints) -> Unusual:
        self._make_room(rows)
        return _concatenated(list(self._calls(watch, entries, rows, updates)))

    def _calls(self, watch: Watch, entries: Entries, rows: int, updates: Ints) -> Iterator[Unusual]:
        found = _room(max(FEWEST_RESULTS, 2 * rows))
        start = 0
        for stretch in self._cycles.stretches(entries, rows) if watch.learning else [entries]:
            while start < len(stretch.offsets) - 1:
                start, filled = observe(
                    self._model, self._cycles.arrays, self._counts, watch, self._shared, self._peers, stretch, start,
                    rows, found, updates,
                )  # fmt: skip
                if filled:
                    yield Unusual._make(part[:filled].copy() for part in found)

    def _told(self, unusual: Unusual, begin: int = 0) -> Unusual:
        """By bucket of the call, and by series."""
        if begin > 0:
            unusual = unusual._replace(bucket=unusual.bucket + begin)
        unusual = unusual._replace(series=self._newcomers.series(unusual.series))
        if not self.watch.dense:
            return unusual
        order = np.lexsort((unusual.series, unusual.bucket))
        return Unusual._make(part[order] for part in unusual)

    def _young(self, series: int) -> "FeatureModel":
        """What there is of a series without a model, as the first one of another."""
        young = FeatureModel(self.watch._replace(dense=True))
        young._model = arrays.only(self._model, np.zeros(0, np.int64))
        young._peers = self._peers
        young._make_room(1)
        for missed in self._newcomers.of(series):
            young._meet(self.watch, missed, 1, np.zeros(1, np.int64))
        return young

    def _pool(self, period: int, known: int) -> None:
        """Look at what the series have in common, before the first bucket of every so many that there is.

        It depends on the number of the bucket and on what is known then, and so not on where calls begin and end.
        """
        if known >= pool.FEWEST and period != self._peers.numbers[pool.PERIOD]:
            gather(self._model, self._counts, len(self._newcomers.owner), self.watch.span, self._peers)
            self._peers.numbers[pool.PERIOD] = period

    @property
    def _shared(self) -> Pool:
        """What series of few counts lean on."""
        size, occupied = self._peers.numbers[[pool.SIZE, pool.OCCUPIED]]
        return POOL._replace(size=float(size), occupied=float(occupied)) if size > 0.0 else POOL

    def _make_room(self, series: int) -> None:
        capacity = arrays.room(series, self._capacity)
        if capacity > self._capacity:
            self._model = arrays.grown(self._model, capacity, axis=0)
            self._counts = arrays.longer(self._counts, capacity, 0)
            self._cycles.make_room(capacity)
            self._capacity = capacity


def _width(model: Model, row: int, percentile: float) -> float:
    """How far from the mean the bounds of so many of the values are, in scales, by the tail of a series."""
    beyond = max(LEAST_BEYOND, 0.5 - percentile / 200.0)
    line = exceedances.tilt(state.exceedances(model.brief, row))
    return student.quantile(0.5 * 10.0 ** -exceedances.reach(line, -math.log10(2.0 * beyond)))


def _stops(first: int, buckets: int) -> list[int]:
    """Where the buckets of a call are parted, so that the series are looked at in between; their ends, too.

    >>> _stops(pool.EVERY - 1, pool.EVERY + 2)
    [0, 1, 97, 98]
    """
    return [0, *range(-first % pool.EVERY or pool.EVERY, buckets, pool.EVERY), buckets]


def _between(entries: Entries, begin: int, stop: int) -> Entries:
    """Some of the buckets."""
    if begin == 0 and stop == len(entries.offsets) - 1:
        return entries
    low, high = entries.offsets[begin], entries.offsets[stop]
    return Entries(
        offsets=entries.offsets[begin : stop + 1] - low,
        series=entries.series[low:high],
        values=entries.values[low:high],
        rows=entries.rows[low:high],
        local=entries.local[begin:stop],
        first=entries.first + begin,
    )


def _by_row(entries: Entries) -> Entries:
    """The entries by bucket, then by row, as those who meet every row want them."""
    bucket = np.repeat(np.arange(len(entries.offsets) - 1), np.diff(entries.offsets))
    order = np.lexsort((entries.series, bucket))
    rows = entries.rows[order] if len(entries.rows) else entries.rows
    return entries._replace(series=entries.series[order], values=entries.values[order], rows=rows)


def _room(values: int) -> Unusual:
    return Unusual(
        bucket=np.empty(values, np.int64),
        series=np.empty(values, np.int64),
        evidence=np.empty(values),
        actual=np.empty(values),
        typical=np.empty(values),
        lower=np.empty(values),
        upper=np.empty(values),
        signs=np.empty((values, SIGNS)),
        largest_of=np.empty(values, np.int64),
        moved=np.empty(values, np.int64),
    )


def _concatenated(parts: list[Unusual]) -> Unusual:
    if not parts:
        return _room(0)
    return parts[0] if len(parts) == 1 else Unusual._make(map(np.concatenate, zip(*parts, strict=True)))


def _no_peers(model: Model) -> Peers:
    """What no series have in common."""
    kinds = pool.CLUSTERS + 1
    return Peers(
        numbers=np.zeros(pool.NUMBERS),
        kinds=np.zeros((kinds, pool.KIND)),
        days=np.zeros((kinds, model.day.shape[1])),
        weeks=np.zeros((kinds, model.week.shape[1])),
        noises=np.zeros((kinds, model.noise.shape[1])),
        onsets=np.zeros(peaks.K),
    )


def _nothing(span: int) -> Model:
    """The model of no series."""

    def slots(period: int, most: int) -> int:
        return max(1, min(most, period // span))

    return Model(
        exact=np.zeros((0, state.EXACT)),
        brief=np.zeros((0, state.BRIEF), np.float32),
        day=np.zeros((0, slots(DAY, DAY_SLOTS)), np.int16),
        week=np.zeros((0, slots(WEEK, WEEK_SLOTS)), np.int16),
        noise=np.zeros((0, slots(DAY, NOISE_SLOTS)), np.int16),
        envelope=np.zeros((0, 2 * slots(DAY, envelope.SLOTS)), np.float32),
        peaks=np.zeros((0, 2 * state.CHANNELS * peaks.FIELDS), np.float32),
        sums=np.zeros((0, peaks.K), np.float32),
    )
