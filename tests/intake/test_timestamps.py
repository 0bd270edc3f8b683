import re
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailmass.errors import InvalidDateFormat
from tailmass.intake.timestamps import Timestamps

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # kernels compile at first


def parse(text: str | None, pattern: str) -> datetime | None:
    times, dated = Timestamps(pattern).parse(pl.Series([text], dtype=pl.String))
    assert dated[0] or times[0] == 0
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(times[0])) if dated[0] else None


def utc(*parts: int, milli: int = 0) -> datetime:
    return datetime(*parts, tzinfo=UTC) + timedelta(milliseconds=milli)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("2014-06-23 00:00:00Z", "yyyy-MM-dd HH:mm:ssX", utc(2014, 6, 23)),
        ("16/May/2014:16:38:34 +0100", "dd/MMM/yyyy:HH:mm:ss X", utc(2014, 5, 16, 15, 38, 34)),
        ("2014-05-18T00:00:00+00:00", "yyyy-MM-dd'T'HH:mm:ssXXX", utc(2014, 5, 18)),
        ("2014-09-10T11:05:00+00:00", "yyyy-MM-dd'T'HH:mm:ssX", utc(2014, 9, 10, 11, 5)),
        ("2014-05-30T01:02:39.000Z", "yyyy-MM-dd'T'HH:mm:ss.SSSX", utc(2014, 5, 30, 1, 2, 39)),
        ("2010-02-10 06:21:00", "yyyy-MM-dd HH:mm:ss", utc(2010, 2, 10, 6, 21)),
        ("2011-03-01 05:01:00+00", "yyyy-MM-dd HH:mm:ssX", utc(2011, 3, 1, 5, 1)),
        ("10/Aug/2014 00:00:00Z", "dd/MMM/yyyy HH:mm:ssX", utc(2014, 8, 10)),
    ],
)
def test_the_samples_that_must_parse_do(text: str, pattern: str, expected: datetime) -> None:
    assert parse(text, pattern) == expected


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("14-6-3 1:2:3", "yy-M-d H:m:s", utc(2014, 6, 3, 1, 2, 3)),
        ("99-12-31 23", "uu-MM-dd HH", utc(2099, 12, 31, 23)),
        ("3 june 2014 12:00 AM", "d MMMM yyyy hh:mm a", utc(2014, 6, 3)),
        ("3 JUN 2014 12:30 pm", "d LLL uuuu h:mm a", utc(2014, 6, 3, 12, 30)),
        ("2014-06-03 PM 11", "yyyy-MM-dd a K", utc(2014, 6, 3, 23)),
        ("2014-06-03 24:05", "yyyy-MM-dd kk:mm", utc(2014, 6, 3, 0, 5)),
        ("2016 366 00", "yyyy DDD HH", utc(2016, 12, 31)),
        ("2014 32 06", "yyyy D HH", utc(2014, 2, 1, 6)),
        ("Tue Jun 03 2014 06:00", "EEE MMM dd yyyy HH:mm", utc(2014, 6, 3, 6)),
        ("Tuesday 2014-06-03 06", "EEEE yyyy-MM-dd HH", utc(2014, 6, 3, 6)),
        ("2014-06-03 2 06", "yyyy-MM-dd e HH", utc(2014, 6, 3, 6)),
        ("20140603010203", "yyyyMMddHHmmss", utc(2014, 6, 3, 1, 2, 3)),
        ("20140603010203456", "yMMddHHmmssSSS", utc(2014, 6, 3, 1, 2, 3, milli=456)),
        ("2014-06-03 01:02:03,9", "yyyy-MM-dd HH:mm:ss,S", utc(2014, 6, 3, 1, 2, 3, milli=900)),
        ("2014-06-03 01:02:03.123999999", "yyyy-MM-dd HH:mm:ss.SSSSSSSSS", utc(2014, 6, 3, 1, 2, 3, milli=123)),
        ("2014-06-03 3600001", "yyyy-MM-dd A", utc(2014, 6, 3, 1, milli=1)),
        ("2014-06-03 3600001999999", "yyyy-MM-dd N", utc(2014, 6, 3, 1, milli=1)),
        ("2014-06-03 01:00:00 5000000", "yyyy-MM-dd HH:mm:ss n", utc(2014, 6, 3, 1, milli=5)),
        ("le 3/6/2014 à 01 o'clock", "'le' d/M/yyyy 'à' HH 'o''clock'", utc(2014, 6, 3, 1)),
        ("2014-06-03 01:00 +0130", "yyyy-MM-dd HH:mm xx", utc(2014, 6, 2, 23, 30)),
        ("2014-06-03 01:00 -01:30", "yyyy-MM-dd HH:mm xxx", utc(2014, 6, 3, 2, 30)),
        ("2014-06-03 01:00 +0000", "yyyy-MM-dd HH:mm Z", utc(2014, 6, 3, 1)),
        ("2014-06-03 01:00 GMT+01:00", "yyyy-MM-dd HH:mm ZZZZ", utc(2014, 6, 3)),
        ("2014-06-03 01:00 Z", "yyyy-MM-dd HH:mm ZZZZ", utc(2014, 6, 3, 1)),
        ("2014-06-03 01:00 GMT+8", "yyyy-MM-dd HH:mm O", utc(2014, 6, 2, 17)),
        ("2014-06-03 01:00 GMT", "yyyy-MM-dd HH:mm z", utc(2014, 6, 3, 1)),
        ("2014-06-03 01:00 EST", "yyyy-MM-dd HH:mm z", utc(2014, 6, 3, 6)),
        ("2014-06-03 01:00 PST", "yyyy-MM-dd HH:mm z", utc(2014, 6, 3, 9)),
        ("2014-06-03 01:00 PDT", "yyyy-MM-dd HH:mm z", utc(2014, 6, 3, 8)),
        ("2014-06-03 01:00 Europe/London", "yyyy-MM-dd HH:mm VV", utc(2014, 6, 3)),
        ("2014-12-03 01:00[Europe/London]", "yyyy-MM-dd HH:mm'['VV']'", utc(2014, 12, 3, 1)),
        ("Wed May 14 10:00:00 UTC 2014", "EEE MMM dd HH:mm:ss zzz yyyy", utc(2014, 5, 14, 10)),
        ("2014-06-03T01:02:03", "yyyy-MM-dd'T'HH:mm[:ss[.SSS]][X]", utc(2014, 6, 3, 1, 2, 3)),
        ("2014-06-03T01:02:03.004+01", "yyyy-MM-dd'T'HH:mm[:ss[.SSS]][X]", utc(2014, 6, 3, 0, 2, 3, milli=4)),
        ("2014-06-03T01:02Z", "yyyy-MM-dd'T'HH:mm[:ss[.SSS]][X]", utc(2014, 6, 3, 1, 2)),
        ("2014-06-03 01", "yyyy-MM-dd[ HH:mm][ HH]", utc(2014, 6, 3, 1)),
        ("2012-02-29 00", "yyyy-MM-dd HH", utc(2012, 2, 29)),
        ("0001-01-01 00", "yyyy-MM-dd HH", utc(1, 1, 1)),
        ("9999-12-31 23", "yyyy-MM-dd HH", utc(9999, 12, 31, 23)),
    ],
)
def test_every_letter_is_understood(text: str, pattern: str, expected: datetime) -> None:
    assert parse(text, pattern) == expected


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        (None, "yyyy-MM-dd HH"),
        ("", "yyyy-MM-dd HH"),
        ("2014-02-29 00", "yyyy-MM-dd HH"),
        ("1900-02-29 00", "yyyy-MM-dd HH"),
        ("2014-02-31 00", "yyyy-MM-dd HH"),
        ("2014-13-01 00", "yyyy-MM-dd HH"),
        ("2014-00-01 00", "yyyy-MM-dd HH"),
        ("2014-01-00 00", "yyyy-MM-dd HH"),
        ("0000-01-01 00", "yyyy-MM-dd HH"),
        ("2014-01-01 24", "yyyy-MM-dd HH"),
        ("2014-01-01 00:60", "yyyy-MM-dd HH:mm"),
        ("2014-01-01 00:00:60", "yyyy-MM-dd HH:mm:ss"),
        ("2014-01-01 00", "yyyy-MM-dd kk"),
        ("2014-01-01 13 AM", "yyyy-MM-dd hh a"),
        ("2014-01-01 12 AM", "yyyy-MM-dd KK a"),
        ("2014 366 00", "yyyy DDD HH"),
        ("2014 000 00", "yyyy DDD HH"),
        ("2014-01-01 86400000", "yyyy-MM-dd A"),
        ("2014-01-01 9999999999999999999", "yyyy-MM-dd AAAAAAAAAAAAAAAAAAA"),
        (" 2014-01-01 00", "yyyy-MM-dd HH"),
        ("2014-01-01 00 ", "yyyy-MM-dd HH"),
        ("2014-1-01 00", "yyyy-MM-dd HH"),
        ("2014-01-01 0", "yyyy-MM-dd HH"),
        ("14-01-01 00", "yyyy-MM-dd HH"),
        ("2014-01-01 00:00:00.12", "yyyy-MM-dd HH:mm:ss.SSS"),
        ("01 Juni 2014 00", "dd MMMM yyyy HH"),
        ("01 June 2014 00", "dd MMM yyyy HH"),
        ("2014-01-01 00Z", "yyyy-MM-dd HHx"),
        ("2014-01-01 00 +19", "yyyy-MM-dd HH X"),
        ("2014-01-01 00 Mars/Olympus", "yyyy-MM-dd HH VV"),
        ("2014-01-01 00 ?", "yyyy-MM-dd HH z"),
        ("0001-01-01 00+01", "yyyy-MM-dd HHX"),
        ("2014[ 00]", "yyyy[-MM-dd HH]"),
        ("2014", "yyyy[-MM-dd HH]"),
        ("1402473600", "yyyy-MM-dd HH"),
        ("２０１４-01-01 00", "yyyy-MM-dd HH"),
    ],
)
def test_a_text_that_is_no_such_date_is_not_dated(text: str | None, pattern: str) -> None:
    assert parse(text, pattern) is None


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31))


