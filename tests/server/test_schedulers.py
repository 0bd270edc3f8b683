"""Jobs that feed themselves from files, over a real socket."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.results import parse_time

from .clients import START, configuration, create, rows

if TYPE_CHECKING:
    from tests.conftest import ServerProcess, Serving

HOUR = 3600
PATIENCE = 30.0

SEARCH = {
    "dataSource": "ELASTICSEARCH",
    "dataSourceCompatibility": "2.x.x",
    "baseUrl": "http://localhost:9/",
    "indexes": ["logs"],
    "types": ["log"],
}
DESCRIPTION = {"format": "ELASTICSEARCH", "timeField": "time", "timeFormat": "epoch"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with rows of two days, every ten minutes."""
    made = tmp_path / "rows.csv"
    made.write_bytes(rows(288))
    return made


def scheduled(api: httpx.Client, path: Path, *, tail: bool = True, **changes: Any) -> str:
    """The id of a new job that is to be fed from a file."""
    return create(api, schedulerConfig={"filePath": str(path), "tailFile": tail}, **changes)


def look(api: httpx.Client, job: str) -> dict[str, Any]:
    document: dict[str, Any] = api.get(f"/jobs/{job}").json()["document"]
    return document


def patiently(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def until(api: httpx.Client, job: str, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The job, once something is true of it."""
    patiently(lambda: true(look(api, job)))
    return look(api, job)


def read(count: int) -> Callable[[dict[str, Any]], bool]:
    """Whether a job has seen so many rows."""
    return lambda document: document["counts"]["inputRecordCount"] == count


def stopped(document: dict[str, Any]) -> bool:
    return bool(document["schedulerStatus"] == "STOPPED")


def act(api: httpx.Client, job: str, what: str, **query: Any) -> tuple[int, int]:
    """The status of starting or stopping, and the error code, or 0."""
    answered = api.post(f"/schedulers/{job}/{what}", params=query)
    return answered.status_code, answered.json().get("errorCode", 0)


def more(count: int, after: int) -> bytes:
    """Rows without a header that follow so many."""
    return rows(count, START + 600 * after).partition(b"\n")[2]


def interim(api: httpx.Client, job: str) -> list[int]:
    """When the buckets begin that have interim results."""
    found = api.get(f"/results/{job}/buckets", params={"includeInterim": True, "take": 1000}).json()["documents"]
    return [parse_time(each["timestamp"]) // 1000 for each in found if each["isInterim"]]


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_file_is_read_once_and_the_job_closed(api: httpx.Client, path: Path) -> None:
    job = scheduled(api, path, tail=False)
    assert look(api, job)["schedulerStatus"] == "STOPPED"
    started = api.post(f"/schedulers/{job}/start?start=&end=")
    assert (started.status_code, started.json()) == (200, {"acknowledgement": True})
    document = until(api, job, stopped)
    assert (document["status"], document["counts"]["inputRecordCount"]) == ("CLOSED", 288)
    assert document["counts"]["outOfOrderTimeStampCount"] == 0


def test_what_it_does_is_audited(api: httpx.Client, native: httpx.Client, path: Path) -> None:
    job = scheduled(api, path, tail=False)
    act(api, job, "start", start=str(START))
    until(api, job, stopped)
    told = native.get(f"/audit/{job}").json()["documents"][::-1]
    assert [each["message"] for each in told] == [
        "Job created",
        "Scheduler started from 2014-05-13T17:00:00.000+0000 in real time",
        "Job opened",
        "Job closed",
        "Scheduler has read all that it was to, and the job is closed",
        "Scheduler stopped",
    ]


def test_it_finds_what_an_upload_of_the_file_finds(api: httpx.Client, path: Path) -> None:
    fed, sent = scheduled(api, path, tail=False), create(api)
    act(api, fed, "start")
    api.post(f"/data/{sent}", content=path.read_bytes()).raise_for_status()
    api.post(f"/data/{sent}/close").raise_for_status()
    until(api, fed, stopped)
    buckets = [api.get(f"/results/{job}/buckets", params={"take": 1000}).json() for job in (fed, sent)]
    assert buckets[0]["hitCount"] == 47
    assert buckets[0]["documents"] == buckets[1]["documents"]


def test_a_file_that_grows_is_followed_with_interim_results_until_it_is_stopped(api: httpx.Client, path: Path) -> None:
    job = scheduled(api, path)
    act(api, job, "start")
    until(api, job, read(288))
    patiently(lambda: interim(api, job) == [START + 47 * HOUR])
    append(path, more(10, 288))
    assert until(api, job, read(298))["schedulerStatus"] == "STARTED"
    assert act(api, job, "stop") == (200, 0)
    document = look(api, job)
    assert (document["schedulerStatus"], document["status"]) == ("STOPPED", "RUNNING")
    append(path, more(1, 298))
    assert api.post(f"/data/{job}", content=b"time,value\n").status_code == 202


def test_it_goes_on_after_the_newest_row_when_it_is_started_again(api: httpx.Client, path: Path) -> None:
    job = scheduled(api, path)
    for count in (288, 300):
        append(path, more(count - 288, 288))
        act(api, job, "start", start=str(START))
        until(api, job, read(count))
        act(api, job, "stop")
    counts = look(api, job)["counts"]
    assert (counts["processedRecordCount"], counts["outOfOrderTimeStampCount"]) == (300, 0)


def test_only_rows_of_the_time_that_is_asked_for_are_read(api: httpx.Client, path: Path) -> None:
    job = scheduled(api, path)
    assert act(api, job, "start", start=str(START + HOUR), end=str(START + 3 * HOUR)) == (200, 0)
    document = until(api, job, stopped)
    assert (document["status"], document["counts"]["inputRecordCount"]) == ("CLOSED", 12)
    buckets = api.get(f"/results/{job}/buckets").json()["documents"]
    assert [each["eventCount"] for each in buckets] == [6]


def test_what_it_feeds_is_left_to_it(api: httpx.Client, path: Path) -> None:
    job = scheduled(api, path)
    act(api, job, "start")
    upload = api.post(f"/data/{job}", content=b"time,value\n")
    assert (upload.status_code, upload.json()["responses"][0]["error"]["errorCode"]) == (400, 60117)
    for request in (f"/data/{job}/flush", f"/data/{job}/close", f"/jobs/{job}/pause", f"/jobs/{job}/resume"):
        refused = api.post(request)
        assert (refused.status_code, refused.json()["errorCode"]) == (400, 60117), request
    changed = api.put(f"/jobs/{job}/update", json={"schedulerConfig": {"filePath": "/elsewhere"}})
    assert (changed.status_code, changed.json()["errorCode"]) == (409, 60126)
    assert api.post(f"/modelsnapshots/{job}/revert", params={"time": "1"}).json()["errorCode"] == 60120
    assert act(api, job, "start") == (409, 60114)
    assert act(api, job, "stop") == (200, 0)
    assert api.put(f"/jobs/{job}/update", json={"schedulerConfig": {"filePath": str(path)}}).status_code == 200
    assert api.post(f"/data/{job}/close").status_code == 202


def test_what_cannot_be_started_or_stopped_is_refused_with_its_number(api: httpx.Client, path: Path) -> None:
    plain, job = create(api), scheduled(api, path)
    for what in ("start", "stop"):
        assert act(api, "nobody", what) == (404, 20101)
        assert act(api, plain, what) == (404, 60116)
    assert act(api, job, "stop") == (409, 60115)
    assert act(api, job, "start", start="yesterday") == (400, 60101)
    assert act(api, job, "start", start="1400000000", end="1300000000") == (400, 60107)
    api.post(f"/jobs/{job}/pause")
    assert act(api, job, "start") == (409, 60114)


def test_a_source_that_cannot_be_read_is_told_at_once(api: httpx.Client, path: Path) -> None:
    job = scheduled(api, path.with_name("nowhere.csv"))
    refused = api.post(f"/schedulers/{job}/start")
    assert (refused.status_code, refused.json()["errorCode"]) == (409, 60114)
    assert "nowhere.csv" in refused.json()["message"]
    refused = api.post(f"/schedulers/{create(api, schedulerConfig=SEARCH, dataDescription=DESCRIPTION)}/start")
    assert (refused.status_code, refused.json()["errorCode"]) == (409, 60114)
    assert "http://localhost:9 does not answer" in refused.json()["message"]
    odd = scheduled(api, path, dataDescription=DESCRIPTION)
    assert act(api, odd, "start") == (409, 60114)


def test_a_file_outside_of_the_folders_is_not_read(serving: "Serving", path: Path, tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    with (
        serving(tmp_path / "home", scheduler={"folders": (tmp_path / "allowed",)}) as running,
        httpx.Client(base_url=f"{running.url}/engine/v2") as api,
    ):
        outside, inside = scheduled(api, path), scheduled(api, tmp_path / "allowed" / "rows.csv", tail=False)
        path.rename(tmp_path / "allowed" / "rows.csv")
        path.symlink_to(tmp_path / "allowed" / "rows.csv")
        assert act(api, outside, "start") == (200, 0)  # the link leads into the folder
        until(api, outside, read(288))
        path.unlink()
        path.write_bytes(rows(10))
        act(api, outside, "stop")
        assert act(api, outside, "start") == (409, 60114)
        assert act(api, inside, "start") == (200, 0)
        until(api, inside, stopped)


def test_a_job_is_deleted_or_replaced_while_it_is_fed(api: httpx.Client, path: Path) -> None:
    job = scheduled(api, path)
    act(api, job, "start")
    anew = configuration(job, schedulerConfig={"filePath": str(path)})
    again = api.post("/jobs", params={"overwrite": True}, json=anew)
    assert again.status_code == 201
    assert look(api, job)["schedulerStatus"] == "STOPPED"
    act(api, job, "start")
    until(api, job, stopped)
    act(api, job, "start")
    assert api.delete(f"/jobs/{job}").status_code == 200
    assert api.get(f"/jobs/{job}").status_code == 404


def test_a_job_whose_data_cannot_be_analysed_is_done_with_it(api: httpx.Client, path: Path) -> None:
    path.write_bytes(b"time,value\n" + b"soon,1\n" * 500)
    job = scheduled(api, path, tail=False)
    act(api, job, "start")
    document = until(api, job, stopped)
    assert (document["status"], document["counts"]["invalidDateCount"]) == ("CLOSED", 100)


def test_a_restarted_server_goes_on_where_it_stopped(serving: "Serving", path: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "home") as running, httpx.Client(base_url=f"{running.url}/engine/v2") as api:
        job, other = scheduled(api, path), scheduled(api, path)
        act(api, job, "start")
        until(api, job, read(288))
    append(path, more(12, 288))
    with serving(tmp_path / "home") as running, httpx.Client(base_url=f"{running.url}/engine/v2") as api:
        counts = until(api, job, read(300))["counts"]
        assert (counts["processedRecordCount"], counts["outOfOrderTimeStampCount"]) == (300, 0)
        assert look(api, job)["schedulerStatus"] == "STARTED"
        assert look(api, other)["schedulerStatus"] == "STOPPED"
        assert act(api, job, "stop") == (200, 0)


def test_a_crash_loses_no_rows(server_process: "ServerProcess", path: Path) -> None:
    with httpx.Client(base_url=f"{server_process.url}/engine/v2") as api:
        job = scheduled(api, path)
        act(api, job, "start")
        until(api, job, read(288))
    server_process.kill()
    append(path, more(12, 288))
    server_process.start()
    with httpx.Client(base_url=f"{server_process.url}/engine/v2") as api:
        counts = until(api, job, read(300))["counts"]
        assert counts["processedRecordCount"] == 300


def test_a_password_is_given_back_to_nobody(api: httpx.Client) -> None:
    search = {**SEARCH, "username": "bob", "password": "open-sesame"}
    job = create(api, schedulerConfig=search, dataDescription=DESCRIPTION)
    told = api.get(f"/jobs/{job}")
    assert "open-sesame" not in told.text
    assert len(told.json()["document"]["schedulerConfig"]["encryptedPassword"]) > 80
    again = configuration(
        "again", schedulerConfig=told.json()["document"]["schedulerConfig"], dataDescription=DESCRIPTION
    )
    assert api.post("/jobs", json=again).status_code == 201
    changed = api.put(f"/jobs/{job}/update", json={"schedulerConfig": {**search, "password": "abracadabra"}})
    assert changed.status_code == 200
    sealed = api.get(f"/jobs/{job}").json()["document"]["schedulerConfig"]
    assert "password" not in sealed
    assert sealed["encryptedPassword"] != told.json()["document"]["schedulerConfig"]["encryptedPassword"]
    both = configuration("both", schedulerConfig={**search, "encryptedPassword": "x"}, dataDescription=DESCRIPTION)
    refused = api.post("/jobs", json=both)
    assert (refused.status_code, refused.json()["errorCode"]) == (400, 10309)
    assert "open-sesame" not in refused.text
