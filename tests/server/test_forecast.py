from typing import Any

import httpx
import pytest

from .clients import START, create, rows

DETECTORS = [{"function": "mean", "fieldName": "value"}, {"function": "mean", "fieldName": "value", "byFieldName": "x"}]


@pytest.fixture
def fed(native: httpx.Client) -> str:
    """A job that has met a week of values between 1 and 1.6, alone and for x = "a b"."""
    job_id = create(native, analysisConfig={"bucketSpan": 3600, "detectors": DETECTORS})
    data = rows(6 * 24 * 7).replace(b"time,value\n", b"").replace(b"\n", b",a b\n")
    native.post(f"/data/{job_id}", content=b"time,value,x\n" + data).raise_for_status()
    return job_id


def test_a_forecast_is_the_next_buckets_with_their_bounds(native: httpx.Client, fed: str) -> None:
    answered = native.get(f"/forecast/{fed}", params={"duration": "3h"})
    assert answered.status_code == 200
    document = answered.json()
    told = {"jobId": fed, "bucketSpan": 3600, "detectorIndex": 0, "function": "mean", "fieldName": "value"}
    buckets = document.pop("forecast")
    assert document == told
    assert [each["timestamp"] for each in buckets] == [f"2014-05-20T{hour}:00:00.000+0000" for hour in (16, 17, 18)]
    for each in buckets:
        assert 0.8 < each["lower"] < each["mean"] < each["upper"] < 1.8
    assert START + 3600 * (24 * 7 - 1) == 1_400_601_600


def test_a_forecast_says_which_series_it_is_of(native: httpx.Client, fed: str) -> None:
    asked: dict[str, Any] = {"detectorIndex": 1, "byFieldValue": "a b", "duration": 3600, "partitionFieldValue": ""}
    document = native.get(f"/forecast/{fed}", params=asked).json()
    assert (document["byFieldName"], document["byFieldValue"], len(document["forecast"])) == ("x", "a b", 1)


def test_without_a_duration_a_forecast_is_a_day(native: httpx.Client, fed: str) -> None:
    for query in ("", "?duration="):
        assert len(native.get(f"/forecast/{fed}{query}").json()["forecast"]) == 24


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("detectorIndex=2", "'detectorIndex' is 2"),
        ("detectorIndex=first", "'detectorIndex' is 'first'"),
        ("detectorIndex=1", "'byFieldValue'"),
        ("detectorIndex=1&byFieldValue=c", "no value with x 'c'"),
        ("byFieldValue=a", "has no 'byFieldName'"),
        ("duration=soon", "'duration' is 'soon'"),
        ("duration=0", "0 buckets"),
        ("duration=99999w", "ask for 1 to 100000 buckets"),
    ],
)
def test_what_cannot_be_looked_ahead_is_refused_by_name(native: httpx.Client, fed: str, query: str, named: str) -> None:
    answered = native.get(f"/forecast/{fed}?{query}")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 10104)
    assert named in answered.json()["message"]


def test_a_job_that_does_not_exist_is_an_error(native: httpx.Client) -> None:
    answered = native.get("/forecast/nobody")
    assert (answered.status_code, answered.json()["errorCode"]) == (404, 20101)


@pytest.mark.parametrize("version", ["v2", "v1", "v0.3"])
def test_the_other_versions_have_no_forecast(api: httpx.Client, fed: str, version: str) -> None:
    base = f"http://{api.base_url.host}:{api.base_url.port}/engine/{version}"
    answered = httpx.get(f"{base}/forecast/{fed}")
    assert (answered.status_code, answered.json()["errorCode"]) == (404, 0)
