import csv
import gzip
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailmass.client import Client

from .conftest import START, configuration, rows

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass
    from tests.conftest import Running


def test_files_of_any_kind_are_sent_to_several_jobs(
    remote: "Tailmass", client: Client, job: str, tmp_path: Path
) -> None:
    other = client.jobs.create(configuration(f"{job}-2"))
    (tmp_path / "one.csv").write_text(rows(2))
    (tmp_path / "two.csv.gz").write_bytes(gzip.compress(rows(3, START + 7200).encode()))
    sent = remote("data", "send", f"{job},{other}", tmp_path / "one.csv", tmp_path / "two.csv.gz", "--close")
    assert (sent.returncode, sent.stderr) == (0, "")
    told = [line.split()[-7:-3] for line in sent.stdout.splitlines()[1:]]
    assert told == [[each, str(count), "0", "0"] for count in (40, 60) for each in (job, other)]
    assert {client.jobs.get(each)["status"] for each in (job, other)} == {"CLOSED"}


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_what_became_of_stdin_is_told_to_programs(remote: "Tailmass", client: Client, job: str, form: str) -> None:
    sent = remote("data", "send", job, "-", "--format", form, stdin=rows(2) + "noon,a,1\n").stdout
    readers: dict[str, Callable[[str], list[dict[str, Any]]]] = {
        "json": json.loads,
        "ndjson": lambda text: [json.loads(line) for line in text.splitlines()],
        "csv": lambda text: list(csv.DictReader(io.StringIO(text))),
    }
    read = readers[form](sent)
    told = [
        (each["file"], each["jobId"], int(each["inputRecordCount"]), int(each["invalidDateCount"])) for each in read
    ]
    assert told == [("-", job, 41, 1)]


def test_a_job_that_is_not_there_keeps_rows_from_no_other(remote: "Tailmass", job: str) -> None:
    sent = remote("data", "send", f"{job},nobody", "-", stdin=rows(2))
    assert (sent.returncode, sent.stderr) == (2, "Error: nobody: No known job with id 'nobody' (20101)\n")
    assert job in sent.stdout


def test_rows_that_are_refused_are_a_problem_of_the_data(remote: "Tailmass", job: str) -> None:
    sent = remote("data", "send", job, "-", stdin="when,name\n1,2\n")
    assert (sent.returncode, sent.stdout) == (3, "")
    assert "(30101)" in sent.stderr
    assert remote("data", "send", job, "nowhere.csv").returncode == 3


def test_a_server_that_hangs_up_is_told_of(tailmass: "Tailmass", tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text(rows(20_000))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            answering, _ = listening.accept()
            with answering:
                answering.recv(1000)

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        sent = tailmass("data", "send", "web", tmp_path / "long.csv", "--url", url)
        thread.join()
    assert (sent.returncode, sent.stdout) == (3, "")
    assert sent.stderr.startswith(f"Error: no answer from {url} (")


def test_buckets_are_sent_anew(remote: "Tailmass", client: Client, job: str) -> None:
    late = configuration(job)
    late["analysisConfig"]["latency"] = 7200
    client.jobs.create(late, overwrite=True)
    client.data.upload(job, rows(4))
    span = ["--reset-start", str(START + 3 * 3600), "--reset-end", str(START + 3 * 3600)]
    assert remote("data", "send", job, "-", *span, stdin=rows(1, START + 3 * 3600)).returncode == 0
    assert client.jobs.get(job)["counts"]["outOfOrderTimeStampCount"] == 0
    refused = remote("data", "send", job, "-", *span[2:], stdin=rows(1))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "(60108)" in refused.stderr


def test_a_preview_shows_what_the_analysis_would_see(remote: "Tailmass", client: Client, job: str) -> None:
    shown = remote("data", "preview", job, "-", stdin=rows(1))
    assert shown.stdout.splitlines()[0] == "time,name,v"
    assert len(shown.stdout.splitlines()) == 21
    assert client.jobs.get(job)["counts"]["inputRecordCount"] == 0


def streaming(job: str, running: "Running", *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tailmass.cli", "data", "stream", job, "--url", running.url, "--every", "0", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_lines_are_sent_as_they_come_until_ctrl_c(client: Client, job: str, lasting_server: "Running") -> None:
    lines = rows(2).splitlines(keepends=True)
    with streaming(job, lasting_server, "--close") as process:
        assert process.stdin is not None
        process.stdin.writelines(lines[:21])
        process.stdin.flush()
        until(lambda: client.jobs.get(job)["counts"]["processedRecordCount"] == 20)
        process.stdin.writelines(lines[21:])
        process.stdin.flush()
        until(lambda: client.jobs.get(job)["counts"]["processedRecordCount"] == 40)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (0, "40 rows sent, 0 of them without a time, 0 too late\n")
    assert client.jobs.get(job)["status"] == "CLOSED"


def test_a_stream_that_ends_in_the_middle_of_a_line_is_sent_whole(remote: "Tailmass", client: Client, job: str) -> None:
    assert remote("data", "stream", job, "--every", "10", stdin=rows(2).rstrip()).returncode == 0
    assert client.jobs.get(job)["counts"]["processedRecordCount"] == 40


def test_json_lines_have_no_header_to_repeat(remote: "Tailmass", client: Client, job: str) -> None:
    told = configuration(job) | {"dataDescription": {"format": "JSON", "timeField": "time"}}
    client.jobs.create(told, overwrite=True)
    lines = "".join(f'{{"time": {START + n}, "name": "a", "v": {n}}}\n' for n in range(5))
    assert remote("data", "stream", job, stdin=lines).returncode == 0
    assert client.jobs.get(job)["counts"]["processedRecordCount"] == 5
