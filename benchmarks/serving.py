"""A server of its own for a measurement, and what it takes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailmass.client import Client


@contextmanager
def serving(home: Path) -> Iterator[tuple[Client, int]]:
    """A client of a new server that keeps everything in `home`, and the number of the server's process."""
    command = [sys.executable, "-m", "tailmass.cli", "server", "--port", "0", "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            words = (word for line in server.stdout for word in line.split())
            url = next(word for word in words if word.startswith("http://"))
            yield Client(url.removesuffix("/engine/v2")), server.pid
        finally:
            server.terminate()


def peak_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
