import json
from typing import TYPE_CHECKING

import httpx
import pytest

from tailmass.server import debugfiles

from .clients import START, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running


def watched(api: httpx.Client, write_to: str) -> str:
    """A job that has written the bounds of its models."""
    job = create(api, modelDebugConfig={"writeTo": write_to, "boundsPercentile": 95.0})
    api.post(f"/data/{job}", content=rows(1_000)).raise_for_status()
    return job


def test_bounds_go_to_a_file_which_goes_with_its_job(api: httpx.Client, lasting_server: "Running") -> None:
    job = watched(api, "file")
    file = lasting_server.home / "debug" / f"{job}.ndjson"
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert list(told[0]) == ["timestamp", "debugFeature", "debugLower", "debugUpper", "debugMean", "actual"]
    assert told[-1]["timestamp"] == "2014-05-20T14:00:00.000+0000"
    assert told[-1]["debugLower"] < 1.3 < told[-1]["debugUpper"]
    api.delete(f"/jobs/{job}")
    assert not file.exists()


def test_a_file_that_has_grown_large_is_put_aside(
    api: httpx.Client, lasting_server: "Running", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debugfiles, "FILE_BYTES", 1_000)
    job = watched(api, "FILE")
    api.post(f"/data/{job}", content=rows(100, START + 600_000)).raise_for_status()
    files = sorted(path.name for path in (lasting_server.home / "debug").glob(f"{job}.*"))
    assert files == [f"{job}.1.ndjson", f"{job}.ndjson"]


def test_bounds_in_the_store_are_read_by_their_time(
    api: httpx.Client, native: httpx.Client, lasting_server: "Running"
) -> None:
    job = watched(api, "DATA_STORE")
    assert not (lasting_server.home / "debug" / f"{job}.ndjson").exists()
    asked = {"start": "2014-05-20T12:00:00Z", "end": "2014-05-20T14:00:00Z"}
    page = native.get(f"/bounds/{job}", params=asked).json()
    assert [each["timestamp"][11:13] for each in page["documents"]] == ["12", "13"]
    assert set(page["documents"][0]) == {
        "timestamp", "debugFeature", "debugLower", "debugUpper", "debugMean", "actual"
    }  # fmt: skip
    assert native.get("/bounds/nobody").json()["errorCode"] == 20101


def test_without_a_width_there_are_no_bounds(api: httpx.Client, native: httpx.Client) -> None:
    job = create(api, modelDebugConfig={"writeTo": "DATA_STORE"})
    api.post(f"/data/{job}", content=rows(1_000)).raise_for_status()
    assert native.get(f"/bounds/{job}").json()["hitCount"] == 0
