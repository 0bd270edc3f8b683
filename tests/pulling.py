"""`tailmass pull` in a process of its own, as people run it, and what became of it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tailmass.client import Client

PATIENCE = 240.0
"""Seconds after which what should have happened counts as never happening."""


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "tailmass.cli", "pull", *map(str, arguments)]


def pull(
    *arguments: str | Path, folder: Path, code: int = 0, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, in a folder, which should be with an exit code."""
    done = subprocess.run(
        command(*arguments), cwd=folder, env=env, input=stdin, capture_output=True, timeout=PATIENCE, check=False
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, out + err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


@contextmanager
def pulling(
    *arguments: str | Path,
    folder: Path,
    stdin: int | None = None,
    env: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run it in the background; what it says goes to the file `said` of the folder."""
    with (folder / "said").open("a") as said:
        process = subprocess.Popen(command(*arguments), cwd=folder, env=env, stdin=stdin, stdout=said, stderr=said)
    late = threading.Timer(patience, process.kill)
    late.start()
    try:
        yield process
    finally:
        late.cancel()
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def sent(state: Path) -> int:
    """How many rows were acknowledged, as the journal says."""
    try:
        return int(json.loads(state.read_text())["sent"]["rows"])
    except FileNotFoundError:
        return 0


def wait_for(true: Callable[[], bool], process: "subprocess.Popen[bytes] | None" = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        assert process is None or process.poll() is None, "the pull ended too soon"
        time.sleep(0.002)


def results(client: Client, job_id: str) -> Any:
    return list(client.results.buckets(job_id)), list(client.results.records(job_id))


def counts(client: Client, job_id: str) -> Any:
    return client.jobs.get(job_id)["counts"]


def seen(client: Client, job_id: str) -> int:
    """How many rows a job has, which may not be there yet."""
    return int(counts(client, job_id)["inputRecordCount"]) if client.jobs.exists(job_id) else 0
