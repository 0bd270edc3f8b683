"""What functions gather of the open buckets where count, sum, smallest and largest do not tell what they measure.

A gatherer numbers the cells of the open buckets and keeps what it needs of each: the values for a median, two moments
for a variance, the texts for what is counted or weighed only once. A bucket that closes depends on its own rows in
their order alone, so it does not matter how they were cut into calls.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import polars as pl

from tailmass.analysis.arrays import Arrays
from tailmass.analysis.cells import Cells
from tailmass.analysis.column import Column
from tailmass.columns import Flags, Floats, Ints
from tailmass.kernels import distinct, information, moments
from tailmass.kernels.delimited import Bytes
from tailmass.kernels.median import medians, weighted_medians
from tailmass.kernels.moments import Moments

Kept = Mapping[str, np.ndarray[Any, Any]]


class Rows(NamedTuple):
    """Rows to gather from; (n,) each."""

    buckets: Ints
    """Bucket numbers, none of which has closed."""
    series: Ints
    """Series ids; negative where the row is passed over."""
    values: Floats
    """Unit of the data; whatever it is where the row is passed over."""
    texts: pl.Series | None
    """Strings, for the functions of texts."""
    weights: Floats | None
    """Rows that each row stands for; None where each is one."""


class Gatherer(Protocol):
    """Keeps of the rows of open buckets what a function needs."""

    def add(self, rows: Rows) -> None:
        """Take in rows."""

    def peek(self, first: int, until: int) -> Floats:
        """The function's value of every cell of the buckets `first` to `until - 1`, by bucket, then by series."""

    def close(self, first: int, until: int) -> Floats:
        """The same, and forget these buckets."""

    def clear(self, first: int, until: int) -> None:
        """Forget these buckets."""

    def state(self, prefix: str) -> Arrays:
        """What is kept, as arrays."""

    def restore(self, prefix: str, kept: Kept) -> None:
        """Become the gatherer that `state` was taken of."""

    @property
    def size_bytes(self) -> int:
        """Bytes of all arrays."""

    @property
    def lasting_bytes(self) -> int:
        """Bytes of them that outlast the buckets."""


class _OfBuckets:
    """A gatherer that keeps nothing but what is of open buckets."""

    lasting_bytes: int = 0


class Medians(_OfBuckets):
    """Every value of the open buckets, 16 bytes each, 24 where rows stand for several."""

    def __init__(self, *, weighted: bool = False) -> None:
        self._cells = Cells()
        self._cell, self._values = Column(np.int64), Column(np.float64)
        self._weights = Column(np.float64) if weighted else None

    def add(self, rows: Rows) -> None:
        """Keep the values of the rows."""
        cell = self._cells.numbers(rows.buckets, rows.series)
        there = cell >= 0
        self._cell.extend(cell[there])
        self._values.extend(rows.values[there])
        if self._weights is not None and rows.weights is not None:
            self._weights.extend(rows.weights[there])

    def peek(self, first: int, until: int) -> Floats:
        """Medians, unit of the data."""
        ordered = self._cells.ordered(first, until)
        entry, values = _inverse(ordered, len(self._cells))[self._cell.values], self._values.values
        if self._weights is None:
            return medians(entry, values, len(ordered))
        order = np.lexsort((values, entry))
        return weighted_medians(entry[order], values[order], self._weights.values[order], len(ordered))

    def close(self, first: int, until: int) -> Floats:
        """Medians, unit of the data."""
        found = self.peek(first, until)
        self.clear(first, until)
        return found

    def clear(self, first: int, until: int) -> None:
        """Forget these buckets."""
        cell = self._cells.clear(first, until)[self._cell.values]
        stay = cell >= 0
        if stay.all():
            return
        self._cell.replace(cell[stay])
        for column in (self._values, self._weights):
            if column is not None:
                column.replace(column.values[stay])

    def state(self, prefix: str) -> Arrays:
        """Cells, and the values with the cell of each."""
        kept = self._cells.state(f"{prefix}.cells")
        kept |= {f"{prefix}.cell": self._cell.values.copy(), f"{prefix}.values": self._values.values.copy()}
        if self._weights is not None:
            kept[f"{prefix}.weights"] = self._weights.values.copy()
        return kept

    def restore(self, prefix: str, kept: Kept) -> None:
        """Become the gatherer that `state` was taken of."""
        self._cells.restore(f"{prefix}.cells", kept)
        self._cell.replace(kept[f"{prefix}.cell"])
        self._values.replace(kept[f"{prefix}.values"])
        if self._weights is not None:
            self._weights.replace(kept[f"{prefix}.weights"])

    @property
    def size_bytes(self) -> int:
        """Bytes of all arrays."""
        columns = (self._cell, self._values, self._weights)
        return self._cells.size_bytes + sum(column.size_bytes for column in columns if column is not None)


