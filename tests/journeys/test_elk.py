"""The lines of an access log, indexed as Logstash would, are pulled into jobs."""

import csv
import gzip
import json
import signal
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailmass.client import Client
from tests import pulling as processes
from tests.elastic import fill
from tests.logstash import ROWS, fill_as_logstash
from tests.pulling import PATIENCE, counts, results, sent, wait_for

if TYPE_CHECKING:
    from tests.conftest import Running, ServerProcess

CONFIG = Path(__file__).parents[2] / "examples" / "apache-access.json"
DAYS = ("--start-date", "2015-05-17", "--end-date", "2015-05-20")

pull, pulling = partial(processes.pull, "elk"), partial(processes.pulling, "elk")

# One that has points in time, and one that is scrolled; tests/feeds/elastic/test_source.py reads all there are.
pytestmark = pytest.mark.parametrize("elastic_url", ["elasticsearch8", "opensearch2"], indirect=True, scope="session")


@pytest.fixture(scope="session")
def logstash(elastic_url: str, shared: Path) -> str:
    """A server with an index for each of the four days."""
    fill_as_logstash(elastic_url, shared)
    return elastic_url


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The sample, in small pages so that there is something to interrupt, without an id."""
    return changed(tmp_path / "small.json", size=100)


def changed(path: Path, *, job_id: str | None = None, **search: Any) -> Path:
    sample = json.loads(CONFIG.read_text())
    sample["job_config"] = {name: value for name, value in sample["job_config"].items() if name != "id"}
    if job_id is not None:
        sample["job_config"]["id"] = job_id
    path.write_text(json.dumps({**sample, "search": {**sample["search"], **search}}))
    return path


def test_the_sample_pulls_every_document_and_finds_the_same_as_an_upload(
    logstash: str, server: "Running", tmp_path: Path, shared: Path
) -> None:
    done = pull(CONFIG, "--es-url", logstash, "--api-port", str(server.port), folder=tmp_path)
    client = Client(server.url)
    job = client.jobs.get("apache-access")
    assert job["status"] == "CLOSED"
    assert job["counts"]["inputRecordCount"] == job["counts"]["processedRecordCount"] == ROWS
    assert job["counts"]["missingFieldCount"] == 0
    assert done.stdout == "10,000 rows before 2015-05-20 21:05:59 are in the job apache-access\n"
    days = [line.split()[:2] for line in done.stderr.splitlines()]
    assert [day for day, _ in days] == ["2015-05-18", "2015-05-19", "2015-05-20"]

    client.jobs.create({**json.loads(CONFIG.read_text())["job_config"], "id": "uploaded"})
    with gzip.open(shared / "data" / "apache_access" / "apache_logs.csv.gz", "rt") as lines:
        rows = [
            {"@timestamp": f"{datetime.fromtimestamp(int(row['time']), UTC):%Y-%m-%dT%H:%M:%S}.000Z"}
            | {"response": row["status"]}
            for row in csv.DictReader(lines)
        ]
    client.data.upload("uploaded", json.dumps(rows))
    client.data.close("uploaded")
    assert results(client, "apache-access") == results(client, "uploaded")


def test_killed_three_times_it_goes_on_where_it_was(
    logstash: str, server: "Running", tmp_path: Path, small: Path
) -> None:
    client = Client(server.url)
    where = ("--es-url", logstash, "--url", server.url, *DAYS)
    pull(CONFIG, *where, folder=tmp_path)

    state = tmp_path / "small.state"
    for rows in (1500, 4200, 7000):
        with pulling(small, *where, folder=tmp_path) as process:
            wait_for(lambda rows=rows: sent(state) >= rows, process)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert sent(state) < ROWS
    done = pull(small, *where, folder=tmp_path)
    job_id = done.stdout.split()[-1]
    assert counts(client, job_id) == counts(client, "apache-access")
    assert results(client, job_id) == results(client, "apache-access")


def test_a_server_of_the_job_that_is_killed_gets_again_what_it_has_lost(
    logstash: str, server_process: "ServerProcess", tmp_path: Path, small: Path
) -> None:
    where = ("--es-url", logstash, "--url", server_process.url, *DAYS)
    state = tmp_path / "small.state"
    with pulling(small, *where, folder=tmp_path) as process:
        wait_for(lambda: sent(state) >= 3000, process)
        server_process.kill()
        server_process.start()
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    assert "trying again" in (tmp_path / "said").read_text()
    client = Client(server_process.url)
    assert counts(client, json.loads(state.read_text())["job_id"])["processedRecordCount"] == ROWS


def test_rows_are_added_to_a_job_that_exists(logstash: str, server: "Running", tmp_path: Path) -> None:
    where = ("--es-url", logstash, "--url", server.url, "--index", "logstash-*")
    pull(CONFIG, *where, "--start_date", "2015-05-18", "--end_date", "2015-05-18", folder=tmp_path)
    first = counts(Client(server.url), "apache-access")["inputRecordCount"]
    late = ("--start-date", "2015-05-19", "--job-id", "apache-access", "--state", "other")
    pull(CONFIG, *where, *late, folder=tmp_path)
    there = counts(Client(server.url), "apache-access")
    assert 0 < first < there["inputRecordCount"] == there["processedRecordCount"]
    again = pull(CONFIG, *where, *late, folder=tmp_path)
    assert counts(Client(server.url), "apache-access") == there
    assert again.stdout.startswith(f"{there['inputRecordCount'] - first:,} rows")


def test_what_is_in_the_way_is_said(logstash: str, server: "Running", tmp_path: Path) -> None:
    where = ("--es-url", logstash, "--url", server.url)
    nothing = pull(CONFIG, *where, "--index", "nothing-*", folder=tmp_path, code=3)
    assert "there are no rows" in nothing.stderr
    gone = pull(CONFIG, "--es-port", "9", "--url", server.url, folder=tmp_path, code=3)
    assert "http://localhost:9 does not answer" in gone.stderr
    Client(server.url).jobs.create({**json.loads(CONFIG.read_text())["job_config"]})
    taken = pull(CONFIG, *where, folder=tmp_path, code=3)
    assert "there is a job 'apache-access' already" in taken.stderr
    descending = changed(tmp_path / "wrong.json", sort=[{"@timestamp": "desc"}])
    assert "ascending" in pull(descending, *where, folder=tmp_path, code=2).stderr
    assert not list(tmp_path.glob("*.state"))
    small = changed(tmp_path / "small.json", job_id="small")
    pull(small, *where, "--end-date", "2015-05-17", folder=tmp_path)
    other = pull(small, *where, "--index", "logstash-*", folder=tmp_path, code=2)
    assert "small.state is of another pull" in other.stderr
    Client(server.url).jobs.delete("small")
    deleted = pull(small, *where, folder=tmp_path, code=3)
    assert "remove small.state to begin anew" in deleted.stderr


def test_real_time_goes_on_without_gaps_and_ends_in_order(
    elastic_url: str, server: "Running", tmp_path: Path, small: Path
) -> None:
    index = f"live-{server.port}"
    where = ("--es-url", elastic_url, "--url", server.url, "--index", index)
    live = (*where, "--realtime", "--update-interval", "1", "--delay", "1")
    state = tmp_path / "small.state"
    client = Client(server.url)

    with pulling(small, *live, folder=tmp_path) as process:
        wait_for(state.exists, process)
        requests(elastic_url, index, 40)
        wait_for(lambda: sent(state) >= 40, process)
        job_id = json.loads(state.read_text())["job_id"]
        wait_for(lambda: any(client.results.buckets(job_id, include_interim=True)), process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    assert client.jobs.get(job_id)["status"] == "CLOSED"

    requests(elastic_url, index, 25)  # while nobody asks
    with pulling(small, *live, folder=tmp_path) as process:
        wait_for(lambda: sent(state) >= 65, process)
        process.kill()
        process.wait()
    requests(elastic_url, index, 5)
    with pulling(small, *live, folder=tmp_path) as process:
        wait_for(lambda: sent(state) >= 70, process)
        process.terminate()
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    there = counts(client, job_id)
    assert there["inputRecordCount"] == there["processedRecordCount"] == 70


def requests(url: str, index: str, count: int) -> None:
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    fill(url, index, [{"@timestamp": now, "response": "200"}] * count)


def test_ctrl_c_leaves_what_the_same_command_goes_on_from(
    logstash: str, server: "Running", tmp_path: Path, small: Path
) -> None:
    where = ("--es-url", logstash, "--url", server.url)
    state = tmp_path / "small.state"
    with pulling(small, *where, folder=tmp_path) as process:
        wait_for(lambda: sent(state) >= 500, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130, (tmp_path / "said").read_text()
    assert "the same command goes on, as small.state says" in (tmp_path / "said").read_text()
    assert pull(small, *where, folder=tmp_path).stdout.startswith("10,000 rows")
