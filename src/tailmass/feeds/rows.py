"""Rows of a feed, in the order of their times."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import msgspec

Row: TypeAlias = dict[str, Any]

DAY_MS = 86_400_000

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
