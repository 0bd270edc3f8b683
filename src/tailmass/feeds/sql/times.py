"""How databases write times: as timestamps, days, numbers or text; and what these are in epoch microseconds.

Where a database keeps no zone, clocks of a given one are meant. Whatever the kind, the order of a column is the order
of its times: so a database may sort by it, with an index, and may be asked for a stretch of it.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tailmass.feeds.rows import Span

UNITS = {"s": 1_000_000, "ms": 1000, "us": 1}
"""How many microseconds each unit of numbers has."""

_EPOCH = datetime(1970, 1, 1)
_AWARE_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NONE, _SECOND, _MINUTE, _DAY = timedelta(), timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
_TEXT = re.compile(r"\d{4}-\d\d-\d\d(?:([ T])\d\d:\d\d(:\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?")


class Times(Protocol):
    """A kind of times."""

    step_ms: int
    """Rows of the same stretch of this length may be out of order; those of different ones are not."""

    def us(self, values: Sequence[Any]) -> list[int]:
        """Epoch microseconds of values; a ValueError names one that is of another kind."""

    def around(self, span: Span) -> tuple[Any, Any]:
        """Two values: all rows of a time, and perhaps a few more, are from the first on and before the second."""


def times(sample: Any, *, unit: str | None = None, zone: tzinfo = UTC) -> Times:
    """The kind of times that a value is of.

    Parameters
    ----------
    sample : the newest of them
    unit : of numbers, a key of `UNITS`; None guesses it
    zone : whose clocks are meant where nothing else is said
    """
    if isinstance(sample, datetime):
        return Stamps(zone) if sample.tzinfo is None else Moments()
    if isinstance(sample, date):
        return Days(zone)
    if isinstance(sample, int | float | Decimal) and not isinstance(sample, bool):
        return Numbers(unit or _guessed(sample))
    if isinstance(sample, str):
        return Texts(sample, zone)
    raise ValueError(f"{sample!r} is no time: it has to be a timestamp, a day, a number since 1970, or ISO 8601 text")


def zone(name: str) -> tzinfo:
    """The zone of a name."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}: write it as in Europe/Berlin") from None


