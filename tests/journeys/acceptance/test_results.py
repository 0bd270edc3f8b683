"""Section 11 of the specification, results: a test a line."""

import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.clients import START, create, rows

from .wire import document, documents, refusal, summary

SORTABLE = (
    *("timestamp", "anomalyScore", "normalizedProbability", "initialNormalizedProbability", "probability", "actual"),
    *("typical", "function", "functionDescription", "fieldName", "byFieldName", "byFieldValue", "overFieldName"),
    *("overFieldValue", "partitionFieldName", "partitionFieldValue", "detectorIndex", "bucketSpan", "isInterim"),
)
"""What records can be sorted by at least; 2.4.3."""


@pytest.fixture
def loud(api: httpx.Client) -> str:
    """A job with many records: measures that jump, each at another time, and people who turn up far from home."""
    detectors = [
        {"function": "mean", "fieldName": "value", "byFieldName": "host"},
        {"function": "lat_long", "fieldName": "place", "byFieldName": "host"},
    ]
    job = create(api, analysisConfig={"bucketSpan": 600, "detectors": detectors, "influencers": ["host"]})
    _send(api, job, 0, 300)
    return job


def _send(api: httpx.Client, job: str, begin: int, end: int) -> None:
    """Two rows of each host in the buckets from one to another."""

    def line(bucket: int, second: int, host: int) -> str:
        odd = bucket > 100 and bucket % 90 == 7 * host
        value, place = (900 + bucket, "-30.5,120.25") if odd else (10 + (bucket + host) % 7, f"40.5,-70.{second}")
        return f'{START + 600 * bucket + second},h{host},{value},"{place}"\n'

    lines = (line(bucket, second, host) for bucket in range(begin, end) for second in (15, 300) for host in range(8))
    summary(api.post(f"/data/{job}", content=("time,host,value,place\n" + "".join(lines)).encode()))


def test_the_last_bucket_is_interim_and_only_for_those_who_ask(api: httpx.Client, job: str) -> None:
    """last bucket not finalised; interim only after flush and only when asked for"""
    summary(api.post(f"/data/{job}", content=rows(19)))
    path = f"/results/{job}/buckets"
    assert len(documents(api, path, includeInterim=True)) == 3
    api.post(f"/data/{job}/flush").raise_for_status()
    assert len(documents(api, path, includeInterim=True)) == 3
    api.post(f"/data/{job}/flush?calcInterim=true").raise_for_status()
    assert [each["isInterim"] for each in documents(api, path, includeinterim=True)] == [False] * 3 + [True]
    api.post(f"/data/{job}/close").raise_for_status()
    assert [each["isInterim"] for each in documents(api, path)] == [False] * 3
    open_ = f"{path}/{START + 3 * 3600}"
    assert api.get(open_).status_code == 404
    assert document(api, f"{open_}?includeInterim=true")["eventCount"] == 1
    summary(api.post(f"/data/{job}", content=rows(6, START + 4 * 3600)))
    assert [each["isInterim"] for each in documents(api, path, includeInterim=True)] == [False] * 4
    assert document(api, open_)["eventCount"] == 1


def test_one_value_is_a_number_and_two_are_an_array(api: httpx.Client, loud: str) -> None:
    """scalar vs array `actual`/`typical`; no `initialAnomalyScore` on (bucket) influencers"""
    found = documents(api, f"/results/{loud}/records")
    kinds = {
        (each["functionDescription"], type(each[name]), len(each[name]) if isinstance(each[name], list) else 1)
        for each in found
        for name in ("actual", "typical")
    }
    assert kinds == {("mean", float, 1), ("lat_long", list, 2)}
    kept = documents(api, f"/results/{loud}/buckets", expand=True)
    influencers = documents(api, f"/results/{loud}/influencers")
    nested = [one for each in kept for one in each["influencers"]]
    of_buckets = [one for each in kept for one in each["bucketInfluencers"]]
    assert influencers
    assert nested
    assert {one["influencerFieldName"] for one in of_buckets} == {"bucketTime", "host"}
    assert not [one for one in (*influencers, *nested, *of_buckets) if "initialAnomalyScore" in one]


def test_pages_add_up_and_first_scores_stay(api: httpx.Client, loud: str) -> None:
    """paging deterministic; sort errors 60102; `initial*` never change"""
    path = f"/results/{loud}/records"
    assert len(documents(api, path)) > 9
    for sort in SORTABLE:
        for desc in ("true", "false"):
            whole = documents(api, path, sort=sort, desc=desc)
            url: str | None = f"{path}?take=7&sort={sort}&desc={desc}"
            paged: list[Any] = []
            while url is not None:
                page = api.get(url).json()
                paged += page["documents"]
                url = page["nextPage"]
            assert paged == whole, sort
    for kind in ("records", "influencers"):
        assert refusal(api.get(f"/results/{loud}/{kind}?sort=colour")) == (400, 60102)
    before = _initial(api, loud)
    _send(api, loud, 300, 600)
    after = _initial(api, loud)
    assert len(after) > len(before) > 100
    assert {key: after[key] for key in before} == before


def _initial(api: httpx.Client, job: str) -> dict[Any, float]:
    """What was said first of each bucket and record."""
    kept = documents(api, f"/results/{job}/buckets")
    found = documents(api, f"/results/{job}/records")
    return {(each["timestamp"],): each["initialAnomalyScore"] for each in kept} | {
        (each["timestamp"], each["detectorIndex"], each["byFieldValue"]): each["initialNormalizedProbability"]
        for each in found
    }


def test_the_slow_airline_is_found_and_blamed(api: httpx.Client, shared: Path) -> None:
    """farequote: 16:00 on 25 June ranks first, `AAL` blamed"""
    # The same five days have been handed down with dates of December 2015: the 25th of June is the 9th there.
    data = gzip.decompress((shared / "data" / "farequote" / "farequote.csv.gz").read_bytes())
    detector = {"function": "metric", "fieldName": "responsetime", "byFieldName": "airline"}
    description = {"fieldDelimiter": ",", "timeField": "time", "timeFormat": "yyyy-MM-dd'T'HH:mm:ssX"}
    job = create(api, analysisConfig={"bucketSpan": 3600, "detectors": [detector]}, dataDescription=description)
    summary(api.post(f"/data/{job}", content=data))
    assert api.post(f"/data/{job}/close").json() == {"acknowledgement": True}
    first = max(documents(api, f"/results/{job}/buckets"), key=lambda each: each["anomalyScore"])
    assert (first["timestamp"], first["eventCount"]) == ("2015-12-09T16:00:00.000+0000", 909)
    shown = document(api, f"/results/{job}/{first['timestamp']}?expand=true")
    assert {each["influencerFieldName"] for each in shown["bucketInfluencers"]} == {"bucketTime"}
    blamed = documents(api, f"/results/{job}/records", sort="normalizedProbability", desc="true")[0]
    assert blamed == shown["records"][0]
    assert (blamed["byFieldValue"], blamed["function"], blamed["functionDescription"]) == ("AAL", "metric", "mean")
    assert (blamed["timestamp"], round(blamed["actual"], 2)) == (first["timestamp"], 242.75)
