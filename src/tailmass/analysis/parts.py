"""What the rows of the open buckets come to by the values of one influencer."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.column import Column
from tailmass.analysis.gatherers import encoded
from tailmass.columns import Flags, Floats, Ints
from tailmass.kernels import distinct, ids
from tailmass.kernels.parts import Held, gather, number_parts

Kept = Mapping[str, np.ndarray[Any, Any]]
BLOCK_ROWS = 1 << 14  # rows at a time, so that the table need not have room for all rows of a call
LOW = np.uint64((1 << 63) - 1)


class Rows(NamedTuple):
    """Rows to take in; (n,) each."""

    buckets: Ints
    keys: Ints
    """Whose rows they are; negative where the row is passed over."""
    influencer: Ints
    """Ids of the influencer's values."""
    values: Floats
    weights: Floats | None
    """Rows that each row stands for; None where each is one."""
    texts: pl.Series | None


class Table(NamedTuple):
    """Parts of consecutive buckets: by bucket, then by key, then by the influencer's value; (part,) each."""

    number: Ints
    """By which `Parts` knows them."""
    bucket: Ints
    key: Ints
    value: Ints
    held: Held

    def take(self, places: Ints | Flags) -> "Table":
        """Some of the parts."""
        held = Held._make(each[places] for each in self.held)
        return Table(self.number[places], self.bucket[places], self.key[places], self.value[places], held)


class Parts:
    """The parts of all rows whose bucket has not closed, 72 bytes each.

    Parameters
    ----------
    values, texts : whether the single values, or the single texts, are needed as well
    """

    def __init__(self, *, values: bool = False, texts: bool = False) -> None:
        self._bucket, self._key, self._value = np.zeros((3, 0), np.int64)
        self._held = Held(*np.zeros((len(Held._fields), 0)))
        self._used = 0
        self._clear(64)
        self.values = Values() if values else None
        self.texts = Texts() if texts else None

    def __len__(self) -> int:
        return self._used

    def add(self, rows: Rows) -> None:
        """Take in rows."""
        part = self._numbers(rows)
        gather(part, rows.values, rows.weights, self._held)
        there = np.flatnonzero(part >= 0)
        if self.values is not None:
            weights = np.ones(len(there)) if rows.weights is None else rows.weights[there]
            self.values.add(part[there], rows.values[there], weights)
        if self.texts is not None and rows.texts is not None:
            self.texts.add(part[there], rows.texts.gather(there), rows.buckets[there], rows.keys[there])

    def table(self, first: int, until: int) -> Table:
        """The parts of the buckets `first` to `until - 1`."""
        chosen = np.flatnonzero((self._bucket[: self._used] >= first) & (self._bucket[: self._used] < until))
        order = np.lexsort((self._value[chosen], self._key[chosen], self._bucket[chosen]))
        everything = Table(np.arange(len(self._bucket)), self._bucket, self._key, self._value, self._held)
        return everything.take(chosen[order])

    def clear(self, first: int, until: int) -> None:
        """Forget the buckets `first` to `until - 1`."""
        bucket = self._bucket[: self._used]
        stay = (bucket < first) | (bucket >= until)
        if stay.all():
            return
        places = np.flatnonzero(stay)
        self._bucket, self._key, self._value = self._bucket[places], self._key[places], self._value[places]
        self._held = Held._make(part[places] for part in self._held)
        self._used = len(places)
        self._clear(self._used)
        number = np.where(stay, np.cumsum(stay) - 1, -1)
        for more in (self.values, self.texts):
            if more is not None:
                more.close(number)

    def state(self, prefix: str) -> Arrays:
        """What is open, as arrays."""
        used = self._used
        kept = {f"{prefix}.parts": np.stack([self._bucket[:used], self._key[:used], self._value[:used]])}
        kept |= arrays.taken_apart(self._held, f"{prefix}.held", used)
        for name, more in (("values", self.values), ("texts", self.texts)):
            if more is not None:
                kept |= more.state(f"{prefix}.{name}")
        return kept

    def restore(self, prefix: str, kept: Kept) -> None:
        """Become what `state` was taken of."""
        self._bucket, self._key, self._value = np.array(kept[f"{prefix}.parts"], np.int64).reshape(3, -1)
        self._held = arrays.put_together(self._held, f"{prefix}.held", kept)
        self._used = len(self._bucket)
        self._clear(self._used)
        for name, more in (("values", self.values), ("texts", self.texts)):
            if more is not None:
                more.restore(f"{prefix}.{name}", kept)

    def _numbers(self, rows: Rows) -> Ints:
        """(n,) the part of each row, new ones added."""
        found = []
        for begin in range(0, len(rows.keys), BLOCK_ROWS):
            block = slice(begin, begin + BLOCK_ROWS)
            self._make_room(len(rows.keys[block]))
            part = self._enter(rows.buckets[block], rows.keys[block], rows.influencer[block], self._used)
            self._used = int(part[-1])
            found.append(part[:-1])
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def _enter(self, bucket: Ints, key: Ints, value: Ints, taken: int) -> Ints:
        return number_parts(bucket, key, value, self._table, self._bucket, self._key, self._value, taken)

    def _make_room(self, more: int) -> None:
        capacity = arrays.room(self._used + more, len(self._bucket))
        if capacity > len(self._bucket):
            longer = (arrays.longer(each, capacity, 0) for each in (self._bucket, self._key, self._value))
            self._bucket, self._key, self._value = longer
            self._held = arrays.grown(self._held, capacity)
        if 2 * (self._used + more) > len(self._table):
            self._clear(self._used + more)

    def _clear(self, parts: int) -> None:
        """The table of the parts that there are, with room for so many, at most half full."""
        self._table = np.full(1 << (2 * max(parts, 32) - 1).bit_length(), ids.EMPTY, np.int64)
        used = self._used
        self._enter(self._bucket[:used].copy(), self._key[:used].copy(), self._value[:used].copy(), 0)


