from datetime import timedelta
from pathlib import Path

import pytest

from tests.intake.texts import START, csv_of, minutes, profile_of


@pytest.mark.parametrize(
    ("written", "pattern"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", "yyyy-MM-dd'T'HH:mm:ssX"),
        ("%Y-%m-%dT%H:%M:%S+0000", "yyyy-MM-dd'T'HH:mm:ssX"),
        ("%Y-%m-%dT%H:%M:%S+00:00", "yyyy-MM-dd'T'HH:mm:ssX"),
        ("%Y-%m-%dT%H:%M:%S.000Z", "yyyy-MM-dd'T'HH:mm:ss.SSSX"),
        ("%Y-%m-%dT%H:%M:%S", "yyyy-MM-dd'T'HH:mm:ss"),
        ("%Y-%m-%d %H:%M:%SZ", "yyyy-MM-dd HH:mm:ssX"),
        ("%Y-%m-%d %H:%M:%S+00", "yyyy-MM-dd HH:mm:ssX"),
        ("%Y-%m-%d %H:%M:%S", "yyyy-MM-dd HH:mm:ss"),
        ("%Y-%m-%d %H:%M", "yyyy-MM-dd HH:mm"),
        ("%d/%b/%Y:%H:%M:%S +0100", "dd/MMM/yyyy:HH:mm:ss X"),
        ("%d/%b/%Y %H:%M:%SZ", "dd/MMM/yyyy HH:mm:ssX"),
        ("%Y%m%d%H%M%S", "yyyyMMddHHmmss"),
        ("%a %b %d %H:%M:%S %Y", "EEE MMM dd HH:mm:ss yyyy"),
        ("%d.%m.%Y %H:%M:%S", "dd.MM.yyyy HH:mm:ss"),
        ("%a %m/%d/%Y %H:%M", "EEE MM/dd/yyyy HH:mm"),
    ],
)
def test_a_way_to_write_times_is_recognised(tmp_path: Path, written: str, pattern: str) -> None:
    found = profile_of(tmp_path, csv_of(minutes(written)))
    assert (found.time_field, found.time_format) == ("time", pattern)
    assert found.median_gap_seconds == 60


@pytest.mark.parametrize(("unit", "pattern"), [(1, "epoch"), (1000, "epoch_ms")])
def test_numbers_that_can_be_times_are_times(tmp_path: Path, unit: int, pattern: str) -> None:
    first = int(START.timestamp())
    found = profile_of(tmp_path, csv_of([str((first + 60 * i) * unit) for i in range(300)], name="ts"))
    assert (found.time_field, found.time_format) == ("ts", pattern)


@pytest.mark.parametrize(("written", "pattern"), [("%d/%m/%Y", "dd/MM/yyyy"), ("%m/%d/%Y", "MM/dd/yyyy")])
def test_of_two_readings_of_a_date_the_one_without_jumps_is_right(tmp_path: Path, written: str, pattern: str) -> None:
    # From the 2nd to the 6th of March no day is above 12: both readings are dates, one of them months apart.
    times = [(START + timedelta(minutes=15 * i)).strftime(f"{written} %H:%M:%S") for i in range(400)]
    assert profile_of(tmp_path, csv_of(times)).time_format == f"{pattern} HH:mm:ss"


def test_a_column_of_times_is_found_whatever_it_is_called(tmp_path: Path) -> None:
    found = profile_of(tmp_path, csv_of(minutes("%Y-%m-%d %H:%M:%S"), name="moment"))
    assert found.time_field == "moment"
    assert any("moment" in reason for reason in found.reasons)


def test_a_promising_name_that_holds_no_times_is_passed_over(tmp_path: Path) -> None:
    rows = [f"{i % 7}.25,{time}" for i, time in enumerate(minutes("%Y-%m-%d %H:%M:%S"))]
    assert profile_of(tmp_path, "\n".join(["time,logged", *rows, ""])).time_field == "logged"


def test_small_numbers_are_seconds_if_the_column_is_called_time(tmp_path: Path) -> None:
    text = "{},load\n" + "".join(f"{60 * i},{i % 3}\n" for i in range(200))
    assert profile_of(tmp_path, text.format("Time")).time_format == "epoch"
    assert profile_of(tmp_path, text.format("n"), time_field="n").time_format == "epoch"
    with pytest.raises(ValueError, match="no column"):
        profile_of(tmp_path, text.format("n"))
