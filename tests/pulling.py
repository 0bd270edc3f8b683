"""`tailmass pull` in a process of its own, as people run it, and what became of it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tailmass.client import Client

PATIENCE = 240.0
"""Seconds after which what should have happened counts as never happening."""


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "tailmass.cli", "pull", *map(str, arguments)]


def pull(*arguments: str | Path, folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run it to its end, in a folder, which should be with an exit code."""
    done = subprocess.run(
        command(*arguments), cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@contextmanager
def pulling(*arguments: str | Path, folder: Path, patience: float = PATIENCE) -> Iterator["subprocess.Popen[str]"]:
    """Run it in the background; what it says goes to the file `said` of the folder."""
    with (folder / "said").open("a") as said:
        process = subprocess.Popen(command(*arguments), cwd=folder, stdout=said, stderr=said, text=True)
    late = threading.Timer(patience, process.kill)
    late.start()
    try:
        yield process
    finally:
        late.cancel()
        process.kill()
        process.wait()


def sent(state: Path) -> int:
    """How many rows were acknowledged, as the journal says."""
    try:
        return int(json.loads(state.read_text())["sent"]["rows"])
    except FileNotFoundError:
        return 0


def wait_for(true: Callable[[], bool], process: "subprocess.Popen[str] | None" = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        assert process is None or process.poll() is None, "the pull ended too soon"
        time.sleep(0.002)


def results(client: Client, job_id: str) -> Any:
    return list(client.results.buckets(job_id)), list(client.results.records(job_id))


def counts(client: Client, job_id: str) -> Any:
    return client.jobs.get(job_id)["counts"]
