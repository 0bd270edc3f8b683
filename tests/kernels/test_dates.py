from datetime import UTC, date, datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailmass.kernels.dates import EARLIEST_MS, LATEST_MS, changed, day_number, epochs, offset

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # kernels compile at first


def spans(*texts: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The texts as one buffer and where each begins and stops."""
    encoded = [text.encode() for text in texts]
    lengths = np.array([len(text) for text in encoded], np.int32)
    stops = np.cumsum(lengths, dtype=np.int32)
    starts = stops - lengths
    return np.frombuffer(b"".join(encoded), np.uint8), starts, stops


def epoch(text: str, shift: int = 3) -> int | None:
    times, dated = epochs(*spans(text), shift)
    return int(times[0]) if dated[0] else None


def naive(text: str, shift: int) -> int | None:
    millis = Fraction(text) * 10**shift
    whole = millis.numerator // millis.denominator
    return whole if EARLIEST_MS <= whole <= LATEST_MS else None


@unhurried
@given(st.dates())
def test_day_numbers_are_those_of_the_calendar(day: date) -> None:
    assert day_number(day.year, day.month, day.day) == (day - date(1970, 1, 1)).days


@unhurried
@given(
    st.from_regex(r"[+-]?[0-9]{1,25}(\.[0-9]{0,25})?(e[+-]?[0-9]{1,2})?", fullmatch=True, alphabet="0123456789+-.e"),
    st.sampled_from([0, 3]),
)
def test_epochs_are_exact_to_the_millisecond(text: str, shift: int) -> None:
    assert epoch(text, shift) == naive(text, shift)


@pytest.mark.parametrize(
    ("text", "millis"),
    [("0", 0), ("1402473600", 1402473600000), ("1402473600.9999", 1402473600999), ("-0.5", -500), ("-0.0001", -1),
     ("1.4024736e9", 1402473600000), ("+5", 5000), (".5", 500), ("5.", 5000), ("253402300799.999", LATEST_MS)],
)  # fmt: skip
def test_seconds_are_read(text: str, millis: int) -> None:
    assert epoch(text) == millis


@pytest.mark.parametrize(
    "text", ["", " 5", "5 ", "-", ".", "1e", "5s", "nan", "1402473600000000", "253402300800", "1e99999", "2014-01-01"]
)
def test_what_is_no_epoch_is_not_dated(text: str) -> None:
    assert epoch(text) is None


def test_milliseconds_are_read() -> None:
    assert epoch("1402473600123", 0) == 1402473600123
    assert epoch("1402473600123.9", 0) == 1402473600123


def test_a_date_far_away_is_the_last_that_can_be_written() -> None:
    assert datetime.fromtimestamp(LATEST_MS // 1000, UTC).year == 9999


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Z", 0), ("+01", 3600), ("+0130", 5400), ("-01:30", -5400), ("+01:30:15", 5415), ("+013015", 5415),
     ("GMT", 0), ("UTC+1", 3600), ("UT-8:00", -28800), ("GMT+01:00", 3600), ("+18:00", 64800)],
)  # fmt: skip
def test_offsets_come_in_many_shapes(text: str, seconds: int) -> None:
    buffer, _, stops = spans(text)
    assert offset(buffer, 0, int(stops[0]), True, True) == (len(text), seconds)


@pytest.mark.parametrize("text", ["", "1", "+", "+1", "+1:00", "z", "+01:60", "+18:01", "+19", "G", "U", "EST"])
def test_what_is_no_offset_is_refused(text: str) -> None:
    buffer, _, _ = spans(text)
    assert offset(buffer, 0, len(buffer), True, True)[0] == -1


def test_a_change_of_text_is_seen() -> None:
    assert changed(*spans("EST", "EST", "EDT", "EDT", "ES")).tolist() == [True, False, True, False, True]
    assert changed(*spans()).tolist() == []
