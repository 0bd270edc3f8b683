"""The parts of the benchmarks, each as figures for `results.json`."""

import hashlib
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import categories, cold_start, data, entities, http, kit, nulls, pairs, scenarios, sources, speed
from benchmarks.detectors import DEFAULT, OPTIONS, PEERS, REFERENCE, REFERENCES, Detector
from benchmarks.kit import Kit

Section = dict[str, Any]

GUESTS_PYTHON = kit.ROOT / ".venv-bench" / "bin" / "python"
GUESTS_INSTALLED = kit.ROOT / ".venv-bench" / ".installed"
BUDGET = 1.0  # false alarms a series-week
ENTITY_SETS = ("smd", "asd")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class DetectorError(Exception):
    """A detector did not come to an end; its own words are on the standard error."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a detector did on the kit.

    results : set -> series -> what the kit makes its figures of
    values : set -> values scored
    seconds : set -> seconds of CPU
    version : of the package it comes from
    failed : why there is nothing
    """

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    version: str | None = None
    failed: str | None = None


def stamp() -> Section:
    """When, with what and on what a section is measured."""
    source = hashlib.sha256()
    for path in sorted((kit.ROOT / "src" / "tailmass").rglob("*.py")):
        source.update(path.read_bytes())
    return {
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        "version": version("tailmass"),
        "source": source.hexdigest()[:8],
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def say(words: str) -> None:
    """Tell whoever waits."""
    print(words, file=sys.stderr, flush=True)


# -- speed -------------------------------------------------------------------------------------------------------------


def speed_section(rows: int, hosts: int, times: int) -> Section:
    """Rows a second of every route, and the model kernel alone."""
    with tempfile.TemporaryDirectory(prefix="tailmass-bench-") as folder:
        path = Path(folder, "rows.csv")
        say(f"speed: {rows:,} rows")
        data.write_csv(path, rows, hosts)
        speed.in_process(path)  # compiles
        speed.bare(path)
        say("speed: read and accumulate")
        bare = rows / speed.best(lambda: speed.bare(path), times)
        say("speed: tailmass.detect")
        detect = rows / speed.best(lambda: speed.in_process(path), times)
        say("speed: HTTP")
        seconds, peak = speed.over_http(path, rows, Path(folder, "home"), times)
        size = path.stat().st_size / 2**20
        say("speed: transforms")
        data.write_names(path, rows, speed.NAMES)
        transformed = rows / speed.best(lambda: speed.transformed(path), times)
    say("speed: the model kernel")
    return stamp() | {
        "rows": rows,
        "hosts": hosts,
        "times": times,
        "size_mib": size,
        "bucket_span": speed.SPAN,
        "rows_per_second": {"bare": bare, "detect": detect, "http": rows / seconds},
        "peak_mib": peak,
        "transforms": {"names": speed.NAMES, "rows_per_second": transformed},
        "others": speed.others(times),
        "models": [speed.series_updates(*load) for load in speed.LOADS],
    }


# -- http --------------------------------------------------------------------------------------------------------------


def http_section(rows: int, hosts: int, times: int) -> Section:
    """Uploads in every format, small ones, and queries beside them."""
    say("http: uploads and queries")
    with tempfile.TemporaryDirectory(prefix="tailmass-bench-") as folder:
        measured = http.http(rows, hosts, times, Path(folder))
    return stamp() | {"rows": rows, "hosts": hosts, "times": times} | measured


# -- sources -----------------------------------------------------------------------------------------------------------


def sources_section(rows: int, times: int) -> Section:
    """What `tailmass pull` makes of other people's servers and files; those whose server is not here are left out."""
    measured, absent = [], {}
    for name, (fill, share) in sources.SOURCES.items():
        say(f"sources: {name}")
        with tempfile.TemporaryDirectory(prefix="tailmass-bench-") as folder:
            try:
                measured.append(sources.measured(name, fill, int(rows * share), times, Path(folder)))
            except sources.Absent as reason:
                say(f"sources: {name} is left out: {reason}")
                absent[name] = str(reason)
    return stamp() | {"times": times, "sources": measured, "absent": absent}


# -- functions ---------------------------------------------------------------------------------------------------------


def functions_section(seeds: int) -> Section:
    """How often each function finds what is planted for it, how quiet a twin is, and rows a second."""
    found = []
    for measure, split, functions in scenarios.groups():
        say(f"functions: {measure}, {split}")
        found += scenarios.shares(measure, split, functions, range(seeds))
    say("functions: rows a second")
    rows = [speed.function_rows(*each) for each in speed.FUNCTIONS]
    asked = {"seeds": seeds, "buckets": scenarios.BUCKETS, "span": scenarios.SPAN}
    return stamp() | asked | {"found": found, "speed": rows}


# -- categories --------------------------------------------------------------------------------------------------------


def categories_section() -> Section:
    """Our categories and those of drain3 against true templates, and lines a second."""
    say("categories: tailmass")
    section = stamp() | {"systems": categories.ours()}
    say("categories: drain3")
    section["drain"] = categories.drain(GUESTS_PYTHON)
    say("categories: lines a second")
    return section | {"lines_per_second": categories.lines_per_second()}


# -- quality -----------------------------------------------------------------------------------------------------------


def quality_section(tools: Kit, limits: Mapping[str, int], processes: int) -> Section:
    """The default, its options and what they are held to; machines as jobs; nothing happening."""
    worth = tools.nab.load(tools.data / "nab")
    section = stamp() | {"limits": dict(limits)}
    ran = {each.name: attempt(tools, each, limits, processes) for each in (DEFAULT, *OPTIONS, *REFERENCES)}
    section["corpora"] = corpora(tools, ran[DEFAULT.name])
    section["detectors"] = []
    reference = ran[REFERENCE.name]
    for detector in (DEFAULT, *OPTIONS, *REFERENCES):
        found = ran[detector.name]
        row = entry(tools, detector, found)
        if found.failed is None and reference.failed is None and detector is not REFERENCE:
            say(f"quality: {detector.name} against the reference")
            row["against_reference"] = differences(tools, found, reference, worth)
        section["detectors"].append(row)
    section["entities"] = entities_part(tools, limits)
    section["nulls"] = nulls_part(tools, limits)
    return section


def entities_part(tools: Kit, limits: Mapping[str, int]) -> Section:
    """Machines with many metrics, each as one job."""
    found = {}
    for kind in (kind for kind in ENTITY_SETS if limits.get(kind) != 0):
        say(f"quality: {kind}, a job a machine")
        tallies = []
        for path in tools.corpora.files(kind, tools.data)[: limits.get(kind)]:
            machine = tools.corpora.read(kind, path)
            scores = tools.events.onsets(entities.entity_scores(machine.times, machine.values))
            tallies.append(tools.events.tally(scores, machine.labels, machine.start, machine.weeks))
        f1, precision, recall, threshold = tools.events.best_f1(tallies)
        at_precision, at_recall, _ = tools.events.at_budget(tallies, BUDGET)
        weeks = sum(tally.weeks for tally in tallies)
        found[kind] = {
            "series": len(tallies),
            "f1": f1,
            "precision": precision,
            "recall": recall,
            "threshold": threshold,
            "recall_at_budget": at_recall,
            "precision_at_budget": at_precision,
            "f1_any": tools.events.best_f1(tallies, within=False)[0],
            "alarms_at_50": sum(int((tally.alarms >= 50.0).sum()) for tally in tallies) / weeks,
        }
    return found


def nulls_part(tools: Kit, limits: Mapping[str, int]) -> list[Section]:
    """Alerts of jobs over series in which nothing happens; a limit of the null set makes them smaller."""
    series = limits.get("null", tools.null.SERIES)
    found: list[Section] = []
    if not series:
        return []
    for quiet in (*nulls.of_kit(tools.null, series), *nulls.long(series=min(series, nulls.SERIES))):
        say(f"quality: nothing happens, {quiet.name}")
        found.append(nulls.judge(quiet))
    return found


# -- cold start --------------------------------------------------------------------------------------------------------


def cold_start_section(tools: Kit) -> Section:
    """Series that are half a day old, beside themselves when they are weeks old."""
    say("cold start: young series among peers, alone, and weeks old")
    return stamp() | {"villages": list(cold_start.judged(tools))}


# -- peers -------------------------------------------------------------------------------------------------------------


def guests_missing() -> str | None:
    """Why detectors of others cannot be asked, if they cannot."""
    if GUESTS_INSTALLED.exists() and GUESTS_PYTHON.exists():
        return None
    return "their environment, .venv-bench, is not there or not complete"


def peers_section(tools: Kit, limits: Mapping[str, int], processes: int) -> Section:
    """Detectors of others, and the default on the very same series."""
    began = time.monotonic()
    worth = tools.nab.load(tools.data / "nab")
    section = stamp() | {"limits": dict(limits)}
    ours = attempt(tools, DEFAULT, limits, processes)
    section["corpora"] = corpora(tools, ours)
    section["detectors"] = [entry(tools, DEFAULT, ours)]
    for peer in PEERS:
        found = attempt(tools, peer, limits, processes)
        row = entry(tools, peer, found)
        section["detectors"].append(row)
        if found.failed is not None:
            continue
        say(f"peers: tailmass against {peer.name}")
        row["tailmass_against"] = differences(tools, ours, found, worth)
        row["tailmass_on_same"] = same_series(tools, ours, found)
        a_value = sum(found.seconds.values()) / sum(found.values.values())
        row["hours_left_out"] = {
            kind: a_value * ours.values[kind] / 3600.0 for kind in ours.results if kind not in found.results
        }
    return section | {"minutes": (time.monotonic() - began) / 60.0}


def same_series(tools: Kit, ours: Outcomes, theirs: Outcomes) -> Section:
    """Figures of ours on the series of theirs, for the sets of which they have some only."""
    some = {}
    for kind, results in theirs.results.items():
        if len(results) < len(ours.results[kind]):
            shared = {name: ours.results[kind][name] for name in results}
            some[kind] = _figures(tools, kind, shared)
    return some


# -- detectors on the kit ----------------------------------------------------------------------------------------------


def attempt(tools: Kit, detector: Detector, limits: Mapping[str, int], processes: int) -> Outcomes:
    """`outcomes`, and a failure where it is that of a guest: the others must go on without it."""
    try:
        return outcomes(tools, detector, limits, processes)
    except DetectorError as failed:
        if not detector.guest:
            raise
        say(f"{detector.name}: {failed}")
        return Outcomes(failed=str(failed))


def outcomes(tools: Kit, detector: Detector, limits: Mapping[str, int], processes: int) -> Outcomes:
    """Score a detector in a process of its own, on all sets that it can be asked for.

    Raises
    ------
    DetectorError : it did not come to an end
    """
    if detector.guest and (reason := guests_missing()):
        raise DetectorError(reason)
    merged = {
        kind: min(each[kind] for each in (limits, detector.limits) if kind in each)
        for kind in {*limits, *detector.limits}
    }
    sets = [kind for kind in tools.run.SETS if merged.get(kind) != 0]
    say(f"{detector.name}: {', '.join(sets)}")
    with tempfile.TemporaryDirectory(prefix="tailmass-bench-") as folder:
        path = Path(folder, "outcomes")
        command = [str(GUESTS_PYTHON) if detector.guest else sys.executable, "-m", "benchmarks.score"]
        command += ["--detector", detector.spec, "--sets", ",".join(sets)]
        command += ["--processes", str(processes), "--to", str(path)]
        command += [f"--option={name}={value}" for name, value in detector.options.items()]
        if merged:
            command += ["--limit", ",".join(f"{kind}={files}" for kind, files in merged.items())]
        if detector.package:
            command += ["--package", detector.package]
        environment = {**os.environ, **ONE_THREAD, "PYTHONDONTWRITEBYTECODE": "1"}
        if detector.guest:
            # Others' warnings are not for us; and nothing is written where the kit lies.
            environment |= {"PYTHONWARNINGS": "ignore", "NUMBA_CACHE_DIR": folder}
        ended = subprocess.run(command, cwd=kit.ROOT, env=environment, check=False)
        if ended.returncode:
            raise DetectorError(f"{detector.spec} ended with exit code {ended.returncode}")
        package_version, found = pickle.loads(path.read_bytes())
    gathered = Outcomes(version=package_version)
    for kind, name, result, values, seconds in found:
        gathered.results.setdefault(kind, {})[name] = result
        gathered.values[kind] = gathered.values.get(kind, 0) + values
        gathered.seconds[kind] = gathered.seconds.get(kind, 0.0) + seconds
    return gathered


def corpora(tools: Kit, found: Outcomes) -> Section:
    """Series, events and values of each set."""
    described = {}
    for kind, results in found.results.items():
        figures = _figures(tools, kind, results)
        described[kind] = {"series": figures["series"], "events": figures["events"], "values": found.values[kind]}
    return described


def entry(tools: Kit, detector: Detector, found: Outcomes) -> Section:
    """A detector and its figures on each set, or why there are none."""
    if found.failed is not None:
        return {"name": detector.name, "about": detector.about, "failed": found.failed}
    return {
        "name": detector.name,
        "about": detector.about,
        "package": detector.package,
        "package_version": found.version,
        "options": dict(detector.options),
        "sets": {kind: _figures(tools, kind, results) for kind, results in found.results.items()},
        "us_a_value": {kind: 1e6 * found.seconds[kind] / found.values[kind] for kind in found.results},
        "us_a_value_in_all": 1e6 * sum(found.seconds.values()) / sum(found.values.values()),
    }


def differences(tools: Kit, one: Outcomes, other: Outcomes, worth: Mapping[str, Any]) -> Section:
    """The difference in the figure to compare, and its deviation, by set."""
    found = {}
    for kind, results in one.results.items():
        if kind != "null" and kind in other.results:
            found[kind] = pairs.difference(tools, kind, results, other.results[kind], worth)
    return found


def _figures(tools: Kit, kind: str, results: Mapping[str, Any]) -> Section:
    figures: Section = tools.run.figures(kind, list(results.values()), tools.data / "nab", BUDGET)
    return figures


def plain(value: Any) -> Any:
    """The same for JSON: NumPy's numbers as Python's, six digits of each, None for what is no number."""
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
