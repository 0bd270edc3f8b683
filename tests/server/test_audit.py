import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .clients import configuration, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running, Serving


def messages(native: httpx.Client, path: str = "", **asked: Any) -> list[tuple[str | None, str, str]]:
    documents = native.get(f"/audit{path}", params=asked).raise_for_status().json()["documents"]
    return [(each.get("jobId"), each["level"], each["message"]) for each in documents]


def test_the_life_of_a_job_is_told_newest_first(api: httpx.Client, native: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=rows(10))
    api.post(f"/data/{job}/close")
    api.post("/jobs", params={"overwrite": True}, json=configuration(job)).raise_for_status()
    assert messages(native, f"/{job}") == [
        (job, "INFO", "Job created"),
        (job, "INFO", "Job deleted"),
        (job, "ACTIVITY", "Job closed"),
        (job, "ACTIVITY", "Job opened"),
        (job, "INFO", "Job created"),
    ]
    answered = native.get(f"/audit/{job}", params={"skip": 1, "take": 2}).json()
    assert (answered["hitCount"], len(answered["documents"])) == (5, 2)
    assert answered["nextPage"].endswith(f"/engine/v3/audit/{job}?skip=3&take=2")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(answered["documents"][0]["timestamp"])).seconds < 600


def test_the_audit_of_all_has_every_job_and_the_system(native: httpx.Client, job: str) -> None:
    assert messages(native, take=1) == [(job, "INFO", "Job created")]
    assert messages(native, take=1_000)[-1] == (None, "INFO", "System started")


def test_usage_is_what_came_in_by_the_hour(serving: "Serving", tmp_path: Any) -> None:
    with serving(tmp_path) as running, httpx.Client(base_url=f"{running.url}/engine/v3", timeout=60) as native:
        jobs = [create(native), create(native)]
        native.post(f"/data/{','.join(jobs)}", content=rows(100))
        native.post(f"/data/{jobs[0]}", content=rows(50, start=1_400_060_400))
        native.post(f"/data/{jobs[0]}/close")
        of_all = native.get("/usage").json()["documents"]
        of_one = native.get(f"/usage/{jobs[1]}").json()["documents"]
        later = native.get("/usage", params={"start": "2200-01-01T00:00:00Z"}).json()
    # An hour may end in between.
    assert sum(each["inputRecordCount"] for each in of_all) == 250
    assert sum(each["inputFieldCount"] for each in of_all) == 500
    assert sum(each["inputBytes"] for each in of_one) == len(rows(100))
    assert all(each["timestamp"][14:] == "00:00.000+0000" for each in of_all)
    assert (later["hitCount"], later["documents"]) == (0, [])


def test_changes_breaks_and_deleted_snapshots_are_told(api: httpx.Client, native: httpx.Client, job: str) -> None:
    for part in range(2):
        api.post(f"/data/{job}", content=rows(100, 1_400_000_400 + 60_000 * part))
        api.post(f"/data/{job}/close")
    api.put(f"/jobs/{job}/update", json={"description": "of hours"})
    newest, older = [each["snapshotId"] for each in api.get(f"/modelsnapshots/{job}").json()["documents"]]
    api.delete(f"/modelsnapshots/{job}/{older}").raise_for_status()
    api.post(f"/modelsnapshots/{job}/revert", params={"snapshotId": newest}).raise_for_status()
    api.post(f"/jobs/{job}/pause")
    api.post(f"/jobs/{job}/resume")
    assert [said for _, _, said in messages(native, f"/{job}", take=5)] == [
        "Job resumed",
        "Job paused",
        f"Job reverted to snapshot {newest}",
        f"Snapshot {older} deleted",
        "Job updated: description",
    ]


def test_activity_is_noted_when_the_server_starts(lasting_server: "Running", native: httpx.Client) -> None:
    def noted() -> list[dict[str, Any]]:
        documents: list[dict[str, Any]] = native.get("/activity").raise_for_status().json()["documents"]
        return documents

    deadline = time.monotonic() + 10
    while not noted() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert set(noted()[-1]) == {"timestamp", "totalJobs", "totalDetectors", "runningJobs", "runningDetectors"}


@pytest.mark.parametrize("path", ["audit", "activity", "usage", "audit/a", "usage/a"])
def test_only_the_native_version_has_them(lasting_server: "Running", path: str) -> None:
    statuses = [httpx.get(f"{lasting_server.url}/engine/{each}/{path}").status_code for each in ("v3", "v2", "v1")]
    assert statuses == [200, 404, 404]
