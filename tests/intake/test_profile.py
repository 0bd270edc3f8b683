from datetime import timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tailmass.intake.profile import profile, profile_frame
from tailmass.jobs.transforms import parse
from tests.intake.texts import START, csv_of, minutes, profile_of

SHARED = Path(__file__).parents[3] / "shared" / "data"


def test_what_is_said_is_not_guessed(tmp_path: Path) -> None:
    said = {"time_field": "time", "time_format": "yyyy-MM-dd HH:mm:ss", "format": "DELIMITED", "delimiter": ","}
    found = profile_of(tmp_path, csv_of(minutes("%Y-%m-%d %H:%M:%S")), **said)
    assert [reason.split("=")[0] for reason in found.reasons] == ["bucket_span"]


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
        ("time,load\n1,1\n", {"format": "XML"}, "DELIMITED, JSON or SINGLE_LINE"),
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


MADE = parse(
    [
        {"transform": "exclude", "inputs": ["raw"], "condition": {"operator": "match", "value": "#.*"}},
        {
            "transform": "extract",
            "inputs": ["raw"],
            "outputs": ["when", "host", "load"],
            "arguments": ["(.*?) (.*) (.*)"],
        },
    ]
)


def test_lines_are_profiled_by_what_transforms_make_of_them(tmp_path: Path) -> None:
    text = "".join(f"# a comment\n{time} h{k % 3} {k}\r\n" for k, time in enumerate(minutes("%Y-%m-%dT%H:%M:%SZ")))
    found = profile_of(tmp_path, text, format="SINGLE_LINE", transforms=MADE)
    assert (found.format, found.time_field, found.time_format) == ("SINGLE_LINE", "when", "yyyy-MM-dd'T'HH:mm:ssX")
    assert found.fields == ("raw", "when", "host", "load")


def test_a_time_is_made_of_the_columns_of_a_frame() -> None:
    frame = pl.DataFrame({"day": ["2026-03-02"] * 60, "minute": [f"00:{k:02}" for k in range(60)], "n": range(60)})
    made = parse([{"transform": "concat", "inputs": ["day", "minute"], "arguments": [" "]}])
    assert profile_frame(frame, transforms=made).time_field == "concat"


def test_transforms_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="exclude all 2 rows"):
        profile_of(tmp_path, "# x\n# y\n", format="SINGLE_LINE", transforms=MADE)
