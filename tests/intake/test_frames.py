from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tailmass.columns import Columns
from tailmass.errors import MissingField
from tailmass.intake import frames
from tailmass.intake.fields import Fields
from tailmass.jobs.transforms import parse

FIELDS = Fields("time", ("host",), ("value",))


def whole(frame: Any, fields: Fields = FIELDS, time_format: str = "epoch") -> Columns:
    [columns] = frames.columns(frame, fields, time_format)
    return columns


def times(values: Any, time_format: str = "epoch") -> list[int | None]:
    columns = whole(pl.DataFrame({"time": values}), Fields("time"), time_format)
    return [int(time) if dated else None for time, dated in zip(columns.times, columns.dated, strict=True)]


def texts(values: Any) -> list[str | None]:
    return whole(pl.DataFrame({"time": [0] * len(values), "t": values}), Fields("time", ("t",))).texts["t"].to_list()


def numbers(values: Any) -> list[float]:
    frame = pl.DataFrame({"time": [0] * len(values), "n": values})
    return whole(frame, Fields("time", (), ("n",))).numbers["n"].tolist()  # type: ignore[no-any-return]


DATA: dict[str, list[Any]] = {"time": [1402473600, 1402473601], "host": ["a", None], "value": [1.5, None], "x": [1, 2]}


@pytest.mark.parametrize("frame", [pl.DataFrame(DATA), pd.DataFrame(DATA), pa.table(DATA)], ids=["pl", "pd", "pa"])
def test_every_kind_of_frame_is_read(frame: Any) -> None:
    columns = whole(frame)
    assert columns.times.tolist() == [1402473600000, 1402473601000]
    assert columns.dated.all()
    assert columns.texts["host"].to_list() == ["a", None]
    assert columns.texts["host"].dtype == pl.String
    assert columns.numbers["value"][0] == 1.5
    assert np.isnan(columns.numbers["value"][1])


def test_pandas_times_and_categories_are_read() -> None:
    frame = pd.DataFrame(
        {
            "time": pd.to_datetime(["2014-06-11 10:00", None]).tz_localize("Europe/Berlin"),
            "host": pd.Categorical(["a", "b"]),
            "value": pd.array([1, None], dtype="Int64"),
        }
    )
    columns = whole(frame)
    assert columns.times.tolist() == [1402473600000, 0]
    assert columns.dated.tolist() == [True, False]
    assert columns.texts["host"].to_list() == ["a", "b"]


def test_pandas_objects_are_read_as_their_text() -> None:
    frame = pd.DataFrame({"time": [1, 2], "host": pd.Series(["a", None], dtype=object), "value": [1, 2]})
    assert whole(frame).texts["host"].to_list() == ["a", None]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_datetimes_of_any_unit_are_utc_without_a_zone(unit: Any) -> None:
    moment = datetime(2014, 6, 11, 8, 0, 0, 1999)
    assert times(pl.Series([moment, None]).cast(pl.Datetime(unit))) == [1402473600001, None]


def test_datetimes_with_a_zone_are_converted() -> None:
    moment = datetime(2014, 6, 11, 10, tzinfo=timezone(timedelta(hours=2)))
    assert times(pl.Series([moment]).dt.convert_time_zone("Asia/Tokyo")) == [1402473600000]


def test_dates_are_midnight() -> None:
    assert times([date(2014, 6, 11), None]) == [1402444800000, None]


def test_numbers_are_seconds_or_milliseconds() -> None:
    assert times([1402473600, None]) == [1402473600000, None]
    assert times([1402473600.25, float("nan"), None]) == [1402473600250, None, None]
    assert times([1402473600123], "epoch_ms") == [1402473600123]
    assert times(pl.Series([2**64 - 1, 5], dtype=pl.UInt64)) == [None, 5000]
    assert times(pl.Series([7], dtype=pl.Int16)) == [7000]


def test_text_is_read_by_the_time_format() -> None:
    assert times(["1402473600", "x", None]) == [1402473600000, None, None]
    assert times(["2014-06-11 08:00"], "yyyy-MM-dd HH:mm") == [1402473600000]


def test_any_type_can_be_text() -> None:
    assert texts([1, None, -(2**62)]) == ["1", None, str(-(2**62))]
    assert texts([1.5, float("nan"), None]) == ["1.5", None, None]
    assert texts([True, False, None]) == ["true", "false", None]
    assert texts(pl.Series(["a", "b"], dtype=pl.Categorical)) == ["a", "b"]


def test_numbers_come_from_numbers_flags_and_text() -> None:
    nan = float("nan")
    np.testing.assert_equal(numbers([1, None]), [1.0, nan])
    np.testing.assert_equal(numbers([True, False, None]), [1.0, 0.0, nan])
    np.testing.assert_equal(
        numbers(["1.5", " 2e3 ", "x", "inf", "NaN", "", None]), [1.5, 2000.0, nan, nan, nan, nan, nan]
    )
    np.testing.assert_equal(numbers([float("inf"), -float("inf"), nan]), [nan, nan, nan])


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(MissingField, match=r"'value' is not in the data frame, .*'time', 'host'"):
        whole(pl.DataFrame({"time": [1], "host": ["a"]}))


def test_a_large_frame_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "PIECE_ROWS", 4)
    frame = pl.DataFrame({"time": range(10), "host": ["a"] * 10, "value": range(10)})
    found = list(frames.columns(frame, FIELDS))
    assert [len(columns) for columns in found] == [4, 4, 2]
    assert [time for columns in found for time in columns.times.tolist()] == [1000 * k for k in range(10)]


def test_an_empty_frame_has_no_pieces() -> None:
    assert list(frames.columns(pl.DataFrame({"time": [], "host": [], "value": []}), FIELDS)) == []


def test_fields_are_made_before_they_are_wanted() -> None:
    transforms = parse(
        [
            {"transform": "concat", "inputs": ["day", "hour"], "outputs": ["time"], "arguments": [" "]},
            {"transform": "concat", "inputs": ["n", "half"], "outputs": ["value"], "arguments": ["."]},
            {"transform": "exclude", "inputs": ["n"], "condition": {"operator": "gt", "value": "8"}},
        ]
    )
    frame = pl.DataFrame(
        {"day": ["2014-06-11"] * 3, "hour": ["08", "09", None], "n": [1, 9, None], "half": ["5", "5", "x"]}
    )
    columns = whole(frame, Fields("time", ("n",), ("value",), transforms), "yyyy-MM-dd HH")
    assert columns.times.tolist() == [1402473600000, 0, 0]
    assert columns.dated.tolist() == [True, False, False]
    np.testing.assert_equal(columns.numbers["value"], [1.5, 9.5, np.nan])
    assert columns.excluded is not None
    assert columns.excluded.tolist() == [False, True, False]
    assert columns.failed is not None
    assert columns.failed.tolist() == [0, 0, 1]


def test_an_input_that_is_no_column_is_named() -> None:
    transforms = parse([{"transform": "trim", "inputs": ["nobody"], "outputs": ["host"]}])
    with pytest.raises(MissingField, match="'nobody' is not in the data frame"):
        whole(pl.DataFrame(DATA), Fields("time", ("host",), (), transforms))
