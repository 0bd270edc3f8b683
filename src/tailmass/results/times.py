"""Times as they are written in documents and read from requests."""

import re
from datetime import UTC, datetime, timedelta, timezone

from tailmass.errors import UnparseableDate

_ISO = re.compile(
    r"(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
    r"(?:Z|(?P<sign>[+\- ])(?P<hours>\d\d):?(?P<minutes>\d\d)?)",
    re.ASCII,
)
_FIRST_MS = -62_135_596_800_000  # the beginning of the year 1
_LAST_MS = 253_402_300_799_999  # the end of the year 9999: beyond it there is no way to write a time


def wire_time(ms: int) -> str:
    """Epoch milliseconds as documents write them: ISO 8601, UTC, the offset without a colon.

    Times before the year 1 or after 9999 are written as the first or last that clients can read.

    >>> wire_time(1403712000000)
    '2014-06-25T16:00:00.000+0000'
    """
    seconds, rest = divmod(min(max(ms, _FIRST_MS), _LAST_MS), 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}.{rest:03d}+0000"


def parse_time(text: str) -> int:
    """Epoch milliseconds of a time in a request.

    Up to ten digits are epoch seconds, more are milliseconds; everything else is ISO 8601 with a zone. A space where
    the sign of the zone should be is a `+` that nobody percent-encoded.

    >>> parse_time("1390370400") == parse_time("2014-01-22T06:00:00Z") == parse_time("2014-01-22T07:00:00.000 0100")
    True
    """
    stripped = text.strip()
    if stripped.isascii() and stripped.isdigit():
        return _digits(stripped)
    match = _ISO.fullmatch(stripped)
    if match is None:
        raise _unparseable(text)
    try:
        moment = datetime.strptime(match["moment"], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=_zone(match))
        ms = (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as error:
        raise _unparseable(text) from error
    return ms + int((match["fraction"] or "").ljust(3, "0")[:3])


def _digits(text: str) -> int:
    # The length is looked at first because Python refuses to read a number of thousands of digits.
    ms = int(text) * (1000 if len(text) <= 10 else 1) if len(text) <= 20 else _LAST_MS + 1
    if ms > _LAST_MS:
        raise _unparseable(text)
    return ms


def _zone(match: re.Match[str]) -> timezone:
    offset = timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
    return timezone(-offset if match["sign"] == "-" else offset)


def _unparseable(text: str) -> UnparseableDate:
    return UnparseableDate(
        f"Cannot read the time {text[:100]!r}: write ISO 8601 as in 2014-01-22T06:00:00Z, or seconds or milliseconds "
        "since the epoch"
    )
