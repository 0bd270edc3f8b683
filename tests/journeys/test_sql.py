"""Rows of a table are pulled into jobs, from databases of every kind."""

import json
import signal
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailmass.client import Client
from tests import pulling as processes
from tests.pulling import PATIENCE, counts, results, sent, wait_for
from tests.sql import add, do, fill

if TYPE_CHECKING:
    from tests.conftest import Running
    from tests.mariadb import Maria
    from tests.postgresql import Cluster

ROWS = 40_000
STEP_MS = 6_481  # a little more than three days
START = datetime(2026, 3, 2, tzinfo=UTC)
DETECTOR = ("--detector", "mean(ms) by host", "--time-column", "happened")

pull, pulling = partial(processes.pull, "sql"), partial(processes.pulling, "sql")


def values(n: int) -> tuple[datetime, str, float]:
    """A row, one in a while of which is odd."""
    happened = START + timedelta(milliseconds=n * STEP_MS)
    return happened, f"h{n % 5}", n * 7919 % 97 / 7 + (300 if 30_000 < n < 30_200 and n % 5 == 2 else 0)


def kind(url: str) -> str:
    return url.partition(":")[0]


def written(url: str, at: datetime) -> Any:
    """A time as a table has it."""
    naive = at.replace(tzinfo=None)
    return {"sqlite": naive.isoformat(" ", "milliseconds"), "postgresql": at, "mariadb": naive}[kind(url)]


def table(url: str, rows: int) -> str:
    types = {"sqlite": "TEXT", "postgresql": "TIMESTAMPTZ", "mariadb": "DATETIME(3)"}
    columns = {"happened": types[kind(url)], "host": "VARCHAR(8)", "ms": "DOUBLE PRECISION"}
    made = [(written(url, at), host, ms) for at, host, ms in map(values, range(rows))]
    fill(url, "answers", columns, made)
    do(url, "CREATE INDEX answers_happened ON answers (happened)")
    return url


def uploaded(client: Client, job_id: str) -> Any:
    """The results of the same rows, sent at once to a job of the same kind."""
    there = client.jobs.get(job_id)
    client.jobs.create({"id": "uploaded", **{name: there[name] for name in ("analysisConfig", "dataDescription")}})
    rows = [
        {"happened": round(at.timestamp() * 1000), "host": host, "ms": ms} for at, host, ms in map(values, range(ROWS))
    ]
    client.data.upload("uploaded", "\n".join(map(json.dumps, rows)))
    client.data.close("uploaded")
    return results(client, "uploaded")


def test_killed_three_times_it_sends_every_row_once_and_finds_the_same_as_an_upload(
    sql_url: str, server: "Running", tmp_path: Path
) -> None:
    where = (table(sql_url, ROWS), "answers", *DETECTOR, "--url", server.url, "--job-id", "answers")
    state = tmp_path / "answers.state"
    for rows in (1, 14_000, 29_000):
        with pulling(*where, folder=tmp_path) as process:
            wait_for(lambda rows=rows: sent(state) >= rows, process)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert sent(state) < ROWS
    done = pull(*where, folder=tmp_path)
    assert done.stdout == "40,000 rows before 2026-03-05 00:00:33 are in the job answers\n"
    client = Client(server.url)
    there = counts(client, "answers")
    assert there["inputRecordCount"] == there["processedRecordCount"] == ROWS
    assert there["missingFieldCount"] == there["outOfOrderTimeStampCount"] == 0
    assert client.jobs.get("answers")["status"] == "CLOSED"
    found = results(client, "answers")
    assert found[1]
    assert found == uploaded(client, "answers")


