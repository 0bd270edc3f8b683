"""Categories of messages: how well they agree with true templates, and how many lines a second they take."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import grouping, kit
from tailmass.intake.categories import Categorizer

DRAIN = "benchmarks.peers.drain:categories"
REPEATED = 12  # times that the lines of all systems come again
WORDS = "request from user for service on host failed with error after retry"
FRESH = 100_000  # lines of which no two have the same shape
RUNS = 5  # of which the fastest counts


def categories(lines: list[str]) -> list[int]:
    """Ours behind the contract of the kit's `templates.py`, for its `--categorizer`."""
    found: list[int] = Categorizer().ids(pl.Series(lines, dtype=pl.String)).tolist()
    return found


def ours() -> Mapping[str, Mapping[str, float]]:
    """The figures of ours by system."""
    return grouping.figures(categories)


def drain(guests: Path) -> Mapping[str, Any]:
    """The figures of drain3 in the environment of the guests, or in ours where it has no drain3."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    for python in (str(guests), sys.executable):
        command = [python, "-m", "benchmarks.grouping", DRAIN, "drain3"]
        try:
            ended = subprocess.run(command, cwd=kit.ROOT, env=environment, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        found: Mapping[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return found
    return {"failed": "drain3 is not installed"}


def lines_per_second() -> dict[str, float]:
    """Lines a second of one thread's time: shapes met before, shapes never met, and the lines as they first came."""
    tools = kit.load()
    templates: Any = import_module("templates")
    known = pl.concat([frame["Content"].fill_null("") for frame in templates.systems(tools.data).values()])
    again, fresh = pl.concat([known] * REPEATED), fresh_lines(FRESH)
    categorizer = Categorizer()
    categorizer.ids(known)
    return {
        "repeated": len(again) / min(_seconds(categorizer, again) for _ in range(RUNS)),
        "fresh": len(fresh) / min(_seconds(Categorizer(), fresh) for _ in range(RUNS)),
        "as_they_came": len(known) / min(_seconds(Categorizer(), known) for _ in range(RUNS)),
        "bytes_a_line": float(np.mean(known.str.len_bytes().to_numpy())),
        "bytes_a_fresh_line": float(np.mean(fresh.str.len_bytes().to_numpy())),
    }


def fresh_lines(count: int) -> pl.Series:
    """Lines of about a dozen words, three of which are chosen of 20,000: no two lines have one shape."""
    chance = np.random.default_rng(1)
    words = np.array(["".join(each) for each in chance.choice(list("abcdefghijklmnopqrstuvwxyz"), (20_000, 6))])
    fixed = WORDS.split()
    chosen, lengths = chance.choice(words, (count, 3)), chance.integers(4, len(fixed), count)
    made = [
        " ".join([fixed[n % len(fixed)], one, *fixed[:length], two, str(n), three])
        for n, ((one, two, three), length) in enumerate(zip(chosen, lengths, strict=True))
    ]
    return pl.Series(made)


def _seconds(categorizer: Categorizer, lines: pl.Series) -> float:
    began = time.thread_time()
    categorizer.ids(lines)
    return time.thread_time() - began
