"""What jobs find is pushed to where dashboards show it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.client import Client
from tests.cli.conftest import START, configuration, rows
from tests.door import Door

if TYPE_CHECKING:
    from tests.conftest import Running, ServerProcess

PATIENCE = 120.0
HOUR = 3600

# One of each; tests/feeds/elastic/test_sink.py writes to all there are.
pytestmark = pytest.mark.parametrize("elastic_url", ["elasticsearch8", "opensearch2"], indirect=True, scope="session")


@pytest.fixture
def job(lasting_server: "Running", request: pytest.FixtureRequest) -> str:
    """The id of a job with two days of results."""
    client = Client(lasting_server.url)
    name = request.node.name.replace("_", "-").replace("[", "-").strip("]")[-60:].strip("-")
    job_id = client.jobs.create(configuration(name), overwrite=True)
    client.data.upload(job_id, rows())
    client.data.close(job_id)
    return job_id


def command(job_id: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tailmass.cli", "push", job_id, "--index", f"of-{job_id}", *arguments]


def push(job_id: str, url: str, elastic_url: str, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    told = command(job_id, "--url", url, "--es-url", elastic_url, *arguments)
    done = subprocess.run(told, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@contextmanager
def following(folder: Path, job_id: str, url: str, elastic_url: str) -> Iterator["subprocess.Popen[str]"]:
    told = command(job_id, "--url", url, "--es-url", elastic_url, "--follow", "--every", "0.1")
    with (folder / "said").open("a") as said:
        process = subprocess.Popen(told, stdout=said, stderr=said, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(true: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        assert process.poll() is None, "the push ended too soon"
        time.sleep(0.05)


def pushed(job_id: str, elastic_url: str) -> list[str]:
    """The results in the indices, without what the job does not know."""
    httpx.post(f"{elastic_url}/of-{job_id}-*/_refresh", timeout=60)
    answer = httpx.get(f"{elastic_url}/of-{job_id}-*/_search?size=10000", timeout=60)
    hits = answer.json()["hits"]["hits"] if answer.is_success else []  # an index that was just made may not answer
    ours = ("jobId", "resultType", "pushed", "fields")
    return sorted(
        json.dumps({k: v for k, v in hit["_source"].items() if k not in ours}, sort_keys=True) for hit in hits
    )


def found(job_id: str, url: str) -> list[str]:
    """The results of the job."""
    results = Client(f"{url}/engine/v3").results
    told: list[dict[str, Any]] = [*results.records(job_id), *results.influencers(job_id), *results.categories(job_id)]
    told += [{k: v for k, v in each.items() if k not in ("records", "influencers")} for each in results.buckets(job_id)]
    return sorted(json.dumps(each, sort_keys=True).replace(".000+0000", ".000Z") for each in told)


def set_back(client: Client, job_id: str) -> None:
    """Set a job back to its first snapshot, without what it found since."""
    first = min(client.snapshots.all(job_id), key=lambda each: str(each["latestRecordTimeStamp"]))
    client.snapshots.revert(job_id, snapshot_id=first["snapshotId"], delete_intervening_results=True)


def test_pushed_twice_it_is_there_once(lasting_server: "Running", elastic_url: str, job: str) -> None:
    where = (lasting_server.url, elastic_url)
    for _ in range(2):
        done = push(job, *where)
        assert done.stdout == f"47 buckets, 1 records, 1 influencers and 0 categories of the job {job} -> of-{job}-*\n"
        assert pushed(job, elastic_url) == found(job, lasting_server.url)


def test_results_that_were_replaced_are_replaced_there(lasting_server: "Running", elastic_url: str, job: str) -> None:
    where, client = (lasting_server.url, elastic_url), Client(lasting_server.url)
    client.jobs.create(configuration(job), overwrite=True)
    header, *every = rows().splitlines()
    odd, calm = "\n".join([header, *every[30 * 20 :]]) + "\n", rows(18, START + 30 * HOUR)
    for part in (rows(30), odd, calm):
        client.data.upload(job, part)
        client.data.close(job)
        told = push(job, *where).stdout
        assert pushed(job, elastic_url) == found(job, lasting_server.url)
        if part == odd:
            set_back(client, job)
    assert "2 that are no more were removed" in told


def test_results_that_a_job_has_gone_back_from_are_removed(
    lasting_server: "Running", elastic_url: str, job: str
) -> None:
    where, client = (lasting_server.url, elastic_url), Client(lasting_server.url)
    client.data.upload(job, rows(10, START + 48 * HOUR))
    client.data.close(job)
    push(job, *where)
    set_back(client, job)
    push(job, *where)
    left = pushed(job, elastic_url)
    assert left == found(job, lasting_server.url)
    assert len(left) == 49


def test_what_is_asked_for_is_pushed(lasting_server: "Running", elastic_url: str, job: str) -> None:
    where = (lasting_server.url, elastic_url)
    assert push(job, *where, "--min-score", "50").stdout.startswith("1 buckets, 1 records, 1 influencers")
    day = ("--start", "2014-06-24T12:00:00Z", "--end", str(START + 24 * HOUR))
    assert push(job, *where, *day).stdout.startswith("12 buckets, 0 records, 0 influencers")
    assert len(pushed(job, elastic_url)) == 15


def test_categories_are_pushed_too(lasting_server: "Running", elastic_url: str, job: str) -> None:
    client = Client(lasting_server.url)
    messages = configuration(job)
    messages["analysisConfig"] = {
        "bucketSpan": HOUR,
        "categorizationFieldName": "name",
        "detectors": [{"function": "count", "byFieldName": "prelertcategory"}],
    }
    client.jobs.create(messages, overwrite=True)
    said = [f"{START + 600 * n},{('user logged in', 'disk is full')[n % 2]} {n},1\n" for n in range(40)]
    client.data.upload(job, ["time,name,v\n", *said])
    client.data.close(job)
    assert "and 2 categories" in push(job, lasting_server.url, elastic_url).stdout
    assert pushed(job, elastic_url) == found(job, lasting_server.url)


def test_what_comes_is_pushed_whoever_is_away_meanwhile(
    elastic_url: str, server_process: "ServerProcess", tmp_path: Path
) -> None:
    client, job_id = Client(server_process.url), f"live-{server_process.port}"
    client.jobs.create(configuration(job_id))
    door = Door(elastic_url)
    where = (job_id, server_process.url, door.url)

    def come(hour: int, hours: int) -> None:
        client.data.upload(job_id, rows(hours, START + hour * HOUR))
        client.data.flush(job_id)

    def same() -> bool:
        return pushed(job_id, elastic_url) == found(job_id, server_process.url)

    come(0, 150)
    with following(tmp_path, *where) as process:
        wait_for(lambda: len(pushed(job_id, elastic_url)) > 149 and same(), process)
        process.kill()
        process.wait()
    come(150, 3)
    with following(tmp_path, *where) as process:
        wait_for(same, process)
        come(153, 60)  # with an hour that is far off
        wait_for(same, process)
        door.shut()
        come(213, 2)
        wait_for(lambda: "does not answer" in (tmp_path / "said").read_text(), process)
        door.open()
        wait_for(same, process)
        server_process.kill()
        wait_for(lambda: "no answer from the server of the job" in (tmp_path / "said").read_text(), process)
        server_process.start()
        come(215, 2)
        wait_for(same, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    said = (tmp_path / "said").read_text()
    assert "Traceback" not in said
    assert f"of the job {job_id} -> of-{job_id}-*" in said
    door.shut()


def test_a_job_that_goes_back_is_followed_there(
    lasting_server: "Running", elastic_url: str, job: str, tmp_path: Path
) -> None:
    client = Client(lasting_server.url)
    client.data.upload(job, rows(10, START + 48 * HOUR))
    client.data.close(job)

    def same() -> bool:
        return pushed(job, elastic_url) == found(job, lasting_server.url)

    with following(tmp_path, job, lasting_server.url, elastic_url) as process:
        wait_for(same, process)
        set_back(client, job)
        wait_for(same, process)
        client.jobs.create(configuration(job), overwrite=True)
        wait_for(lambda: not pushed(job, elastic_url), process)
        client.jobs.delete(job)
        assert process.wait(PATIENCE) == 2
    assert "No known job" in (tmp_path / "said").read_text()


def test_what_is_in_the_way_is_said(lasting_server: "Running", elastic_url: str, job: str) -> None:
    where = (lasting_server.url, elastic_url)
    assert "No known job with id 'nobody' (20101)" in push("nobody", *where, code=2).stderr
    assert httpx.get(f"{elastic_url}/_cat/indices/of-nobody-*", timeout=60).text == ""
    gone = push(job, lasting_server.url, "http://localhost:9", code=3).stderr
    assert gone.startswith("Error: http://localhost:9 does not answer")
    assert "no answer from http://localhost:9/engine/v3" in push(job, "http://localhost:9", elastic_url, code=3).stderr
    assert "write it as in http" in push(job, lasting_server.url, "localhost", code=2).stderr
    assert "give" not in push(job, *where, "--follow", "--until", "2026-01-01T00:00:00Z", code=2).stdout
    assert "Cannot read the time 'soon'" in push(job, *where, "--since", "soon", code=2).stderr
