import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailmass.client import Client

from .conftest import START, configuration, rows

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass


@pytest.fixture
def job(job: str, client: Client, tmp_path: Path) -> str:
    """A job that may read a file of six hours, and what comes after them."""
    (tmp_path / "rows.csv").write_text(rows(6))
    source = {"schedulerConfig": {"filePath": str(tmp_path / "rows.csv"), "tailFile": True}}
    return client.jobs.create(configuration(job) | source, overwrite=True)


def test_a_part_of_a_file_is_read_and_the_job_closed(remote: "Tailmass", client: Client, job: str) -> None:
    part = ["--since", str(START + 3600), "--until", "2014-06-24T03:00:00Z"]
    started = remote("scheduler", "start", job, *part)
    assert (started.returncode, started.stdout, started.stderr) == (0, "", "")
    deadline = time.monotonic() + 60
    while client.jobs.get(job)["status"] != "CLOSED" or not client.jobs.get(job)["counts"]["processedRecordCount"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert client.jobs.get(job)["counts"]["processedRecordCount"] == 40


def test_a_job_that_goes_on_reading_is_stopped(remote: "Tailmass", client: Client, job: str) -> None:
    assert remote("scheduler", "start", job).returncode == 0
    assert remote("scheduler", "stop", job).returncode == 0
    assert client.jobs.get(job)["schedulerStatus"] == "STOPPED"
    again = remote("scheduler", "stop", job)
    assert again.returncode == 2
    assert "(60115)" in again.stderr


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_a_job_that_has_no_scheduler_says_so(remote: "Tailmass", analysed: str, verb: str) -> None:
    done = remote("scheduler", verb, analysed)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert remote("scheduler", verb, "nobody").returncode == 2
