"""The seasons of any length that the series of one feature have, found while their values go by."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.period import MOST_SERIES, Found, Periods
from tailmass.columns import Flags, Floats, Ints
from tailmass.kernels import cycle
from tailmass.kernels.cycle import Cycles
from tailmass.kernels.observe import Entries
from tailmass.kernels.season import DAY, WEEK

SAME = 0.03  # relative difference within which two periods are one
PARTS = 12  # of a day or a week: their slots have room for these


class FeatureCycles:
    """Periods of the series of one feature, and what a period looks like.

    Parameters
    ----------
    span : seconds of a bucket
    dense : whether a known series without rows has the value 0; otherwise the bucket passes it by
    """

    def __init__(self, span: int, *, dense: bool) -> None:
        self._span = span
        self._periods = Periods(dense=dense)
        self._used = 0
        self.arrays = Cycles(np.zeros(0, np.int32), np.zeros((0, cycle.EXACT)), np.zeros((0, cycle.BRIEF), np.float32))

    def stretches(self, entries: Entries, known: int) -> Iterator[Entries]:
        """The entries up to each bucket with whose values a season becomes known, which holds from the next one on.

        Parameters
        ----------
        entries : the values of closed buckets
        known : series ids are below this
        """
        found = self._periods.learn(entries, known)
        last = len(entries.offsets) - 2
        for stop in np.unique(np.append(found.bucket, last)).tolist():
            yield entries._replace(offsets=entries.offsets[: stop + 2])
            now = found.bucket == stop
            if now.any():
                self._take(Found._make(part[now] for part in found), entries.first + stop)

    def make_room(self, series: int) -> None:
        """Have a place for so many series."""
        row = self.arrays.row
        if series > len(row):
            self.arrays = self.arrays._replace(row=np.append(row, np.full(series - len(row), -1, np.int32)))

    def state(self, prefix: str, series: int) -> Arrays:
        """The arrays of the first `series` series."""
        row, exact, brief = self.arrays
        kept: Arrays = {
            "row": row[:series].copy(),
            "exact": exact[: self._used].copy(),
            "brief": brief[: self._used].copy(),
        }
        return self._periods.state(f"{prefix}.period", series) | {
            f"{prefix}.{name}": each for name, each in kept.items()
        }

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._periods.restore(f"{prefix}.period", kept)
        self.arrays = Cycles._make(np.array(kept[f"{prefix}.{name}"]) for name in Cycles._fields)
        self._used = len(self.arrays.exact)

    def only(self, series: Ints) -> None:
        """Keep these series, ascending, as the first ones."""
        row, exact, brief = self.arrays
        row = row[series]
        held = row >= 0
        exact, brief = exact[row[held]], brief[row[held]]
        row[held] = np.arange(len(exact))
        self.arrays, self._used = Cycles(row, exact, brief), len(exact)
        self._periods.only(series)

    @property
    def series_bytes(self) -> int:
        """Bytes of every series, whether it has a season of its own or not."""
        return self.arrays.row.itemsize

    def extra_bytes(self, series: int) -> int:
        """Bytes of the rings of the first series, and of the seasons that were found."""
        season = arrays.series_bytes((self.arrays.exact, self.arrays.brief), 0)
        return self._periods.size_bytes(series) + season * self._used

    def most_bytes(self, series: int) -> int:
        """Bytes at most of so many series' rings and seasons."""
        season = arrays.series_bytes((self.arrays.exact, self.arrays.brief), 0)
        return self._periods.size_bytes(series) + season * min(series, MOST_SERIES)

    def ring_bytes(self, series: int) -> int:
        """Bytes of the rings of the first series."""
        return self._periods.size_bytes(series)

    def _take(self, found: Found, bucket: int) -> None:
        """Give series a row, or their season the length that it is now known to have; the phase goes on."""
        wanted = ~seasonal(found.period * self._span)
        series, period = found.series[wanted], found.period[wanted]
        row = self.arrays.row[series]
        new = row < 0
        row[new] = self._used + np.arange(new.sum())
        self._used += int(new.sum())
        self._make_rows(self._used)
        _, exact, brief = self.arrays
        self.arrays.row[series] = row
        before = np.where(new, period, exact[row, cycle.PERIOD])
        other = new | (np.abs(period / before - 1.0) > SAME)
        turns = (bucket - exact[row, cycle.ORIGIN]) / before
        exact[row, cycle.ORIGIN] = bucket - np.where(other, 0.0, turns - np.floor(turns)) * period
        exact[row, cycle.PERIOD] = period
        brief[row[other]] = 0.0

    def _make_rows(self, rows: int) -> None:
        held = len(self.arrays.exact)
        capacity = arrays.room(rows, held)
        if capacity > held:
            row, exact, brief = self.arrays
            exact = np.concatenate([exact, np.zeros((capacity - held, cycle.EXACT))])
            brief = np.concatenate([brief, np.zeros((capacity - held, cycle.BRIEF), np.float32)])
            self.arrays = Cycles(row, exact, brief)


def seasonal(seconds: Floats) -> Flags:
    """Whether a period is a day, a week or a whole part of one of them, which every series has slots for anyway.

    >>> seasonal(np.array([86_400.0, 43_000.0, 5_880.0])).tolist()
    [True, True, False]
    """
    parts = np.concatenate([DAY / np.arange(1, PARTS + 1), WEEK / np.arange(1, PARTS + 1)])
    near: Flags = (np.abs(seconds[:, None] / parts - 1.0) <= SAME).any(axis=1)
    return near
