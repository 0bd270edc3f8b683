import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import IO, TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple["subprocess.Popen[str]", str, Path]]:
    """A demo that serves, what it printed until then, and its home."""
    home = tmp_path_factory.mktemp("demo")
    beside = home.with_name("beside.txt")
    with beside.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "tailmass.cli", "demo", "--port", "0", "--home", str(home)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=os.environ | {"NO_COLOR": "1"},
        )
    late = Timer(300, process.kill)
    late.start()
    try:
        assert process.stdout is not None
        yield process, until_it_serves(process.stdout), home
    finally:
        late.cancel()
        process.kill()
        process.communicate()


def until_it_serves(out: IO[str]) -> str:
    lines = []
    for line in out:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    return "".join(lines)


def address(printed: str) -> str:
    found = re.search(r"(http://\S+)/docs", printed)
    assert found, printed
    return found[1]


def get(url: str) -> Any:
    with urlopen(url, timeout=30) as answer:
        return json.load(answer)


def test_the_planted_burst_is_the_first_in_the_table(tailmass: "Tailmass") -> None:
    done = tailmass("demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    heading, first, *_ = done.stdout.splitlines()
    assert heading.split()[:2] == ["score", "when"]
    assert "Wed 2026-03-04 16:" in first
    assert "AAL" in first
    assert "86,087 rows of 19 airlines" in done.stderr


def test_the_same_rows_are_in_a_job_of_a_real_server(demo: Any) -> None:
    _, printed, _ = demo
    job = get(f"{address(printed)}/engine/v2/jobs/farequote")["document"]
    assert job["counts"]["processedRecordCount"] == 86_087
    assert job["status"] == "CLOSED"


def test_the_server_ranks_the_burst_first_too(demo: Any) -> None:
    _, printed, _ = demo
    page = get(f"{address(printed)}/engine/v2/results/farequote/records?take=1")
    assert page["documents"][0]["byFieldValue"] == "AAL"
    assert page["documents"][0]["timestamp"].startswith("2026-03-04T16:")


def test_the_documentation_it_points_to_is_there(demo: Any) -> None:
    _, printed, _ = demo
    with urlopen(f"{address(printed)}/docs", timeout=30) as answer:
        assert answer.status == 200


def test_ctrl_c_ends_it_in_order(demo: Any) -> None:
    process, _, home = demo
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) in (0, 130)
    assert any(home.iterdir())  # what was asked to be kept is kept


def test_nothing_is_said_between_the_lines_that_are_to_be_read(demo: Any) -> None:
    process, _, home = demo
    process.send_signal(signal.SIGINT)  # if it has not ended yet
    process.wait(timeout=60)
    said = home.with_name("beside.txt").read_text().splitlines()
    assert [line for line in said if "compiles" not in line and "rows of" not in line] == []


def test_a_port_that_is_taken_is_refused_before_the_work(tailmass: "Tailmass") -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = tailmass("demo", "--port", str(taken.getsockname()[1]))
    assert (done.returncode, done.stdout) == (2, "")
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
