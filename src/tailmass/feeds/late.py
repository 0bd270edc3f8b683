"""Rows that come into a source when those of their time have been pulled already."""

from collections import deque
from typing import Protocol

from tailmass.feeds.rows import Span


class Counting(Protocol):
    """A source that can say how many rows there are."""

    def count(self, span: Span) -> int | None:
        """How many rows of a time there are now; None if that is hard to say."""


class LateRows:
    """Looks back at each time once it is so old that nothing should come any more, and counts what has come after all.

    Parameters
    ----------
    source : what was pulled from
    patience_ms : how long after it was pulled a time is looked at again
    """

    def __init__(self, source: Counting, patience_ms: int) -> None:
        self._source = source
        self._patience_ms = patience_ms
        self._pulled: deque[tuple[Span, int]] = deque()
        self.total = 0
        """How many there have been."""

    def note(self, span: Span, rows: int) -> None:
        """Remember how many rows of a time were pulled."""
        if span.since_ms < span.until_ms:
            self._pulled.append((span, rows))

    def look(self, until_ms: int | None = None) -> int:
        """Count those of all times that are old enough by now, or of all; each row once.

        Raises
        ------
        OSError : the source cannot say at the moment, and is asked again the next time
        """
        found = 0
        while self._pulled:
            span, rows = self._pulled[0]
            if until_ms is not None and span.until_ms + self._patience_ms > until_ms:
                break
            there = self._source.count(span)
            self._pulled.popleft()
            more = 0 if there is None else max(0, there - rows)
            found, self.total = found + more, self.total + more
        return found
