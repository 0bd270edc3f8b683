"""Results as the native version tells them, and that the others do not; written to the store as an analysis would."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.results import Counts
from tailmass.results.evidence import KINDS
from tailmass.store import Store
from tests.store.samples import batch, bucket, record

from .clients import configuration, create

if TYPE_CHECKING:
    from tests.conftest import Running

WHEN = 1_403_712_000
EXPLAINED: dict[str, Any] = {
    "kind": "level shift",
    "lower": 92.5,
    "upper": 108.25,
    "largest_of": 3120,
    "events_per_week": 0.25,
    "multi_bucket_impact": -3.5,
    "evidence_surprise": 5.125,
    "evidence_raw": 1.5,
    "evidence_shape": 0.0,
    "evidence_recalibration": -0.5,
}
NEW = {
    "kind": "level shift",
    "lower": 92.5,
    "upper": 108.25,
    "largestOf": 3120,
    "eventsPerWeek": 0.25,
    "multiBucketImpact": -3.5,
    "contributions": {"surprise": 5.125, "raw": 1.5, "recalibration": -0.5},
}


@pytest.fixture
def store(lasting_server: "Running") -> Iterator[Store]:
    opened = Store.open(None, lasting_server.home)
    yield opened
    opened.close()


@pytest.fixture
def explained(api: httpx.Client, store: Store) -> str:
    """A job with a bucket of two records, one of which is explained, and a quiet bucket after it."""
    job_id = create(api)
    rows = [record(WHEN, "web-1", **EXPLAINED), record(WHEN, "web-2", normalized_probability=20.0)]
    buckets = [bucket(WHEN, anomaly_score=40.0, record_count=2, series_watched=7), bucket(WHEN + 300)]
    store.write(job_id, batch(buckets, rows), Counts())
    return job_id


def documents(answered: httpx.Response) -> list[dict[str, Any]]:
    assert answered.status_code == 200, answered.text
    found: list[dict[str, Any]] = answered.json()["documents"]
    return found


def test_a_native_record_says_why_it_is_there(native: httpx.Client, api: httpx.Client, explained: str) -> None:
    first, second = documents(native.get(f"/results/{explained}/records"))
    plain = documents(api.get(f"/results/{explained}/records"))
    assert first == plain[0] | NEW
    assert second == plain[1]


def test_a_native_bucket_says_how_many_series_it_is_about(native: httpx.Client, explained: str) -> None:
    paths = [f"buckets/{WHEN}?expand=true", f"{WHEN}?expand=true"]
    found = [native.get(f"/results/{explained}/{path}").json()["document"] for path in paths]
    found += documents(native.get(f"/results/{explained}/buckets?take=1&expand=true"))
    for each in found:
        assert each["seriesWatched"] == 7
        assert each["records"][0]["contributions"] == NEW["contributions"]
    assert "seriesWatched" not in documents(native.get(f"/results/{explained}/buckets"))[1]


@pytest.mark.parametrize("version", ["v2", "v1", "v0.3"])
def test_no_other_version_shows_anything_of_it(lasting_server: "Running", explained: str, version: str) -> None:
    base = f"{lasting_server.url}/engine/{version}/results/{explained}"
    text = "".join(
        httpx.get(f"{base}/{path}").text
        for path in ("records", "buckets?expand=true", f"buckets/{WHEN}?expand=true", f"{WHEN}?expand=true")
    )
    assert text.count("web-1") == 4
    for name in ("seriesWatched", *NEW):
        assert f'"{name}"' not in text


def test_native_records_are_asked_for_by_their_kind(native: httpx.Client, explained: str) -> None:
    page = native.get(f"/results/{explained}/records", params={"kind": "level shift", "take": 0}).json()
    assert page["hitCount"] == 1
    assert [
        each["byFieldValue"] for each in documents(native.get(f"/results/{explained}/records?kind=level+shift"))
    ] == ["web-1"]
    assert documents(native.get(f"/results/{explained}/records?kind=dip")) == []
    assert len(documents(native.get(f"/results/{explained}/records?kind="))) == 2


def test_a_kind_that_is_none_is_refused_with_those_that_are(native: httpx.Client, explained: str) -> None:
    answered = native.get(f"/results/{explained}/records?kind=peak")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 10104)
    assert answered.json()["message"] == f"'kind' is 'peak': records are one of {', '.join(KINDS)}"


def test_pages_of_a_kind_lead_through_the_kind(native: httpx.Client, store: Store, explained: str) -> None:
    rows = [record(WHEN, f"web-{n}", kind="dip" if n % 2 else "spike") for n in range(6)]
    store.write(explained, batch([bucket(WHEN)], rows), Counts())
    page = native.get(f"/results/{explained}/records?kind=dip&take=2").json()
    assert page["hitCount"] == 3
    assert page["nextPage"].endswith("&normalizedProbability=0.0&kind=dip")
    rest = httpx.get(page["nextPage"]).json()
    assert rest["nextPage"] is None
    assert {each["kind"] for each in page["documents"] + rest["documents"]} == {"dip"}


@pytest.mark.parametrize("name", ["kind", "lower", "upper", "largestOf", "eventsPerWeek", "multiBucketImpact"])
def test_native_records_are_sorted_by_what_only_they_have(
    native: httpx.Client, api: httpx.Client, explained: str, name: str
) -> None:
    found = documents(native.get(f"/results/{explained}/records", params={"sort": name, "desc": "false"}))
    assert [each["byFieldValue"] for each in found] == ["web-1", "web-2"]  # what is not known comes last
    refused = api.get(f"/results/{explained}/records", params={"sort": name})
    assert (refused.status_code, refused.json()["errorCode"]) == (400, 60102)


def test_to_the_other_versions_the_new_parameters_are_names_that_are_not_known(
    native: httpx.Client, api: httpx.Client, explained: str
) -> None:
    for path in ("records?kind=dip", "records?kind=peak", "buckets?alerts=true"):
        asked, _, given = path.partition("?")
        plain, tried = (api.get(f"/results/{explained}/{each}").content for each in (asked, path))
        assert tried == plain, given
    page = api.get(f"/results/{explained}/buckets?take=1").json()
    assert re.search(r"maxNormalizedProbability=0\.0$", page["nextPage"])


def alerting(native: httpx.Client, store: Store, budget: float) -> str:
    """A job with a budget, and four buckets with scores from 20 to 80."""
    analysis = configuration("")["analysisConfig"] | {"alertBudget": budget}
    job_id = create(native, analysisConfig=analysis)
    store.write(job_id, batch(bucket(300 * n, anomaly_score=20.0 * n) for n in range(1, 5)), Counts())
    return job_id


@pytest.mark.parametrize(
    ("budget", "scores"),
    [(1.0, [60.0, 80.0]), (7.0, [40.0, 60.0, 80.0]), (1 / 52, [80.0]), (1e9, [20.0, 40.0, 60.0, 80.0])],
)
def test_alerts_are_the_buckets_from_the_threshold_of_the_budget_upwards(
    native: httpx.Client, store: Store, budget: float, scores: list[float]
) -> None:
    job_id = alerting(native, store, budget)
    found = documents(native.get(f"/results/{job_id}/buckets?alerts=true"))
    assert [each["anomalyScore"] for each in found] == scores
    threshold = native.get(f"/jobs/{job_id}").json()["document"]["alertThreshold"]
    assert 0.0 <= threshold <= min(scores)
    assert len(documents(native.get(f"/results/{job_id}/buckets?alerts=false"))) == 4


def test_alerts_with_a_higher_score_can_be_asked_for(native: httpx.Client, store: Store) -> None:
    job_id = alerting(native, store, 7.0)
    found = documents(native.get(f"/results/{job_id}/buckets?alerts=true&anomalyScore=70"))
    assert [each["anomalyScore"] for each in found] == [80.0]
    found = documents(native.get(f"/results/{job_id}/buckets?alerts=true&anomalyScore=30"))
    assert [each["anomalyScore"] for each in found] == [40.0, 60.0, 80.0]


def test_pages_of_alerts_lead_through_the_alerts(native: httpx.Client, store: Store) -> None:
    page = native.get(f"/results/{alerting(native, store, 7.0)}/buckets?alerts=true&take=2").json()
    assert page["hitCount"] == 3
    rest = httpx.get(page["nextPage"]).json()
    assert [each["anomalyScore"] for each in page["documents"] + rest["documents"]] == [40.0, 60.0, 80.0]


def test_a_job_without_a_budget_has_no_alerts_and_says_how_to_get_some(native: httpx.Client, explained: str) -> None:
    answered = native.get(f"/results/{explained}/buckets?alerts=true")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 60104)
    assert "'alertBudget'" in answered.json()["message"]


def test_the_native_version_has_every_resource_of_the_other(native: httpx.Client) -> None:
    created = native.post("/jobs", json=configuration("whole")).json()
    assert created == {"id": "whole"}
    rows = "".join(f"{1_400_000_400 + 600 * index},{index % 7}\n" for index in range(100))
    sent = native.post("/data/whole", content=f"time,value\n{rows}".encode())
    assert sent.json()["responses"][0]["uploadSummary"]["processedRecordCount"] == 100
    assert native.post("/data/whole/flush?calcInterim=true").json() == {"acknowledgement": True}
    assert len(documents(native.get("/results/whole/buckets?includeInterim=true"))) == 17
    found = documents(native.get("/results/whole/buckets"))
    assert {each["seriesWatched"] for each in found} == {1}
    assert native.post("/data/whole/close").status_code == 202
    assert native.get("/jobs/whole").json()["document"]["location"] == f"{str(native.base_url).rstrip('/')}/jobs/whole"
    assert native.delete("/jobs/whole").json() == {"acknowledgement": True}
