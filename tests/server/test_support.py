import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from prelert.engineApiClient import EngineApiClient
from tailmass.client import Client
from tailmass.errors import DataStoreError
from tailmass.server import support
from tailmass.store import Store

from .clients import create, rows

if TYPE_CHECKING:
    from tests.conftest import Running


def unzipped(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def secretive(api: httpx.Client) -> Iterator[str]:
    """The id of a job whose configuration has secrets."""
    job = create(
        api,
        customSettings={"apiToken": "HUSH-1"},
        dataDescription={"format": "ELASTICSEARCH", "timeField": "time"},
        schedulerConfig={
            "dataSource": "ELASTICSEARCH",
            "dataSourceCompatibility": "2.x.x",
            "baseUrl": "http://me:HUSH-2@localhost:9200",
            "indexes": ["a"],
            "types": ["b"],
            "username": "me",
            "password": "HUSH-3",
        },
    )
    yield job
    api.delete(f"/jobs/{job}")


def test_a_bundle_has_what_helps(api: httpx.Client, lasting_server: "Running", job: str) -> None:
    api.post(f"/data/{job}", content=rows(10))
    answered = api.get("/support")
    assert (answered.status_code, answered.headers["content-type"]) == (200, "application/octet-stream")
    files = unzipped(answered.content)
    assert json.loads(files["settings.json"])["home"] == str(lasting_server.home)
    assert "numpy" in json.loads(files["versions.json"])["packages"]
    (told,) = [each for each in documents(files["jobs.ndjson"]) if each["id"] == job]
    assert told["counts"]["processedRecordCount"] == 10
    assert documents(files["audit.ndjson"])[0]["message"] == "Job opened"
    assert "tailmass_jobs" in files["metrics.txt"]
    assert f'"job":{json.dumps(job)}' in files["logs/engine_api.log"].replace(": ", ":")
    assert "Job opened" in files[f"logs/jobs/{job}/{job}.log"]


def test_a_bundle_has_no_secrets(api: httpx.Client, secretive: str) -> None:
    files = unzipped(api.get("/support").content)
    assert secretive in files["jobs.ndjson"]
    for name, text in files.items():
        assert "HUSH" not in text, name


def test_a_bundle_has_all_jobs_and_not_too_much_of_their_logs(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [create(api) for _ in range(5)]
    monkeypatch.setattr(support, "AT_ONCE", 2)
    monkeypatch.setattr(support, "JOB_LOG_BYTES", 500)
    files = unzipped(api.get("/support").content)
    assert set(jobs) <= {each["id"] for each in documents(files["jobs.ndjson"])}
    assert 0 < len([name for name in files if name.startswith("logs/jobs/")]) < 5


def test_a_bundle_that_fails_has_a_number(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DataStoreError("no such table")

    monkeypatch.setattr(Store, "audit", refuse)
    answered = api.get("/support")
    assert (answered.status_code, answered.json()["errorCode"]) == (500, 70101)


def test_both_clients_have_it(lasting_server: "Running", tmp_path: Path) -> None:
    client = Client(lasting_server.url)
    old = EngineApiClient(lasting_server.host, "engine/v2", lasting_server.port)
    assert "settings.json" in unzipped(client.logs.support_bundle())
    status, content = old.downloadSupportBundle()
    assert (status, "settings.json" in unzipped(content)) == (200, True)
