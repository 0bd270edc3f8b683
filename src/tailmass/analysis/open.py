"""Which pairs of ids have rows in the buckets that are still open, and how many."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tailmass.analysis.arrays import Arrays
from tailmass.columns import Ints
from tailmass.kernels.ids import distinct_pairs


class Rows(NamedTuple):
    """Pairs with rows in consecutive buckets: by bucket, then by the left id, then by the right one."""

    offsets: Ints
    """(buckets + 1,) where each bucket's pairs begin."""
    left: Ints
    right: Ints
    rows: Ints
    """(pairs,) > 0"""
    least: Ints
    """(pairs,) the smallest number that came with them."""


class OpenPairs:
    """The pairs of all rows whose bucket has not closed, each once a bucket."""

    def __init__(self) -> None:
        self._held = np.zeros((5, 0), np.int64)

    def __len__(self) -> int:
        """How many there are, each once a bucket."""
        return self._held.shape[1]

    def add(
        self, buckets: Ints, left: Ints, right: Ints, number: Ints, first: int, until: int, weights: Ints | None = None
    ) -> Rows:
        """Take in rows, and hand over the buckets that close.

        Parameters
        ----------
        buckets : (n,) bucket of each row, none of them below `first`
        left, right : (n,) ids below 2^31; a row is passed over where either is negative
        number : (n,) of which the smallest is kept
        first, until : the buckets that close
        weights : (n,) rows that each row stands for; one each where there are none

        Returns
        -------
        rows : of the buckets first ... until - 1
        """
        new = np.stack([buckets, left, right, np.ones(len(left), np.int64) if weights is None else weights, number])
        watched = (left >= 0) & (right >= 0)
        new = _distinct(new if watched.all() else new[:, watched])
        held = _distinct(np.concatenate([self._held, new], axis=1)) if self._held.shape[1] else new
        closing = int(np.searchsorted(held[0], until))
        self._held = held[:, closing:].copy()
        return _rows(held[:, :closing], first, until)

    def peek(self, first: int, until: int) -> Rows:
        """Buckets first ... until - 1 as they stand."""
        begin, end = np.searchsorted(self._held[0], [first, until])
        return _rows(self._held[:, begin:end], first, until)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self._held = self._held[:, (self._held[0] < first) | (self._held[0] >= until)]

    def state(self, prefix: str) -> Arrays:
        """What is open, as an array."""
        return {prefix: self._held.copy()}

    def restore(self, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._held = np.array(arrays[prefix], np.int64).reshape(5, -1)

    @property
    def size_bytes(self) -> int:
        """Bytes of what is open."""
        return self._held.nbytes


def _rows(held: Ints, first: int, until: int) -> Rows:
    offsets = np.searchsorted(held[0], np.arange(first, max(first, until) + 1))
    return Rows(offsets.astype(np.int64), *(each.copy() for each in held[1:]))


def _distinct(rows: Ints) -> Ints:
    """Every bucket and pair once, in order: the numbers of rows added up, the smallest number kept."""
    return distinct_pairs(rows, _order(rows)) if rows.shape[1] else rows


def _order(rows: Ints) -> Ints:
    """Positions by bucket, left and right; packed into one number where it fits, which sorts three times as fast."""
    bucket = rows[0] - rows[0].min()
    lefts, rights = int(rows[1].max()) + 1, int(rows[2].max()) + 1
    if (int(bucket.max()) + 1) * lefts * rights < 2**62:
        return np.argsort((bucket * lefts + rows[1]) * rights + rows[2], kind="stable")
    return np.lexsort((rows[2], rows[1], rows[0]))
