import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tailmass
from tailmass.engine.detect import Results, seconds
from tailmass.errors import InvalidValue, MissingField, TransformOutputsUnused, UnknownTransform
from tailmass.jobs import Detector

START = 1_700_000_040
SPIKE = 150


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Two hosts, a value a minute each; host b is far off in one minute."""
    minutes = [minute for minute in range(200) for _ in "ab"]
    return pl.DataFrame(
        {
            "time": [START + 60 * minute for minute in minutes],
            "host": ["a", "b"] * 200,
            "load": [
                500.0 if (minute, i % 2) == (SPIKE, 1) else 10.0 + (7 * minute) % 5 for i, minute in enumerate(minutes)
            ],
        }
    )


def _detect(data: Any, **options: Any) -> Results:
    return tailmass.detect(data, "mean(load) by host", bucket_span="1m", **options)


@pytest.mark.parametrize(
    ("convert", "kind"),
    [
        (lambda frame: frame, pl.DataFrame),
        (lambda frame: frame.with_columns(pl.from_epoch("time")), pl.DataFrame),
        (lambda frame: pd.DataFrame(frame.to_dict(as_series=False)), pd.DataFrame),
        (
            lambda frame: pd.DataFrame(frame.to_dict(as_series=False)).assign(
                time=lambda table: pd.to_datetime(table["time"], unit="s")
            ),
            pd.DataFrame,
        ),
        (lambda frame: frame.to_arrow(), pa.Table),
    ],
    ids=["polars", "polars datetime", "pandas", "pandas datetime", "pyarrow"],
)
def test_the_records_are_a_data_frame_of_the_callers_own_kind(frame: pl.DataFrame, convert: Any, kind: type) -> None:
    results = _detect(convert(frame))
    assert isinstance(results.records, kind)
    assert isinstance(results.buckets, kind)
    top = _rows(results.records)[0]
    assert (top["by_field_value"], top["actual"]) == ("b", 500.0)
    assert top["timestamp"].timestamp() == START + 60 * SPIKE
    assert len(_rows(results.buckets)) == 199


def _rows(frame: Any) -> Any:
    return nw.from_native(frame, eager_only=True).rows(named=True)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "ndjson", "json", "parquet"])
def test_every_kind_of_file_gives_what_the_frame_gives(frame: pl.DataFrame, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"load.{suffix}"
    if suffix == "csv":
        frame.write_csv(path)
    elif suffix == "csv.gz":
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    elif suffix == "ndjson":
        frame.write_ndjson(path)
    elif suffix == "json":
        frame.write_json(path)
    else:
        frame.write_parquet(path)
    assert _detect(path).records.equals(_detect(frame).records)
    assert _detect(str(path)).counts.processed_record_count == 400


def test_records_come_highest_score_first_with_times_in_utc(frame: pl.DataFrame) -> None:
    records = tailmass.detect(frame, ["mean(load) by host", "max(load)"], bucket_span=60).records
    assert records["normalized_probability"].is_sorted(descending=True)
    assert records["timestamp"][0] == datetime.fromtimestamp(START + 60 * SPIKE, UTC)
    assert set(records["detector_index"]) == {0, 1}


def test_a_detector_may_be_text_an_object_or_a_document(frame: pl.DataFrame) -> None:
    named = Detector(function="mean", field_name="load", by_field_name="host")
    document = {"function": "mean", "fieldName": "load", "byFieldName": "host"}
    found = [tailmass.detect(frame, each, bucket_span=60).records for each in ("mean(load) by host", named, document)]
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


def test_the_job_that_ran_can_be_run_again(frame: pl.DataFrame) -> None:
    job = _detect(frame).job
    assert job.analysis_config.bucket_span == 60
    assert job.document()["analysisConfig"]["detectors"] == [
        {"function": "mean", "fieldName": "load", "byFieldName": "host"}
    ]


def test_the_surroundings_of_a_record_are_the_values_of_its_series(frame: pl.DataFrame) -> None:
    results = _detect(frame)
    times, values = results.series(results.records.row(0, named=True))
    assert times.tolist() == [START + 60 * minute for minute in range(SPIKE - 48, SPIKE + 49)]
    assert values[48] == 500.0
    assert max(*values[:48], *values[49:]) < 20


def test_without_a_span_one_is_guessed_and_explained(frame: pl.DataFrame) -> None:
    results = tailmass.detect(frame, "mean(load) by host")
    assert results.job.analysis_config.bucket_span >= 60
    assert any(guess.startswith("bucket_span=") for guess in results.guesses)
    assert not any(guess.startswith("bucket_span=") for guess in _detect(frame).guesses)


def test_progress_ends_at_the_whole(frame: pl.DataFrame, tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    path = tmp_path / "load.csv"
    frame.write_csv(path)
    _detect(path, progress=lambda *each: told.append(each))
    assert told[-1][0] == told[-1][1] == path.stat().st_size


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400), (300, 300)])
def test_spans_are_read(text: str | int, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "m", "0", "0m", "-5m", "1.5h", "5 minutes"])
def test_a_span_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidValue, match="whole number and one of s, m, h, d, w"):
        seconds(text)


def test_mistakes_are_told_with_the_way_out(frame: pl.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(MissingField, match="'cpu' is not in the data frame, which has the columns 'time', 'host'"):
        tailmass.detect(frame, "mean(cpu)", bucket_span=60)
    with pytest.raises(ValueError, match="Unknown function 'maen': use one of"):
        tailmass.detect(frame, "maen(load)", bucket_span=60)
    with pytest.raises(FileNotFoundError):
        tailmass.detect(tmp_path / "nothing.csv", "count")


MADE = [
    {"transform": "concat", "inputs": ["day", "clock"], "outputs": ["when"], "arguments": [" "]},
    {"transform": "uppercase", "inputs": ["name"], "outputs": ["host"]},
    {"transform": "exclude", "inputs": ["name"], "condition": {"operator": "match", "value": "test.*"}},
]


def _apart(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its time in two columns, names in small letters, and a row in three that is to be excluded."""
    times = pl.from_epoch(frame["time"])
    apart = frame.select(
        day=times.dt.to_string("%Y-%m-%d"),
        clock=times.dt.to_string("%H:%M:%S"),
        name=pl.col("host"),
        load=pl.col("load"),
    )
    tests = apart[::2].with_columns(name=pl.lit("test1"), load=pl.lit(1e9))
    return pl.concat([apart, tests]).sort("day", "clock", maintain_order=True)


