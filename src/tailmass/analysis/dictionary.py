"""Names to ids: every field value and every pair of them gets the next free integer when it first appears."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tailmass.analysis.arrays import Arrays, longer, places, room, table_bytes
from tailmass.columns import Ints
from tailmass.kernels import ids

NAME_BYTES = 186
"""What a name takes apart from its letters, of which there are two copies: measured of a process with a million."""
SPARE_NAMES = 1 << 16  # that may have been refused before the ones that are known are numbered afresh
BLOCK_ROWS = 1 << 14  # rows at a time, so that a table need not have room for all rows of a call


class Dictionary:
    """The values of one field, in the order in which rows brought them; a row without a value has the value ""."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.text_bytes = 0
        """Of all names, in UTF-8."""
        self.full = False
        """Whether new values are refused: their id is -1."""
        self.refused = False
        """Whether any was; for others to set back."""
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
        if self.full:
            known: Ints = self._table[codes]
            self.refused = self.refused or bool((known < 0).any())
            if highest > 2 * len(self.names) + SPARE_NAMES:
                self._number(self.names)
            return known
        numbers, fresh = ids.renumber(codes, self._table, len(self.names))
        if len(fresh):
            new = filled.gather(fresh)
            brought = new.to_list()
            if "" in brought:
                self.empty = len(self.names) + brought.index("")
            self.names += brought
            self.text_bytes += int(new.str.len_bytes().sum())
        return numbers

    @property
    def size_bytes(self) -> int:
        """Bytes of all names."""
        return dictionary_bytes(len(self.names), self.text_bytes)

    def state(self, prefix: str) -> Arrays:
        """The names as arrays: UTF-8 bytes and where each name ends."""
        encoded = [name.encode() for name in self.names]
        ends = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
        return {f"{prefix}.text": np.frombuffer(b"".join(encoded), np.uint8), f"{prefix}.ends": ends}

    def restore(self, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the dictionary that `state` was taken of."""
        text, ends = arrays[f"{prefix}.text"].tobytes(), arrays[f"{prefix}.ends"].tolist()
        begins = [0, *ends][: len(ends)]
        self._number([text[begin:end].decode() for begin, end in zip(begins, ends, strict=True)])

    def _number(self, names: list[str]) -> None:
        """Know these names and no others."""
        full, refused = self.full, self.refused
        self.__init__()  # type: ignore[misc]
        self.ids(pl.Series(names, dtype=pl.String))
        self.full, self.refused = full, refused


def dictionary_bytes(names: int, text_bytes: int) -> int:
    """Bytes of a dictionary of so many names."""
    return NAME_BYTES * names + 2 * text_bytes


class Pairs:
    """Pairs of ids: each gets the next free id when it first appears."""

    def __init__(self) -> None:
        self._keys = np.full(64, ids.EMPTY, np.int64)
        self._values = np.full(64, ids.EMPTY, np.int64)
        self._both, self._used = np.zeros((0, 2), np.int64), 0
        self.full = False
        """Whether new pairs are refused: their id is -1."""
        self.refused = False
        """Whether any was; for others to set back."""

    def __len__(self) -> int:
        return self._used

    @property
    def both(self) -> Ints:
        """(pairs, 2) the two ids of each pair."""
        return self._both[: self._used]

    def ids(self, left: Ints, right: Ints) -> Ints:
        """(n,) ids of the pairs, new ones added; -1 where either is negative."""
        if self.full:
            known = ids.find_pairs(left, right, self._keys, self._values)
            self.refused = self.refused or bool(((known < 0) & (left >= 0) & (right >= 0)).any())
            return known
        parts = [
            self._enter(left[begin : begin + BLOCK_ROWS], right[begin : begin + BLOCK_ROWS])
            for begin in range(0, len(left), BLOCK_ROWS)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    @property
    def size_bytes(self) -> int:
        """Bytes of all pairs."""
        return pairs_bytes(self._used)

    def _enter(self, left: Ints, right: Ints) -> Ints:
        self._make_room(self._used + len(left))
        numbers, fresh = ids.number_pairs(left, right, self._keys, self._values, self._used)
        used = self._used + len(fresh)
        capacity = room(used, len(self._both))
        if capacity > len(self._both):
            self._both = longer(self._both, capacity, 0)
        self._both[self._used : used, 0], self._both[self._used : used, 1] = left[fresh], right[fresh]
        self._used = used
        return numbers

    def _make_room(self, pairs: int) -> None:
        """A table at most half full even if every row brought a new pair."""
        capacity = places(pairs)
        if capacity <= len(self._keys):
            return
        self._keys = np.full(capacity, ids.EMPTY, np.int64)
        self._values = np.full(capacity, ids.EMPTY, np.int64)
        ids.number_pairs(self.both[:, 0].copy(), self.both[:, 1].copy(), self._keys, self._values, 0)


def pairs_bytes(pairs: int) -> int:
    """Bytes of so many pairs: the two ids, and a table of keys and one of values."""
    return 16 * pairs + 2 * table_bytes(pairs)


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

    @property
    def watched(self) -> int:
        """How many of them the detector does not pass over."""
        if self._partition is not None and self._by is not None:
            return len(self._pairs)
        split = self._partition if self._partition is not None else self._by
        return len(self) - int(split is not None and split.empty != ids.EMPTY and not self._use_null)

    @property
    def watched_partitions(self) -> int:
        """How many partitions the detector does not pass over; 0 where it has none."""
        if self._partition is None:
            return 0
        return len(self._partition) - int(self._partition.empty != ids.EMPTY and not self._use_null)

    @property
    def pairs(self) -> Pairs:
        """The pairs of values that series are of, where two fields split."""
        return self._pairs

    @property
    def size_bytes(self) -> int:
        """Bytes of the pairs; names are those of the dictionaries."""
        return self._pairs.size_bytes

    def bytes_of(self, series: int) -> int:
        """The same of so many series."""
        return pairs_bytes(series) if self._partition is not None and self._by is not None else pairs_bytes(0)

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
        return {f"{prefix}.pairs": self._pairs.both.copy(), f"{prefix}.any": np.array([self._any])}

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
