"""Single lines: each line is one record with one field, `raw`."""

from collections.abc import Iterator

import numpy as np

from tailmass.errors import DataError
from tailmass.intake.cells import Cells
from tailmass.intake.fields import Fields
from tailmass.intake.piece import PIECE_ROWS, Piece
from tailmass.intake.timestamps import Timestamps
from tailmass.jobs import DataDescription
from tailmass.kernels.delimited import lines

RAW = "raw"
"""The name of the field. Any other field has to be made from it, and is missing until then."""


class Lines:
    """Reads the blocks of one upload."""

    def __init__(self, description: DataDescription, fields: Fields) -> None:
        self._fields = fields
        self._timestamps = Timestamps(description.time_format)

    def read(self, block: bytes, final: bool) -> Iterator[Piece]:
        """The pieces with all complete lines of the block."""
        capacity = min(block.count(b"\n") + 1, PIECE_ROWS)
        begin = 0
        while begin < len(block):
            piece = self._piece(block, begin, final, capacity)
            begin += piece.input_bytes
            yield piece
            if len(piece) < capacity:
                break

    def _piece(self, block: bytes, begin: int, final: bool, capacity: int) -> Piece:
        buffer = np.frombuffer(block, np.uint8)[begin:]
        names = self._fields.names
        spans = np.zeros((2, len(names), capacity), np.int32)
        raw = np.zeros((3, capacity), np.int32)
        rows, consumed = lines(buffer, final, raw[:1], raw[1:2], raw[2])
        if RAW in names:
            spans[:, names.index(RAW)] = raw[:2]
        cells = Cells(buffer, names, spans[0, :, :rows], spans[1, :, :rows])
        columns = cells.columns(self._fields, self._timestamps)
        return Piece(columns, consumed, rows, raw[2, :rows].copy(), np.ones(rows, np.int32))

    def endless(self, offset: int, final: bool) -> DataError:
        """These are no lines."""
        del final  # at the end of an upload every line is complete
        return DataError(
            f"The line that begins at byte {offset} of the upload does not end within the bytes that one may have: "
            "break it up"
        )
