"""Names to ids: every field value and every pair of them gets the next free integer when it first appears."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tailmass.analysis.arrays import Arrays, room
from tailmass.columns import Ints
from tailmass.kernels import ids


class Dictionary:
    """The values of one field, in the order in which rows brought them; a row without a value has the value ""."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.empty = ids.EMPTY
        """The id of "", once it has been seen."""
        # Polars numbers the strings (50 M rows/s); its numbers depend on threads, ours on the rows alone. It forgets
        # them when the last column that has any of them is gone, hence an empty one that never goes.
        self._numbered = pl.Series([], dtype=pl.Categorical(pl.Categories.random()))
        self._table = np.full(64, ids.EMPTY, np.int64)

    def __len__(self) -> int:
        return len(self.names)

    def ids(self, text: pl.Series) -> Ints:
        """(n,) ids of the values, new values added."""
        filled = text.fill_null("") if text.null_count() else text
        codes = filled.cast(self._numbered.dtype).to_physical().to_numpy().astype(np.int64)
        highest = int(codes.max()) + 1 if len(codes) else 0
        capacity = room(highest, len(self._table))
        if capacity > len(self._table):
            table = np.full(capacity, ids.EMPTY, np.int64)
            table[: len(self._table)] = self._table
            self._table = table
        numbers, fresh = ids.renumber(codes, self._table, len(self.names))
        if len(fresh):
            brought = filled.gather(fresh).to_list()
            if "" in brought:
                self.empty = len(self.names) + brought.index("")
            self.names += brought
        return numbers

    def state(self, prefix: str) -> Arrays:
        """The names as arrays: UTF-8 bytes and where each name ends."""
        encoded = [name.encode() for name in self.names]
        ends = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
        return {f"{prefix}.text": np.frombuffer(b"".join(encoded), np.uint8), f"{prefix}.ends": ends}

    def restore(self, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the dictionary that `state` was taken of."""
        text, ends = arrays[f"{prefix}.text"].tobytes(), arrays[f"{prefix}.ends"].tolist()
        begins = [0, *ends][: len(ends)]
        names = [text[begin:end].decode() for begin, end in zip(begins, ends, strict=True)]
        self.__init__()  # type: ignore[misc]
        self.ids(pl.Series(names, dtype=pl.String))


class Pairs:
    """Pairs of ids: each gets the next free id when it first appears."""

    def __init__(self) -> None:
        self._keys = np.full(64, ids.EMPTY, np.int64)
        self._values = np.full(64, ids.EMPTY, np.int64)
        self.both = np.empty((0, 2), np.int64)
        """(pairs, 2) the two ids of each pair."""

    def __len__(self) -> int:
        return len(self.both)

    def ids(self, left: Ints, right: Ints) -> Ints:
        """(n,) ids of the pairs, new ones added; -1 where either is negative."""
        self._make_room(len(self.both) + len(left))
        numbers, fresh = ids.number_pairs(left, right, self._keys, self._values, len(self.both))
        if len(fresh):
            brought = np.column_stack([left[fresh], right[fresh]])
            self.both = np.concatenate([self.both, brought])
        return numbers

    def _make_room(self, pairs: int) -> None:
        """A table at most half full even if every row brought a new pair, or many would share a place."""
        if 2 * pairs <= len(self._keys):
            return
        capacity = 1 << (4 * pairs - 1).bit_length()
        self._keys = np.full(capacity, ids.EMPTY, np.int64)
        self._values = np.full(capacity, ids.EMPTY, np.int64)
        ids.number_pairs(self.both[:, 0].copy(), self.both[:, 1].copy(), self._keys, self._values, 0)


class Series:
    """The series of one detector: one for each partition value, each by value, or each pair of the two."""

    def __init__(self, partition: Dictionary | None, by: Dictionary | None, *, use_null: bool) -> None:
        self._partition, self._by = partition, by
        self._use_null = use_null
        self._any = False
        self._pairs = Pairs()

    def __len__(self) -> int:
        if self._partition is not None and self._by is not None:
            return len(self._pairs)
        split = self._partition if self._partition is not None else self._by
        return len(split) if split is not None else int(self._any)

    def ids(self, partition: Ints | None, by: Ints | None, rows: int) -> Ints:
        """(rows,) series ids from the ids of the field values; -1 where the detector passes the row over."""
        if partition is not None and by is not None:
            return self._pairs.ids(self._watched(partition, self._partition), self._watched(by, self._by))
        if partition is not None:
            return self._watched(partition, self._partition)
        if by is not None:
            return self._watched(by, self._by)
        self._any = self._any or rows > 0
        return np.zeros(rows, np.int64)

    def partitions(self, series: Ints) -> Ints:
        """Ids of the partition values of the given series; 0 where the detector has none."""
        if self._partition is None:
            return np.zeros(len(series), np.int64)
        return self._pairs.both[series, 0] if self._by is not None else series

    def names(self, series: Ints) -> tuple[list[str] | None, list[str] | None]:
        """Partition and by values of the given series; None where the detector does not split."""
        if self._partition is not None and self._by is not None:
            pairs = self._pairs.both[series]
            return _named(self._partition, pairs[:, 0]), _named(self._by, pairs[:, 1])
        return _named(self._partition, series), _named(self._by, series)

    def id(self, partition: str | None, by: str | None) -> int:
        """The series with these values, which rows have brought; None where the detector does not split."""
        names = self.names(np.arange(len(self)))
        nothing = [None] * len(self)
        return list(zip(names[0] or nothing, names[1] or nothing, strict=True)).index((partition, by))

    def state(self, prefix: str) -> Arrays:
        """What cannot be had from the dictionaries."""
        return {f"{prefix}.pairs": self._pairs.both, f"{prefix}.any": np.array([self._any])}

    def restore(self, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the series that `state` was taken of."""
        self._any = bool(arrays[f"{prefix}.any"][0])
        self._pairs = Pairs()
        pairs = np.array(arrays[f"{prefix}.pairs"]).reshape(-1, 2)
        self._pairs.ids(pairs[:, 0].copy(), pairs[:, 1].copy())

    def _watched(self, numbers: Ints, dictionary: Dictionary | None) -> Ints:
        if self._use_null or dictionary is None or dictionary.empty == ids.EMPTY:
            return numbers
        return np.where(numbers == dictionary.empty, ids.EMPTY, numbers)


def _named(dictionary: Dictionary | None, numbers: Ints | Sequence[int]) -> list[str] | None:
    if dictionary is None:
        return None
    return [dictionary.names[number] for number in np.asarray(numbers).tolist()]
