"""Access logs of Apache and nginx as delimited text: the brackets around the time become quotes.

That is all it takes for most lines, and is done to whole blocks at once. A line that has more to it, such as a quote
with a backslash before it, is read by an expression; one that is no line of a log is left out and counted.

Where only some fields are wanted, the others are left out, which is most of the text.
"""

import re
from collections.abc import Collection, Sequence

import numpy as np

from tailmass.columns import Flags, Ints
from tailmass.feeds.files.records import Run, line_spans
from tailmass.kernels.delimited import Bytes, Positions, joined

FIELDS = ("clientip", "ident", "user", "time", "request", "status", "bytes", "referer", "useragent")
VHOST = "vhost"
"""The field in front of the others, where a log begins with the name of the host that was asked."""
REQUEST_PARTS = ("method", "uri", "protocol")
"""What a request consists of; a transform of the job takes it apart where that is asked for."""
DESCRIPTION = {
    "format": "DELIMITED",
    "fieldDelimiter": " ",
    "quoteCharacter": '"',
    "timeField": "time",
    "timeFormat": "dd/MMM/yyyy:HH:mm:ss X",
}
"""What these rows look like to a job."""

_SPACE, _QUOTE, _BACKSLASH, _OPEN, _CLOSE, _LINE_FEED = b' "\\[]\n'
_BEYOND = 6  # marks that are looked for behind the last one
_QUOTED = rb'"((?:[^"\\]|\\.)*)"'
_TIME = rb"\[(\d\d/\w\w\w/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"
_LINE = (
    rb"(\S+) (\S+) (\S.*?) " + _TIME + b" " + _QUOTED + rb" (\d{3}|-) (\d+|-)"
    + rb"(?: " + _QUOTED + b" " + _QUOTED + rb")?(?: .*)?\r?\n?"
)  # fmt: skip
_VHOST_LINE = re.compile(rb"\S+ \S+ \S+ \S+ " + _TIME)


def has_vhost(head: bytes) -> bool:
    """Whether a log begins with the host that was asked, as its first lines tell.

    >>> has_vhost(b'www:80 ::1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1\\n')
    True
    """
    lines = [line for line in head.split(b"\n")[:20] if line.strip()]
    return sum(_VHOST_LINE.match(line) is not None for line in lines) * 2 > len(lines)


class AccessLog:
    """Lines of a log, in the combined or the common format.

    Parameters
    ----------
    vhost : whether each begins with the host that was asked
    wanted : the fields to leave in, of which the time is always one; None leaves in all
    """

    headed, lines = False, True

    def __init__(self, *, vhost: bool = False, wanted: Collection[str] | None = None) -> None:
        names = (VHOST, *FIELDS) if vhost else FIELDS
        self._names = [name for name in names if wanted is None or name == "time" or name in wanted]
        self._whole = len(self._names) == len(names)
        self.header = (" ".join(self._names) + "\n").encode()
        self.strange = 0
        """How many lines were none of a log."""
        self.example = ""
        """The first of these."""
        self._before = names[: names.index("time")]
        self._line = re.compile((rb"(\S+) " if vhost else b"()") + _LINE, re.DOTALL)

    def cut(self, block: bytes, final: bool) -> tuple[Run, int]:
        """The lines as rows of delimited text."""
        spans, consumed = line_spans(block, final)
        ends = spans[2]
        if not len(ends):
            return Run(b"", ends), consumed
        marks = _Marks(np.frombuffer(block, np.uint8)[:consumed].copy(), spans)
        plain = marks.quote_times(len(self._before))
        text, text_ends = (marks.text, ends) if self._whole else marks.rows(self._names, self._before, plain)
        if plain.all():
            return Run(text.tobytes(), text_ends), consumed
        return self._repaired(text.tobytes(), text_ends, block, ends, plain), consumed

    def _repaired(self, text: bytes, text_ends: Positions, block: bytes, ends: Positions, plain: Flags) -> Run:
        """The text with the lines of a block that are not plain written anew, or left out."""
        pieces: list[bytes] = []
        lengths = np.diff(text_ends, prepend=0)
        begin = 0
        for line in np.flatnonzero(~plain).tolist():
            before, here = (0, 0) if line == 0 else (int(text_ends[line - 1]), int(ends[line - 1]))
            pieces.append(text[begin:before])
            row = self._row(block[here : int(ends[line])].lstrip(b"\r\n"))
            pieces.append(row)
            lengths[line] = len(row)
            begin = int(text_ends[line])
        pieces.append(text[begin:])
        return Run(b"".join(pieces), np.cumsum(lengths[lengths > 0], dtype=np.int32))

    def _row(self, line: bytes) -> bytes:
        """A line as a row; nothing if it is none of a log."""
        match = self._line.fullmatch(line)
        if match is None:
            self.strange += 1
            self.example = self.example or line[:200].decode("utf-8", "replace").rstrip()
            return b""
        vhost, client, ident, user, time, request, status, size, referer, agent = match.groups()
        cells = {VHOST: vhost, "clientip": client, "ident": ident, "status": status, "bytes": size}
        cells |= {"user": _cell(user), "time": _cell(time), "request": _cell(request)}
        if referer is not None:
            cells |= {"referer": _cell(referer), "useragent": _cell(agent)}
        return b" ".join([cells[name] for name in self._names if name in cells]) + b"\n"