@unhurried
@given(
    MOMENTS,
    st.sampled_from(
        [
            ("yyyy-MM-dd HH:mm:ss.SSSSSS", "%Y-%m-%d %H:%M:%S.%f"),
            ("EEE dd MMM yyyy hh:mm:ss a SSSSSS", "%a %d %b %Y %I:%M:%S %p %f"),
            ("EEEE MMMM dd, yyyy HH'h'mm'm'ss's' SSSSSS", "%A %B %d, %Y %Hh%Mm%Ss %f"),
            ("yyyyDDDHHmmssSSSSSS", "%Y%j%H%M%S%f"),
        ]
    ),
)
def test_what_strftime_writes_is_read_again(moment: datetime, formats: tuple[str, str]) -> None:
    pattern, directive = formats
    expected = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    assert parse(moment.strftime(directive), pattern) == expected


@unhurried
@given(
    st.text(alphabet="0123456789-: T+Z", max_size=24) | st.from_regex(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", fullmatch=True)
)
def test_text_is_read_exactly_when_strptime_reads_it(text: str) -> None:
    try:
        shape = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", text)
        expected = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if shape else None
    except ValueError:
        expected = None
    if expected is None or not text.endswith("60"):
        assert parse(text, "yyyy-MM-dd HH:mm:ss") == expected


@unhurried
@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(1980, 1, 1), datetime(2025, 12, 31)),
            st.sampled_from(["Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
        ),
        max_size=8,
    )
)
def test_named_zones_are_those_of_the_zone_database(rows: list[tuple[datetime, str]]) -> None:
    texts = pl.Series([f"{moment:%Y-%m-%d %H:%M:%S} {zone}" for moment, zone in rows], dtype=pl.String)
    times, dated = Timestamps("yyyy-MM-dd HH:mm:ss VV").parse(texts)
    zoned = [moment.replace(microsecond=0, fold=0, tzinfo=ZoneInfo(zone)) for moment, zone in rows]
    expected = [int(moment.timestamp()) * 1000 for moment in zoned]
    assert times.tolist() == expected
    assert dated.all()