@pytest.mark.parametrize("sql_url", ["postgresql", "mariadb"], indirect=True)
def test_a_database_that_is_killed_is_read_on_once_it_is_back(
    sql_url: str, request: pytest.FixtureRequest, server: "Running", tmp_path: Path
) -> None:
    database: Cluster | Maria = request.getfixturevalue(f"{kind(sql_url)}_server")
    query = "SELECT happened, host, ms FROM answers WHERE ms >= 0"
    where = (table(sql_url, ROWS), query, *DETECTOR, "--url", server.url, "--job-id", "answers")
    state = tmp_path / "answers.state"
    with pulling(*where, folder=tmp_path) as process:
        wait_for(lambda: sent(state) > 0, process)
        database.stop()
        try:
            wait_for(lambda: "trying again" in (tmp_path / "said").read_text(), process)
        finally:
            database.start()
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    said = (tmp_path / "said").read_text()
    assert f"Error: {kind(sql_url)}" not in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    client = Client(server.url)
    assert counts(client, "answers")["processedRecordCount"] == ROWS
    assert results(client, "answers") == uploaded(client, "answers")


def test_real_time_goes_on_without_gaps_and_ends_in_order(sql_url: str, server: "Running", tmp_path: Path) -> None:
    where = (table(sql_url, 0), "answers", *DETECTOR, "--url", server.url, "--job-id", "live")
    live = (*where, "--realtime", "--update-interval", "1", "--delay", "1")
    state = tmp_path / "live.state"

    def happen(count: int) -> None:
        now = datetime.now(UTC)
        add(sql_url, "answers", [(written(sql_url, now), "h1", 1.0)] * count)

    with pulling(*live, folder=tmp_path) as process:
        wait_for(state.exists, process)
        happen(40)
        wait_for(lambda: sent(state) >= 40, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    client = Client(server.url)
    assert client.jobs.get("live")["status"] == "CLOSED"
    happen(25)  # while nobody asks
    with pulling(*live, folder=tmp_path) as process:
        wait_for(lambda: sent(state) >= 65, process)
        process.kill()
        process.wait()
    happen(5)
    with pulling(*live, folder=tmp_path) as process:
        wait_for(lambda: sent(state) >= 70, process)
        process.terminate()
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    there = counts(client, "live")
    assert there["inputRecordCount"] == there["processedRecordCount"] == 70
    assert "left out" not in (tmp_path / "said").read_text()


def test_what_is_in_the_way_is_said(server: "Running", tmp_path: Path) -> None:
    url = table(f"sqlite:///{tmp_path / 'rows.db'}", 10)
    here = ("--url", server.url)
    assert "there is no database 'no.db'" in pull("sqlite:///no.db", "answers", *here, folder=tmp_path, code=2).stderr
    gone = pull("postgresql://me:secret@127.0.0.1:9/shop", "answers", *DETECTOR, *here, folder=tmp_path, code=3).stderr
    assert "Error: postgresql://127.0.0.1:9/shop" in gone
    assert "secret" not in gone
    assert "there are happened, host, ms" in pull(url, "answers", *here, folder=tmp_path, code=3).stderr
    assert "there are answers" in pull(url, "nothing", *here, folder=tmp_path, code=3).stderr
    assert "no time zone 'Here'" in pull(url, "answers", "--time-zone", "Here", *here, folder=tmp_path, code=2).stderr
    nothing = pull(url, "SELECT * FROM answers WHERE ms < 0", *DETECTOR, *here, folder=tmp_path, code=3)
    assert "there are no rows" in nothing.stderr
    no_job = pull(url, "answers", "--time-column", "happened", *here, folder=tmp_path, code=2)
    assert "say with --detector what to look for" in no_job.stderr
    assert not list(tmp_path.glob("*.state"))


def test_no_password_is_written_anywhere(postgresql_server: "Cluster", server: "Running", tmp_path: Path) -> None:
    url = postgresql_server.url.replace("tester@", "tester:very-secret@") + "/postgres"
    query = "SELECT TIMESTAMP '2026-03-02 00:00' AS happened, 'a' AS host, 1 AS ms"
    done = pull(url, query, *DETECTOR, "--url", server.url, "--job-id", "one", folder=tmp_path)
    assert done.stdout.startswith("1 rows")
    assert "very-secret" not in (tmp_path / "one.state").read_text() + done.stdout + done.stderr
