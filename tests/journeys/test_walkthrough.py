"""The classic walk-through, as a newcomer runs it: the example, a file, a server."""

import csv
import gzip
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Running

EXAMPLE = Path(__file__).parents[2] / "examples" / "walkthrough.py"


def walk(server: "Running", base_url: str, file: Path) -> str:
    command = [sys.executable, str(EXAMPLE), "--host", server.host, "--port", str(server.port), "--base-url", base_url]
    run = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize("base_url", ["/engine/v0.3", "/engine/v2"])
def test_the_walk_through_runs_and_finds_the_burst(
    base_url: str, lasting_server: "Running", shared: Path, tmp_path: Path
) -> None:
    packed = shared / "data" / "farequote" / "farequote.csv.gz"
    if not packed.exists():
        pytest.skip("needs the farequote data next to the checkout")
    file = tmp_path / "farequote.csv"
    file.write_bytes(gzip.decompress(packed.read_bytes()))
    printed = walk(lasting_server, base_url, file)
    assert "refused: 10107 No detectors configured" in printed
    assert re.search(r"Created job \d{14}-\d{5}\n", printed)
    # five days less the last hour, which is never final; the burst of slow answers is at 16:10 on the third
    assert "119 buckets; the most unusual:\n  2015-12-09T16:00:00.000+0000 " in printed
    assert "24 buckets from 2015-12-07T00:00:00.000+0000 until 2015-12-08T00:00:00.000+0000" in printed


def test_a_file_of_ones_own_will_do(lasting_server: "Running", tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    with file.open("w", newline="") as rows:
        writer = csv.writer(rows)
        writer.writerow(["time", "airline", "responsetime", "sourcetype"])
        for minute in range(0, 60 * 30, 5):
            day, hour = divmod(minute // 60, 24)
            time = f"2015-12-{7 + day:02}T{hour:02}:{minute % 60:02}:00+0000"
            writer.writerow([time, "AAL", 100 + minute % 11, "farequote"])
    assert "29 buckets; the most unusual:\n" in walk(lasting_server, "engine/v2", file)


def test_a_server_that_refuses_the_data_ends_the_walk(lasting_server: "Running", tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("when,what\n1,2\n")
    with pytest.raises(AssertionError, match=r"expected status 202, but: 400 .*30101"):
        walk(lasting_server, "engine/v2", file)
