"""Bytes to runs of whole records, counted as a job counts them, and otherwise as they are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tailmass.intake.blocks import BLOCK_BYTES
from tailmass.intake.limits import USUAL
from tailmass.jobs import DataDescription
from tailmass.kernels.delimited import Positions, joined, quoted_records, unquoted_records
from tailmass.kernels.delimited import lines as split_lines
from tailmass.kernels.json import BROKEN_RUN, BROKEN_TOTAL, MOST_BROKEN, OPEN_ARRAYS, json_records

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_FEED = 10


@dataclass(frozen=True, slots=True)
class Run:
    """Some whole records, one after the other."""

    data: bytes
    ends: Positions
    """(records,) bytes of the data up to and with each."""

    def __len__(self) -> int:
        return len(self.ends)

    def after(self, records: int) -> "Run":
        """The same without the first records."""
        if records == 0:
            return self
        begin = int(self.ends[records - 1]) if len(self) else 0
        return Run(self.data[begin:], self.ends[records:] - np.int32(begin))


class Records(Protocol):
    """How the records of one file are told apart."""

    header: bytes
    """What has to be in front of records, wherever they are cut; known when the first ones are."""
    headed: bool
    """Whether that is in the file."""
    lines: bool
    """Whether a record ends with a line."""

    def cut(self, block: bytes, final: bool) -> tuple[Run, int]:
        """The records that are complete in a block that begins between two of them, and how many bytes those were.

        A ValueError says that this is no data of its kind.
        """


def records(description: DataDescription) -> Records:
    """How the records of a file are told apart that is described so."""
    match description.format:
        case "DELIMITED":
            return Delimited(description.field_delimiter, description.quote_character)
        case "JSON":
            return Json()
        case "SINGLE_LINE":
            return Lines()
        case other:
            raise ValueError(
                f"a job with the format {other} does not read files: its format would have to be DELIMITED"
            )


class Delimited:
    """Lines with cells in them, which may have line ends in quotes; the first one is the header."""

    headed, lines = True, True

    def __init__(self, delimiter: str, quote: str) -> None:
        self.header = b""
        self._quote = quote.encode()
        self._marks = np.frombuffer(delimiter.encode(), np.uint8), np.frombuffer(self._quote, np.uint8)

    def cut(self, block: bytes, final: bool) -> tuple[Run, int]:
        """The rows below the header."""
        begin = 0
        if not self.header:
            begin = self._read_header(block, final)
            if not self.header:
                return Run(b"", np.zeros(0, np.int32)), begin
        ends, consumed = self._ends(block, begin, final, block.count(b"\n", begin) + 1)
        return Run(block[begin : begin + consumed], ends), begin + consumed

    def _read_header(self, block: bytes, final: bool) -> int:
        mark = len(_BYTE_ORDER_MARK) if block.startswith(_BYTE_ORDER_MARK) else 0
        ends, consumed = self._ends(block, mark, final, 1)
        if len(ends) == 0:
            return mark + consumed if final else 0
        header = block[mark : mark + consumed]
        self.header = header if header.endswith(b"\n") else header + b"\n"
        return mark + consumed

    def _ends(self, block: bytes, begin: int, final: bool, capacity: int) -> tuple[Positions, int]:
        buffer = np.frombuffer(block, np.uint8)[begin:]
        spans, facts = np.empty((2, 0, capacity), np.int32), np.empty((2, capacity), np.int32)
        delimiter, quote = self._marks
        none = np.zeros(0, np.int64)
        if block.find(self._quote, begin) < 0:
            count, consumed = unquoted_records(
                buffer, final, delimiter, none, spans[0], spans[1], facts[0], facts[1]
            )  # fmt: skip
        else:
            count, consumed = quoted_records(
                buffer.copy(), final, delimiter, quote, none, spans[0], spans[1], facts[0], facts[1]
            )
        return facts[0, :count], consumed


class Json:
    """Objects, in an array or one after the other; those that are broken are left out, as a job would."""

    header, headed, lines = b"", False, False

    def __init__(self) -> None:
        self.broken = 0
        """How many objects were left out."""
        self._memory = np.zeros(4, np.int64)
        self._none = np.frombuffer(b"\0", np.uint8), np.zeros(1, np.int64)
        self._begun = False

    def cut(self, block: bytes, final: bool) -> tuple[Run, int]:
        """The objects, one a line or more."""
        mark = 0
        if not self._begun:
            if len(block) < len(_BYTE_ORDER_MARK) and not final:
                return Run(b"", np.zeros(0, np.int32)), 0
            self._begun = True
            mark = len(_BYTE_ORDER_MARK) if block.startswith(_BYTE_ORDER_MARK) else 0
        buffer = np.frombuffer(block, np.uint8)[mark:]
        capacity = block.count(b"{") + 1
        spans, facts = np.empty((2, 0, capacity), np.int32), np.empty((3, capacity), np.int32)
        names, name_ends = self._none
        hard = np.empty(capacity, np.bool_)
        count, consumed = json_records(buffer, self._memory, names, name_ends, spans[0], spans[1], facts, hard)
        self.broken = int(self._memory[BROKEN_TOTAL])
        if self._memory[BROKEN_RUN] >= MOST_BROKEN:
            raise ValueError(f"{MOST_BROKEN} records in a row cannot be read as JSON objects")
        starts, stops = facts[0, :count], facts[1, :count]
        data = joined(buffer, starts, stops, _LINE_FEED).tobytes() + b"\n" if count else b""
        if final and self._memory[OPEN_ARRAYS]:
            raise ValueError("the array around the objects is not closed: fetch all of it")
        return Run(data, np.cumsum(stops - starts + 1, dtype=np.int32)), mark + consumed


class Lines:
    """Lines, each a record."""

    header, headed, lines = b"", False, True

    def cut(self, block: bytes, final: bool) -> tuple[Run, int]:
        """The lines that are not empty."""
        spans, consumed = line_spans(block, final)
        return Run(block[:consumed], spans[2]), consumed


def line_spans(block: bytes, final: bool) -> tuple[Positions, int]:
    """The lines that are not empty, and the bytes up to the end of the last one.

    (3, lines): where each begins, where its text stops, and where the next one may begin.
    """
    spans = np.empty((3, block.count(b"\n") + 1), np.int32)
    count, consumed = split_lines(np.frombuffer(block, np.uint8), final, spans[:1], spans[1:2], spans[2])
    return spans[:, :count], consumed


def runs(form: Records, chunks: Iterator[bytes], *, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[Run, int]]:
    """The records of a file in blocks, each with the bytes of the file that it took.

    An empty chunk says that nothing more comes for a while, so that all complete records are due.
    """
    pending: list[bytes] = []
    size, due = 0, block_bytes
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        if size >= due or not chunk:
            run, rest = _cut(form, b"".join(pending), final=False)
            yield run, size - len(rest)
            if len(rest) > USUAL.record_bytes:
                raise ValueError(f"a record does not end within {USUAL.record_bytes:,} bytes: {_start(rest)}")
            pending, size, due = [rest], len(rest), len(rest) + block_bytes
    run, rest = _cut(form, b"".join(pending), final=True)
    yield run, size - len(rest)
    if rest:
        raise ValueError(f"the last record is not complete, it was cut off or a quote is not closed: {_start(rest)}")


def _cut(form: Records, block: bytes, *, final: bool) -> tuple[Run, bytes]:
    run, consumed = form.cut(block, final)
    return run, block[consumed:]


def _start(text: bytes) -> str:
    return repr(re.sub(r"\s+", " ", text[:60].decode("utf-8", "replace")))
