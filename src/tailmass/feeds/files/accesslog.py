"""Access logs of Apache and nginx as delimited text: the brackets around the time become quotes.

That is all it takes for most lines, and is done to whole blocks at once. A line that has more to it, such as a quote
with a backslash before it, is read by an expression; one that is no line of a log is left out and counted.
"""

import re

import numpy as np

from tailmass.columns import Flags
from tailmass.feeds.files.records import Run, line_ends
from tailmass.kernels.delimited import Bytes, Positions

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

_SPACE, _QUOTE, _BACKSLASH, _OPEN, _CLOSE = b' "\\[]'
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
    """

    headed, lines = False, True

    def __init__(self, *, vhost: bool = False) -> None:
        self.header = (" ".join((VHOST, *FIELDS) if vhost else FIELDS) + "\n").encode()
        self.strange = 0
        """How many lines were none of a log."""
        self.example = ""
        """The first of these."""
        self._spaces = 4 if vhost else 3
        self._line = re.compile((rb"(\S+ )" if vhost else b"()") + _LINE, re.DOTALL)

    def cut(self, block: bytes, final: bool) -> tuple[Run, int]:
        """The lines as rows of delimited text."""
        buffer = np.frombuffer(block, np.uint8)
        ends, consumed = line_ends(buffer, block.count(b"\n") + 1, final)
        buffer = buffer[:consumed].copy()
        plain = self._quote_times(buffer, ends)
        if plain.all():
            return Run(buffer.tobytes(), ends), consumed
        return self._repaired(buffer.tobytes(), block, ends, plain), consumed

    def _quote_times(self, buffer: Bytes, ends: Positions) -> Flags:
        """Turn the brackets around times into quotes; (lines,) whether that was all there was to do."""
        if not len(ends):
            return np.zeros(0, np.bool_)
        # (lines + 1,) what has come before each line; empty lines before the first one are part of it
        edges = np.concatenate((np.zeros(1, ends.dtype), ends))
        opens, closes, quotes, spaces, escapes = (
            np.flatnonzero(buffer == mark) for mark in (_OPEN, _CLOSE, _QUOTE, _SPACE, _BACKSLASH)
        )
        nowhere = np.array([len(buffer)])
        opening = np.append(opens, nowhere)[np.searchsorted(opens, edges[:-1])]
        closing = np.append(closes, nowhere)[np.searchsorted(closes, opening)]
        quotes_before = np.searchsorted(quotes, edges)
        quote = np.append(quotes, nowhere)[quotes_before[:-1]]
        quote_count = np.diff(quotes_before)
        plain: Flags = (
            (quote < edges[1:])
            & (closing + 2 == quote)
            & (closing - opening == len("[17/May/2015:10:05:03 +0000"))
            & ((quote_count == 2) | ((quote_count >= 6) & (quote_count % 2 == 0)))
            & (np.diff(np.searchsorted(escapes, edges)) == 0)
            & (np.searchsorted(spaces, opening) - np.searchsorted(spaces, edges[:-1]) == self._spaces)
        )
        buffer[opening[plain]] = buffer[closing[plain]] = _QUOTE
        return plain

    def _repaired(self, text: bytes, block: bytes, ends: Positions, plain: Flags) -> Run:
        """The text with the lines that are not plain written anew, or left out."""
        pieces: list[bytes] = []
        lengths = np.diff(ends, prepend=0)
        begin = 0
        for line in np.flatnonzero(~plain).tolist():
            start, stop = int(ends[line - 1]) if line else 0, int(ends[line])
            pieces.append(text[begin:start])
            row = self._row(block[start:stop].lstrip(b"\r\n"))
            pieces.append(row)
            lengths[line] = len(row)
            begin = stop
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
        quoted = [_cell(text) for text in (user, time, request)]
        rest = [] if referer is None else [_cell(referer), _cell(agent)]
        return vhost + b" ".join([client, ident, *quoted, status, size, *rest]) + b"\n"


def _cell(text: bytes) -> bytes:
    """A text in quotes; those in it, which have a backslash before them, are doubled."""
    return b'"' + text.replace(b'\\"', b'"').replace(b'"', b'""') + b'"'
