"""Outcomes a series make the very figures of the kit's own program."""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import kit

SETS, LIMIT = "nab,asd,smap,ucr,null", "nab=7,asd=1,smap=2,ucr=2,null=1"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    # -B: nothing is written where the kit lies.
    return subprocess.run([sys.executable, "-B", *command], cwd=kit.ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def detector(shared: Path) -> str:
    return f"{shared / 'eval' / 'baselines.py'}:sliding_z"


def test_figures_are_those_of_the_kit(shared: Path, detector: str, tmp_path: Path) -> None:
    common = ["--detector", detector, "--sets", SETS, "--limit", LIMIT, "--processes", "1"]
    theirs = run(str(shared / "eval" / "run.py"), *common, "--json", str(tmp_path / "theirs"))
    ours = run("-m", "benchmarks.score", *common, "--to", str(tmp_path / "ours"))
    assert theirs.returncode == 0, theirs.stderr
    assert ours.returncode == 0, ours.stderr
    tools = kit.load()
    version, outcomes = pickle.loads((tmp_path / "ours").read_bytes())
    assert version is None
    expected: dict[str, Any] = json.loads((tmp_path / "theirs").read_text())
    for kind in SETS.split(","):
        results = [result for each, _, result, _, _ in outcomes if each == kind]
        figures = tools.run.figures(kind, results, tools.data / "nab", 1.0)
        assert json.loads(json.dumps(figures)) == expected[kind], kind


def test_a_detector_that_cannot_start_ends_with_its_own_words(detector: str, tmp_path: Path) -> None:
    wrong = run("-m", "benchmarks.score", "--detector", detector, "--option", "nonsense=1", "--sets", "nab",
                "--limit", "1", "--to", str(tmp_path / "outcomes"))  # fmt: skip
    assert wrong.returncode != 0
    assert "unexpected keyword argument 'nonsense'" in wrong.stderr
