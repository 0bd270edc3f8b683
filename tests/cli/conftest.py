import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

Tailmass = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def tailmass() -> Tailmass:
    """Runs the command line as a process of its own, away from any terminal."""

    def run(*arguments: str | Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-m", "tailmass.cli", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,  # the first run of all compiles the kernels
            check=False,
            env=os.environ | {"NO_COLOR": "1"} | environment,
        )

    return run


@pytest.fixture(scope="session")
def spike(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of three hosts, a row a minute each, where host h1 is very busy for a quarter of an hour."""
    start = datetime(2026, 3, 2, tzinfo=UTC)
    lines = ["time,host,load"]
    for minute in range(3 * 1440):
        time = (start + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M:%S")
        for host in range(3):
            busy = host == 1 and 3600 <= minute < 3615
            lines.append(f"{time},h{host},{90 if busy else 10 + host + (minute * 7 + host * 3) % 11 / 10}")
    path = tmp_path_factory.mktemp("rows") / "spike.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
