"""What Prometheus has is pulled into jobs."""

import json
import re
import runpy
import signal
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tailmass.client import Client
from tailmass.feeds.prometheus import Prometheus, PrometheusServer, Query
from tailmass.feeds.rows import Span
from tests import pulling as processes
from tests.prometheus import BUSY, DAY, DAYS, prometheus
from tests.pulling import PATIENCE, counts, results, sent, wait_for

if TYPE_CHECKING:
    from tests.conftest import Running, ServerProcess

ROOT = Path(__file__).parents[2]
PAGE = runpy.run_path(str(ROOT / "docs" / "snippets.py"))["Page"](ROOT / "docs" / "howto" / "prometheus.md")
RATES = "sum by (instance) (rate(http_requests_total[5m]))"
TIMES = ("--start-date", "2026-03-02", "--end-date", "2026-03-04")
ROWS = 3 * (DAYS * DAY // 5 - 12)
"""At a step of five seconds; the first minute has no rate."""

pull, pulling = partial(processes.pull, "prometheus"), partial(processes.pulling, "prometheus")


def test_the_planted_hour_is_found_and_its_series_named(prometheus_url: str, server: "Running", tmp_path: Path) -> None:
    done = pull(prometheus_url, RATES, *TIMES, "--url", server.url, folder=tmp_path)
    job_id = json.loads((tmp_path / "prometheus.state").read_text())["job_id"]
    assert done.stdout == f"12,957 rows before 2026-03-05 00:00:00 are in the job {job_id}\n"
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["2026-03-03", "2026-03-04", "2026-03-05"]
    client = Client(server.url)
    assert client.jobs.get(job_id)["status"] == "CLOSED"
    there = counts(client, job_id)
    assert there["inputRecordCount"] == there["processedRecordCount"] == 12_957
    assert there["missingFieldCount"] == there["invalidDateCount"] == there["outOfOrderTimeStampCount"] == 0
    worst = next(iter(client.results.records(job_id)))
    assert worst["byFieldValue"] == '{instance="web-3:80"}'
    assert worst["timestamp"] == time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(BUSY.start))


def test_killed_three_times_it_goes_on_where_it_was(prometheus_url: str, server: "Running", tmp_path: Path) -> None:
    client = Client(server.url)
    where = (prometheus_url, RATES, *TIMES, "--step", "5", "--url", server.url)
    pull(*where, "--job-id", "whole", folder=tmp_path)

    state = tmp_path / "killed.state"
    for rows in (500, 20_000, 80_000):
        with pulling(*where, "--job-id", "killed", folder=tmp_path) as process:
            wait_for(lambda rows=rows: sent(state) >= rows, process)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert sent(state) < ROWS
    done = pull(*where, "--job-id", "killed", folder=tmp_path)
    assert done.stdout.startswith(f"{ROWS:,} rows")
    assert counts(client, "killed")["inputRecordCount"] == ROWS
    assert counts(client, "killed") == counts(client, "whole")
    assert results(client, "killed") == results(client, "whole")


def test_a_server_of_the_job_that_is_killed_gets_again_what_it_has_lost(
    prometheus_url: str, server_process: "ServerProcess", tmp_path: Path
) -> None:
    where = (prometheus_url, RATES, *TIMES, "--step", "5", "--url", server_process.url, "--job-id", "lost")
    with pulling(*where, folder=tmp_path) as process:
        wait_for(lambda: sent(tmp_path / "lost.state") >= 20_000, process)
        server_process.kill()
        server_process.start()
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    assert "trying again" in (tmp_path / "said").read_text()
    assert counts(Client(server_process.url), "lost")["processedRecordCount"] == ROWS


def test_a_job_that_watches_its_own_server_gets_every_value_once(server: "Running", tmp_path: Path) -> None:
    query = "sum(tailmass_http_requests_total)"
    client = Client(server.url)
    state = tmp_path / "itself.state"
    with prometheus(targets=[f"{server.host}:{server.port}"]) as url:
        source = Prometheus(PrometheusServer(url), Query.parse([query]), step=1)
        with closing(source):
            # Where nobody had asked for a long time, so that the first value of the pull is there.
            wait_for(lambda: bool(values(source, Span(now_ms() - 4000, now_ms() - 3000))))
            live = (url, query, "--url", server.url, "--job-id", "itself", "--realtime", "--step", "1", "--delay", "2")
            for ends, rows in ((signal.SIGINT, 2), (signal.SIGKILL, 4), (signal.SIGTERM, 6)):
                with pulling(*live, folder=tmp_path) as process:
                    wait_for(lambda rows=rows: sent(state) >= rows, process)  # type: ignore[misc]
                    process.send_signal(ends)
                    ended = process.wait(PATIENCE)
                    assert ended == (-signal.SIGKILL if ends == signal.SIGKILL else 0), (tmp_path / "said").read_text()
            journal = json.loads(state.read_text())
            expected = values(source, Span(journal["since_ms"], journal["sent"]["until_ms"]))
    assert client.jobs.get("itself")["status"] == "CLOSED"
    there = counts(client, "itself")
    assert there["inputRecordCount"] == there["processedRecordCount"] == journal["sent"]["rows"] == len(expected)
    assert len(expected) == (journal["sent"]["until_ms"] - 1) // 1000 - (journal["since_ms"] - 1) // 1000


def values(source: Prometheus, span: Span) -> list[float]:
    return [row["value"] for part in source.parts(span) for row in part.rows]


def now_ms() -> int:
    return int(time.time() * 1000)


def test_what_is_in_the_way_is_said(prometheus_url: str, server: "Running", tmp_path: Path) -> None:
    where = ("--url", server.url, *TIMES)
    wrong = pull(prometheus_url, "sum by (", *where, folder=tmp_path, code=3)
    assert "parse error: unclosed left parenthesis" in wrong.stderr
    gone = pull("http://me:secret@localhost:9", "up", *where, folder=tmp_path, code=3)
    assert "http://localhost:9 does not answer" in gone.stderr
    assert "secret" not in gone.stderr
    assert "write it as in http://localhost:9090" in pull("localhost", "up", *where, folder=tmp_path, code=2).stderr
    assert "several queries need names" in pull(prometheus_url, "up", "1", *where, folder=tmp_path, code=2).stderr
    assert not list(tmp_path.glob("*.state"))
    assert not list(Client(server.url).jobs.all())
    analysis = {"bucketSpan": 300, "detectors": [{"function": "count"}]}
    Client(server.url).jobs.create({"id": "csv", "analysisConfig": analysis})
    other = pull(prometheus_url, "up", "--job-id", "csv", *where, folder=tmp_path, code=2)
    assert "the job 'csv' does not read these rows" in other.stderr


def test_a_password_is_not_in_the_journal(prometheus_url: str, server: "Running", tmp_path: Path) -> None:
    inside = prometheus_url.replace("http://", "http://me:secret@")
    pull(inside, "twin_a", *TIMES, "--url", server.url, "--job-id", "hidden", folder=tmp_path)
    assert "secret" not in (tmp_path / "hidden.state").read_text()


def test_what_is_not_over_yet_is_not_pulled(server: "Running", tmp_path: Path) -> None:
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + DAY))
    with prometheus() as url:
        done = pull(url, "vector(1)", "--end-date", tomorrow, "--url", server.url, "--step", "3600", folder=tmp_path)
    told = json.loads((tmp_path / "prometheus.state").read_text())["sent"]["until_ms"]
    assert time.time() - 90 < told / 1000 < time.time() - 59
    assert re.match(r"(33[67]|3[45]\d|360) rows", done.stdout)  # two weeks, from a midnight on
