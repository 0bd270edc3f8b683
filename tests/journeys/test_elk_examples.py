"""The connectors of 2016, with the command lines of then."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tailmass.client import Client
from tests.elastic import fill
from tests.logstash import ROWS, fill_as_logstash

if TYPE_CHECKING:
    from tests.conftest import Running

EXAMPLES = Path(__file__).parents[2] / "examples"
CONFIG = EXAMPLES / "apache-access.json"

pytestmark = pytest.mark.parametrize("elastic_url", ["elasticsearch8", "opensearch2"], indirect=True, scope="session")


@pytest.fixture(scope="session")
def logstash(elastic_url: str, shared: Path) -> str:
    fill_as_logstash(elastic_url, shared)
    return elastic_url


def command(example: str, elastic_url: str, server: "Running", *arguments: str | Path) -> list[str]:
    elastic = urlsplit(elastic_url)
    where = ["--es-host", str(elastic.hostname), "--es-port", str(elastic.port)]
    where += ["--api-host", server.host, "--api-port", str(server.port)]
    return [sys.executable, str(EXAMPLES / example), *where, *map(str, arguments)]


def run(*arguments: str | Path, url: str, server: "Running") -> subprocess.CompletedProcess[str]:
    told = command("elk_connector.py", url, server, *arguments)
    return subprocess.run(told, capture_output=True, text=True, timeout=120, check=False)


def test_days_are_sent_to_a_new_job(logstash: str, server: "Running") -> None:
    done = run(CONFIG, "--start_date", "2015-05-16", "--end-date", "2015-05-20", url=logstash, server=server)
    assert (done.returncode, done.stderr) == (0, "")
    days = [line.split(":")[0] for line in done.stdout.splitlines()[:-1]]
    assert days == ["2015-05-17", "2015-05-18", "2015-05-19", "2015-05-20"]
    assert done.stdout.splitlines()[-1] == f"{ROWS} documents are in the job apache-access"
    job = Client(server.url).jobs.get("apache-access")
    assert (job["status"], job["counts"]["processedRecordCount"]) == ("CLOSED", ROWS)
    again = run(CONFIG, "--start-date", "2015-05-17", "--end-date", "2015-05-17", url=logstash, server=server)
    assert again.returncode == 1
    assert "the job cannot be created" in again.stderr


def test_without_dates_all_days_are_sent(logstash: str, server: "Running") -> None:
    done = run(CONFIG, "--end-date", "2015-05-18", url=logstash, server=server)
    assert done.stdout.splitlines()[0].startswith("2015-05-17: ")
    assert len(done.stdout.splitlines()) == 3


def test_what_is_wrong_is_told_with_an_exit_code(elastic_url: str, server: "Running", tmp_path: Path) -> None:
    config = json.loads(CONFIG.read_text())
    nothing = tmp_path / "nothing.json"
    nothing.write_text(json.dumps({**config, "index": "nothing-*"}))
    done = run(nothing, url=elastic_url, server=server)
    assert (done.returncode, done.stderr.startswith("there are no documents")) == (1, True)
    gone = run(CONFIG, url="http://localhost:9", server=server)
    assert (gone.returncode, "http://localhost:9 does not answer" in gone.stderr) == (1, True)
    assert "Traceback" not in done.stderr + gone.stderr

    late = tmp_path / "late.json"
    config["job_config"]["dataDescription"]["timeFormat"] = "epoch"
    late.write_text(json.dumps({**config, "index": f"late-{server.port}"}))
    fill(elastic_url, f"late-{server.port}", [{"@timestamp": "2015-05-17T00:00:00.000Z", "response": "200"}] * 200)
    refused = run(late, "--start-date", "2015-05-17", "--end-date", "2015-05-17", url=elastic_url, server=server)
    assert refused.returncode == 1
    assert "200 documents were refused: 400" in refused.stderr


@pytest.mark.parametrize("exists", [False, True])
def test_what_comes_is_sent_until_ctrl_c(elastic_url: str, server: "Running", tmp_path: Path, exists: bool) -> None:
    index, client, config = f"now-{server.port}", Client(server.url), json.loads(CONFIG.read_text())
    if exists:
        client.jobs.create(config["job_config"])
    path = tmp_path / "now.json"
    # Both `filter` and `post_filter`, which the connector of 2016 could not add its times to.
    filters = {"filter": {"match_all": {}}, "post_filter": {"exists": {"field": "response"}}}
    path.write_text(json.dumps({**config, "index": index, "search": {**config["search"], **filters}}))
    arguments: list[str | Path] = [
        path,
        "--update-interval",
        "0.2",
        "--delay",
        "0.2",
        *(["--job-id", "apache-access"] if exists else []),
    ]
    told = command("elk_connector_realtime.py", elastic_url, server, *arguments)
    with subprocess.Popen(told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sending:
        assert sending.stdout is not None
        assert sending.stdout.readline() == "Sending to the job apache-access; Ctrl-C stops\n"
        for count in (30, 12):
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            fill(elastic_url, index, [{"@timestamp": now, "response": "200"}] * count + [{"@timestamp": now}] * 3)
            assert documents(sending.stdout) == count
        sending.send_signal(signal.SIGINT)
        out, err = sending.communicate(timeout=60)
    assert (sending.returncode, err) == (0, "")
    assert out == "Closed the job apache-access\n"
    job = client.jobs.get("apache-access")
    assert (job["status"], job["counts"]["inputRecordCount"]) == ("CLOSED", 42)


def documents(out: IO[str]) -> int:
    return int(out.readline().removesuffix(" documents\n"))
