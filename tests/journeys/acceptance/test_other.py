"""Section 11 of the specification, what is left: a test a line."""

import io
import time
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.server.clients import START, Connection, create, rows

from .wire import document, documents, refusal, summary

if TYPE_CHECKING:
    from tests.conftest import Running

HOUR = 3600
QUIET = 24 * 7
"""Hours before anything happens."""


def _usual(api: httpx.Client) -> str:
    """A job that has seen a week of two users, and an hour that stays open."""
    analysis = {"bucketSpan": HOUR, "detectors": [{"function": "count"}], "influencers": ["user"]}
    job = create(api, analysisConfig=analysis)
    lines = (f"{START + 600 * n},{user}\n" for n in range(6 * QUIET) for user in "ab")
    summary(api.post(f"/data/{job}", content=("time,user\n" + "".join(lines)).encode()))
    return job


def _burst(api: httpx.Client, job: str) -> None:
    """An hour in which one user does a lot, and the first row of the next."""
    begin = START + HOUR * QUIET
    many = f"{begin},b\n" * 500 + f"{begin + HOUR},a\n"
    summary(api.post(f"/data/{job}", content=f"time,user\n{many}".encode()))


def test_alerts_come_when_they_should(lasting_server: "Running", api: httpx.Client) -> None:
    """alerts: fire, timeout, both thresholds, each `alertOn`, 60103/60104/60105/60112/60113"""
    job = _usual(api)
    path = f"/alerts_longpoll/{job}"
    nothing = {"jobId": job, "anomalyScore": 0.0, "maxNormalizedProbability": 0.0, "timeout": True, "isInterim": False}
    assert api.get(f"{path}?score=1&timeout=0.01").json() == nothing | {"alertType": "bucket"}
    for query, code in (
        *(("", 60104), ("score=101", 60104), ("probability=-1", 60104), ("score=much", 60104)),
        *(("score=1&timeout=-1", 60105), ("score=1&timeout=soon", 60105), ("score=1&alertOn=record", 60112)),
        ("probability=1&alertOn=influencer,bucketinfluencer", 60113),
    ):
        assert refusal(api.get(f"{path}?{query}")) == (400, code), query
    assert refusal(api.get(f"/alerts_longpoll/{create(api)}?score=1")) == (400, 60103)
    queries = {
        "score=1": {"bucket"},
        "probability=1": {"records"},
        "score=1&probability=1&alertOn=bucket": {"bucket", "records"},
        "score=1&alertOn=influencer": {"bucket"},
        "score=1&alertOn=bucketinfluencer": {"bucket"},
    }
    before = _waiting(lasting_server)
    with ThreadPoolExecutor(len(queries)) as threads:
        coming = {query: threads.submit(api.get, f"{path}?{query}&timeout=30") for query in queries}
        _until(lambda: _waiting(lasting_server) == before + len(queries))
        _burst(api, job)
        told = {query: _told(each) for query, each in coming.items()}
    for query, alert in told.items():
        assert alert["timeout"] is False
        assert {"bucket", "records"} & set(alert) == queries[query]
        assert alert["alertType"] == (query.partition("alertOn=")[2] or "bucket")
        seconds = START + HOUR * QUIET
        assert alert["uri"] == f"{lasting_server.url}/engine/v2/results/{job}/buckets/{seconds}?expand=true"
        assert alert["anomalyScore"] >= 1
        assert alert["maxNormalizedProbability"] >= 1


def _told(coming: Future[httpx.Response]) -> dict[str, Any]:
    answered = coming.result(30)
    assert answered.status_code == 200
    told: dict[str, Any] = answered.json()
    return told


def _waiting(running: "Running") -> int:
    metrics = httpx.get(f"{running.url}/metrics").text
    return int(metrics.partition("\ntailmass_waiting_for_alerts ")[2].partition("\n")[0].partition(".")[0])


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_a_job_goes_back_to_a_snapshot(api: httpx.Client, job: str) -> None:
    """snapshots: list, revert ×3 selectors, bare `false` token, delete active → 60125"""
    for part in range(3):
        summary(api.post(f"/data/{job}", content=rows(60, START + 36_000 * part)))
        api.post(f"/data/{job}/close").raise_for_status()
    path = f"/modelsnapshots/{job}"
    newest, middle, oldest = documents(api, path, sort="latestRecordTimeStamp")
    assert documents(api, path)[0] == newest
    named = api.put(f"{path}/{oldest['snapshotId']}/description", json={"description": "the first"})
    assert named.json()["document"] == oldest | {"description": "the first"}
    assert refusal(api.delete(f"{path}/{newest['snapshotId']}")) == (400, 60125)
    kept = documents(api, f"/results/{job}/buckets")
    for selector, meant in (
        ({"snapshotId": middle["snapshotId"]}, middle),
        ({"description": "the first"}, oldest),
        ({"time": newest["timestamp"]}, newest),
    ):
        answered = api.post(f"{path}/revert", params={**selector, "false": ""})
        assert (answered.status_code, answered.json()["type"]) == (200, "modelSnapshot")
        assert answered.json()["document"]["snapshotId"] == meant["snapshotId"]
        assert documents(api, path)[0]["snapshotId"] == meant["snapshotId"]
        assert refusal(api.delete(f"{path}/{meant['snapshotId']}")) == (400, 60125)
    bare = httpx.post(f"{api.base_url}{path[1:]}/revert?snapshotId={middle['snapshotId']}&false")
    assert bare.json()["document"]["snapshotId"] == middle["snapshotId"]
    assert documents(api, f"/results/{job}/buckets") == kept  # nothing was to be deleted
    undone = api.post(f"{path}/revert?description=the+first&deleteInterveningResults=true")
    assert (
        documents(api, f"/results/{job}/buckets")[-1]["timestamp"] == undone.json()["document"]["latestResultTimeStamp"]
    )
    assert api.delete(f"{path}/{newest['snapshotId']}").json() == {"acknowledgement": True}
    for query, status, code in (("", 400, 60118), ("snapshotId=none", 404, 60119)):
        assert refusal(api.post(f"{path}/revert?{query}")) == (status, code)
    summary(api.post(f"/data/{job}", content=rows(60, START + 36_000 * 5)))
    assert refusal(api.post(f"{path}/revert?description=the+first")) == (409, 60120)


