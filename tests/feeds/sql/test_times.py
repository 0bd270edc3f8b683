"""Whatever the kind of times, their order is that of their column, and a stretch of it has all of a span."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.feeds.rows import Span
from tailmass.feeds.sql.times import times, zone

BERLIN = ZoneInfo("Europe/Berlin")
CHANGES = (datetime(2026, 3, 29, 2), datetime(2026, 10, 25, 2), datetime(2026, 6, 1))
"""When clocks are put forward, when back, and some other time."""


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1_000_000)  # type: ignore[misc, arg-type]  # the zone is named


near = st.builds(
    lambda begin, us: begin + timedelta(microseconds=us),
    st.sampled_from(CHANGES),
    st.integers(-9_000_000_000, 9_000_000_000) | st.integers(-3000, 3000) | st.integers(-9, 9).map((1_000_000).__mul__),
)

MAKERS: dict[str, Callable[[datetime], Any]] = {
    "naive": lambda at: at,
    "aware": lambda at: at.replace(tzinfo=UTC),
    "days": lambda at: at.date(),
    "seconds": lambda at: int(at.replace(tzinfo=UTC).timestamp()),
    "float seconds": lambda at: at.replace(tzinfo=UTC).timestamp(),
    "decimal seconds": lambda at: Decimal(str(at.replace(tzinfo=UTC).timestamp())),
    "float milliseconds": lambda at: at.replace(tzinfo=UTC).timestamp() * 1000,
    "microseconds": lambda at: round(at.replace(tzinfo=UTC).timestamp() * 1e6),
    "text": lambda at: at.replace(microsecond=0).isoformat(" "),
    "text with Z": lambda at: at.isoformat("T", "microseconds") + "Z",
    "text with an offset": lambda at: at.replace(tzinfo=timezone(timedelta(hours=-3, minutes=-30))).isoformat(" "),
    "text to minutes": lambda at: at.isoformat("T", "minutes"),
    "text of days": lambda at: at.date().isoformat(),
}


@pytest.mark.parametrize("clocks", [UTC, BERLIN], ids=str)
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@settings(deadline=None, max_examples=60)
@given(stamps=st.lists(near, min_size=1, max_size=20), ends=st.tuples(near, near))
def test_the_order_of_a_column_is_that_of_its_times_and_no_row_of_a_span_is_left_out(
    make: Callable[[datetime], Any], clocks: Any, stamps: list[datetime], ends: tuple[datetime, datetime]
) -> None:
    values = sorted(map(make, stamps))
    kind = times(values[-1], zone=clocks)
    us = kind.us(values)
    steps = [each // (kind.step_ms * 1000) for each in us]
    assert all(one <= next_one for one, next_one in pairwise(steps))
    since_ms, until_ms = sorted(utc(*end.timetuple()[:6]) // 1000 + end.microsecond // 1000 for end in ends)
    since, until = kind.around(Span(since_ms, until_ms))
    inside = {value for value, each in zip(values, us, strict=True) if since_ms * 1000 <= each < until_ms * 1000}
    assert inside <= {value for value in values if since <= value < until}


def test_an_hour_that_comes_twice_is_the_first_and_one_that_does_not_exist_is_a_moment() -> None:
    kind = times(CHANGES[0], zone=BERLIN)
    twice, before, gap, after = kind.us(
        [datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 1, 59), datetime(2026, 3, 29, 2, 30), CHANGES[0]]
    )
    assert twice == utc(2026, 10, 25, 0, 30)
    assert (before, gap, after) == (utc(2026, 3, 29, 0, 59), utc(2026, 3, 29, 1), utc(2026, 3, 29, 1))


def test_days_begin_by_the_clocks_of_the_zone() -> None:
    assert times(date(2026, 6, 1), zone=BERLIN).us([date(2026, 6, 1)]) == [utc(2026, 5, 31, 22)]
    assert times("2026-06-01", zone=BERLIN).us(["2026-06-01"]) == [utc(2026, 5, 31, 22)]
    assert times("2026-06-01 00:00:00+00:00", zone=BERLIN).us(["2026-06-01 00:00:00+00:00"]) == [utc(2026, 6, 1)]


def test_the_unit_of_numbers_is_guessed_unless_it_is_said() -> None:
    assert times(1_780_272_000_000).us([1_780_272_000_000]) == [utc(2026, 6, 1)]
    assert times(86_400, unit="ms").us([86_400]) == [86_400_000]


@pytest.mark.parametrize("wrong", ["next week", "20260601", "", b"2026-06-01", True, [1]])
def test_what_is_no_time_is_said(wrong: object) -> None:
    with pytest.raises(ValueError, match="is no time"):
        times(wrong)


@pytest.mark.parametrize(
    ("sample", "other"),
    [
        ("2026-06-01 00:00:00", "2026-06-01T00:00:00"),
        ("2026-06-01T00:00:00Z", "2026-06-01T00:00:00+02:00"),
        ("2026-06-01T00:00:00Z", "2026-06-01T00:00:00"),
        ("2026-06-01 00:00:00", "2026-06-01 00:00"),
        ("2026-06-01 00:00:00", 5),
        (5, "2026-06-01 00:00:00"),
        (datetime(2026, 6, 1), datetime(2026, 6, 1, tzinfo=UTC)),
        (datetime(2026, 6, 1, tzinfo=UTC), 7),
        (date(2026, 6, 1), 7),
    ],
)
def test_times_of_different_kinds_are_refused(sample: Any, other: Any) -> None:
    with pytest.raises(ValueError, match="have the query make one of both"):
        times(sample).us([sample, other])


def test_a_zone_that_does_not_exist_is_said() -> None:
    with pytest.raises(ValueError, match="no time zone 'Europe/Atlantis'"):
        zone("Europe/Atlantis")
