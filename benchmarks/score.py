"""Score one detector on the evaluation kit, series by series, for `benchmarks.sections`: `python -m benchmarks.score`.

A program of its own, for detectors that live in another environment than this project. It needs NumPy, polars and the
kit, and writes what the kit's figures are made of.
"""

import argparse
import pickle
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import kit

Outcome = tuple[str, str, Any, int, float]
"""Set, name of the series, what `run.figures` of the kit takes, values scored, seconds of CPU."""

_worker: dict[str, Any] = {}


def _start(spec: str, options: Mapping[str, float]) -> None:
    tools = kit.load()
    detector, evidence = tools.run.detector_of(spec, options)
    _worker.update(kit=tools, detector=detector, evidence=evidence)
    detector(np.arange(2000.0) * 60.0, 1000.0 + np.sin(np.arange(2000.0)))  # compile before the clock starts


def _judge(task: tuple[str, Any]) -> Outcome:
    """One file or null series, as the kit's own `run.py` judges it."""
    kind, what = task
    tools, detector = _worker["kit"], _worker["detector"]
    if kind == "null":
        times, values = tools.null.series(*what)
        began = time.process_time()
        scores = np.nan_to_num(detector(times, values))
        took = time.process_time() - began
        evidence = _worker["evidence"](times, values) if _worker["evidence"] else None
        return kind, f"{what[0]} {what[1]}", tools.null.judge(what[0], scores, evidence), values.size, took
    series = tools.corpora.read(kind, what)
    began = time.process_time()
    raw = tools.run.entity_scores(detector, series)
    took = time.process_time() - began
    scores = tools.events.onsets(raw)
    judged = slice(series.start, None)
    if kind == "nab":
        result: Any = (series.name, scores)
    elif kind == "ucr":
        result = (series.name, tools.ucr.solved(raw, series.labels, series.start))
    else:
        counted = tools.events.tally(scores, series.labels, series.start, series.weeks)
        result = (counted, raw[judged].astype(np.float32), series.labels[judged].astype(np.int8))
    return kind, series.name, result, series.values.size, took


def main() -> None:
    """Parse the command line, score, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.score", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--detector", required=True, help="MODULE:FUNCTION or PATH.py:FUNCTION")
    parser.add_argument("--option", action="append", default=[], help="keyword of the detector, as gamma=0")
    parser.add_argument("--sets", required=True, help="nab,kpi")
    parser.add_argument("--limit", help="files a set, as in the kit: 3, or smd=1,null=20")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--package", help="whose version to tell")
    parser.add_argument("--to", type=Path, required=True, help="file for the outcomes")
    asked = parser.parse_args()
    tools = kit.load()
    options = {name: float(value) for name, value in (option.split("=") for option in asked.option)}
    limits = tools.run.parse_limits(asked.limit)
    todo = list(tools.run.tasks(asked.sets.split(","), tools.data, tools.data / "nab", limits))
    outcomes: list[Outcome] = []
    start = (asked.detector, options)
    _start(*start)  # a pool starts workers that fail for ever: a detector that cannot start must fail here
    # Spawned, not forked: polars and numba keep threads.
    with get_context("spawn").Pool(asked.processes, _start, start) as pool:
        for outcome in pool.imap(_judge, todo):
            outcomes.append(outcome)
            if outcome[0] != "null" or len(outcomes) % 50 == 0 or len(outcomes) == len(todo):
                print(f"  {len(outcomes)}/{len(todo)} {outcome[0]} {outcome[1]}", file=sys.stderr, flush=True)
    asked.to.write_bytes(pickle.dumps((version(asked.package) if asked.package else None, outcomes)))


if __name__ == "__main__":
    main()
