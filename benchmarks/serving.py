"""A server of its own for a measurement, and what it takes."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tailmass.client import Client

PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is there: where, and the number of its process."""

    url: str
    process: int

    @property
    def client(self) -> Client:
        """A client of it."""
        return Client(self.url)


@contextmanager
def serving(home: Path) -> Iterator[Served]:
    """A new server that keeps everything in `home`."""
    home.mkdir(parents=True, exist_ok=True)
    said = home / "said.txt"  # a pipe that nobody reads would hold the server up once it is full
    command = [sys.executable, "-m", "tailmass.cli", "server", "--port", "0", "--home", str(home)]
    with said.open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            yield Served(_url(said, server), server.pid)
        finally:
            server.terminate()


def _url(said: Path, server: "subprocess.Popen[bytes]") -> str:
    """Where the server listens, once it says so."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        if found := re.search(r"http://[\w.:]+", said.read_text()):
            return found.group()
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {said.read_text()}")


def peak_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
