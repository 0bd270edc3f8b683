"""From when to when rows are pulled, and whether that goes on."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tailmass.cli.complaint import USAGE, complain


@dataclass(frozen=True, slots=True)
class When:
    """Times as they were asked for, in epoch milliseconds and seconds."""

    start_ms: int | None
    end_ms: int | None
    realtime: bool = False
    interval: int = 60
    delay: int = 60
    leave_open: bool = False

    @classmethod
    def asked(
        cls, start: str | None, end: str | None, *, realtime: bool, interval: int, delay: int, leave_open: bool = False
    ) -> "When":
        """Read what was asked; exits where that cannot be."""
        if realtime and end is not None:
            complain("--realtime has no end: leave out --end-date", USAGE)
        start_ms = None if start is None else _ms("--start-date", start)
        end_ms = None if end is None else _ms("--end-date", end, days=1)
        if start_ms is not None and end_ms is not None and end_ms <= start_ms:
            complain(f"--end-date {end} is before --start-date {start}", USAGE)
        return cls(start_ms, end_ms, realtime, interval, delay, leave_open)

    @property
    def begin_ms(self) -> int | None:
        """Where to begin; in real time this is now, unless something else was said."""
        if self.start_ms is None and self.realtime:
            return now_ms() - (self.interval + self.delay) * 1000
        return self.start_ms


def now_ms() -> int:
    """Epoch milliseconds."""
    return int(time.time() * 1000)


def shown(ms: int) -> str:
    """A time as it is told.

    >>> shown(1_431_907_200_000)
    '2015-05-18 00:00:00'
    """
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _ms(option: str, text: str, *, days: int = 0) -> int:
    """The start of a day, or of another one some days later, or a time; UTC unless it says otherwise.

    >>> _ms("--end-date", "1970-01-01", days=1), _ms("--start-date", "1970-01-01T00:01+00:00")
    (86400000, 60000)
    """
    try:
        try:
            told = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) + timedelta(days=days)
        except ValueError:
            told = datetime.fromisoformat(text)
    except ValueError:
        complain(f"{option} {text!r} is no day: write it as in 2026-01-31, or a time as in 2026-01-31T08:00Z", USAGE)
    return int((told if told.tzinfo is not None else told.replace(tzinfo=UTC)).timestamp() * 1000)
