"""JSON: objects in an array, one a line, or just one after another."""

import json
from collections.abc import Iterator

import numpy as np

from tailmass.columns import Ints
from tailmass.errors import MalformedJson
from tailmass.intake.cells import Cells
from tailmass.intake.fields import Fields
from tailmass.intake.piece import PIECE_ROWS, Piece
from tailmass.intake.timestamps import Timestamps
from tailmass.jobs import DataDescription
from tailmass.kernels.delimited import Positions
from tailmass.kernels.json import BROKEN_RUN, BROKEN_TOTAL, MOST_BROKEN, OPEN_ARRAYS, json_records

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class _Object(list[tuple[str, object]]):
    """The members of an object in the order they came, names that come twice included."""


class Json:
    """Reads the blocks of one upload."""

    def __init__(self, description: DataDescription, fields: Fields) -> None:
        self._fields = fields
        self._timestamps = Timestamps(description.time_format)
        encoded = [name.encode() for name in fields.names]
        self._names = np.frombuffer(b"".join(encoded) or b"\0", np.uint8)
        self._name_ends = np.cumsum([0, *map(len, encoded)])
        self._memory = np.zeros(4, np.int64)
        self._begun = False

    def read(self, block: bytes, final: bool) -> Iterator[Piece]:
        """The pieces with all complete records of the block; MalformedJson where the stream is beyond help."""
        mark = 0
        if not self._begun:
            if len(block) < len(_BYTE_ORDER_MARK) and not final and _BYTE_ORDER_MARK.startswith(block):
                return
            self._begun = True
            mark = len(_BYTE_ORDER_MARK) if block.startswith(_BYTE_ORDER_MARK) else 0
        begin = 0
        capacity = min(block.count(b"{") + 1, PIECE_ROWS)
        while begin < len(block):
            piece = self._piece(block, begin, mark if begin == 0 else 0, capacity)
            begin += piece.input_bytes
            yield piece
            if len(piece) < capacity:
                break
        self._check(final)

    def endless(self, offset: int, final: bool) -> MalformedJson:
        """A brace or a quote has been left open."""
        where = "at the end of the upload" if final else "after as many bytes as a record may have"
        return MalformedJson(
            f"The object that begins at byte {offset} of the upload is not complete {where}: the data was cut off, or "
            "a quote or a brace is not closed. Send the rest, or repair that object"
        )

    def _piece(self, block: bytes, begin: int, mark: int, capacity: int) -> Piece:
        fields = self._fields.names
        buffer = np.frombuffer(block, np.uint8)[begin + mark :]
        spans = np.empty((2, len(fields), capacity), np.int32)
        facts = np.empty((3, capacity), np.int32)
        hard = np.empty(capacity, np.bool_)
        broken = self._memory[BROKEN_TOTAL]
        rows, consumed = json_records(
            buffer, self._memory, self._names, self._name_ends, spans[0], spans[1], facts, hard
        )
        cells = Cells(buffer, fields, spans[0, :, :rows], spans[1, :, :rows])
        again = np.flatnonzero(hard[:rows])
        if len(again) > 0:
            cells = _reread(cells, again, facts[0, again], facts[1, again])
        return Piece(
            cells.columns(self._fields, self._timestamps),
            mark + consumed,
            int(facts[2, :rows].sum(dtype=np.int64)),
            facts[1, :rows] + np.int32(mark),
            facts[2, :rows].copy(),
            int(self._memory[BROKEN_TOTAL] - broken),
        )

    def _check(self, final: bool) -> None:
        run = int(self._memory[BROKEN_RUN])
        if run >= MOST_BROKEN:
            raise MalformedJson(
                f"{run} records in a row cannot be read as JSON objects: is the format of the job JSON?"
            )
        if final and self._memory[OPEN_ARRAYS] > 0:
            raise MalformedJson("The array around the objects is not closed: the data was cut off. Send the rest")
        if final and run > 0:
            raise MalformedJson(
                "The upload ends in something that is no JSON object: send objects, or an array of them"
            )


def _reread(cells: Cells, rows: Ints, begins: Positions, ends: Positions) -> Cells:
    """The cells with those records read once more, by a reader that knows escapes and arrays."""
    text = cells.buffer.tobytes()
    more = bytearray()
    starts, stops = cells.starts.copy(), cells.stops.copy()
    for row, begin, end in zip(rows, begins, ends, strict=True):
        values = values_of(text[begin:end])
        for k, name in enumerate(cells.names):
            starts[k, row] = len(text) + len(more)
            more += values.get(name, b"")
            stops[k, row] = len(text) + len(more)
    return Cells(np.frombuffer(text + more, np.uint8), cells.names, starts, stops)


def values_of(record: bytes) -> dict[str, bytes]:
    """The values of one object as text by the path to them."""
    values: dict[str, bytes] = {}
    _flatten(_DECODER.decode(record.decode("utf-8", "replace")), "", values)
    return values


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Object, parse_float=str, parse_int=str, parse_constant=str, strict=False
)  # fmt: skip


def _flatten(members: _Object, prefix: str, values: dict[str, bytes]) -> None:
    for name, value in members:
        if isinstance(value, _Object):
            _flatten(value, f"{prefix}{name}.", values)
        elif not isinstance(value, list):
            values[prefix + name] = _text(value)
        elif not any(isinstance(element, list) for element in value):
            values[prefix + name] = b",".join(_text(element) for element in value if element is not None)


def _text(scalar: object) -> bytes:
    if scalar is None:
        return b""
    if isinstance(scalar, bool):
        return b"true" if scalar else b"false"
    try:
        return str(scalar).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return str(scalar).encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
