"""Rows a second through every route, beside the bare cost of reading and accumulating the same rows."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import tailmass
from benchmarks.serving import peak_mib, serving
from tailmass.analysis.calendar import Calendar
from tailmass.analysis.clock import Clock
from tailmass.analysis.detector import DetectorAnalysis
from tailmass.analysis.dictionary import Dictionary
from tailmass.analysis.gathering import Gathering
from tailmass.analysis.model import FeatureModel
from tailmass.columns import Columns, Ints
from tailmass.engine import support
from tailmass.intake.piece import PIECE_ROWS, Piece
from tailmass.intake.reader import Reader, reader
from tailmass.jobs import Detector, Job
from tailmass.kernels.observe import Entries, Watch
from tailmass.scoring.rate import RateCalibration

SPAN = 300
LEAST = 1.456  # evidence from which a value is worth a record
WARM_UP, RUNS = 10, 5  # calls
FUNCTIONS = (
    ("count", 1_000),
    ("mean", 1_000),
    ("median", 1_000),
    ("varp", 1_000),
    ("distinct_count", 1_000),
    ("distinct_count", 1_000_000),
    ("info_content", 100),
    ("info_content", 1_000_000),
)
"""Functions, and how many different values their field has."""
LOADS = ((100_000, 100_000, 20), (1_000_000, 100_000, 20))  # series, of which so many are present, buckets a call
JOB = {
    "id": "speed",
    "analysisConfig": {
        "bucketSpan": SPAN,
        "detectors": [{"function": "mean", "fieldName": "value", "byFieldName": "host"}],
    },
    "dataDescription": {"fieldDelimiter": ","},
}
NAMES = 10_000
NAMES_JOB = {
    "analysisConfig": {"detectors": [{"function": "count", "byFieldName": "hrd"}], "influencers": ["subDomain"]},
    "dataDescription": {"fieldDelimiter": ","},
    "transforms": [
        {"transform": "concat", "inputs": ["host", "domain"], "outputs": ["name"], "arguments": ["."]},
        {"transform": "lowercase", "inputs": ["name"], "outputs": ["small"]},
        {"transform": "domain_split", "inputs": ["small"]},
    ],
}
CHUNK_BYTES = 4 << 20


def best(run: Callable[[], None], times: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the fastest run, the machine being noisy."""
    elapsed = []
    for _ in range(times):
        begin = clock()
        run()
        elapsed.append(clock() - begin)
    return min(elapsed)


def bare(path: Path) -> None:
    """Read the file and accumulate its buckets, without models, scores or results."""
    job = Job.parse(JOB)
    fields = support.fields(job)
    hosts = Dictionary()
    clock = Clock(SPAN, 0)
    gathering = Gathering(job.analysis_config.detectors[0], clock.slots, None)
    rows = reader(job.data_description, fields)
    for piece in _pieces(path, rows):
        columns = piece.columns
        _, watermark = clock.admit(columns)
        ids = hosts.ids(columns.texts["host"])
        advance = clock.run(columns.times, watermark)
        gathering.add(columns, ids, len(hosts), advance)


def transformed(path: Path) -> None:
    """Read names, and put them through three transforms."""
    job = Job.parse(NAMES_JOB)
    for _ in _pieces(path, reader(job.data_description, support.fields(job))):
        pass


def _pieces(path: Path, rows: Reader) -> Iterator[Piece]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield from rows.feed(chunk)
    yield from rows.finish()


def in_process(path: Path) -> None:
    """`tailmass.detect` with nothing left to guess."""
    tailmass.detect(
        path,
        "mean(value) by host",
        bucket_span=SPAN,
        time_field="time",
        time_format="epoch",
        format="DELIMITED",
        field_delimiter=",",
    )


def over_http(path: Path, rows: int, home: Path, times: int) -> tuple[float, float]:
    """Seconds of the fastest upload to a server of its own, and the server's peak memory in MiB."""
    with serving(home) as served:
        client, elapsed = served.client, []
        for attempt in range(times + 1):  # the first one compiles
            client.jobs.create({**JOB, "id": f"speed{attempt}"})
            begin = time.perf_counter()
            with path.open("rb") as file:
                counts = client.data.upload(f"speed{attempt}", file)
            elapsed.append(time.perf_counter() - begin)
            assert counts["processedRecordCount"] == rows
            client.data.close(f"speed{attempt}")
        return min(elapsed[1:]), peak_mib(served.process)


def series_updates(series: int, present: int, buckets: int) -> dict[str, float]:
    """What the models and the scores of `mean` cost: updates a second, and bytes a series.

    Processor time of one thread, once they are all known. `present` of the series, another random
    choice in each bucket, have a value.
    """
    chance = np.random.default_rng(1)
    model = FeatureModel(Watch(SPAN, 0, False, False, LEAST, 1.0, True))
    rate = RateCalibration(SPAN)
    fastest, first = float("inf"), 0
    for attempt in range(WARM_UP + RUNS):
        entries = _entries(chance, series, present, buckets, first)
        first += buckets
        begin = time.thread_time()
        found, updates = model.learn(entries, series)
        rate.learn(found.bucket, found.series, found.evidence, updates, entries.first, series)
        if attempt >= WARM_UP:
            fastest = min(fastest, time.thread_time() - begin)
    return {
        "series": series,
        "present": present,
        "updates_per_second": buckets * present / fastest,
        "series_bytes": model.size_bytes(series) / series,
    }


