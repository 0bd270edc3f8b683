"""The cells of the open buckets: each pair of a bucket and a series that has rows there gets a number."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tailmass.analysis.arrays import Arrays
from tailmass.columns import Ints
from tailmass.kernels import ids

BLOCK_ROWS = 1 << 14  # rows at a time, so that the table need not have room for all rows of a call
_LOW = (1 << 31) - 1  # what of a bucket's number tells it from the other open ones


class Cells:
    """Numbers cells in the order of their first rows; those that are left when buckets close are numbered anew."""

    def __init__(self) -> None:
        self.buckets = np.zeros(0, np.int64)
        """(cells,) bucket numbers."""
        self.series = np.zeros(0, np.int64)
        """(cells,) series ids."""
        self._clear(64)

    def __len__(self) -> int:
        return len(self.buckets)

    def numbers(self, buckets: Ints, series: Ints) -> Ints:
        """(n,) the cell of each row, new ones added; -1 where the series is negative."""
        parts = [
            self._enter(buckets[begin : begin + BLOCK_ROWS], series[begin : begin + BLOCK_ROWS])
            for begin in range(0, len(series), BLOCK_ROWS)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def ordered(self, first: int, until: int) -> Ints:
        """The cells of buckets `first` to `until - 1`, by bucket, then by series."""
        chosen = np.flatnonzero((self.buckets >= first) & (self.buckets < until))
        return chosen[np.lexsort((self.series[chosen], self.buckets[chosen]))]

    def clear(self, first: int, until: int) -> Ints:
        """Forget the cells of some buckets; (cells,) the new number of each cell, -1 where it is forgotten."""
        stay = (self.buckets < first) | (self.buckets >= until)
        numbers = np.where(stay, np.cumsum(stay) - 1, -1)
        if not stay.all():
            self._become(self.buckets[stay], self.series[stay])
        return numbers

    def state(self, prefix: str) -> Arrays:
        """The cells as arrays."""
        return {f"{prefix}.buckets": self.buckets, f"{prefix}.series": self.series}

    def restore(self, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the cells that `state` was taken of."""
        self._become(np.array(arrays[f"{prefix}.buckets"]), np.array(arrays[f"{prefix}.series"]))

    @property
    def size_bytes(self) -> int:
        """Bytes of all arrays."""
        return sum(part.nbytes for part in (self.buckets, self.series, self._keys, self._values))

    def _enter(self, buckets: Ints, series: Ints) -> Ints:
        if 2 * (len(self) + len(series)) > len(self._keys):
            self._clear(len(self) + len(series))
            ids.number_pairs(self.buckets & _LOW, self.series, self._keys, self._values, 0)
        numbers, fresh = ids.number_pairs(buckets & _LOW, series, self._keys, self._values, len(self))
        if len(fresh):
            self.buckets = np.concatenate([self.buckets, buckets[fresh]])
            self.series = np.concatenate([self.series, series[fresh]])
        return numbers

    def _become(self, buckets: Ints, series: Ints) -> None:
        self.buckets, self.series = buckets, series
        self._clear(len(buckets))
        ids.number_pairs(buckets & _LOW, series, self._keys, self._values, 0)

    def _clear(self, cells: int) -> None:
        """An empty table with room for so many cells, at most a quarter full."""
        capacity = 1 << (4 * max(cells, 16) - 1).bit_length()
        self._keys = np.full(capacity, ids.EMPTY, np.int64)
        self._values = np.full(capacity, ids.EMPTY, np.int64)
