import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from .clients import START, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running, Serving

ACKNOWLEDGED = {"acknowledgement": True}


def send(api: httpx.Client, job: str, count: int, start: int, *, close: bool = True) -> None:
    api.post(f"/data/{job}", content=rows(count, start)).raise_for_status()
    if close:
        api.post(f"/data/{job}/close").raise_for_status()


@pytest.fixture
def closed(api: httpx.Client) -> str:
    """A job that was closed after half a day, and again after another half."""
    job = create(api)
    for half in range(2):
        send(api, job, 72, START + 43_200 * half)
    return job


def listed(api: httpx.Client, job: str, **asked: Any) -> list[dict[str, Any]]:
    page = api.get(f"/modelsnapshots/{job}", params=asked).json()
    documents: list[dict[str, Any]] = page["documents"]
    return documents


def refused(answer: httpx.Response) -> tuple[int, int]:
    """The status, and the code of a bare error document."""
    document = answer.json()
    assert {"errorCode", "message"} <= set(document) <= {"errorCode", "message", "cause"}
    return answer.status_code, document["errorCode"]


@pytest.mark.parametrize("base", ["v2", "v1", "v0.3", "v3"])
def test_snapshots_are_listed_with_the_active_one_first(lasting_server: "Running", closed: str, base: str) -> None:
    page = httpx.get(f"{lasting_server.url}/engine/{base}/modelsnapshots/{closed}").json()
    assert (page["hitCount"], page["skip"], page["take"], page["nextPage"]) == (2, 0, 100, None)
    newest, oldest = page["documents"]
    assert newest["restorePriority"] > oldest["restorePriority"]
    assert set(newest) == {
        "timestamp",
        "snapshotId",
        "snapshotDocCount",
        "description",
        "restorePriority",
        "modelSizeStats",
        "latestRecordTimeStamp",
        "latestResultTimeStamp",
    }
    assert newest["latestRecordTimeStamp"] == "2014-05-14T16:50:00.000+0000"
    assert newest["latestResultTimeStamp"] == "2014-05-14T15:00:00.000+0000"
    assert newest["modelSizeStats"]["memoryStatus"] == "OK"
    assert re.fullmatch(r"State persisted due to job close at [\d-]{10}T[\d:.]{12}\+0000", newest["description"])


def test_a_job_without_snapshots_has_an_empty_page(api: httpx.Client, job: str) -> None:
    assert api.get(f"/modelsnapshots/{job}").json()["documents"] == []
    assert refused(api.get("/modelsnapshots/nobody")) == (404, 20101)


def test_a_page_leads_to_those_around_it_and_restates_what_was_asked(api: httpx.Client, closed: str) -> None:
    description = listed(api, closed)[0]["description"]
    asked: dict[str, str | int] = {"skip": 1, "take": 1, "start": 1000, "sort": "timestamp", "desc": "false"}
    page = api.get(f"/modelsnapshots/{closed}", params=asked).json()
    first = listed(api, closed, sort="timestamp", desc="false")
    assert (page["hitCount"], page["documents"]) == (2, first[1:])
    query = "start=1970-01-01T00%3A16%3A40.000%2B0000&sort=timestamp&desc=false"
    assert page["previousPage"].endswith(f"/modelsnapshots/{closed}?skip=0&take=1&{query}")
    assert httpx.get(page["previousPage"]).json()["documents"] == first[:1]
    page = api.get(f"/modelsnapshots/{closed}", params={"take": 0, "description": description}).json()
    query = f"sort=restorePriority&desc=true&description={quote(description, safe='')}"
    assert page["nextPage"].endswith(f"?skip=0&take=0&{query}")


def test_a_range_is_of_the_time_of_the_snapshot_its_end_excluded(api: httpx.Client, closed: str) -> None:
    newest, oldest = listed(api, closed)
    assert listed(api, closed, end=newest["timestamp"]) == [oldest]
    assert listed(api, closed, start=newest["timestamp"], end="") == [newest]
    assert listed(api, closed, description=oldest["description"]) == [oldest]
    assert listed(api, closed, description="\0") == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"sort": "quantiles"}, 60102),
        ({"start": "yesterday"}, 60101),
        ({"start": 2, "end": 1}, 60107),
        ({"skip": -1}, 60110),
        ({"take": "many"}, 60111),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(api: httpx.Client, closed: str, asked: Any, code: int) -> None:
    assert refused(api.get(f"/modelsnapshots/{closed}", params=asked)) == (400, code)


def test_a_snapshot_is_given_a_description(api: httpx.Client, closed: str) -> None:
    newest, oldest = listed(api, closed)
    path = f"/modelsnapshots/{closed}/{oldest['snapshotId']}/description"
    answer = api.put(path, json={"description": "naïve ☂"})
    assert answer.status_code == 200
    described = oldest | {"description": "naïve ☂"}
    assert answer.json() == {"exists": True, "type": "modelSnapshot", "document": described}
    assert listed(api, closed) == [newest, described]
    taken = api.put(path, json={"description": newest["description"]})
    assert refused(taken) == (400, 60122)
    assert newest["snapshotId"] in taken.json()["message"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"description": ""}', b'{"description": " "}', b'{"description": 1}', b"[" * 100_000,
     b'{"description": "\\u0000"}', b'{"description": "\\ud800"}', b'{"description": null}', b"\xff"],
    ids=range(12),
)  # fmt: skip
def test_a_description_that_is_none_is_refused(api: httpx.Client, closed: str, body: bytes) -> None:
    snapshot_id = listed(api, closed)[0]["snapshotId"]
    assert refused(api.put(f"/modelsnapshots/{closed}/{snapshot_id}/description", content=body)) == (400, 60121)


