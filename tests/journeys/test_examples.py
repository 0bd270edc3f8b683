"""The examples, as a newcomer runs them."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Running

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(example: str, *arguments: str) -> str:
    command = [sys.executable, str(EXAMPLES / example), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_hot_machine_of_the_data_frame_is_found() -> None:
    records = [line for line in run("detect_dataframe.py").splitlines() if "score" in line]
    assert len(records) == 3
    assert records[0].split()[:3] == ["Tue", "12:40", "mill"]


def test_the_shop_that_sells_nothing_is_told_of_while_rows_come(lasting_server: "Running") -> None:
    told = run("stream_to_server.py", "--url", lasting_server.url, "--hours", "32").splitlines()
    assert [line.split()[:2] for line in told] == [["2026-03-03T06:15:00.000+0000", "north"]]
    assert "0 requests" in told[0]
