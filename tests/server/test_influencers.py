from typing import Any

import httpx
import pytest

from .clients import START, create

FIELDS = {"timestamp", "influencerFieldName", "influencerFieldValue", "probability", "anomalyScore", "isInterim"}
HIT = 150


def lines() -> bytes:
    """Rows of six users, ten minutes apart; in one hour one of them makes many more."""
    rows = [(START + 600 * n, f"u{user}") for n in range(6 * 200) for user in range(6)]
    rows += [(START + 3600 * HIT + 1800, "u3")] * 300
    return ("time,user,region\n" + "".join(f"{time},{user},eu\n" for time, user in sorted(rows))).encode()


@pytest.fixture
def blamed(api: httpx.Client) -> str:
    analysis = {"bucketSpan": 3600, "detectors": [{"function": "count"}], "influencers": ["user", "region"]}
    job_id = create(api, analysisConfig=analysis)
    api.post(f"/data/{job_id}", content=lines()).raise_for_status()
    return job_id


def page(api: httpx.Client, job: str, query: str = "") -> dict[str, Any]:
    answered = api.get(f"/results/{job}/influencers{query}")
    assert answered.status_code == 200, answered.text
    told: dict[str, Any] = answered.json()
    return told


def test_the_worst_influencer_is_on_top_with_the_fields_that_strict_clients_know(
    api: httpx.Client, native: httpx.Client, blamed: str
) -> None:
    first = page(api, blamed)["documents"][0]
    assert set(first) == FIELDS
    assert (first["influencerFieldName"], first["influencerFieldValue"], first["isInterim"]) == ("user", "u3", False)
    assert first["timestamp"] == "2014-05-19T23:00:00.000+0000"
    assert set(page(native, blamed)["documents"][0]) == FIELDS | {"bucketSpan"}


def test_a_page_restates_every_parameter_in_order(api: httpx.Client, blamed: str) -> None:
    hits = page(api, blamed)["hitCount"]
    assert page(api, blamed, f"?skip={hits}&take=1")["documents"] == []
    url = f"{str(api.base_url).rstrip('/')}/results/{blamed}/influencers"
    rest = "sort=anomalyScore&desc=true&anomalyScore=0.0&includeInterim=false"
    assert page(api, blamed, "?skip=1&take=1")["previousPage"] == f"{url}?skip=0&take=1&{rest}"


def test_they_are_filtered(api: httpx.Client, blamed: str) -> None:
    best = page(api, blamed)["documents"][0]["anomalyScore"]
    assert page(api, blamed, f"?anomalyScore={best}")["hitCount"] == 1
    assert page(api, blamed, f"?end={START}")["hitCount"] == 0


@pytest.mark.parametrize(("query", "code"), [("sort=actual", 60102), ("take=-1", 60111), ("start=2&end=1", 60107)])
def test_what_cannot_be_asked_for_has_its_number(api: httpx.Client, blamed: str, query: str, code: int) -> None:
    answered = api.get(f"/results/{blamed}/influencers?{query}")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, code)


def test_records_and_buckets_tell_who_is_to_blame(api: httpx.Client, blamed: str) -> None:
    record = api.get(f"/results/{blamed}/records?take=1").json()["documents"][0]
    assert record["influencers"] == [{"influencerFieldName": "user", "influencerFieldValues": ["u3"]}]
    bucket = api.get(f"/results/{blamed}/buckets/{record['timestamp']}?expand=true").json()["document"]
    assert [each["influencerFieldValue"] for each in bucket["influencers"]] == ["u3"]
    told = bucket["bucketInfluencers"]
    assert [each["influencerFieldName"] for each in told] == ["bucketTime", "user", "region"]
    assert bucket["anomalyScore"] == max(each["anomalyScore"] for each in told)
    assert set(told[0]) == {"influencerFieldName", "anomalyScore", "probability"}


def test_an_unknown_job_has_none(api: httpx.Client) -> None:
    answered = api.get("/results/nobody/influencers")
    assert (answered.status_code, answered.json()["errorCode"]) == (404, 20101)
