"""Rows a second through every route, beside the bare cost of reading and accumulating the same rows."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import tailmass
from tailmass.analysis.clock import Clock
from tailmass.analysis.detector import DetectorAnalysis
from tailmass.analysis.dictionary import Dictionary
from tailmass.analysis.model import FeatureModel
from tailmass.client import Client
from tailmass.engine import support
from tailmass.intake.piece import Piece
from tailmass.intake.reader import Reader, reader
from tailmass.jobs import Job
from tailmass.kernels.buckets import accumulate
from tailmass.kernels.observe import Watch

SPAN = 300
JOB = {
    "id": "speed",
    "analysisConfig": {
        "bucketSpan": SPAN,
        "detectors": [{"function": "mean", "fieldName": "value", "byFieldName": "host"}],
    },
    "dataDescription": {"fieldDelimiter": ","},
}
CHUNK_BYTES = 4 << 20


def best(run: Callable[[], None], times: int) -> float:
    """Seconds of the fastest run, the machine being noisy."""
    elapsed = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        elapsed.append(time.perf_counter() - begin)
    return min(elapsed)


def bare(path: Path) -> None:
    """Read the file and accumulate its buckets, without models, scores or results."""
    job = Job.parse(JOB)
    fields = support.fields(job)
    hosts = Dictionary()
    clock = Clock(SPAN, 0)
    detector = DetectorAnalysis(job.analysis_config.detectors[0], {"host": hosts}, SPAN, clock.slots)
    rows = reader(job.data_description, fields)
    for piece in _pieces(path, rows):
        columns = piece.columns
        _, watermark = clock.admit(columns)
        ids = hosts.ids(columns.texts["host"])
        advance = clock.run(columns.times, watermark)
        values = columns.numbers["value"]
        detector._make_room(len(hosts))
        accumulate(advance.rows, advance.closing, ids, values, detector._open, advance.first, advance.until)


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
    command = [sys.executable, "-m", "tailmass.cli", "server", "--port", "0", "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            words = (word for line in server.stdout for word in line.split())
            url = next(word for word in words if word.startswith("http://"))
            client = Client(url.removesuffix("/engine/v2"))
            elapsed = []
            for attempt in range(times + 1):  # the first one compiles
                client.jobs.create({**JOB, "id": f"speed{attempt}"})
                begin = time.perf_counter()
                with path.open("rb") as file:
                    counts = client.data.upload(f"speed{attempt}", file)
                elapsed.append(time.perf_counter() - begin)
                assert counts["processedRecordCount"] == rows
                client.data.close(f"speed{attempt}")
            return min(elapsed[1:]), _peak_mib(server.pid)
        finally:
            server.terminate()


def series_updates(series: int, buckets: int) -> float:
    """Series-updates a second of the model kernel alone, all series in every bucket."""
    model = FeatureModel(Watch(SPAN, 0, False, False, 3.0, True))
    offsets = np.arange(buckets + 1) * series
    ids = np.tile(np.arange(series), buckets)
    values = np.random.default_rng(1).normal(100.0, 10.0, buckets * series)
    model.learn(offsets[:2], ids[:series], values[:series], 0, series)
    first = [1]

    def run() -> None:
        model.learn(offsets, ids, values, first[0], series)
        first[0] += buckets

    return buckets * series / best(run, 2)


def _peak_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