def test_a_scheduler_starts_and_stops(api: httpx.Client, tmp_path: Path) -> None:
    """scheduler start/stop with empty dates; credentials never echoed"""
    source = {
        "dataSource": "ELASTICSEARCH",
        "dataSourceCompatibility": "2.x.x",
        "baseUrl": "http://localhost:9/",
        "indexes": ["a"],
        "types": ["t"],
        "username": "ann",
        "password": "s3cret-w0rd",
    }
    job = create(api, schedulerConfig=source, dataDescription={"format": "ELASTICSEARCH", "timeField": "time"})
    for version in ("v2", "v3"):
        told = api.get(api.base_url.join(f"/engine/{version}/jobs/{job}"))
        assert told.json()["document"]["schedulerConfig"]["username"] == "ann"
        assert "s3cret-w0rd" not in told.text
        assert "password" not in told.json()["document"]["schedulerConfig"]
    file = tmp_path / "rows.csv"
    file.write_bytes(rows(60))
    job = create(api, schedulerConfig={"dataSource": "FILE", "filePath": str(file), "tailFile": True})
    assert document(api, f"/jobs/{job}")["schedulerStatus"] == "STOPPED"
    assert api.post(f"/schedulers/{job}/start?start=&end=").json() == {"acknowledgement": True}
    _until(lambda: document(api, f"/jobs/{job}")["counts"]["processedRecordCount"] == 60)
    assert document(api, f"/jobs/{job}")["schedulerStatus"] == "STARTED"
    assert refusal(api.post(f"/data/{job}", content=rows(1))) == (400, 60117)
    assert api.post(f"/schedulers/{job}/stop").json() == {"acknowledgement": True}
    assert document(api, f"/jobs/{job}")["schedulerStatus"] == "STOPPED"


def test_old_versions_have_what_their_clients_read(lasting_server: "Running", api: httpx.Client, job: str) -> None:
    """v1 bucket `id`; v1/v0.3 close = 202; v0.3 short result paths"""
    summary(api.post(f"/data/{job}", content=rows(60)))
    of_old = {name: f"{lasting_server.url}/engine/{name}" for name in ("v1", "v0.3")}
    for url in of_old.values():
        assert httpx.post(f"{url}/data/{job}/close").status_code == 202
    kept = httpx.get(f"{of_old['v1']}/results/{job}/buckets?take=1000000").json()["documents"]
    assert [each["id"] for each in kept] == [str(START + HOUR * n) for n in range(9)]
    first = httpx.get(f"{of_old['v0.3']}/results/{job}?take=1").json()["documents"]
    shown = httpx.get(f"{of_old['v0.3']}/results/{job}/{START}").json()
    assert first == [shown["document"]]
    assert (shown["exists"], shown["documentId"]) == (True, str(START))
    assert httpx.get(f"{of_old['v0.3']}/results/{job}/{START}/records").json()["hitCount"] >= 0
    assert httpx.get(f"{of_old['v0.3']}/detectors/{job}").json()["documents"] == [{"name": "mean(value)"}]


def test_logs_are_read_and_nothing_else(api: httpx.Client, connection: Connection, job: str) -> None:
    """logs zip/tail/path traversal → 50103"""
    summary(api.post(f"/data/{job}", content=rows(60)))
    api.post(f"/data/{job}/close").raise_for_status()
    packed = api.get(f"/logs/{job}")
    assert packed.headers["content-type"] == "application/octet-stream"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(files) == {f"{job}.log", "engine_api.log"}
    lines = files[f"{job}.log"].splitlines(keepends=True)
    assert api.get(f"/logs/{job}/{job}").text == "".join(lines)
    assert api.get(f"/logs/{job}/{job}/tail?lines=2").text == "".join(lines[-2:])
    assert api.get(f"/logs/{job}/tail?lines=1").text
    for name in ("..", "%2e%2e", "../../tailmass", "..%2F..%2Ftailmass", "a%5Cb", "..%5C..%5Cetc%5Cpasswd"):
        for path in (f"/logs/{job}/{name}", f"/logs/{job}/{name}/tail"):
            connection.send(f"GET /engine/v2{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            status, told = connection.answer()
            assert (status, told["errorCode"]) == (400, 50103), path


def test_every_line_of_the_checklist_has_a_test(shared: Path) -> None:
    section = (shared / "spec" / "engine-api.md").read_text().partition("## 11. Acceptance checklist")[2]
    lines = [
        line.removeprefix("- [ ] ") for line in section.partition("\n## ")[0].splitlines() if line.startswith("- [")
    ]
    here = Path(__file__).parent
    told = [line for path in here.glob("test_*.py") for line in path.read_text().splitlines()]
    assert len(lines) == 28
    assert [line for line in lines if f'    """{line}"""' not in told] == []
