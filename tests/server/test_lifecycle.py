"""Jobs from status to status, over a real socket."""

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.results import parse_time
from tailmass.store import Store

from .clients import START, Sender, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running

HOUR = 3600


def status(api: httpx.Client, job: str) -> str:
    return str(api.get(f"/jobs/{job}").json()["document"]["status"])


def send(api: httpx.Client, job: str, begin: int, end: int, **query: Any) -> dict[str, Any]:
    """Rows of some hours, every ten minutes from the full one on; what became of them."""
    answered = api.post(f"/data/{job}", params=query, content=rows(6 * (end - begin), START + HOUR * begin))
    assert answered.status_code == 202
    summary: dict[str, Any] = answered.json()["responses"][0]["uploadSummary"]
    return summary


def hours(api: httpx.Client, job: str) -> list[int]:
    """Which hours have results."""
    found = api.get(f"/results/{job}/buckets", params={"take": 1000}).json()["documents"]
    seconds = [parse_time(each["timestamp"]) // 1000 for each in found]
    return [(each - START) // HOUR for each in seconds]


def test_a_paused_job_takes_data_and_drops_it_until_it_is_resumed(api: httpx.Client, job: str) -> None:
    send(api, job, 0, 10)
    paused = api.post(f"/jobs/{job}/pause")
    assert (paused.status_code, paused.json(), status(api, job)) == (200, {"acknowledgement": True}, "PAUSED")
    dropped = send(api, job, 10, 20)
    assert set(dropped.values()) == {0}
    assert len(dropped) == 10
    resumed = api.post(f"/jobs/{job}/resume")
    assert (resumed.status_code, resumed.json(), status(api, job)) == (200, {"acknowledgement": True}, "CLOSED")
    send(api, job, 20, 30)
    assert hours(api, job) == [*range(9), *range(20, 29)]


def test_what_is_refused_has_its_number(api: httpx.Client, job: str) -> None:
    refused = api.post(f"/jobs/{job}/resume")
    assert (refused.status_code, refused.json()["errorCode"]) == (409, 60124)
    api.post(f"/jobs/{job}/pause")
    refused = api.post(f"/jobs/{job}/pause")
    assert (refused.status_code, refused.json()["errorCode"]) == (409, 60123)
    for act in ("pause", "resume"):
        missing = api.post(f"/jobs/nobody/{act}")
        assert (missing.status_code, missing.json()["errorCode"]) == (404, 20101)


def statuses(running: "Running", job: str) -> list[str]:
    """The status of a job, and in a list of all, in each version of the API."""
    told = []
    for version in ("v2", "v1", "v0.3", "v3"):
        url = f"{running.url}/engine/{version}/jobs"
        listed = httpx.get(url, params={"take": 10_000}).json()["documents"]
        told += [each["status"] for each in listed if each["id"] == job]
        assert httpx.get(f"{url}/{job}").json()["document"]["status"] == told[-1]
    return told


ACTS: dict[str, tuple[list[str], list[str]]] = {
    "created": ([], ["CLOSED", "CLOSED", "RUNNING", "CLOSED"]),
    "created and closed": (["data/{}/close"], ["CLOSED"] * 4),
    "fed": (["data/{}"], ["RUNNING"] * 4),
    "fed and closed": (["data/{}", "data/{}/close"], ["CLOSED"] * 4),
    "closed and fed": (["data/{}/close", "data/{}"], ["RUNNING"] * 4),
    "paused": (["data/{}", "jobs/{}/pause"], ["PAUSED", "CLOSED", "CLOSED", "PAUSED"]),
    "paused and closed": (["jobs/{}/pause", "data/{}/close"], ["PAUSED", "CLOSED", "CLOSED", "PAUSED"]),
    "resumed": (["data/{}", "jobs/{}/pause", "jobs/{}/resume"], ["CLOSED"] * 4),
}


@pytest.mark.parametrize("acted", ACTS)
def test_every_version_tells_where_a_job_stands(
    lasting_server: "Running", api: httpx.Client, job: str, acted: str
) -> None:
    acts, told = ACTS[acted]
    for act in acts:
        api.post(act.format(job), content=rows(10)).raise_for_status()
    assert statuses(lasting_server, job) == told


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("CLOSING", ["CLOSING", "RUNNING", "RUNNING", "CLOSING"]),
        ("PAUSING", ["PAUSING", "RUNNING", "RUNNING", "PAUSING"]),
        ("FAILED", ["FAILED"] * 4),
    ],
)
def test_every_version_tells_what_passes_or_went_wrong(
    lasting_server: "Running", job: str, status: str, told: list[str]
) -> None:
    with closing(Store.open(None, lasting_server.home)) as store:
        store.update_job(job, status=status)
        assert statuses(lasting_server, job) == told
        store.update_job(job, status="CLOSED")


