"""The clock of a job: which rows are in time, which buckets are open, and when they close."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tailmass.analysis.arrays import Arrays
from tailmass.columns import Columns, Flags, Ints
from tailmass.kernels import buckets
from tailmass.kernels.buckets import NEVER

# A time that is farther than both ahead of the newest one is a mistake: ten years for buckets of five minutes.
FARTHEST_BUCKETS, FARTHEST_SECONDS = 1_000_000, 366 * 86_400

GAP, BREAK = 1, 2
"""What may come before the next row: a gap that does not count, if there is one; a break, however short it was."""


@dataclass(frozen=True, slots=True)
class Advance:
    """What a run of admitted rows does to the buckets."""

    rows: Ints
    """(n,) bucket number of each row."""
    closing: Ints
    """(n,) buckets below this number close before the row is added."""
    first: int
    """First bucket that closes."""
    until: int
    """The bucket after the last one that closes; `first` if none does."""
    events: Ints
    """(until - first,) rows in each bucket that closes."""

    def take(self, rows: Flags) -> "Advance":
        """The same for the rows under a mask; every bucket closes nevertheless."""
        return replace(self, rows=self.rows[rows], closing=self.closing[rows])

    def without(self, before: int) -> Flags | None:
        """(n,) which rows are not of a bucket below `before`; None if that is all of them."""
        there: Flags = self.rows >= before
        return None if there.all() else there

    def part(self, rows: slice, first: int, until: int) -> "Advance":
        """The same for some rows, after which the buckets `first` to `until - 1` close."""
        events = self.events[first - self.first : until - self.first]
        return Advance(self.rows[rows], self.closing[rows], first, until, events)


def stages(advances: Sequence[Advance]) -> Iterator[tuple[slice, list[Advance]]]:
    """What the same rows do by several clocks, in parts, each of which ends where buckets close by any of them."""
    closing = [np.maximum(each.closing, each.first) for each in advances]
    rises = [np.flatnonzero(np.diff(each, prepend=one.first)) for each, one in zip(closing, advances, strict=True)]
    begin, first = 0, [each.first for each in advances]
    for row in np.unique(np.concatenate(rises)).tolist():
        until = [int(each[row]) for each in closing]
        rows = slice(begin, row)
        yield rows, [each.part(rows, *edges) for each, *edges in zip(advances, first, until, strict=True)]
        begin, first = row, until
    rows = slice(begin, len(closing[0]))
    yield rows, [each.part(rows, start, each.until) for each, start in zip(advances, first, strict=True)]


class Clock:
    """Buckets close on the watermark: the newest time less the latency, or a time that was promised."""

    def __init__(self, span: int, latency: int) -> None:
        self.span, self.latency = span, latency
        self.newest = NEVER
        """Newest epoch second admitted."""
        self.advanced = NEVER
        """Epoch second before which nothing is accepted any more."""
        self.first: int | None = None
        """The first bucket that has not closed; None before the first row."""
        self.resumed = NEVER
        """The bucket with which the analysis went on after a downtime; rows of earlier ones have no place any more."""
        self.emptied: tuple[int, int] | None = None
        """First bucket, and that after the last, whose rows come anew: none is late while its bucket is open."""
        self._awaited = 0
        self._started = False
        # Rows may reach from the newest bucket back by the latency; one more for the part of a bucket at either end.
        self._events = np.zeros(-(-latency // span) + 2, np.int64)

    @property
    def slots(self) -> int:
        """More than the number of buckets that can be open at once."""
        return len(self._events)

    @property
    def end(self) -> int | None:
        """The bucket after the newest row's; None before the first row."""
        return None if self.newest == NEVER else self.newest // self.span + 1

    def admit(self, columns: Columns) -> tuple[Ints, Ints]:
        """(n,) status of each row (see `kernels.buckets`) and the watermark after it; nothing is remembered yet."""
        horizon = max(FARTHEST_BUCKETS * self.span, FARTHEST_SECONDS)
        status, watermark = buckets.admit(
            columns.times, columns.dated, self.newest, self.latency, self.advanced, horizon
        )
        if self.emptied is not None:
            bucket, (first, until) = columns.times // 1000 // self.span, self.emptied
            again = (bucket >= first) & (bucket < until) & (bucket >= watermark // self.span)
            status[again & (status == buckets.LATE)] = buckets.ADMITTED
        if columns.excluded is not None:  # they have no time, so that they have moved nothing on
            status[columns.excluded] = buckets.EXCLUDED
        return status, watermark

    def run(self, times: Ints, watermarks: Ints) -> Advance:
        """Move on by admitted rows.

        Parameters
        ----------
        times : (n,) epoch milliseconds
        watermarks : (n,) epoch seconds, from `admit`
        """
        seconds = times // 1000
        rows, closing = seconds // self.span, watermarks // self.span
        if len(rows):
            self._awaited = 0
            self.newest = max(self.newest, int(seconds.max()))
            if self.first is None:
                # The latency may bring rows that old; `_begin` skips the empty buckets.
                self.first = int(rows[0]) - self.slots + 1
        return self._close(rows, closing)

    def advance(self, to: int) -> Advance:
        """Promise that nothing before epoch second `to` will come: every bucket that ends by then closes."""
        self.advanced = max(self.advanced, to)
        if self.first is None:
            return self._nothing()
        return self._close(np.empty(0, np.int64), np.empty(0, np.int64))

    def expect(self, downtime: int) -> None:
        """Say what comes before the next row: a GAP or a BREAK."""
        if self.newest != NEVER:
            self._awaited = max(self._awaited, downtime)

    @property
    def awaited(self) -> int:
        """What comes before the next row, if it is no usual one: a GAP or a BREAK, or else 0."""
        return self._awaited

    def reach(self, second: int) -> None:
        """Take epoch second `second` for that of the newest row."""
        self.newest = max(self.newest, second)

    def pass_over(self, second: int) -> None:
        """The same, and no bucket before that row's is open any more."""
        self.reach(second)
        self.first = max(NEVER if self.first is None else self.first, second // self.span)
        self._events[:] = 0
        self._started = True

    def interrupted(self, second: int) -> bool:
        """Whether there was a downtime before a row of epoch second `second`, the next one."""
        if self.first is None or self.end is None:
            return False
        return self._awaited == BREAK or (self._awaited == GAP and second // self.span > max(self.first, self.end))

    def complete(self) -> Advance:
        """Close all buckets but that of the newest row, of which nobody knows whether it is whole."""
        if self.first is None or self.end is None:
            return self._nothing()
        return self._close_until(np.empty(0, np.int64), np.empty(0, np.int64), max(self.first, self.end - 1))

    def resume(self, second: int) -> None:
        """Go on with the first bucket that epoch second `second` and all that follow it are the whole of."""
        assert self.first is not None
        self.first = self.resumed = max(self.first, self.end or NEVER, -(-second // self.span))
        self._events[:] = 0
        self._started = True

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self._events[np.arange(first, until) % self.slots] = 0

    def open_events(self) -> Ints:
        """(open buckets,) rows so far in the buckets from `first` to the newest."""
        if self.first is None or self.end is None:
            return np.empty(0, np.int64)
        return self._events[np.arange(self.first, max(self.first, self.end)) % self.slots]

    def state(self) -> Arrays:
        """The clock as arrays."""
        first = NEVER if self.first is None else self.first
        clock = np.array([self.newest, self.advanced, first, self._started], np.int64)
        downtime = np.array([self._awaited, self.resumed], np.int64)
        return {"clock": clock, "clock.events": self._events.copy(), "clock.downtime": downtime}

    def restore(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the clock that `state` was taken of."""
        self.newest, self.advanced, first, started = arrays["clock"].tolist()
        self.first = None if first == NEVER else first
        self._started = bool(started)
        self._events = np.array(arrays["clock.events"], np.int64)
        if "clock.downtime" in arrays:  # there was none before this was kept
            self._awaited, self.resumed = arrays["clock.downtime"].tolist()

    def _close(self, rows: Ints, closing: Ints) -> Advance:
        if self.first is None:
            return self._nothing()
        watermark = max(self.newest - self.latency, self.advanced)
        return self._close_until(rows, closing, max(self.first, watermark // self.span))

    def _close_until(self, rows: Ints, closing: Ints, until: int) -> Advance:
        assert self.first is not None
        first = self.first if self._started else self._begin(rows, until)
        there = rows >= self.resumed
        events = buckets.count_events(rows[there], closing[there], self._events, first, until)
        self._started = self._started or until > first
        self.first = max(first, until)
        return Advance(rows, closing, first, until, events)

    def _begin(self, rows: Ints, until: int) -> int:
        """The first bucket with a row, or `until`: nothing is reported before the first data."""
        assert self.first is not None
        held = [b for b in range(self.first, self.first + self.slots) if self._events[b % self.slots] and b < until]
        earliest = min(held, default=until)
        return min(earliest, int(rows.min()), until) if len(rows) else earliest

    def _nothing(self) -> Advance:
        none = np.empty(0, np.int64)
        return Advance(none, none, 0, 0, none)
