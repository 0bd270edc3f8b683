import json
import math
from dataclasses import fields, replace
from typing import Any

import msgspec
import pytest

from tailmass.results import Record
from tailmass.results.batch import RECORDS
from tailmass.results.evidence import COLUMNS, SOURCES

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


EXPLAINED = replace(
    FAREQUOTE,
    kind="spike",
    lower=92.5,
    upper=108.25,
    largest_of=3120,
    events_per_week=0.004,
    multi_bucket_impact=-3.5,
    evidence_surprise=5.1,
    evidence_window=0.0,
    evidence_raw=1.5,
    evidence_envelope=0.0,
    evidence_variance=0.0,
    evidence_shape=0.0,
    evidence_recalibration=-0.5,
)


def test_clients_of_the_engine_api_get_the_bytes_they_always_got() -> None:
    assert msgspec.json.encode(EXPLAINED.document()) == (
        b'{"timestamp":"2014-06-25T16:00:00.000+0000","bucketSpan":3600,"detectorIndex":0,"probability":3.28197e-36,'
        b'"function":"metric","functionDescription":"mean","fieldName":"responsetime","byFieldName":"airline",'
        b'"byFieldValue":"AAL","anomalyScore":70.19383,"normalizedProbability":98.44456,'
        b'"initialNormalizedProbability":98.44456,"isInterim":false,"typical":100.831,"actual":242.75}'
    )


def test_a_native_record_is_explained_field_by_field() -> None:
    assert EXPLAINED.document(native=True) == EXPLAINED.document() | {
        "kind": "spike",
        "lower": 92.5,
        "upper": 108.25,
        "largestOf": 3120,
        "eventsPerWeek": 0.004,
        "multiBucketImpact": -3.5,
        "contributions": {"surprise": 5.1, "raw": 1.5, "recalibration": -0.5},
    }


def test_what_is_not_known_of_a_native_record_is_left_out() -> None:
    assert FAREQUOTE.document(native=True) == FAREQUOTE.document()
    assert replace(FAREQUOTE, evidence_raw=0.0).document(native=True)["contributions"] == {}


def test_in_a_population_the_bounds_are_in_the_cause_with_the_numbers_they_are_for() -> None:
    body = replace(EXPLAINED, over_field_name="user", over_field_value="bob").document(native=True)
    assert not {"lower", "upper", "actual"} & set(body)
    (cause,) = body["causes"]
    assert (cause["lower"], cause["upper"], cause["actual"]) == (92.5, 108.25, 242.75)
    assert body["kind"] == "spike"


def test_no_explanation_holds_what_json_cannot() -> None:
    odd = replace(EXPLAINED, lower=math.nan, upper=math.inf, events_per_week=math.nan, evidence_surprise=math.nan)
    text = json.dumps(odd.document(native=True), allow_nan=False)
    assert not {"lower", "upper", "eventsPerWeek"} & set(json.loads(text))
    assert "surprise" not in json.loads(text)["contributions"]


def test_every_column_of_a_table_of_records_is_a_field_of_a_record() -> None:
    assert {*RECORDS, "is_interim"} == {field.name for field in fields(Record)}
    assert list(COLUMNS) == [f"evidence_{source}" for source in SOURCES]
