"""The one table in memory that the chapters hand on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of one piece of input, in the order they came, as arrays.

    A row whose time could not be read is still here, with `dated` False, and one that the job excludes too: they are
    counted where rows are counted, and dropped there.
    """

    times: Ints
    """(n,) epoch milliseconds; 0 where not `dated`."""
    dated: Flags
    """(n,) whether the row's time could be read."""
    texts: Mapping[str, pl.Series] = field(default_factory=dict)
    """(n,) each, dtype String; null or "" where the row has no value."""
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    """(n,) each; NaN where the row has no value or one that is not a finite number."""
    excluded: Flags | None = None
    """(n,) whether the job leaves the row out; None where it leaves out none."""
    failed: Ints | None = None
    """(n,) transforms that failed on the row; None where none did."""

    def __len__(self) -> int:
        return len(self.times)

    @staticmethod
    def empty(texts: Sequence[str], numbers: Sequence[str]) -> "Columns":
        """No rows, with the named fields."""
        none = np.empty(0, np.int64)
        return Columns(
            none,
            none.astype(np.bool_),
            {name: pl.Series(name, [], dtype=pl.String) for name in texts},
            {name: np.empty(0) for name in numbers},
        )

    def take(self, rows: Flags | Ints | slice) -> "Columns":
        """The rows under a mask, at positions or in a slice."""
        return Columns(
            self.times[rows],
            self.dated[rows],
            {name: _take(text, rows) for name, text in self.texts.items()},
            {name: number[rows] for name, number in self.numbers.items()},
            None if self.excluded is None else self.excluded[rows],
            None if self.failed is None else self.failed[rows],
        )

    def missing(self, names: Sequence[str]) -> int:
        """How many values of the named fields are missing, over all rows."""
        total = 0
        for name in names:
            if name in self.numbers:
                total += int(np.count_nonzero(np.isnan(self.numbers[name])))
            elif name in self.texts:
                text = self.texts[name]
                total += text.null_count() + int((text == "").sum())
            else:
                total += len(self)
        return total


def _take(text: pl.Series, rows: Flags | Ints | slice) -> pl.Series:
    if isinstance(rows, slice):
        return text[rows]
    return text.filter(pl.Series(rows)) if rows.dtype == np.bool_ else text.gather(rows)
