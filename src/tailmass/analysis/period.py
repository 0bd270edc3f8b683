"""The periods of the series of one feature, found while their values go by."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.columns import Floats, Ints
from tailmass.kernels import periodogram
from tailmass.kernels.observe import Entries
from tailmass.kernels.periodogram import Rings, dominant_period, push, readings

SAME = 0.03  # relative difference within which two periods are one
STRONGER = 0.1  # what the strength of a multiple must add: every period comes back at all of its multiples
MOST_SERIES = 4096
"""Series of a feature that have a ring, the first to get a model; more would cost as much as all else they know."""
FADING = 0.8  # of the strength of a period that is not seen again where it could be


class Found(NamedTuple):
    """Periods that now hold, or are better known; (found,) each, by bucket, then by series."""

    bucket: Ints
    """Position of the bucket among those of the call, with whose value the period became known."""
    series: Ints
    period: Floats
    """Buckets."""
    strength: Floats
    """Autocorrelation at that lag, in [0.3, 1]."""


class Known(NamedTuple):
    """The period that holds, of every series of one feature."""

    rings: Rings
    period: Floats
    """(series,) buckets; 0 while none has been found."""
    strength: Floats
    """(series,)"""


class Periods:
    """The period of every series of one feature, and the rings it is read from; 616 bytes for each of 4,096 at most.

    Of several periods the strongest holds. A multiple of it has to be stronger by 0.1 to take its place. Seen again,
    its length and strength are those of the last time; not seen again, it weakens.

    Parameters
    ----------
    dense : whether a known series without rows has the value 0; otherwise the bucket passes it by
    """

    def __init__(self, *, dense: bool) -> None:
        self.dense = dense
        self._capacity = 0
        rings = Rings(np.zeros((0, periodogram.EXACT)), np.zeros((0, periodogram.LENGTH), np.int16))
        self._known = Known(rings, np.zeros(0), np.zeros(0))

    def learn(self, entries: Entries, known: int) -> Found:
        """Take in the values of closed buckets, and look at the series that have come to an age for it.

        Parameters
        ----------
        entries : the values
        known : series ids are below this

        Returns
        -------
        found : for all other series what was found before still holds
        """
        known = min(known, MOST_SERIES)
        self._make_room(known)
        due, start, found = np.empty(known, np.int64), 0, [Found(*_NONE)]
        buckets = len(entries.offsets) - 1
        while start < buckets:
            start, filled = push(
                self._known.rings, entries.offsets, entries.series, entries.values, entries.first, start, known,
                self.dense, due,
            )  # fmt: skip
            if filled:
                found.append(self._look(start - 1, due[:filled].copy()))
        return Found._make(map(np.concatenate, zip(*found, strict=True)))

    def state(self, prefix: str, series: int) -> Arrays:
        """The arrays of the first `series` series."""
        series = min(series, MOST_SERIES)
        self._make_room(series)
        return arrays.taken_apart(self._known, prefix, series, axis=0)

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._known = arrays.put_together(self._known, prefix, kept)
        self._capacity = len(self._known.period)

    def only(self, series: Ints) -> None:
        """Keep these series, ascending, as the first ones; those that had no ring begin one."""
        self._known = arrays.only(self._known, series[series < len(self._known.period)])
        self._capacity = len(self._known.period)

    def size_bytes(self, series: int) -> int:
        """Bytes for so many series."""
        return arrays.series_bytes(self._known, 0) * min(series, MOST_SERIES)

    def _look(self, bucket: int, series: Ints) -> Found:
        """Look at some series, all of which have just met a value."""
        rings, known_period, known_strength = self._known
        period, strength = np.zeros(len(series)), np.zeros(len(series))
        for where, values in readings(rings, series):
            period[where], strength[where] = dominant_period(values)
        block, used = rings.exact[series, periodogram.BLOCK], rings.exact[series, periodogram.USED]
        period *= block

        before, needed = known_period[series], known_strength[series]
        times = np.divide(period, before, out=np.ones_like(period), where=before > 0.0)
        again = np.abs(times - 1.0) <= SAME
        visible = (before >= periodogram.SHORTEST * block) & (before <= used * block / periodogram.CYCLES)
        needed = np.where(visible & ~again, FADING * needed, needed)
        known_strength[series] = needed
        multiple = (times > 1.5) & (np.abs(times / np.maximum(np.rint(times), 1.0) - 1.0) <= SAME)
        holds = (period > 0.0) & (again | (before == 0.0) | (strength >= needed + STRONGER * multiple))
        known_period[series[holds]], known_strength[series[holds]] = period[holds], strength[holds]
        return Found(np.full(int(holds.sum()), bucket), series[holds], period[holds], strength[holds])

    def _make_room(self, series: int) -> None:
        capacity = arrays.room(series, self._capacity)
        if capacity > self._capacity:
            self._known = arrays.grown(self._known, capacity, axis=0)
            self._capacity = capacity


_NONE = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