@pytest.mark.parametrize("snapshot_id", ["1", "%00", "a%20b%2Fc", "☂"])
def test_a_snapshot_that_is_not_there_can_neither_be_described_nor_deleted(
    api: httpx.Client, closed: str, snapshot_id: str
) -> None:
    path = f"/modelsnapshots/{closed}/{snapshot_id}"
    if "%2F" not in snapshot_id:  # which no route takes
        assert refused(api.put(f"{path}/description", json={"description": "x"})) == (404, 60119)
        assert refused(api.delete(path)) == (404, 60119)
    assert refused(api.delete("/modelsnapshots/nobody/1")) == (404, 20101)


def test_every_snapshot_but_the_active_one_can_be_deleted(api: httpx.Client, closed: str) -> None:
    newest, oldest = listed(api, closed)
    assert refused(api.delete(f"/modelsnapshots/{closed}/{newest['snapshotId']}")) == (400, 60125)
    assert api.delete(f"/modelsnapshots/{closed}/{oldest['snapshotId']}").json() == ACKNOWLEDGED
    assert listed(api, closed) == [newest]


@pytest.mark.parametrize("selector", ["time", "snapshotId", "description"])
def test_a_job_goes_on_from_the_snapshot_it_is_reverted_to(api: httpx.Client, closed: str, selector: str) -> None:
    before = api.get(f"/results/{closed}/buckets").json()["documents"]
    newest, oldest = listed(api, closed)
    value = oldest["timestamp" if selector == "time" else selector]
    asked = {selector: value, "deleteInterveningResults": "true"}
    answer = api.post(f"/modelsnapshots/{closed}/revert", params=asked)
    assert (answer.status_code, answer.json()["type"]) == (200, "modelSnapshot")
    reverted = answer.json()["document"]
    assert reverted == oldest | {"restorePriority": newest["restorePriority"] + 1}
    assert listed(api, closed) == [reverted, newest]
    left = api.get(f"/results/{closed}/buckets").json()["documents"]
    assert left == before[: len(left)]
    assert left[-1]["timestamp"] == oldest["latestResultTimeStamp"]
    job = api.get(f"/jobs/{closed}").json()["document"]
    assert job["counts"]["latestRecordTimeStamp"] == oldest["latestRecordTimeStamp"]
    assert job["counts"]["processedRecordCount"] == 144
    send(api, closed, 72, START + 43_200)
    assert api.get(f"/results/{closed}/buckets").json()["documents"] == before


@pytest.mark.parametrize("token", ["false", "deleteInterveningResults=false", ""])
def test_the_bare_word_that_python_clients_send_deletes_nothing(api: httpx.Client, closed: str, token: str) -> None:
    before = api.get(f"/results/{closed}/buckets").json()
    oldest = listed(api, closed)[1]["snapshotId"]
    answer = api.post(f"/modelsnapshots/{closed}/revert?snapshotId={oldest}&{token}")
    assert answer.json()["document"]["snapshotId"] == oldest
    assert api.get(f"/results/{closed}/buckets").json() == before
    refusal = api.post(f"/data/{closed}", content=rows(72, START + 43_200)).json()["responses"][0]["error"]
    assert refusal["errorCode"] == 30105


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("", 400, 60118),
        ("false", 400, 60118),
        ("snapshotId=&time=&description=", 400, 60118),
        ("snapshotId=1", 404, 60119),
        ("time=2001-01-01T00:00:00Z", 404, 60119),
        ("description=none", 404, 60119),
        ("description=%00", 404, 60119),
        ("time=yesterday", 400, 60101),
    ],
)
def test_a_revert_to_nothing_is_refused(api: httpx.Client, closed: str, asked: str, status: int, code: int) -> None:
    assert refused(api.post(f"/modelsnapshots/{closed}/revert?{asked}")) == (status, code)
    assert refused(api.post("/modelsnapshots/nobody/revert?snapshotId=1")) == (404, 20101)


def test_a_job_that_runs_is_not_reverted(api: httpx.Client, closed: str) -> None:
    snapshot_id = listed(api, closed)[0]["snapshotId"]
    send(api, closed, 6, START + 86_400, close=False)
    assert refused(api.post(f"/modelsnapshots/{closed}/revert?snapshotId={snapshot_id}")) == (409, 60120)


def test_old_results_are_gone_when_the_server_has_started(serving: "Serving", tmp_path: Any) -> None:
    with serving(tmp_path / "home") as running, httpx.Client(base_url=f"{running.url}/engine/v2") as api:
        kept = create(api, resultsRetentionDays=1)
        send(api, kept, 6 * 72, START)
        assert api.get(f"/results/{kept}/buckets").json()["hitCount"] == 71
    with serving(tmp_path / "home") as running, httpx.Client(base_url=f"{running.url}/engine/v2") as api:
        deadline = datetime.now().timestamp() + 30
        while (hits := api.get(f"/results/{kept}/buckets").json()["hitCount"]) == 71:
            assert datetime.now().timestamp() < deadline, "nothing was removed"
        assert hits == 23


@pytest.mark.parametrize(("base", "code"), [("v1", 40103), ("v0.3", 60119)])
def test_older_versions_read_which_snapshot_it_is_and_no_code_they_do_not_know(
    lasting_server: "Running", closed: str, base: str, code: int
) -> None:
    with httpx.Client(base_url=f"{lasting_server.url}/engine/{base}") as old:
        snapshot_id = listed(old, closed)[0]["snapshotId"]
        envelope = old.post(f"/modelsnapshots/{closed}/revert?snapshotId={snapshot_id}").json()
        assert envelope["documentId"] == envelope["document"]["snapshotId"] == snapshot_id
        assert refused(old.delete(f"/modelsnapshots/{closed}/1")) == (404, code)
