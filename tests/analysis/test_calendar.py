import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.calendar import Calendar
from tailmass.errors import InvalidValue

fixed = settings(max_examples=30, deadline=None, derandomize=True)

ZONES = [
    "Europe/London",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Kathmandu",
    "Africa/Casablanca",  # changes its clocks around every Ramadan
    "Africa/Freetown",  # the shortest offset of all, four days in 1939
    "America/Sao_Paulo",  # used to change them at midnight
    "Australia/Lord_Howe",  # by half an hour
]
HOUR = 3600
BEGIN, END = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1900, 2200))
SPRING, AUTUMN = 1_396_141_200, 1_414_285_200  # 2014-03-30 and 2014-10-26, 01:00 UTC: London changes its clocks


def naive(zone: str, times: list[int]) -> list[int]:
    """What the standard library says of each."""
    clock = ZoneInfo(zone)
    offsets = (datetime.fromtimestamp(time, clock).utcoffset() for time in times)
    return [round(offset.total_seconds()) for offset in offsets if offset is not None]


@pytest.mark.parametrize("zone", ZONES)
def test_every_half_day_of_three_centuries_is_as_in_the_database(zone: str) -> None:
    times = np.arange(BEGIN, END, 12 * HOUR)
    assert Calendar(zone).offsets(times).tolist() == naive(zone, times.tolist())


@pytest.mark.parametrize("zone", ZONES)
def test_clocks_change_in_the_very_second(zone: str) -> None:
    calendar, days = Calendar(zone), np.arange(BEGIN, END, 24 * HOUR)
    changing = days[:-1][np.diff(calendar.offsets(days)) != 0]
    assert len(changing) > 2 or zone == "Asia/Kathmandu"
    for day in changing.tolist():
        hours = np.arange(day, day + 25 * HOUR, HOUR)
        (hour,) = hours[:-1][np.diff(calendar.offsets(hours)) != 0]
        seconds = np.arange(hour, hour + HOUR + 1)
        offsets = calendar.offsets(seconds)
        (step,) = np.flatnonzero(np.diff(offsets))
        before, after = seconds[step : step + 2].tolist()
        assert offsets[step : step + 2].tolist() == naive(zone, [before, after])


@fixed
@given(st.sampled_from(ZONES), st.lists(st.lists(st.integers(BEGIN, END), max_size=5), max_size=5))
def test_it_does_not_matter_what_was_asked_before(zone: str, calls: list[list[int]]) -> None:
    calendar = Calendar(zone)
    for times in calls:
        assert calendar.offsets(np.array(times, np.int64)).tolist() == naive(zone, times)


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_without_a_zone_the_clocks_show_utc(zone: str | None) -> None:
    assert Calendar(zone).offsets(np.array([0, SPRING, -(2**62)])).tolist() == [0, 0, 0]


def test_a_day_in_local_time_has_the_same_hour_before_and_after_the_change() -> None:
    noons = np.array(
        [SPRING - 13 * HOUR, SPRING + 10 * HOUR]
    )  # of Saturday and of Sunday, as London's clocks show them
    local = noons + Calendar("Europe/London").offsets(noons)
    assert (local % (24 * HOUR)).tolist() == [12 * HOUR, 12 * HOUR]


def test_an_hour_that_comes_twice_has_two_offsets() -> None:
    times = np.array([AUTUMN - HOUR // 2, AUTUMN + HOUR // 2])
    assert Calendar("Europe/London").offsets(times).tolist() == [HOUR, 0]


def test_times_nobody_can_date_have_the_nearest_offset() -> None:
    calendar = Calendar("Asia/Kathmandu")
    assert calendar.offsets(np.array([2**63 - 1, -(2**63)])).tolist() == [20_700, 20_476]
    assert calendar.offsets(np.array([0])).tolist() == [19_800]


def test_no_times_have_no_offsets() -> None:
    offsets = Calendar("Europe/London").offsets(np.empty(0, np.int64))
    assert offsets.dtype == np.int64
    assert offsets.tolist() == []


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "Europe", "../passwd", "/etc/passwd", "a" * 400, "\0", "\ud800"])
def test_a_zone_nobody_knows_is_refused_by_its_name(zone: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Calendar(zone)
    assert repr(zone) in refused.value.message
    assert "such as Europe/London" in refused.value.message


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "right/Europe/London", "posix/Europe/London"])
def test_a_zone_that_is_another_on_the_next_machine_is_refused(zone: str) -> None:
    with pytest.raises(InvalidValue, match="not the same everywhere"):
        Calendar(zone)


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither files of the system nor the package tzdata."""
    path = zoneinfo.TZPATH
    loaded = [name for name in sys.modules if name.startswith("tzdata.")]  # others may have looked up zones already
    for module in ("tzdata", "tzdata.zoneinfo", *loaded):
        monkeypatch.setitem(sys.modules, module, None)
    zoneinfo.reset_tzpath(to=[])
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=path)
    ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_database")
def test_without_a_database_it_says_what_to_install() -> None:
    with pytest.raises(InvalidValue, match=r"'Europe/London' cannot be looked up.*install the Python package tzdata"):
        Calendar("Europe/London")
    assert Calendar("UTC").offsets(np.array([SPRING])).tolist() == [0]


def test_buckets_that_begin_later_go_by_the_clocks_when_they_begin() -> None:
    later = Calendar("Europe/London", HOUR // 2)
    times = np.array([SPRING - HOUR, SPRING - HOUR // 2, SPRING])
    assert later.offsets(times).tolist() == [HOUR // 2, HOUR // 2 + HOUR, HOUR // 2 + HOUR]
    assert Calendar(None, HOUR // 2).offsets(times).tolist() == [HOUR // 2] * 3
