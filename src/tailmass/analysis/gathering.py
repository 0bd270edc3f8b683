"""The open buckets of one detector: what its series did in them, and what its function measures of that."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.features import FEATURES
from tailmass.analysis.gatherers import Rows
from tailmass.columns import Columns, Floats, Ints
from tailmass.jobs import Detector
from tailmass.kernels import ids
from tailmass.kernels.buckets import Closed, Open, accumulate, peek


class Measured(NamedTuple):
    """What series did in consecutive buckets."""

    closed: Closed
    values: tuple[Floats, ...]
    """For each measure, (entries,) in its unit; NaN where there is no saying."""


class Gathering:
    """Takes in rows, and hands over the values of buckets.

    Parameters
    ----------
    detector : the configuration
    slots : more than the number of buckets that can be open at once
    summary : the field that tells how many rows each one stands for, if they are summarised
    """

    def __init__(self, detector: Detector, slots: int, summary: str | None) -> None:
        self._detector, self._summary = detector, summary
        self._measures = detector.definition.measures
        none = np.zeros((slots, 0))
        self._open = Open(none, none, none, none, np.zeros((slots, 0), np.int64), np.zeros(slots, np.int64))
        self._gatherers = {
            measure: gatherer
            for measure in self._measures
            if (gatherer := FEATURES[measure].gathers(summarised=summary is not None)) is not None
        }

    def add(self, columns: Columns, series: Ints, known: int, advance: Advance) -> Measured:
        """Add rows to the open buckets, and hand over those that close.

        Parameters
        ----------
        columns : the admitted rows
        series : (n,) the series of each; negative where the detector passes the row over
        known : series ids are below this
        advance : what the clock says of the rows
        """
        values, weights = row_values(self._detector, columns), columns.numbers[self._summary] if self._summary else None
        self._make_room(known)
        first, until = advance.first, advance.until
        closed = accumulate(advance.rows, advance.closing, series, values, self._open, first, until, weights)
        if self._gatherers:
            texts = columns.texts.get(self._detector.field_name or "")
            there = np.where(np.isnan(values), ids.EMPTY, series)
            for gatherer in self._gatherers.values():
                gatherer.add(Rows(advance.rows, there, values, texts, weights))
        return self._measured(closed, first, until, closing=True)

    def peek(self, first: int, until: int, known: int) -> Measured:
        """The open buckets `first` to `until - 1` as they stand."""
        self._make_room(known)
        return self._measured(peek(self._open, first, until), first, until, closing=False)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        for slot in (bucket % len(self._open.used) for bucket in range(first, until)):
            self._open.count[slot, self._open.touched[slot, : self._open.used[slot]]] = 0.0
            self._open.used[slot] = 0
        for gatherer in self._gatherers.values():
            gatherer.clear(first, until)

    def state(self, prefix: str, series: int) -> Arrays:
        """What is open, of so many series."""
        self._make_room(series)
        kept = arrays.taken_apart(self._open._replace(used=_NONE), f"{prefix}.open", series)
        kept[f"{prefix}.open.used"] = self._open.used.copy()
        for measure, gatherer in self._gatherers.items():
            kept |= gatherer.state(f"{prefix}.{measure}.gathered")
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._open = arrays.put_together(self._open, f"{prefix}.open", kept)
        for measure, gatherer in self._gatherers.items():
            gatherer.restore(f"{prefix}.{measure}.gathered", kept)

    @property
    def touched(self) -> int:
        """Series with rows in the open buckets, once for each bucket."""
        return int(self._open.used.sum())

    def bytes_of(self, series: int) -> int:
        """Bytes that last, of so many series: not the values that some functions keep until a bucket closes."""
        gatherers = sum(gatherer.lasting_bytes for gatherer in self._gatherers.values())
        return arrays.series_bytes(self._open[:-1]) * series + gatherers

    def _measured(self, closed: Closed, first: int, until: int, *, closing: bool) -> Measured:
        return Measured(closed, tuple(self._measure(each, closed, first, until, closing) for each in self._measures))

    def _measure(self, measure: str, closed: Closed, first: int, until: int, closing: bool) -> Floats:
        gatherer, of = self._gatherers.get(measure), FEATURES[measure].of
        if gatherer is not None:
            return gatherer.close(first, until) if closing else gatherer.peek(first, until)
        assert of is not None
        return of(closed)

    def _make_room(self, series: int) -> None:
        held = self._open.count.shape[1]
        capacity = arrays.room(series, held)
        if capacity > held:
            self._open = arrays.grown(self._open._replace(used=_NONE), capacity)._replace(used=self._open.used)


def row_values(detector: Detector, columns: Columns) -> Floats:
    """(n,) what the rows bring; NaN where a row lacks what the detector reads."""
    name = detector.field_name
    if not name:
        return np.zeros(len(columns))
    if detector.definition.texts:
        return np.where((columns.texts[name] != "").fill_null(False).to_numpy(), 0.0, np.nan)
    return columns.numbers[name]


_NONE = np.zeros(0, np.int64)