class _OfMoments(_OfBuckets):
    """Weight, mean and squared deviations of each cell of the open buckets."""

    def __init__(self) -> None:
        self._cells = Cells()
        self._columns = (Column(np.float64), Column(np.float64), Column(np.float64))

    def add(self, rows: Rows) -> None:
        """Add the rows to the moments of their cells."""
        cell = self._cells.numbers(rows.buckets, rows.series)
        for column in self._columns:
            column.extend(np.zeros(len(self._cells) - len(column)))
        moments.add(cell, rows.values, rows.weights, self._moments())

    def peek(self, first: int, until: int) -> Floats:
        """The moment that is wanted."""
        ordered = self._cells.ordered(first, until)
        return self._wanted(Moments._make(part[ordered] for part in self._moments()))

    def close(self, first: int, until: int) -> Floats:
        """The moment that is wanted."""
        found = self.peek(first, until)
        self.clear(first, until)
        return found

    def clear(self, first: int, until: int) -> None:
        """Forget these buckets."""
        stay = self._cells.clear(first, until) >= 0
        if not stay.all():
            for column in self._columns:
                column.replace(column.values[stay])

    def state(self, prefix: str) -> Arrays:
        """Cells and their moments."""
        held = self._moments()._asdict()
        return self._cells.state(f"{prefix}.cells") | {f"{prefix}.{name}": part.copy() for name, part in held.items()}

    def restore(self, prefix: str, kept: Kept) -> None:
        """Become the gatherer that `state` was taken of."""
        self._cells.restore(f"{prefix}.cells", kept)
        for name, column in zip(Moments._fields, self._columns, strict=True):
            column.replace(kept[f"{prefix}.{name}"])

    @property
    def size_bytes(self) -> int:
        """Bytes of all arrays."""
        return self._cells.size_bytes + sum(column.size_bytes for column in self._columns)

    def _moments(self) -> Moments:
        return Moments._make(column.values for column in self._columns)

    def _wanted(self, held: Moments) -> Floats:
        raise NotImplementedError


class Variances(_OfMoments):
    """Population variances, unit of the data squared; NaN of a single row."""

    def _wanted(self, held: Moments) -> Floats:
        return moments.variances(held)


class Means(_OfMoments):
    """Means of values that stand for several rows each, weighted by their number."""

    def _wanted(self, held: Moments) -> Floats:
        return held.mean


class Distinct(_OfBuckets):
    """How many different texts there are in each cell of the open buckets; 16 bytes each."""

    def __init__(self) -> None:
        self._cells = Cells()
        self._cell, self._keys = Column(np.int64), Column(np.uint64)
        self._clear(0)

    def add(self, rows: Rows) -> None:
        """Keep the texts that are new to their cells."""
        self._keep(rows)

    def peek(self, first: int, until: int) -> Floats:
        """Numbers of different texts, at least 1."""
        counts = np.bincount(self._cell.values, minlength=len(self._cells))
        return counts[self._cells.ordered(first, until)].astype(np.float64)

    def close(self, first: int, until: int) -> Floats:
        """Numbers of different texts, at least 1."""
        found = self.peek(first, until)
        self.clear(first, until)
        return found

    def clear(self, first: int, until: int) -> None:
        """Forget these buckets."""
        self._forget(first, until)

    def state(self, prefix: str) -> Arrays:
        """Cells, and the keys of their texts with the cell of each."""
        kept = self._cells.state(f"{prefix}.cells")
        return kept | {f"{prefix}.cell": self._cell.values.copy(), f"{prefix}.keys": self._keys.values.copy()}

    def restore(self, prefix: str, kept: Kept) -> None:
        """Become the gatherer that `state` was taken of."""
        self._cells.restore(f"{prefix}.cells", kept)
        self._cell.replace(kept[f"{prefix}.cell"])
        self._keys.replace(kept[f"{prefix}.keys"])
        self._clear(len(self._keys))

    @property
    def size_bytes(self) -> int:
        """Bytes of all arrays."""
        return self._cells.size_bytes + self._cell.size_bytes + self._keys.size_bytes + self._table.nbytes

    def _keep(self, rows: Rows) -> tuple[Bytes, Ints, Ints]:
        """All texts as bytes and ends, and which of them are new to their cells."""
        assert rows.texts is not None
        cell = self._cells.numbers(rows.buckets, rows.series)
        there = np.flatnonzero(cell >= 0)
        texts = rows.texts if len(there) == len(cell) else rows.texts.gather(there)
        content, ends = encoded(texts)
        keys = distinct.keys_of(content, ends, rows.buckets[there], rows.series[there])
        if 2 * (len(self._keys) + len(keys)) > len(self._table):
            self._clear(len(self._keys) + len(keys))
        fresh = distinct.enter(keys, self._table)
        self._cell.extend(cell[there[fresh]])
        self._keys.extend(keys[fresh])
        return content, ends, fresh

    def _forget(self, first: int, until: int) -> Flags:
        """Whether each text stays when these buckets go; the others are forgotten."""
        cell = self._cells.clear(first, until)[self._cell.values]
        stay: Flags = cell >= 0
        if stay.all():
            return stay
        self._cell.replace(cell[stay])
        self._keys.replace(self._keys.values[stay])
        self._clear(len(self._keys))
        return stay

    def _clear(self, texts: int) -> None:
        """A set of the keys that are kept, with room for so many, at most half full."""
        self._table = np.full(1 << (2 * max(texts, 32) - 1).bit_length(), distinct.FREE, np.uint64)
        distinct.enter(self._keys.values, self._table)


