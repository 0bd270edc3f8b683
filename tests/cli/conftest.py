import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailmass.client import Client

if TYPE_CHECKING:
    from tests.conftest import Running

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


HOURS = 48
START = 1403568000  # 2014-06-24T00:00:00Z


def configuration(job_id: str) -> dict[str, Any]:
    """A job that watches the mean of `v` of each name, hour by hour."""
    detectors = [{"function": "mean", "fieldName": "v", "byFieldName": "name"}]
    return {
        "id": job_id,
        "analysisConfig": {"bucketSpan": 3600, "detectors": detectors, "influencers": ["name"]},
        "dataDescription": {"fieldDelimiter": ",", "timeField": "time", "timeFormat": "epoch"},
    }


def rows(hours: int = HOURS, start: int = START) -> str:
    """A row for each of two names every six minutes; in hour 40 one of them is far off."""
    lines = ["time,name,v"]
    for time in range(start, start + hours * 3600, 360):
        odd = start + 40 * 3600 <= time < start + 41 * 3600
        lines += [f"{time},a,{500 if odd else 10 + time % 7}", f"{time},b,{20 + time % 5}"]
    return "\n".join(lines) + "\n"


@pytest.fixture
def remote(tailmass: Tailmass, lasting_server: "Running") -> Tailmass:
    """Runs the command line against a server."""

    def run(*arguments: str | Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return tailmass(*arguments, stdin=stdin, **({"TAILMASS_URL": lasting_server.url} | environment))

    return run


@pytest.fixture
def client(lasting_server: "Running") -> Client:
    """The server of `remote`, looked at without the command line."""
    return Client(lasting_server.url)


@pytest.fixture
def job(client: Client, request: pytest.FixtureRequest) -> str:
    """The id of a new job."""
    return client.jobs.create(configuration(re.sub(r"\W", "-", request.node.name.lower())[:60].strip("-")))


@pytest.fixture(scope="session")
def analysed(lasting_server: "Running") -> str:
    """The id of a job with two days of results, which no test changes."""
    client = Client(lasting_server.url)
    client.jobs.create(configuration("analysed"))
    client.data.upload("analysed", rows())
    client.data.close("analysed")
    return "analysed"
