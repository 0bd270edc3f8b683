import json
import math
from typing import Any

import pytest

from tailmass.results import Record

FAREQUOTE = Record(
    timestamp=1_403_712_000,
    bucket_span=3600,
    detector_index=0,
    function="metric",
    function_description="mean",
    field_name="responsetime",
    by_field_name="airline",
    by_field_value="AAL",
    probability=3.28197e-36,
    anomaly_score=70.19383,
    normalized_probability=98.44456,
    typical=100.831,
    actual=242.75,
)
BARE: dict[str, Any] = {
    "timestamp": 0,
    "bucket_span": 300,
    "detector_index": 1,
    "function": "count",
    "function_description": "count",
    "probability": 0.01,
    "anomaly_score": 1.0,
    "normalized_probability": 2.0,
}


def test_the_record_of_the_worked_example_is_written_field_by_field() -> None:
    assert FAREQUOTE.document() == {
        "timestamp": "2014-06-25T16:00:00.000+0000",
        "bucketSpan": 3600,
        "detectorIndex": 0,
        "function": "metric",
        "functionDescription": "mean",
        "fieldName": "responsetime",
        "byFieldName": "airline",
        "byFieldValue": "AAL",
        "probability": 3.28197e-36,
        "anomalyScore": 70.19383,
        "normalizedProbability": 98.44456,
        "initialNormalizedProbability": 98.44456,
        "typical": 100.831,
        "actual": 242.75,
        "isInterim": False,
    }


def test_what_a_record_does_not_have_is_left_out() -> None:
    assert set(Record(**BARE).document()) == {
        "timestamp",
        "bucketSpan",
        "detectorIndex",
        "function",
        "functionDescription",
        "probability",
        "anomalyScore",
        "normalizedProbability",
        "initialNormalizedProbability",
        "isInterim",
    }


@pytest.mark.parametrize("split", ["by", "over", "partition"])
def test_a_split_without_a_name_is_left_out(split: str) -> None:
    body = Record(**BARE | {f"{split}_field_name": "", f"{split}_field_value": ""}).document()
    assert not [name for name in body if name.startswith(split)]


def test_rows_without_the_field_form_a_series_whose_value_is_empty() -> None:
    body = Record(**BARE, by_field_name="host", by_field_value="").document()
    assert (body["byFieldName"], body["byFieldValue"]) == ("host", "")


def test_in_a_population_the_numbers_are_in_the_cause() -> None:
    body = Record(**BARE, over_field_name="user", over_field_value="bob", actual=9.0, typical=1.0).document()
    assert "actual" not in body
    assert "typical" not in body
    assert (body["overFieldName"], body["overFieldValue"]) == ("user", "bob")
    assert body["causes"] == [
        {
            "probability": 0.01,
            "function": "count",
            "functionDescription": "count",
            "overFieldName": "user",
            "overFieldValue": "bob",
            "typical": 1.0,
            "actual": 9.0,
        }
    ]


def test_a_position_is_an_array() -> None:
    body = Record(**BARE, actual=(51.5, -0.1), typical=(48.0,)).document()
    assert (body["actual"], body["typical"]) == ([51.5, -0.1], 48.0)


def test_no_record_holds_what_json_cannot() -> None:
    odd = {**BARE, "probability": 0.0, "anomaly_score": math.nan, "normalized_probability": math.inf}
    text = json.dumps(Record(**odd, actual=math.nan, typical=-math.inf).document(), allow_nan=False)
    assert json.loads(text)["probability"] == 2.22507e-308