@pytest.mark.parametrize("kind", ["frame", "csv", "parquet"])
def test_fields_are_made_of_others_and_rows_left_out(frame: pl.DataFrame, tmp_path: Path, kind: str) -> None:
    apart = _apart(frame)
    source: Any = tmp_path / f"apart.{kind}"
    if kind == "csv":
        apart.write_csv(source)
    elif kind == "parquet":
        apart.write_parquet(source)
    else:
        source = apart
    results = _detect(source, time_field="when", transforms=MADE)
    plain = _detect(frame.with_columns(host=pl.col("host").str.to_uppercase()))
    assert results.records.equals(plain.records)
    assert results.counts.excluded_record_count == len(apart) - len(frame)
    assert results.counts.processed_record_count == len(frame)


def test_lines_are_read_by_what_is_extracted_from_them(frame: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "load.log"
    path.write_text("".join(f"at {time} {host}: load {load}\n" for time, host, load in frame.iter_rows()))
    pattern = r"at (\d+) (\w+): load (.*)"
    made = [{"transform": "extract", "inputs": ["raw"], "outputs": ["time", "host", "load"], "arguments": [pattern]}]
    assert _detect(path, format="SINGLE_LINE", transforms=made).records.equals(_detect(frame).records)


def test_transforms_that_cannot_work_are_refused_with_their_code(frame: pl.DataFrame) -> None:
    with pytest.raises(UnknownTransform):
        _detect(frame, transforms=[{"transform": "reverse", "inputs": ["host"]}])
    with pytest.raises(TransformOutputsUnused):
        _detect(frame, transforms=[{"transform": "trim", "inputs": ["host"]}])


def test_what_is_open_at_the_end_is_judged_as_it_stands_if_asked(frame: pl.DataFrame) -> None:
    until = frame.filter(pl.col("time") <= START + 60 * SPIKE)
    assert _detect(until).records["actual"].max() != 500.0
    open_too = _detect(until, interim=True)
    assert open_too.records["actual"][0] == 500.0
    assert open_too.buckets["timestamp"][-1] == open_too.records["timestamp"][0]
    assert len(open_too.series(open_too.records.row(0, named=True))[0])


def test_who_first_comes_in_the_open_bucket_has_no_values_around() -> None:
    clients = [(60 * minute, f"c{client}") for minute in range(100) for client in range(20) for _ in range(client % 4)]
    rows = pl.DataFrame([*clients, *[(6000, "stranger")] * 300], schema=["time", "client"], orient="row")
    found = tailmass.detect(rows, "high_count over client", bucket_span="1m", interim=True)
    first = found.records.row(0, named=True)
    assert first["over_field_value"] == "stranger"
    assert [len(each) for each in found.series(first)] == [0, 0]
