import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.errors import UnparseableDate
from tailmass.results.times import parse_time, wire_time

SIX_O_CLOCK = 1_390_370_400_000


@pytest.mark.parametrize(
    "text",
    [
        "2014-01-22T06:00:00.000Z",
        "2014-01-22T06:00:00Z",
        "1390370400",
        "1390370400000",
        "2014-01-22T06:00:00+00:00",
        "2014-01-22T06:00:00+0000",
        "2014-01-22T06:00:00-0000",
        "2014-01-22T06:00:00.000 0000",
        "2014-01-22T07:30:00 01:30",
        "2014-01-22T01:00:00-05",
        "2014-01-22T06:00:00.000000000Z",
        " 1390370400 ",
    ],
)
def test_every_form_of_a_time_is_read(text: str) -> None:
    assert parse_time(text) == SIX_O_CLOCK


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "-1",
        "1.5",
        "2014-01-22",
        "2014-01-22T06:00:00",
        "2014-13-22T06:00:00Z",
        "2014-01-22T25:00:00Z",
        "2014-01-22T06:00:00+25:00",
        "2014-01-22T06:00:00ZZ",
        "0001-01-01T00:00:00+23:59Z",
        "٢٠١٤",
        "9" * 5000,
        "253402300800000",
    ],
)
def test_anything_else_is_refused_with_what_it_was_and_how_to_write_it(text: str) -> None:
    with pytest.raises(UnparseableDate, match="2014-01-22T06:00:00Z") as refused:
        parse_time(text)
    assert text[:20] in refused.value.message


def test_ten_digits_are_seconds_and_eleven_are_milliseconds() -> None:
    assert parse_time("9999999999") == 9_999_999_999_000
    assert parse_time("10000000000") == 10_000_000_000


def test_a_time_is_written_with_milliseconds_and_an_offset_without_a_colon() -> None:
    assert wire_time(1_403_712_000_000) == "2014-06-25T16:00:00.000+0000"
    assert wire_time(-1) == "1969-12-31T23:59:59.999+0000"


def test_a_time_that_no_client_could_read_is_written_as_the_nearest_that_it_can() -> None:
    assert wire_time(10**18) == "9999-12-31T23:59:59.999+0000"
    assert wire_time(-(10**18)) == "0001-01-01T00:00:00.000+0000"


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_what_is_written_is_read_as_the_same_time(ms: int) -> None:
    assert parse_time(wire_time(ms)) == ms
