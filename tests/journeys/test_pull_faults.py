"""What can break while rows are pulled: other pulls, the disk of the journal, the source, and kills at any moment."""

import json
import os
import random
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailmass.client import Client
from tailmass.errors import ConcurrentUse
from tailmass.feeds import statefile
from tests import pulling as processes
from tests.journeys.test_faults import fill as fill_up
from tests.journeys.test_faults import mounted
from tests.pulling import PATIENCE, counts, results, sent, wait_for
from tests.sql import fill

if TYPE_CHECKING:
    from tests.conftest import Running, ServerProcess

ROWS = 40_000
STEP_MS = 6_481  # a little more than three days
START = datetime(2026, 3, 2, tzinfo=UTC)

pull, pulling = partial(processes.pull, "sql"), partial(processes.pulling, "sql")


def values(n: int) -> tuple[str, str, float]:
    """A row, one in a while of which is odd."""
    happened = (START + timedelta(milliseconds=n * STEP_MS)).replace(tzinfo=None)
    return happened.isoformat(" ", "milliseconds"), f"h{n % 5}", n * 7919 % 97 / 7 + (300 if 30_000 < n < 30_200 else 0)


@pytest.fixture
def rows(tmp_path: Path) -> str:
    """A database with a table."""
    url = f"sqlite:///{tmp_path / 'rows.db'}"
    fill(url, "answers", {"happened": "TEXT", "host": "TEXT", "ms": "REAL"}, [values(n) for n in range(ROWS)])
    return url


def into(rows: str, server: str, job_id: str = "answers") -> tuple[str, ...]:
    what = ("--detector", "mean(ms) by host", "--time-column", "happened")
    return (rows, "answers", *what, "--url", server, "--job-id", job_id)


def uploaded(client: Client, job_id: str) -> Any:
    """The results of the same rows, sent at once to a job of the same kind."""
    there = client.jobs.get(job_id)
    client.jobs.create({"id": "uploaded", **{name: there[name] for name in ("analysisConfig", "dataDescription")}})
    sent_rows = []
    for n in range(ROWS):
        _, host, ms = values(n)
        at = START + timedelta(milliseconds=n * STEP_MS)
        sent_rows.append(json.dumps({"happened": round(at.timestamp() * 1000), "host": host, "ms": ms}))
    client.data.upload("uploaded", "\n".join(sent_rows))
    client.data.close("uploaded")
    return results(client, "uploaded")


def test_a_second_pull_with_the_same_journal_or_into_the_same_job_is_refused_at_once(
    rows: str, server: "Running", tmp_path: Path
) -> None:
    live = (*into(rows, server.url), "--realtime", "--start-date", "2026-03-02")
    with pulling(*live, folder=tmp_path) as process:
        wait_for(lambda: sent(tmp_path / "answers.state") > 0, process)
        same = pull(*live, folder=tmp_path, code=3).stderr
        assert same.startswith("Error: another command pulls with answers.state: wait for it, or stop it")
        assert f"(process {process.pid})" in same
        elsewhere = pull(*into(rows, server.url), "--state", "other", folder=tmp_path, code=3).stderr
        assert elsewhere.startswith("Error: another command pulls into the job 'answers': wait for it, or stop it")
        (tmp_path / "more.json").write_text('{"happened": 1, "host": "h", "ms": 1}\n')
        files = ("files", "more.json", "--state", "third", "--job-id", "answers", "--url", server.url)
        assert "another command pulls into the job" in processes.pull(*files, folder=tmp_path, code=3).stderr
        process.kill()
        process.wait()
    done = pull(*into(rows, server.url), folder=tmp_path)
    assert done.stdout.startswith("40,000 rows")
    assert not [*tmp_path.glob("*.lock")]


