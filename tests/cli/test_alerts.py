import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tailmass.client import Client

from .conftest import rows

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass
    from tests.conftest import Running

QUIET = rows(40)
"""What comes before the hour in which there is something to tell."""
LOUD = "time,name,v\n" + rows(42)[len(QUIET) :]


@pytest.fixture
def job(job: str, client: Client) -> str:
    """A job that runs and has seen nothing unusual."""
    client.data.upload(job, QUIET)
    return job


@contextmanager
def watching(job: str, running: "Running", *options: str) -> Iterator["subprocess.Popen[str]"]:
    """The command, as soon as the server knows that it waits."""
    command = [sys.executable, "-m", "tailmass.cli", "alerts", "watch", job, "--url", running.url, *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while b"tailmass_waiting_for_alerts 1.0" not in urlopen(f"{running.url}/metrics").read():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def test_alerts_are_told_until_ctrl_c(client: Client, job: str, lasting_server: "Running") -> None:
    with watching(job, lasting_server, "--score", "50") as process:
        client.data.upload(job, LOUD)
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, complaint = process.communicate(timeout=60)
    assert told[0].split()[1:6] == ["◆", "Wed", "2014-06-25", "16:00", "bucket"]
    assert f"/results/{job}/buckets/" in told[0]
    assert "name=a  500" in told[1]
    assert (process.returncode, rest, complaint) == (0, "", "")


def test_the_first_alert_is_enough_for_a_script(client: Client, job: str, lasting_server: "Running") -> None:
    options = ["--record-score", "50", "--once", "--format", "ndjson"]
    with watching(job, lasting_server, *options) as process:
        client.data.upload(job, LOUD)
        told, complaint = process.communicate(timeout=60)
    assert [record["byFieldValue"] for record in json.loads(told)["records"]] == ["a"]
    assert (process.returncode, complaint) == (1, "")


def test_it_ends_when_the_time_is_up(remote: "Tailmass", job: str) -> None:
    done = remote("alerts", "watch", job, "--score", "50", "--once", "--timeout", "0.5")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_ends_when_the_job_does(client: Client, job: str, lasting_server: "Running") -> None:
    with watching(job, lasting_server, "--score", "99", "--on", "influencer", "--on", "bucketinfluencer") as process:
        client.data.close(job)
        told, complaint = process.communicate(timeout=60)
    assert (process.returncode, told) == (2, "")
    assert "(60103)" in complaint


@pytest.mark.parametrize(
    ("options", "way_out"), [([], "--score"), (["--score", "101"], "100"), (["--record-score", "5", "--on", "x"], "x")]
)
def test_what_cannot_be_waited_for_is_wrong_usage(remote: "Tailmass", options: list[str], way_out: str) -> None:
    done = remote("alerts", "watch", "analysed", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert way_out in done.stderr