class Moments:
    """Timestamps that know their zone."""

    step_ms = 1

    def us(self, values: Sequence[Any]) -> list[int]:
        """Epoch microseconds."""
        try:
            return [(value - _AWARE_EPOCH) // _MICROSECOND for value in values]
        except TypeError:
            raise _mixed(values, datetime) from None

    def around(self, span: Span) -> tuple[Any, Any]:
        """The ends themselves."""
        return _moment(span.since_ms), _moment(span.until_ms)


class Stamps:
    """Timestamps as a clock on the wall shows them.

    When clocks are put back an hour comes twice: the first is meant. When they are put forward an hour does not exist:
    it is the moment at which that happens. So what comes later on the wall is never earlier.
    """

    step_ms = 1

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def us(self, values: Sequence[Any]) -> list[int]:
        """Epoch microseconds."""
        try:
            wall = [(value - _EPOCH) // _MICROSECOND for value in values]
        except TypeError:
            raise _mixed(values, datetime) from None
        if self._zone is UTC:
            return wall
        return [self._told(value, us) for value, us in zip(values, wall, strict=True)]

    def around(self, span: Span) -> tuple[datetime, datetime]:
        """What the wall shows then; a little more where clocks are changed."""
        since, until = (
            [end.replace(tzinfo=None) + self._offset(end + near) for near in (-_DAY, _NONE, _DAY)]
            for end in (_moment(span.since_ms), _moment(span.until_ms))
        )
        return min(since), max(until)

    def _told(self, value: datetime, wall_us: int) -> int:
        first, second = (self._zone.utcoffset(value.replace(fold=fold)) for fold in (0, 1))
        assert first is not None
        assert second is not None
        if first >= second:
            return wall_us - first // _MICROSECOND
        seconds = range(*((wall_us - offset // _MICROSECOND) // 1_000_000 for offset in (second, first)))
        changed = bisect_left(seconds, True, key=lambda second: self._offset(_moment(second * 1000)) != first)
        return (seconds.start + changed) * 1_000_000

    def _offset(self, moment: datetime) -> timedelta:
        offset = moment.astimezone(self._zone).utcoffset()
        assert offset is not None
        return offset


class Days:
    """Days, which are their midnights."""

    step_ms = 1

    def __init__(self, zone: tzinfo) -> None:
        self._stamps = Stamps(zone)

    def us(self, values: Sequence[Any]) -> list[int]:
        """Epoch microseconds."""
        try:
            return self._stamps.us([datetime(value.year, value.month, value.day) for value in values])
        except AttributeError:
            raise _mixed(values, date) from None

    def around(self, span: Span) -> tuple[date, date]:
        """The days whose midnights these are, or the next ones."""
        since, until = self._stamps.around(span)
        return _up(since, _DAY).date(), _up(until, _DAY).date()


class Numbers:
    """Seconds, or fractions of them, since 1970.

    Numbers with a fraction are rounded to microseconds.
    """

    step_ms = 1

    def __init__(self, unit: str) -> None:
        self._unit_us = UNITS[unit]

    def us(self, values: Sequence[Any]) -> list[int]:
        """Epoch microseconds."""
        unit_us = self._unit_us
        try:
            return [round(value * unit_us) for value in values]
        except (TypeError, ValueError, OverflowError):
            raise _mixed(values, float) from None

    def around(self, span: Span) -> tuple[int, int]:
        """Whole numbers, which any column of numbers can be compared with by its index."""
        # A millisecond more, for what rounding brings in.
        since_us, until_us = (span.since_ms - 1) * 1000, (span.until_ms + 1) * 1000
        return since_us // self._unit_us, -(-until_us // self._unit_us)


class Texts:
    """ISO 8601 as text, all of it written in the same manner, so that its order is that of the times.

    That holds down to seconds; `08:00:00.5Z` comes before `08:00:00Z`.
    """

    def __init__(self, sample: str, zone: tzinfo) -> None:
        written = _TEXT.fullmatch(sample)
        if written is None:
            raise ValueError(
                f"{sample!r} is no time: text has to be written as in 2026-01-31 08:00:00 or 2026-01-31T08:00:00.250Z; "
                "have the query make one of it"
            )
        self._sample = sample
        self._separator = written[1] or ""
        self._finest = _DAY if written[1] is None else _MINUTE if written[2] is None else _SECOND
        self._offset = datetime.fromisoformat(sample).utcoffset()
        self._stamps = Stamps(zone if self._offset is None else UTC)
        self.step_ms = 1000 if self._finest is _SECOND else 1

    def us(self, values: Sequence[Any]) -> list[int]:
        """Epoch microseconds."""
        wall = [self._read(value) for value in values]
        return self._stamps.us(wall if self._offset is None else [each - self._offset for each in wall])

    def around(self, span: Span) -> tuple[str, str]:
        """Texts without a fraction or an offset, which are before all that have one."""
        since, until = (each + (self._offset or _NONE) for each in self._stamps.around(span))
        return self._written(_down(since, self._finest)), self._written(_up(until, self._finest))

    def _read(self, value: Any) -> datetime:
        """What the wall shows."""
        try:
            if value[10:11] == self._separator and (value[16:17] == ":") == (self._finest is _SECOND):
                read = datetime.fromisoformat(value)
                if read.utcoffset() == self._offset:
                    return read.replace(tzinfo=None)
        except (ValueError, TypeError):
            pass
        raise ValueError(
            f"the times {value!r} and {self._sample!r} are written in different manners, so that a database cannot "
            "sort them: have the query make one of both"
        )

    def _written(self, at: datetime) -> str:
        if self._finest is _DAY:
            return at.date().isoformat()
        return at.isoformat(self._separator, "seconds" if self._finest is _SECOND else "minutes")


def _guessed(sample: float | Decimal) -> str:
    """The unit of a number that is a time of these centuries.

    >>> [_guessed(value) for value in (0, 1_769_846_400, 1_769_846_400_000, 1_769_846_400_000_000)]
    ['s', 's', 'ms', 'us']
    """
    size = abs(float(sample))
    return "s" if size < 1e11 else "ms" if size < 1e14 else "us"


def _moment(ms: int) -> datetime:
    return _AWARE_EPOCH + timedelta(milliseconds=ms)


def _down(at: datetime, finest: timedelta) -> datetime:
    return at - (at - _EPOCH) % finest


def _up(at: datetime, finest: timedelta) -> datetime:
    return at + (_EPOCH - at) % finest


def _mixed(values: Sequence[Any], kind: type) -> ValueError:
    """What to say of values one of which is of another kind than the sample."""
    wrong = next((value for value in values if not isinstance(value, kind)), values[0])
    return ValueError(f"the time {wrong!r} is of another kind than the newest one: have the query make one of both")
