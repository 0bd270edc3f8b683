import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.intake.profile import DELIMITERS, SPANS, Profile, profile, profile_frame, profile_path

START = datetime(2026, 3, 2, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared" / "data"


def minutes(written: str, count: int = 500) -> list[str]:
    """Times a minute apart, as `strftime` writes them."""
    return [(START + timedelta(minutes=i)).strftime(written) for i in range(count)]


def csv_of(times: list[str], *, name: str = "time", mark: str = ",") -> str:
    rows = [f"{time}{mark}h{i % 3}{mark}{i}.5" for i, time in enumerate(times)]
    return "\n".join([f"{name}{mark}host{mark}load", *rows, ""])


def profile_of(folder: Path, text: str | bytes, **said: str) -> Profile:
    path = folder / "rows"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return profile_path(path, **said)


@pytest.mark.parametrize("mark", DELIMITERS)
def test_the_delimiter_is_the_one_that_cuts_all_lines_alike(tmp_path: Path, mark: str) -> None:
    found = profile_of(tmp_path, csv_of(minutes("%Y-%m-%d %H:%M:%S"), mark=mark))
    assert (found.format, found.delimiter, found.fields) == ("DELIMITED", mark, ("time", "host", "load"))


def test_lines_that_end_in_more_delimiters_than_the_header_are_cut_all_the_same(tmp_path: Path) -> None:
    text = "time\tload\n" + "".join(f"{time}\t1\t\t\n" for time in minutes("%Y-%m-%d %H:%M:%S"))
    assert profile_of(tmp_path, text).delimiter == "\t"


def test_commas_inside_the_values_of_a_semicolon_file_do_not_mislead(tmp_path: Path) -> None:
    text = "time;load\n" + "".join(f"{time};{i},5\n" for i, time in enumerate(minutes("%Y-%m-%d %H:%M:%S")))
    assert profile_of(tmp_path, text).delimiter == ";"


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


def test_what_is_said_is_not_guessed(tmp_path: Path) -> None:
    said = {"time_field": "time", "time_format": "yyyy-MM-dd HH:mm:ss", "format": "DELIMITED", "delimiter": ","}
    found = profile_of(tmp_path, csv_of(minutes("%Y-%m-%d %H:%M:%S")), **said)
    assert [reason.split("=")[0] for reason in found.reasons] == ["bucket_span"]


@pytest.mark.parametrize("joint", ["\n", "", ",\n"])
def test_json_is_recognised_in_lines_run_together_or_in_an_array(tmp_path: Path, joint: str) -> None:
    rows = [json.dumps({"@timestamp": time, "a": {"b": i}}) for i, time in enumerate(minutes("%Y-%m-%dT%H:%M:%SZ"))]
    text = f"[{joint.join(rows)}]" if "," in joint else joint.join(rows)
    found = profile_of(tmp_path, text)
    assert (found.format, found.time_field, found.fields) == ("JSON", "@timestamp", ("@timestamp", "a.b"))


def test_gzip_and_a_byte_order_mark_are_seen_through(tmp_path: Path) -> None:
    text = csv_of(minutes("%Y-%m-%d %H:%M:%S"))
    plain = profile_of(tmp_path, text)
    assert profile_of(tmp_path, gzip.compress(b"\xef\xbb\xbf" + text.encode())) == plain


def test_only_the_head_of_a_long_file_is_read_and_its_span_estimated(tmp_path: Path) -> None:
    text = csv_of(minutes("%Y-%m-%d %H:%M:%S", 60_000))
    for data in (text.encode(), gzip.compress(text.encode())):
        found = profile_of(tmp_path, data)
        assert found.span_seconds == pytest.approx(60_000 * 60, rel=0.1)  # rows are of nearly the same length


def test_frames_of_every_kind_have_the_same_profile() -> None:
    polars = pl.DataFrame({"time": [START + timedelta(minutes=i) for i in range(500)], "load": [1.0] * 500})
    found = profile_frame(polars)
    assert (found.format, found.time_field, found.time_format) == ("FRAME", "time", "epoch_ms")
    assert profile_frame(pd.DataFrame(polars.to_dict(as_series=False))) == found
    assert profile_frame(pa.table(polars.to_dict(as_series=False))) == found


def test_a_parquet_file_is_read_as_the_frame_it_holds(tmp_path: Path) -> None:
    frame = pl.DataFrame({"ts": [START + timedelta(minutes=i) for i in range(500)], "load": [1.0] * 500})
    frame.write_parquet(tmp_path / "rows.parquet")
    found = profile(tmp_path / "rows.parquet")
    assert (found.format, found.time_field, found.fields) == ("PARQUET", "ts", ("ts", "load"))


def test_a_sampled_metric_gets_buckets_as_long_as_its_samples(tmp_path: Path) -> None:
    times = minutes("%Y-%m-%d %H:%M:%S", 2000)[::5]
    rows = [f"{time},{host},{i}" for i, time in enumerate(times) for host in ("a", "b")]
    assert profile_of(tmp_path, "\n".join(["time,host,load", *rows, ""])).bucket_span == 300


def test_buckets_are_long_enough_for_several_rows_of_each_series() -> None:
    # Rows come 10 s apart, from one of twenty hosts in no regular order: each has some 4.5 of them in a quarter hour.
    hosts = np.random.default_rng(1).integers(0, 20, 40_000)
    times = [START + timedelta(seconds=10 * i) for i in range(40_000)]
    frame = pl.DataFrame({"time": times, "host": [f"h{host}" for host in hosts]})
    assert profile_frame(frame).bucket_span == 1800
    assert profile_frame(frame, split=["host"]).bucket_span == 1800
    assert profile_frame(frame, split=[]).bucket_span == 10  # one series, sampled every ten seconds


@given(st.integers(1, 5000), st.integers(2, 300))
def test_the_bucket_span_is_round_whatever_the_gaps(gap: int, rows: int) -> None:
    times = [START + timedelta(seconds=gap * i + i * i % 7) for i in range(rows)]
    found = profile_frame(pl.DataFrame({"time": times, "load": [1.0] * rows}))
    assert found.bucket_span in SPANS


@pytest.mark.parametrize(
    ("text", "said", "way_out"),
    [
        ("", {}, "is empty"),
        ("  \n\n", {}, "is empty"),
        ("time,load\n", {}, "at least one row"),
        ("host,load\na,1\nb,2\n", {}, "time_field"),
        ("17,42\n18,43\n", {}, "header"),
        ("time,load\nx,1\n", {"time_field": "when"}, "no column 'when'"),
        ("time,load\nsoon,1\nlater,2\n", {"time_field": "time"}, "time_format"),
        ("time,load\nsoon,1\n", {"time_field": "time", "time_format": "epoch"}, "does not read as 'epoch'"),
        ("time,load\n1,1\n", {"format": "XML"}, "DELIMITED or JSON"),
        ('{"broken": ', {}, "no complete row"),
        ("[2026-03-02 00:00:00] a log line\n[2026-03-02 00:00:01] another\n", {}, "time_field"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_way_out(
    tmp_path: Path, text: str, said: dict[str, str], way_out: str
) -> None:
    with pytest.raises(ValueError, match=way_out):
        profile_of(tmp_path, text, **said)


def test_parquet_that_is_damaged_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Parquet does but cannot be read"):
        profile_of(tmp_path, b"PAR1" + b"nothing of the kind")


def test_gzip_that_is_damaged_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be unpacked"):
        profile_of(tmp_path, b"\x1f\x8b" + b"nothing of the kind")


def test_what_is_no_frame_is_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="give a path, or a Polars, pandas or PyArrow data frame"):
        profile(42)


@pytest.mark.parametrize(
    ("file", "field", "delimiter"),
    [("farequote/farequote.csv.gz", "time", ",")],
)
def test_a_real_file_is_understood(file: str, field: str, delimiter: str) -> None:
    if not (SHARED / file).exists():
        pytest.skip("needs the shared data next to the checkout")
    found = profile(SHARED / file)
    assert (found.time_field, found.delimiter, found.bucket_span) == (field, delimiter, 900)
    assert found.span_seconds == pytest.approx(5 * 86400, rel=0.2)