class Values:
    """Every value of the open buckets with the part it is in, 24 bytes each."""

    def __init__(self) -> None:
        self._part, self._values, self._weights = Column(np.int64), Column(np.float64), Column(np.float64)

    def add(self, part: Ints, values: Floats, weights: Floats) -> None:
        """Keep values."""
        for column, more in zip(self._columns, (part, values, weights), strict=True):
            column.extend(more)

    def of(self, parts: Ints) -> tuple[Ints, Floats, Floats]:
        """The values of some parts: position among these, value, weight."""
        place = _positions(parts, self._part.values)
        there = place >= 0
        return place[there], self._values.values[there], self._weights.values[there]

    def close(self, number: Ints) -> None:
        """Follow parts to their new numbers, and forget those that have none."""
        part = number[self._part.values]
        stay = part >= 0
        for column, values in zip(self._columns, (part, self._values.values, self._weights.values), strict=True):
            column.replace(values[stay])

    def state(self, prefix: str) -> Arrays:
        """What is kept, as arrays."""
        names = ("part", "values", "weights")
        return {f"{prefix}.{name}": each.values.copy() for name, each in zip(names, self._columns, strict=True)}

    def restore(self, prefix: str, kept: Kept) -> None:
        """Become what `state` was taken of."""
        for name, column in zip(("part", "values", "weights"), self._columns, strict=True):
            column.replace(kept[f"{prefix}.{name}"])

    @property
    def _columns(self) -> tuple[Column, Column, Column]:
        return self._part, self._values, self._weights


class Texts:
    """Which texts each part has, 24 bytes for each that is new to it."""

    def __init__(self) -> None:
        self._held = np.zeros((3, 0), np.int64)

    def add(self, part: Ints, texts: pl.Series, buckets: Ints, keys: Ints) -> None:
        """Keep texts."""
        content, ends = encoded(texts)
        text = (distinct.keys_of(content, ends, buckets, keys) & LOW).astype(np.int64)
        held = np.concatenate([self._held, np.stack([part, text, np.diff(ends, prepend=0)])], axis=1)
        order = np.lexsort((held[1], held[0]))
        held = held[:, order]
        fresh = np.append(True, (np.diff(held[:2]) != 0).any(axis=0))[: held.shape[1]]
        self._held = held[:, fresh]

    def only_here(self, parts: Ints) -> tuple[Floats, Floats]:
        """(parts,) how many texts no other of these parts has for the same bucket and key, and how long they are."""
        place = _positions(parts, self._held[0])
        there = place >= 0
        place, text, length = place[there], self._held[1, there], self._held[2, there]
        _, inverse, times = np.unique(text, return_inverse=True, return_counts=True)
        alone = times[inverse] == 1
        number = np.bincount(place[alone], minlength=len(parts)).astype(np.float64)
        return number, np.bincount(place[alone], length[alone], minlength=len(parts)).astype(np.float64)

    def lengths(self, parts: Ints, group: Ints, groups: int) -> Floats:
        """(groups,) how long the different texts of each group of parts are together."""
        place = _positions(parts, self._held[0])
        there = place >= 0
        _, once = np.unique(self._held[1, there], return_index=True)
        whose, length = group[place[there][once]], self._held[2, there][once]
        return np.bincount(whose, length, minlength=groups).astype(np.float64)

    def close(self, number: Ints) -> None:
        """Follow parts to their new numbers, and forget those that have none."""
        part = number[self._held[0]]
        self._held = np.stack([part, *self._held[1:]])[:, part >= 0]

    def state(self, prefix: str) -> Arrays:
        """What is kept, as an array."""
        return {prefix: self._held.copy()}

    def restore(self, prefix: str, kept: Kept) -> None:
        """Become what `state` was taken of."""
        self._held = np.array(kept[prefix], np.int64).reshape(3, -1)


def _positions(parts: Ints, asked: Ints) -> Ints:
    """Where each asked number is among parts, which occur once; -1 where it is not."""
    if not len(parts):
        return np.full(len(asked), -1, np.int64)
    order = np.argsort(parts, kind="stable")
    place = np.minimum(np.searchsorted(parts[order], asked), len(parts) - 1)
    return np.where(parts[order][place] == asked, order[place], -1)
