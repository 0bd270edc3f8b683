"""Rows of a feed, in the order of their times."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import msgspec

Row: TypeAlias = dict[str, Any]

DAY_MS = 86_400_000

BATCH_BYTES = 1 << 19
"""A batch of a scheduler is analysed at once, in a fraction of a second."""

_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that follow each other, up to a time that no two parts share."""

    rows: Sequence[Any]
    """Each a `Row`, or one that is JSON already, a `msgspec.Raw`."""
    until_ms: int
    """All rows older than this are in this part or in those before it."""

    def lines(self, skip: int = 0) -> bytes:
        """The rows but the first ones, as JSON, one a line."""
        return _ENCODER.encode_lines(self.rows[skip:])


@dataclass(frozen=True, slots=True)
class Span:
    """The times from a millisecond on and before another."""

    since_ms: int
    until_ms: int

    def days(self) -> "list[Span]":
        """The same time, cut at midnights UTC.

        >>> Span(DAY_MS - 10, DAY_MS + 10).days()
        [Span(since_ms=86399990, until_ms=86400000), Span(since_ms=86400000, until_ms=86400010)]
        """
        midnights = range((self.since_ms // DAY_MS + 1) * DAY_MS, self.until_ms, DAY_MS)
        cuts = [self.since_ms, *midnights, self.until_ms]
        return [Span(since, until) for since, until in pairwise(cuts) if since < until]


def batches(rows: Iterable[Row], time_field: str) -> Iterator[bytes]:
    """Rows that are in order as JSON, one a line, cut where the time changes.

    A job that goes on after its newest row, wherever a failure or a snapshot was, so misses none of the same time.
    """
    batch = bytearray()
    newest: Any = None
    for row in rows:
        if len(batch) >= BATCH_BYTES and row[time_field] != newest:
            yield bytes(batch)
            batch.clear()
        batch += _ENCODER.encode(row) + b"\n"
        newest = row[time_field]
    if batch:
        yield bytes(batch)
