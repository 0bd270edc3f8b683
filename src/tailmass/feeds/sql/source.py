"""A table, or what a query finds in a database: rows in the order of time, each once.

The database sorts by the time alone, for which an index will do. Rows of the same time, which it may give in any
order, stay together and are put in the order of what they say. So the order depends on the rows alone, and a reader
that begins again at a time meets the same rows.
"""

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, timedelta, tzinfo
from decimal import Decimal
from itertools import starmap
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    FromClause,
    Select,
    column,
    false,
    func,
    literal_column,
    select,
    table,
    text,
)

from tailmass.feeds.rows import Part, Span
from tailmass.feeds.sql.database import Database
from tailmass.feeds.sql.times import Times, times

PAGE_ROWS = 5000
_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=str)
_EVEN = {type(None), bool, int, str}
_QUERY = re.compile(r"\b(select|values)\b", re.IGNORECASE)
_NAMED = 20  # tables in a message
_MYSQL_TIMESTAMP = 7  # the type of a column that the session's zone is put upon

Pair = tuple[int, bytes]
"""The microseconds of a row, and the row as JSON."""


class Sql:
    """Rows of a database.

    What keeps it from answering, if only for now, is an OSError; what it refuses for good is a ValueError.

    Parameters
    ----------
    database : who is asked
    asked : a query, or a table or view with or without its schema
    time_column : the name of the column with the times
    unit : of times that are numbers, as `sqltimes.times` takes it
    zone : whose clocks are meant by times without one
    page_rows : how many rows the database is asked for at once
    """

    def __init__(
        self,
        database: Database,
        asked: str,
        time_column: str,
        *,
        unit: str | None = None,
        zone: tzinfo = UTC,
        page_rows: int = PAGE_ROWS,
    ) -> None:
        self._database = database
        self._asked = asked.strip().rstrip(";").rstrip()
        self._is_query = len(self._asked.split()) > 1 and _QUERY.search(self._asked) is not None
        self._time_column = time_column
        self._unit = unit
        self._zone = zone
        self._page_rows = page_rows
        self._is_mysql_timestamp = False
        self._from: FromClause | None = None
        self._times: Times | None = None

    def span(self) -> Span | None:
        """The times that there are rows of; None if there are none."""
        kind = self._kind()
        oldest, newest = self._end(func.min), self._end(func.max)
        if kind is None or oldest is None or newest is None:
            return None
        first, last = kind.us([oldest, newest])
        return Span(first // 1000, last // 1000 + 1)

    def count(self, span: Span) -> int | None:
        """How many rows of a time there are now; this takes no longer than to read those of one day."""
        kind = self._kind()
        if kind is None:
            return 0
        # A database is asked for a little more than a time. What is surely inside it counts, the rest is looked at.
        low, begun = kind.around(Span(span.since_ms, span.since_ms))
        ending, high = kind.around(Span(span.until_ms, span.until_ms))
        if begun > ending:
            return self._looked_at(kind, span, low, high)
        with self._database.connected() as connection:
            counting = select(func.count()).select_from(self._rows()).where(*self._between(begun, ending))
            inside = int(connection.scalar(counting) or 0)
        return inside + self._looked_at(kind, span, low, begun) + self._looked_at(kind, span, ending, high)

    def parts(self, span: Span) -> Iterator[Part]:
        """All rows of a time, a page or so at once."""
        kind = self._kind()
        if kind is None:
            yield Part([], span.until_ms)
            return
        step_us = kind.step_ms * 1000
        held: list[Pair] = []
        for page in self._pages(kind, span):
            held += page
            newest = held[-1][0] // step_us  # of this there may be more to come
            begin_ms = newest * kind.step_ms
            if span.since_ms < begin_ms < span.until_ms:
                cut = bisect_left(held, newest, key=lambda pair: pair[0] // step_us)
                yield _part(held[:cut], Span(span.since_ms, begin_ms))
                held = held[cut:]
        yield _part(held, span)

    def close(self) -> None:
        """Hang up."""
        self._database.close()

    def _asking(self, kind: Times, span: Span) -> Select[Any]:
        rows = self._rows()
        return select(*rows.c).where(*self._between(*kind.around(span))).order_by(rows.c[self._time_column])

    def _pages(self, kind: Times, span: Span) -> Iterator[list[Pair]]:
        rows = self._rows()
        at = rows.c.keys().index(self._time_column)
        make = _maker(rows.c.keys())
        for page in self._database.pages(self._asking(kind, span), self._page_rows):
            columns = [*zip(*page, strict=True)]
            us = kind.us(columns[at])
            columns[at] = tuple(each // 1000 for each in us)
            plain = [map(_plain, values) if _odd(values) else values for values in columns]
            lines = map(_ENCODER.encode, starmap(make, zip(*plain, strict=True)))
            yield [*zip(us, lines, strict=True)]

    def _between(self, low: Any, high: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        time = self._rows().c[self._time_column]
        return time >= low, time < high

    def _looked_at(self, kind: Times, span: Span, low: Any, high: Any) -> int:
        """How many rows between two values are of a time."""
        if low == high:
            return 0
        asking = select(self._rows().c[self._time_column]).where(*self._between(low, high))
        pages = self._database.pages(asking, self._page_rows)
        found = (us // 1000 for page in pages for us in kind.us([time for (time,) in page]))
        return sum(span.since_ms <= ms < span.until_ms for ms in found)

    def _kind(self) -> Times | None:
        """The kind of the times; None as long as there are none."""
        if self._times is None:
            newest = self._end(func.max)
            if newest is not None:
                self._times = times(newest, unit=self._unit, zone=UTC if self._is_mysql_timestamp else self._zone)
        return self._times

    def _end(self, of: Callable[[ColumnElement[Any]], ColumnElement[Any]]) -> Any:
        """The newest time or the oldest, each by a query of its own: an index has it at hand."""
        time = self._rows().c[self._time_column]
        with self._database.connected() as connection:
            return connection.scalar(select(of(time)))

    def _rows(self) -> FromClause:
        if self._from is None:
            names = self._names()
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"two columns are called {twice[0]!r}: give them different names in the query")
            if self._time_column not in names:
                raise ValueError(
                    f"there is no column {self._time_column!r}: there are {', '.join(names)}; say with --time-column "
                    "which one has the times"
                )
            self._from = self._named(names)
        return self._from

    def _names(self) -> list[str]:
        """The names of the columns."""
        nothing: Select[Any] = select(literal_column("*")).select_from(self._named([])).where(false())
        try:
            with self._database.connected() as connection:
                found = connection.execute(nothing)
                if self._database.is_mysql and found.cursor is not None:
                    types = {name: kind for name, kind, *_ in found.cursor.description}
                    self._is_mysql_timestamp = types.get(self._time_column) == _MYSQL_TIMESTAMP
                return list(found.keys())
        except ValueError as refused:
            if self._is_query:
                raise
            schema, _, name = self._asked.rpartition(".")
            there = self._database.tables(schema or None)
            if name in there:
                raise
            raise ValueError(f"there is no table {self._asked!r}: there are {_listed(there)} ({refused})") from None

    def _named(self, names: Sequence[str]) -> FromClause:
        columns: list[ColumnClause[Any]] = [column(name) for name in names]
        if self._is_query:
            # What looks like a parameter is none; the last line may end in a comment.
            return text(self._asked.replace(":", r"\:") + "\n").columns(*columns).subquery("q")
        schema, _, name = self._asked.rpartition(".")
        return table(name, *columns, schema=schema or None)


def _part(held: list[Pair], span: Span) -> Part:
    """Rows in order, without those that are there only because a database is asked for a little more."""
    ordered = sorted(held)
    since, until = (bisect_left(ordered, (ms * 1000, b"")) for ms in (span.since_ms, span.until_ms))
    return Part([msgspec.Raw(line) for _, line in ordered[since:until]], span.until_ms)


def _maker(names: Sequence[str]) -> Callable[..., msgspec.Struct]:
    """What makes an object of values, in which None is left out; many times as fast as dictionaries are."""
    fields = [(f"f{n}", Any, None) for n in range(len(names))]
    rename = {f"f{n}": name for n, name in enumerate(names)}
    return msgspec.defstruct("Row", fields, rename=rename, omit_defaults=True)


def _odd(values: Sequence[Any]) -> bool:
    """Whether some of them are not written in JSON as a job reads them."""
    return not _EVEN.issuperset(map(type, values))


def _plain(value: Any) -> Any:
    """What JSON has for a value.

    >>> [_plain(value) for value in (b"a", float("nan"), Decimal("NaN"), timedelta(minutes=1))]
    ['a', None, None, 60.0]
    """
    match value:
        case bytes() | bytearray() | memoryview():
            return bytes(value).decode("utf-8", "replace")
        case float() | Decimal() if not math.isfinite(value):
            return None
        case timedelta():
            return value.total_seconds()
    return value


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "") or "none"