def test_a_second_pull_of_files_is_refused_at_once(server: "Running", tmp_path: Path) -> None:
    first = json.dumps({"happened": 1_772_409_600_000, "host": "h", "ms": 1})
    (tmp_path / "a.json").write_text(f"{first}\n")
    state = tmp_path / "it.state"
    what = (
        "files",
        "a.json",
        "--detector",
        "mean(ms)",
        "--url",
        server.url,
        "--state",
        "it.state",
        "--job-id",
        "answers",
    )
    with statefile.alone(statefile.of_state(state), "taken"):
        said = processes.pull(*what, folder=tmp_path, code=3).stderr
    assert "another command pulls with it.state" in said
    assert f"(process {os.getpid()})" in said
    assert not state.exists()
    assert not Client(server.url).jobs.exists("answers")


def _given(client: Client) -> bool:
    """Whether the job took a row of now, which it does once nobody else is at it."""
    row = {"happened": round(datetime.now(UTC).timestamp() * 1000), "host": "h1", "ms": 1}
    try:
        client.data.upload("answers", json.dumps(row))
    except ConcurrentUse:
        return False
    return True


def test_rows_of_others_in_the_job_are_told(rows: str, server: "Running", tmp_path: Path) -> None:
    live = (*into(rows, server.url), "--realtime", "--start-date", "2026-03-02", "--update-interval", "1")
    with pulling(*live, folder=tmp_path) as process:
        wait_for(lambda: sent(tmp_path / "answers.state") >= ROWS, process)
        wait_for(partial(_given, Client(server.url)))
        assert process.wait(PATIENCE) == 3
    assert "something else sends to it" in (tmp_path / "said").read_text()


@pytest.mark.skipif(os.getuid() != 0, reason="needs to be allowed to mount a small file system")
def test_a_full_disk_of_the_journal_is_borne_and_told(rows: str, server: "Running", tmp_path: Path) -> None:
    small = tmp_path / "small"
    state = small / "answers.state"
    with mounted(small, "size=256k"):
        fill_up(small / "filling")
        refused = pull(*into(rows, server.url), "--state", state, folder=tmp_path, code=3).stderr
        assert refused.strip().endswith("No space left on device")
        assert str(state) in refused
        assert not Client(server.url).jobs.exists("answers")
        (small / "filling").unlink()
        with pulling(*into(rows, server.url), "--state", state, folder=tmp_path) as process:
            wait_for(lambda: sent(state) > 0, process)
            fill_up(small / "filling")
            wait_for(lambda: "trying again" in (tmp_path / "said").read_text(), process)
            (small / "filling").unlink()
            assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    assert counts(Client(server.url), "answers")["inputRecordCount"] == ROWS


@pytest.mark.skipif(os.getuid() != 0, reason="needs to be allowed to mount a small file system")
def test_a_folder_that_is_read_only_is_told_before_there_is_a_job(rows: str, server: "Running", tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "ro"):
        state = tmp_path / "small" / "answers.state"
        refused = pull(*into(rows, server.url), "--state", state, folder=tmp_path, code=3).stderr
    assert refused.strip().endswith("Read-only file system")
    assert not Client(server.url).jobs.exists("answers")


def _moved(state: Path, begun: int, process: "subprocess.Popen[bytes]") -> bool:
    """Whether a pull has sent more than there was when it began, or has ended."""
    return sent(state) > begun or process.poll() is not None


def test_kills_at_random_of_either_end_change_nothing(
    rows: str, server_process: "ServerProcess", tmp_path: Path
) -> None:
    seed = int(os.environ.get("TAILMASS_TEST_SEED", "5"))
    kills = int(os.environ.get("TAILMASS_TEST_KILLS", "10"))
    chance, state = random.Random(seed), tmp_path / "answers.state"
    where = into(rows, server_process.url)
    for n in range(kills):
        with pulling(*where, folder=tmp_path) as process:
            share = chance.random()
            wait_for(partial(_moved, state, sent(state), process))
            if n % 5 == 4:
                server_process.kill()
                server_process.start()
            process.send_signal(signal.SIGKILL if share < 0.8 else signal.SIGTERM)
            process.wait(PATIENCE)
    done = pull(*where, folder=tmp_path)
    assert done.stdout == "40,000 rows before 2026-03-05 00:00:33 are in the job answers\n"
    client = Client(server_process.url)
    there = counts(client, "answers")
    assert there["inputRecordCount"] == there["processedRecordCount"] == ROWS
    assert results(client, "answers") == uploaded(client, "answers")
