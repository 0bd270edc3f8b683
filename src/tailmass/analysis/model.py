"""The model of one feature: all its series, as structures of arrays."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.columns import Floats, Ints
from tailmass.kernels.observe import Model, Unusual, Watch, observe
from tailmass.kernels.season import DAY, WEEK

DAY_SLOTS, WEEK_SLOTS = 96, 168
FEWEST_RESULTS = 4096  # values a call may report before it comes back for more room


class FeatureModel:
    """Predictor, scales and maps of every series of one feature.

    Parameters
    ----------
    watch : what to look for
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._capacity = 0
        self._model = _nothing(watch.span)

    def learn(self, offsets: Ints, series: Ints, values: Floats, first: int, known: int) -> tuple[Unusual, Ints]:
        """Meet the values of closed buckets.

        Parameters
        ----------
        offsets, series, values : (buckets + 1,), (entries,), (entries,) as in `kernels.buckets.Closed`
        first : number of the first bucket
        known : series ids are below this

        Returns
        -------
        unusual : values at most as probable as the threshold of the watch
        updates : (buckets,) series that met a value
        """
        return self._meet(self.watch, offsets, series, values, first, known)

    def probability(self, offsets: Ints, series: Ints, values: Floats, first: int, known: int) -> Unusual:
        """The same for buckets that are still open: nothing is learnt.

        Where an absent row means 0, a value can only grow until the bucket closes, so that only high ones are told.
        """
        watch = self.watch._replace(learning=False, dense=False)
        found = self._meet(watch, offsets, series, values, first, known)[0]
        if not self.watch.dense:
            return found
        high = found.actual > found.typical
        return Unusual._make(part[high] for part in found)

    def state(self, prefix: str, series: int) -> Arrays:
        """The arrays of the first `series` series."""
        self._make_room(series)
        return arrays.taken_apart(self._model, prefix, series)

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the model that `state` was taken of."""
        self._model = arrays.put_together(self._model, prefix, kept)
        self._capacity = self._model.level.shape[1]

    @property
    def size_bytes(self) -> int:
        """Bytes of all arrays."""
        return arrays.size_bytes(self._model)

    def _meet(
        self, watch: Watch, offsets: Ints, series: Ints, values: Floats, first: int, known: int
    ) -> tuple[Unusual, Ints]:
        self._make_room(known)
        updates = np.zeros(len(offsets) - 1, np.int64)
        return _concatenated(list(self._calls(watch, offsets, series, values, first, known, updates))), updates

    def _calls(
        self, watch: Watch, offsets: Ints, series: Ints, values: Floats, first: int, known: int, updates: Ints
    ) -> Iterator[Unusual]:
        found = _room(max(FEWEST_RESULTS, 2 * known))
        start = 0
        while start < len(offsets) - 1:
            start, filled = observe(self._model, watch, offsets, series, values, first, start, known, found, updates)
            if filled:
                yield Unusual._make(part[:filled].copy() for part in found)

    def _make_room(self, series: int) -> None:
        capacity = arrays.room(series, self._capacity)
        if capacity > self._capacity:
            self._model = arrays.grown(self._model, capacity)
            self._capacity = capacity


def _room(values: int) -> Unusual:
    return Unusual(
        np.empty(values, np.int64), np.empty(values, np.int64), np.empty(values), np.empty(values), np.empty(values)
    )


def _concatenated(parts: list[Unusual]) -> Unusual:
    if not parts:
        return _room(0)
    return parts[0] if len(parts) == 1 else Unusual._make(map(np.concatenate, zip(*parts, strict=True)))


def _nothing(span: int) -> Model:
    """The model of no series."""
    day, week = (max(1, min(DAY_SLOTS, DAY // span)), 0), (max(1, min(WEEK_SLOTS, WEEK // span)), 0)
    return Model(
        maps=np.zeros((5, 0)),
        trial=np.zeros((9, 0)),
        level=np.zeros((16, 0)),
        spread=np.zeros((4, 0)),
        gates=np.zeros((4, 0)),
        day=np.zeros(day, np.float32),
        day_visits=np.zeros(day, np.uint16),
        week=np.zeros(week, np.float32),
        week_visits=np.zeros(week, np.uint16),
    )