def test_numbers_are_seconds_unless_the_format_says_milliseconds() -> None:
    assert Timestamps("epoch").parse_numbers(np.array([1402473600]))[0].tolist() == [1402473600000]
    assert Timestamps("epoch_ms").parse_numbers(np.array([1402473600123]))[0].tolist() == [1402473600123]


def test_a_fraction_that_a_double_cannot_hold_is_not_cut_a_millisecond_short() -> None:
    numbers = 1402473600 + np.arange(1000) / 1000
    assert Timestamps("epoch").parse_numbers(numbers)[0].tolist() == [1402473600000 + k for k in range(1000)]


def test_fractions_of_a_millisecond_are_cut_off() -> None:
    assert Timestamps("epoch").parse_numbers(np.array([0.0019, -0.0001]))[0].tolist() == [1, -1]


def test_numbers_outside_the_calendar_are_not_dated() -> None:
    numbers = np.array([np.nan, np.inf, -np.inf, 1e300, 253402300800.0])
    times, dated = Timestamps("epoch").parse_numbers(numbers)
    assert not dated.any()
    assert not times.any()
    assert not Timestamps("epoch").parse_numbers(np.array([2**62, -(2**63)]))[1].any()


def test_no_texts_are_no_times() -> None:
    times, dated = Timestamps("yyyy-MM-dd HH:mm").parse(pl.Series([], dtype=pl.String))
    assert (len(times), len(dated)) == (0, 0)


def test_a_pattern_without_a_day_is_refused() -> None:
    with pytest.raises(InvalidDateFormat):
        Timestamps("HH:mm:ss")


def test_a_hundred_thousand_dates_take_a_moment() -> None:
    texts = pl.Series(["2014-05-30T01:02:39.000+01:00"] * 100_000)
    timestamps = Timestamps("yyyy-MM-dd'T'HH:mm:ss.SSSXXX")
    timestamps.parse(texts[:1])
    begin = time.thread_time()
    assert timestamps.parse(texts)[1].all()
    assert time.thread_time() - begin < 0.5  # measured: 0.02 s
