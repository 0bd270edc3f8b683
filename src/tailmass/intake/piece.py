"""A run of complete records, as a reader hands it on."""

from dataclasses import dataclass

import numpy as np

from tailmass.columns import Columns, Flags
from tailmass.kernels.delimited import Positions

PIECE_ROWS = 1 << 18
"""The most records in a piece: very short ones would otherwise take many times the memory of their bytes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some records of an upload in order, with what they took to send.

    Over all pieces of an upload the bytes add up to the bytes fed: the header, empty lines and anything that had to be
    skipped belong to the piece they were found in. A piece may have bytes and no records.
    """

    columns: Columns
    """All records, those whose time could not be read included."""
    input_bytes: int
    input_field_count: int
    """Fields received in the records, wanted or not."""
    ends: Positions
    """(n,) bytes of the piece up to and with each record."""
    cells: Positions
    """(n,) fields received in each record."""
    broken_count: int = 0
    """Records that had to be skipped because of their syntax (JSON only)."""

    def __len__(self) -> int:
        return len(self.columns)

    def only(self, rows: Flags) -> "Piece":
        """The records under a mask, with their bytes and fields, and nothing of what is between them."""
        sizes, cells = np.diff(self.ends, prepend=0)[rows], self.cells[rows]
        ends = np.cumsum(sizes, dtype=self.ends.dtype)
        return Piece(self.columns.take(rows), int(sizes.sum()), int(cells.sum()), ends, cells, self.broken_count)

    def head(self, n: int) -> "Piece":
        """The first n records, with their bytes and fields, and nothing of what follows the last of them."""
        n = min(n, len(self))
        size = int(self.ends[n - 1]) if n > 0 else 0
        ends, cells = self.ends[:n], self.cells[:n]
        return Piece(self.columns.take(slice(0, n)), size, int(cells.sum()), ends, cells)
