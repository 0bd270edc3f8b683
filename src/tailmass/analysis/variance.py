"""The model of variances: that of any feature, on a logarithmic scale."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.model import FeatureModel
from tailmass.columns import Floats, Ints
from tailmass.kernels.logarithm import STILL, Logs, logarithms
from tailmass.kernels.observe import Entries, Unusual, Watch

_FARTHEST = 700.0  # the exponential of more is infinite


class VarianceModel:
    """Meets variances, and tells what it found in the unit of variances.

    Parameters
    ----------
    watch : what to look for
    shapes : whether to watch for odd forms, too
    """

    def __init__(self, watch: Watch, *, shapes: bool = False) -> None:
        self.watch = watch
        self._model = FeatureModel(watch, shapes=shapes)
        self._logs = Logs(np.zeros(0), np.zeros(0), np.zeros(0))

    def learn(self, entries: Entries, known: int) -> tuple[Unusual, Ints]:
        """Meet the variances of closed buckets, as `FeatureModel.learn` does."""
        mapped, shifts = self._mapped(entries, known, learning=True)
        found, updates = self._model.learn(mapped, known)
        return self._told(found, entries, shifts), updates

    def probe(self, entries: Entries, known: int) -> Unusual:
        """The same for buckets that are still open: nothing is learnt."""
        mapped, shifts = self._mapped(entries, known, learning=False)
        return self._told(self._model.probe(mapped, known), entries, shifts)

    def forecast(self, series: int, first: int, local: Ints) -> tuple[Floats, Floats, Floats]:
        """What a series is expected to do, as `FeatureModel.forecast` tells, of the usual number of rows."""
        self._make_room(series + 1)
        mean, lower, upper = self._model.forecast(series, first, local)
        who = np.full(len(mean), series)
        return self._variances(mean, who), self._variances(lower, who), self._variances(upper, who)

    @property
    def modelled(self) -> Ints:
        """The ids of the series that have a model."""
        return self._model.modelled

    def expected(self, series: Ints, bucket: int, local: int, percentile: float) -> tuple[Floats, Floats, Floats]:
        """What series are expected to do in one bucket, as `FeatureModel.expected` tells, of their usual rows."""
        self._make_room(int(series.max(initial=-1)) + 1)
        mean, lower, upper = self._model.expected(series, bucket, local, percentile)
        return self._variances(mean, series), self._variances(lower, series), self._variances(upper, series)

    def state(self, prefix: str, series: int) -> Arrays:
        """The arrays of the first `series` series."""
        self._make_room(series)
        return self._model.state(prefix, series) | arrays.taken_apart(self._logs, f"{prefix}.logs", series)

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the model that `state` was taken of."""
        self._model.restore(prefix, kept)
        self._logs = arrays.put_together(self._logs, f"{prefix}.logs", kept)

    @property
    def room(self) -> int | None:
        """Bytes that new models may take; None for no limit."""
        return self._model.room

    @room.setter
    def room(self, room: int | None) -> None:
        self._model.room = room

    @property
    def refused(self) -> bool:
        """Whether a series could not have a model since this was last asked."""
        return self._model.refused

    def idle(self, before: int) -> tuple[Ints, Ints]:
        """What `forget` would set free, as `FeatureModel.idle` tells."""
        return self._model.idle(before)

    def forget(self, before: int) -> None:
        """Let go of the models of the series without a value since bucket `before`; their unit is known for ever."""
        self._model.forget(before)

    def coarsen(self) -> bool:
        """Have fewer times of day, as `FeatureModel.coarsen` does."""
        return self._model.coarsen()

    def size_bytes(self, known: int) -> int:
        """Bytes in use when series ids are below `known`."""
        return self._model.size_bytes(known) + arrays.series_bytes(self._logs) * known

    def most_bytes(self, known: int, more: int) -> int:
        """The same at most, once so many more series may have got a model."""
        return self._model.most_bytes(known, more) + arrays.series_bytes(self._logs) * known

    def bytes_of(self, series: int) -> int:
        """Bytes that so many series take once all of them have their model."""
        return self._model.bytes_of(series) + arrays.series_bytes(self._logs) * series

    @property
    def model_bytes(self) -> int:
        """Bytes of one model."""
        return self._model.model_bytes

    def _mapped(self, entries: Entries, known: int, *, learning: bool) -> tuple[Entries, Floats]:
        self._make_room(known)
        logs, shifts = logarithms(entries.series, entries.values, entries.rows, self._logs, learning)
        return entries._replace(values=logs), shifts

    def _told(self, found: Unusual, entries: Entries, shifts: Floats) -> Unusual:
        """The findings with variances where they have logarithms."""
        place = _places(found, entries)
        typical, lower, upper = (
            self._variances(part + shifts[place], found.series) for part in (found.typical, found.lower, found.upper)
        )
        return found._replace(actual=entries.values[place], typical=typical, lower=lower, upper=upper)

    def _variances(self, logs: Floats, series: Ints) -> Floats:
        floor = STILL * self._logs.unit[series]
        return np.maximum(0.0, np.exp(np.minimum(logs, _FARTHEST)) - floor)

    def _make_room(self, series: int) -> None:
        held = len(self._logs.unit)
        capacity = arrays.room(series, held)
        if capacity > held:
            self._logs = arrays.grown(self._logs, capacity)


def _places(found: Unusual, entries: Entries) -> Ints:
    """(found,) which entry each finding is of."""
    most = int(entries.series.max(initial=0)) + 1
    bucket = np.repeat(np.arange(len(entries.offsets) - 1), np.diff(entries.offsets))
    return np.searchsorted(bucket * most + entries.series, found.bucket * most + found.series)