def test_a_job_in_use_is_for_nobody_else(lasting_server: "Running", api: httpx.Client, job: str) -> None:
    sender = Sender(lasting_server)
    sender.begin(job)
    answers = [
        api.post(f"/data/{job}/flush"),
        api.post(f"/data/{job}/close"),
        api.post(f"/jobs/{job}/pause"),
        api.post(f"/jobs/{job}/resume"),
        api.put(f"/jobs/{job}/update", json={"description": "x"}),
        api.put(f"/jobs/{job}/description", content=b"x"),
        api.delete(f"/jobs/{job}"),
    ]
    assert [(each.status_code, each.json()["errorCode"]) for each in answers] == [(409, 40103)] * len(answers)
    refused = api.post(f"/data/{job}", content=rows(3))
    assert (refused.status_code, refused.json()["responses"][0]["error"]["errorCode"]) == (409, 40103)
    assert status(api, job) == "RUNNING"
    sender.more(rows(3))
    assert sender.end()[0] == 202
    sender.close()


def test_a_running_job_can_be_deleted(api: httpx.Client, job: str) -> None:
    send(api, job, 0, 3)
    assert api.delete(f"/jobs/{job}").json() == {"acknowledgement": True}
    assert api.get(f"/jobs/{job}").status_code == 404


@pytest.mark.parametrize(
    ("value", "skipped"), [("true", True), ("", True), ("TRUE", True), ("false", False), (None, False)]
)
def test_an_upload_may_say_that_there_was_a_downtime(
    api: httpx.Client, job: str, value: str | None, skipped: bool
) -> None:
    send(api, job, 0, 10)
    send(api, job, 20, 30, **({} if value is None else {"ignoreDowntime": value}))
    assert hours(api, job) == ([*range(9), *range(20, 29)] if skipped else list(range(29)))


def test_a_downtime_is_ignored_once_where_the_job_says_so(api: httpx.Client) -> None:
    job = create(api, ignoreDowntime="once")
    assert api.get(f"/jobs/{job}").json()["document"]["ignoreDowntime"] == "ONCE"
    send(api, job, 0, 10)
    assert "ignoreDowntime" not in api.get(f"/jobs/{job}").json()["document"]


def test_a_job_without_data_closes_and_opens_again_with_the_next(api: httpx.Client) -> None:
    job = create(api, timeout=1)
    send(api, job, 0, 10)
    deadline = time.monotonic() + 20
    while status(api, job) != "CLOSED":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "finishedTime" in api.get(f"/jobs/{job}").json()["document"]
    send(api, job, 10, 20)
    assert hours(api, job) == list(range(19))


def test_buckets_are_sent_anew(api: httpx.Client) -> None:
    analysis = {"bucketSpan": HOUR, "latency": 4 * HOUR, "detectors": [{"function": "count"}]}
    job = create(api, analysisConfig=analysis)
    send(api, job, 0, 10)
    bounds = {"resetStart": START + 8 * HOUR, "resetEnd": START + 9 * HOUR}
    assert send(api, job, 8, 10, **bounds)["processedRecordCount"] == 12
    assert send(api, job, 9, 10, resetStart=START + 9 * HOUR, resetEnd="")["processedRecordCount"] == 6
    api.post(f"/data/{job}/flush", params={"advanceTime": START + 10 * HOUR})
    found = api.get(f"/results/{job}/buckets").json()["documents"]
    assert [each["eventCount"] for each in found] == [6] * 10
    late = api.post(f"/data/{job}", params={"resetStart": START}, content=rows(6))
    assert (late.status_code, late.json()["responses"][0]["error"]["errorCode"]) == (400, 60108)
