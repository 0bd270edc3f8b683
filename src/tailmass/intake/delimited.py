"""Delimited text: a header, then a record a line, cells between delimiters."""

from collections.abc import Iterator

import numpy as np

from tailmass.columns import Ints
from tailmass.errors import DataError, MissingField
from tailmass.intake.cells import Cells
from tailmass.intake.fields import Fields
from tailmass.intake.limits import USUAL
from tailmass.intake.piece import PIECE_ROWS, Piece
from tailmass.intake.timestamps import Timestamps
from tailmass.jobs import DataDescription
from tailmass.kernels.delimited import Positions, quoted_records, unquoted_records

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# What a message tells of a header: enough to recognise it, when it is not the header that was meant.
_SHOWN, _SHOWN_CHARACTERS = 50, 100


class Delimited:
    """Reads the blocks of one upload; its first record is the header."""

    def __init__(self, description: DataDescription, fields: Fields, most: int = USUAL.fields) -> None:
        self._fields = fields
        self._most = most
        self._timestamps = Timestamps(description.time_format)
        self._delimiter = _mark("fieldDelimiter", description.field_delimiter)
        self._quote = _mark("quoteCharacter", description.quote_character)
        if self._delimiter == self._quote:
            raise DataError(f"fieldDelimiter and quoteCharacter are both {description.quote_character!r}")
        self._slots: Ints | None = None

    def read(self, block: bytes, final: bool) -> Iterator[Piece]:
        """The pieces with all complete records of the block."""
        offset = 0
        if self._slots is None:
            offset = self._read_header(block, final)
        if self._slots is None:
            if final and offset:  # nothing but empty lines
                yield _piece(self._empty(), self._fields, self._timestamps, offset, np.zeros((2, 0), np.int32))
            return
        begin = 0
        capacity = min(block.count(b"\n", offset) + 1, PIECE_ROWS)
        full = True
        while full:
            cells, facts, consumed = self._split(block, offset, final, self._slots, capacity)
            full = facts.shape[1] == capacity
            facts[0] += offset - begin
            offset += consumed
            if offset > begin:
                yield _piece(cells, self._fields, self._timestamps, offset - begin, facts)
            begin = offset

    def endless(self, offset: int, final: bool) -> DataError:
        """A quote has been left open, or these are no lines."""
        where = "at the end of the upload" if final else "after as many bytes as a record may have"
        quote = self._quote.decode()
        return DataError(
            f"The record that begins at byte {offset} of the upload is not complete {where}: a cell that opens with "
            f"the quote character {quote} does not close, or there is no line end. Close the quote (quotes that belong "
            "to the text are doubled), or set quoteCharacter in dataDescription to a character that is not in the data"
        )

    def _read_header(self, block: bytes, final: bool) -> int:
        """Find out which columns the wanted fields are in; the bytes that took, 0 when the header is not complete."""
        skipped = len(_BYTE_ORDER_MARK) if block.startswith(_BYTE_ORDER_MARK) else 0
        none = np.zeros(0, np.int64)
        _, facts, consumed = self._split(block, skipped, final, none, 1)
        if facts.shape[1] == 0:
            return skipped + consumed if final and skipped + consumed == len(block) else 0
        if facts[1, 0] > self._most:
            raise DataError(
                f"The header of the data has {facts[1, 0]} columns, and {self._most} are the most: send those that the "
                "job is about, or set fieldDelimiter in dataDescription to what is really between them"
            )
        cells, _, _ = self._split(block, skipped, final, np.arange(facts[1, 0]), 1)
        text = cells.buffer.tobytes()
        names = [
            text[a:b].decode("utf-8", "replace") for a, b in zip(cells.starts[:, 0], cells.stops[:, 0], strict=True)
        ]
        self._slots = _slots(names, self._fields)
        return skipped + consumed

    def _split(
        self, block: bytes, offset: int, final: bool, slots: Ints, capacity: int
    ) -> tuple[Cells, Positions, int]:
        """The cells of the complete records, (2, records) their ends and cell counts, and the bytes they take."""
        buffer = np.frombuffer(block, np.uint8)[offset:]
        wanted = int(slots.max(initial=-1)) + 1
        spans = np.empty((2, wanted, capacity), np.int32)
        facts = np.empty((2, capacity), np.int32)
        delimiter, quote = np.frombuffer(self._delimiter, np.uint8), np.frombuffer(self._quote, np.uint8)
        if block.find(self._quote, offset) < 0:
            rows, consumed = unquoted_records(buffer, final, delimiter, slots, spans[0], spans[1], facts[0], facts[1])
        else:
            buffer = buffer.copy()
            rows, consumed = quoted_records(
                buffer, final, delimiter, quote, slots, spans[0], spans[1], facts[0], facts[1]
            )
            buffer.flags.writeable = False  # so that kernels are compiled for one kind of array
        cells = Cells(buffer, self._fields.names, spans[0, :, :rows], spans[1, :, :rows])
        return cells, facts[:, :rows], consumed

    def _empty(self) -> Cells:
        none = np.zeros((len(self._fields.names), 0), np.int32)
        return Cells(np.frombuffer(b"", np.uint8), self._fields.names, none, none)


def _piece(cells: Cells, fields: Fields, timestamps: Timestamps, size: int, facts: Positions) -> Piece:
    columns = cells.columns(fields, timestamps)
    return Piece(columns, size, int(facts[1].sum(dtype=np.int64)), facts[0].copy(), facts[1].copy())


def _mark(name: str, text: str) -> bytes:
    if len(text) != 1 or text in "\r\n":
        raise DataError(f"{name} is {text!r}: it has to be one character, and no line end")
    return text.encode()


def _slots(header: list[str], fields: Fields) -> Ints:
    """For each column of the header the wanted field it holds, or -1; of two columns of one name the first counts."""
    columns = []
    for name in fields.names:
        if name not in header:
            seen = ", ".join(repr(column[:_SHOWN_CHARACTERS]) for column in header[:_SHOWN])
            more = f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else ""
            raise MissingField(
                f"The field {name!r} is not in the header of the data, which has the columns {seen}{more}"
            )
        columns.append(header.index(name))
    slots = np.full(max(columns) + 1, -1, np.int64)
    slots[columns] = np.arange(len(columns))
    return slots