class Information(Distinct):
    """How much the different texts of each cell tell to one who knows those of the buckets before, in bytes.

    The model of bytes is one for all series. It learns the different texts that each series had in a bucket once the
    bucket has been measured.
    """

    def __init__(self) -> None:
        super().__init__()
        self._content, self._lengths = Column(np.uint8), Column(np.int64)
        self._model = information.Model(
            np.zeros((information.NODES, 2), np.float32),
            np.zeros((256 * information.NODES, 2), np.float32),
            np.zeros((information.SLOTS, 2), np.float32),
            np.zeros(1),
        )
        self.lasting_bytes = sum(part.nbytes for part in self._model)

    def add(self, rows: Rows) -> None:
        """Keep the texts that are new to their cells, and their bytes."""
        content, lengths = gathered(*self._keep(rows))
        self._content.extend(content)
        self._lengths.extend(lengths)

    def peek(self, first: int, until: int) -> Floats:
        """Bytes, > 0, by what the buckets that have closed have taught."""
        return self._measured(first, until, information.Model._make(part.copy() for part in self._model))

    def close(self, first: int, until: int) -> Floats:
        """Bytes, > 0."""
        found = self._measured(first, until, self._model)
        self.clear(first, until)
        return found

    def clear(self, first: int, until: int) -> None:
        """Forget these buckets."""
        stay, lengths = self._forget(first, until), self._lengths.values
        if not stay.all():
            self._content.replace(self._content.values[np.repeat(stay, lengths)])
            self._lengths.replace(lengths[stay])

    def state(self, prefix: str) -> Arrays:
        """Cells and texts, and the model of bytes."""
        kept = super().state(prefix)
        kept |= {f"{prefix}.content": self._content.values.copy(), f"{prefix}.lengths": self._lengths.values.copy()}
        return kept | {f"{prefix}.model.{name}": part.copy() for name, part in self._model._asdict().items()}

    def restore(self, prefix: str, kept: Kept) -> None:
        """Become the gatherer that `state` was taken of."""
        super().restore(prefix, kept)
        self._content.replace(kept[f"{prefix}.content"])
        self._lengths.replace(kept[f"{prefix}.lengths"])
        self._model = information.Model._make(np.array(kept[f"{prefix}.model.{name}"]) for name in self._model._fields)

    @property
    def size_bytes(self) -> int:
        """Bytes of all arrays."""
        own = self._content.size_bytes + self._lengths.size_bytes + self.lasting_bytes
        return super().size_bytes + own

    def _measured(self, first: int, until: int, model: information.Model) -> Floats:
        bucket = self._cells.buckets[self._cell.values]
        chosen = np.flatnonzero((bucket >= first) & (bucket < until))
        order = chosen[np.argsort(bucket[chosen], kind="stable")]
        offsets = np.append(np.flatnonzero(np.diff(bucket[order], prepend=first - 1)), len(order))
        ends = np.cumsum(self._lengths.values)
        lengths = information.measure(self._content.values, ends, order, offsets, model)
        totals: Floats = np.bincount(self._cell.values[order], lengths, len(self._cells)).astype(np.float64)
        return totals[self._cells.ordered(first, until)]


def encoded(texts: pl.Series) -> tuple[Bytes, Ints]:
    """Strings as UTF-8 bytes after one another, and where each ends."""
    content = texts.str.join("").item() if len(texts) else ""
    ends = np.cumsum(texts.str.len_bytes().to_numpy(), dtype=np.int64)
    return np.frombuffer(content.encode(), np.uint8).copy(), ends  # a copy can be written to, as what is kept can


def gathered(content: Bytes, ends: Ints, rows: Ints) -> tuple[Bytes, Ints]:
    """Some of these strings, in their order, as bytes and lengths."""
    lengths = np.diff(ends, prepend=0)
    chosen = np.zeros(len(ends), np.bool_)
    chosen[rows] = True
    return content[np.repeat(chosen, lengths)], lengths[rows]


def _inverse(places: Ints, length: int) -> Ints:
    """(length,) where in `places` each number is; -1 where it is not."""
    inverse = np.full(length, -1, np.int64)
    inverse[places] = np.arange(len(places))
    return inverse