class _Marks:
    """Where the characters are that make cells of lines.

    Parameters
    ----------
    text : (bytes,) the lines, to be written to
    spans : (3, lines) where each begins, its text stops, and it ends
    """

    def __init__(self, text: Bytes, spans: Positions) -> None:
        self.text = text
        self._starts, self._stops, ends = spans
        # (lines + 1,) what has come before each line; empty lines before the first one are part of it
        edges = np.concatenate((np.zeros(1, ends.dtype), ends))
        opens, closes, self._quotes, self._spaces, escapes = (
            np.append(np.flatnonzero(text == mark), np.full(_BEYOND, len(text)))
            for mark in (_OPEN, _CLOSE, _QUOTE, _SPACE, _BACKSLASH)
        )
        self._opening = opens[np.searchsorted(opens, edges[:-1])]
        self._closing = closes[np.searchsorted(closes, self._opening)]
        quotes_before = np.searchsorted(self._quotes, edges)
        self._quote = quotes_before[:-1]
        self._quote_count = np.diff(quotes_before)
        self._space = np.searchsorted(self._spaces, edges[:-1])
        self._escaped = np.diff(np.searchsorted(escapes, edges)) > 0
        self._asked = self._quotes[self._quote + 1]
        """(lines,) the quote behind the request"""
        self._answer = np.searchsorted(self._spaces, self._asked)
        """(lines,) which space is the first one behind that"""

    def quote_times(self, before: int) -> Flags:
        """Turn the brackets around times, which so many cells are before, into quotes.

        (lines,) whether that was all there was to do.
        """
        asking = self._quotes[self._quote]
        plain: Flags = (
            (asking < self._stops)
            & (self._closing + 2 == asking)
            & (self._closing - self._opening == len("[17/May/2015:10:05:03 +0000"))
            & ((self._quote_count == 2) | ((self._quote_count >= 6) & (self._quote_count % 2 == 0)))
            & ~self._escaped
            & (np.searchsorted(self._spaces, self._opening) - self._space == before)
            & (self._spaces[self._answer] == self._asked + 1)
            & (self._spaces[self._answer + 1] == self._asked + len('" 200 ') - 1)
        )
        self.text[self._opening[plain]] = self.text[self._closing[plain]] = _QUOTE
        return plain

    def rows(self, names: Sequence[str], before: Sequence[str], plain: Flags) -> tuple[Bytes, Positions]:
        """The cells with some names of the lines that are plain, and (lines,) where each row ends."""
        begins, stops = np.zeros((2, len(plain), len(names)), np.int32)
        for column, name in enumerate(names):
            begin, stop = self._cell(name, before)
            here = plain & (begin < stop) & (stop <= self._stops)
            begins[here, column], stops[here, column] = begin[here], stop[here]
        text = np.append(joined(self.text, begins.ravel(), stops.ravel(), _SPACE), _LINE_FEED).astype(np.uint8)
        ends = np.cumsum((stops - begins + 1).sum(axis=1), dtype=np.int32)
        text[ends - 1] = _LINE_FEED
        return text, ends

    def _cell(self, name: str, before: Sequence[str]) -> tuple[Ints, Ints]:
        """(lines,) where a cell begins and stops, with its quotes."""
        match name:
            case "time":
                return self._opening, self._closing + 1
            case "request":
                return self._quotes[self._quote], self._asked + 1
            case "status":
                return self._asked + 2, self._asked + 5
            case "bytes":
                return self._asked + 6, np.minimum(self._spaces[self._answer + 2], self._stops)
            case "referer":
                return self._quotes[self._quote + 2], self._quotes[self._quote + 3] + 1
            case "useragent":
                return self._quotes[self._quote + 4], self._quotes[self._quote + 5] + 1
        place = before.index(name)
        begin = self._spaces[self._space + place - 1] + 1 if place else self._starts.astype(np.int64)
        return begin, self._spaces[self._space + place]


def _cell(text: bytes) -> bytes:
    """A text in quotes; those in it, which have a backslash before them, are doubled."""
    return b'"' + text.replace(b'\\"', b'"').replace(b'"', b'""') + b'"'