def others(times: int) -> list[dict[str, object]]:
    """Rows a second of detectors that are not one number a series and bucket, or have many values, on data frames.

    Each has a process of its own, and says by how much that grew from where it had the rows to its peak.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as alone:
        return [
            {"detector": detector, **alone.submit(_pace, frame, detector, times).result()} for frame, detector in OTHERS
        ]


def _pace(frame: str, detector: str, times: int) -> dict[str, float]:
    rows = FRAMES[frame](np.random.default_rng(0))

    def run() -> None:
        tailmass.detect(rows, detector, bucket_span=SPAN, time_field="time", time_format="epoch")

    before = peak_mib(os.getpid())
    run()  # compiles
    fastest = best(run, times)
    return {
        "rows": len(rows),
        "rows_per_second": len(rows) / fastest,
        "peak_mib": peak_mib(os.getpid()) - before,
    }


def _clients(chance: np.random.Generator) -> pl.DataFrame:
    """A day of 50,000 clients, few of which make most rows."""
    return _frame(chance, 2_000_000, 86_400, {"client": chance.zipf(1.2, 2_000_000) % 50_000})


def _processes(chance: np.random.Generator) -> pl.DataFrame:
    """A week of 2,000 users and their 300 processes."""
    names = {"user": chance.zipf(1.3, 1_000_000) % 2_000, "process": chance.zipf(1.6, 1_000_000) % 300}
    return _frame(chance, 1_000_000, 7 * 86_400, names)


def _addresses(chance: np.random.Generator) -> pl.DataFrame:
    """A day of a million addresses, each about twice."""
    return _frame(chance, 2_000_000, 86_400, {"address": chance.integers(0, 1_000_000, 2_000_000)})


FRAMES: dict[str, Callable[[np.random.Generator], pl.DataFrame]] = {
    "clients": _clients,
    "processes": _processes,
    "addresses": _addresses,
}
OTHERS = (
    ("clients", "count over client"),
    ("processes", "rare by process partition=user"),
    ("processes", "rare by process over user"),
    ("processes", "freq_rare by process over user"),
    ("processes", "time_of_day by user"),
    ("addresses", "distinct_count(address)"),
)


def _frame(chance: np.random.Generator, rows: int, duration: int, names: Mapping[str, Ints]) -> pl.DataFrame:
    texts = {name: pl.Series(values).cast(pl.String) for name, values in names.items()}
    return pl.DataFrame({"time": np.sort(chance.integers(0, duration, rows)), **texts})


def _entries(chance: np.random.Generator, series: int, present: int, buckets: int, first: int) -> Entries:
    chosen = (
        np.arange(series)
        if present == series
        else np.sort(chance.choice(series, present, replace=False, shuffle=False))
        for _ in range(buckets)
    )
    return Entries(
        offsets=np.arange(buckets + 1) * present,
        series=np.concatenate(list(chosen)),
        values=chance.normal(100.0, 10.0, buckets * present),
        rows=np.empty(0),
        local=np.zeros(buckets, np.int64),
        first=first,
    )


def function_rows(function: str, different: int, rows: int = 2_000_000) -> dict[str, Any]:
    """What one detector `function(field) by host` costs, models and all, once the rows are in memory.

    Processor time of one thread, for 100 hosts in 50 buckets. The field has so many `different` values.
    """
    chance = np.random.default_rng(1)
    number = chance.integers(0, different, rows)
    columns = Columns(
        np.sort(chance.integers(0, 50 * SPAN * 1000, rows)),
        np.ones(rows, np.bool_),
        {
            "host": pl.Series([f"host{n:04d}" for n in range(100)])[chance.integers(0, 100, rows)],
            "value": pl.Series([f"value{n:06d}" for n in range(different)])[number],
        },
        {"value": number.astype(np.float64)},
    )
    field = {} if function == "count" else {"fieldName": "value"}
    detector = Detector.parse({"function": function, "byFieldName": "host", **field})

    def run() -> None:
        hosts, clock = Dictionary(), Clock(SPAN, 0)
        analysis = DetectorAnalysis(detector, {"host": hosts}, SPAN, clock.slots, Calendar(None))
        for begin in range(0, rows, PIECE_ROWS):
            piece = columns.take(slice(begin, begin + PIECE_ROWS))
            _, watermark = clock.admit(piece)
            analysis.advance(piece, {"host": hosts.ids(piece.texts["host"])}, clock.run(piece.times, watermark))

    run()  # compiles
    return {"function": function, "different": different, "rows_per_second": rows / best(run, 3, time.process_time)}
