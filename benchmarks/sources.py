"""Rows a second from other people's servers and files into a job, beside reading the same rows without us."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from sqlalchemy import create_engine, text

from benchmarks import data
from benchmarks.serving import serving
from tests import aws, hadoop, mariadb, postgresql
from tests.elastic import elastic, fill
from tests.prometheus import Sample, prometheus

DETECTOR = "mean(value) by host"
JOB = {
    "analysisConfig": {
        "bucketSpan": 300,
        "detectors": [{"function": "mean", "fieldName": "value", "byFieldName": "host"}],
    },
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A source with rows in it."""

    rows: int
    bare: Callable[[], int]
    """Reads them all as a script would, and says how many there were."""
    command: list[str]
    """What `tailmass pull` is to be told."""
    stdin: Path | None = None
    """What is to come through its standard input."""
    environment: Mapping[str, str] | None = None
    """What it finds there, if not what is here."""


Absent = pytest.skip.Exception
"""Raised by what starts a server, where there is none to start."""
Fill = Callable[[Path, int], AbstractContextManager[Filled]]


def measured(name: str, fill: Fill, rows: int, times: int, folder: Path) -> dict[str, Any]:
    """Rows a second of the whole command and of the bare reading, each the fastest of a few runs.

    Parameters
    ----------
    name : of the source
    fill : makes it
    rows : how many are to be in it
    times : runs of each
    folder : an empty one
    """
    with fill(folder, rows) as filled, serving(folder / "home") as served:
        assert filled.bare() == filled.rows, "the bare reading left something out"
        bare = min(_seconds(filled.bare) for _ in range(times))
        pulled = min(_pull(filled, served.url, folder) for _ in range(times + 1))  # the first one compiles
        return {
            "source": name,
            "rows": filled.rows,
            "rows_per_second": {"bare": filled.rows / bare, "pull": filled.rows / pulled},
        }


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _pull(filled: Filled, url: str, folder: Path) -> float:
    state = folder / "pull.state"
    command = [sys.executable, "-m", "tailmass.cli", "pull", *filled.command, "--url", url, "--state", str(state)]
    begin = time.perf_counter()
    with (filled.stdin or Path(os.devnull)).open("rb") as stdin:
        done = subprocess.run(
            command, cwd=folder, stdin=stdin, env=filled.environment, capture_output=True, text=True, check=False
        )
    elapsed = time.perf_counter() - begin
    if done.returncode or f"{filled.rows:,} rows" not in done.stdout:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    state.unlink(missing_ok=True)
    return elapsed


def _rows(folder: Path, rows: int) -> Iterator[tuple[int, str, float]]:
    """The rows of all sources but metrics: epoch seconds, host and value."""
    plain = folder / "rows.csv"
    data.write_csv(plain, rows, 1000)
    with plain.open() as lines:
        next(lines)
        for line in lines:
            at, host, value = line.rstrip("\n").split(",")
            yield int(at), host, float(value)


# -- Elasticsearch -----------------------------------------------------------------------------------------------------

_PAGE = 5000


@contextmanager
def elasticsearch(folder: Path, rows: int) -> Iterator[Filled]:
    """An index of one shard; bare is a scroll whose pages are read as JSON."""
    asked = {
        "job_config": {**JOB, "dataDescription": {"format": "JSON", "timeField": "time", "timeFormat": "epoch_ms"}},
        "search": {"sort": [{"time": "asc"}], "_source": ["time", "host", "value"]},
    }
    config = folder / "rows.json"
    config.write_text(json.dumps(asked))
    with elastic("elasticsearch8") as url:
        documents = ({"time": 1000 * at, "host": host, "value": value} for at, host, value in _rows(folder, rows))
        while page := [*islice(documents, _PAGE)]:
            fill(url, "rows", page)

        def bare() -> int:
            with httpx.Client(base_url=url, timeout=60) as http:
                count, body = 0, {"size": _PAGE, **asked["search"]}
                answer = http.post("/rows/_search?scroll=1m", json=body).json()
                while hits := answer["hits"]["hits"]:
                    count += len(hits)
                    more = {"scroll": "1m", "scroll_id": answer["_scroll_id"]}
                    answer = http.post("/_search/scroll", json=more).json()
                return count

        yield Filled(rows, bare, ["elk", str(config), "--es-url", url, "--index", "rows"])


# -- databases ---------------------------------------------------------------------------------------------------------


@contextmanager
def sqlite(folder: Path, rows: int) -> Iterator[Filled]:
    """A table of SQLite."""
    with _table(f"sqlite:///{folder / 'rows.db'}", folder, rows) as filled:
        yield filled


@contextmanager
def postgres(folder: Path, rows: int) -> Iterator[Filled]:
    """A table of PostgreSQL."""
    with (
        postgresql.postgresql() as server,
        postgresql.database(server, "rows") as url,
        _table(url.replace("postgresql:", "postgresql+psycopg:"), folder, rows) as filled,
    ):
        yield filled


@contextmanager
def maria(folder: Path, rows: int) -> Iterator[Filled]:
    """A table of MariaDB."""
    with (
        mariadb.maria() as server,
        mariadb.database(server.url, "rows") as url,
        _table(url.replace("mariadb:", "mariadb+pymysql:"), folder, rows) as filled,
    ):
        yield filled


@contextmanager
def _table(url: str, folder: Path, rows: int) -> Iterator[Filled]:
    """A table with an index on the time; bare is its rows in the order of time, as tuples."""
    kinds = "at BIGINT, host VARCHAR(20), value DOUBLE PRECISION"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE loads ({kinds})"))
        told = ({"at": at, "host": host, "value": value} for at, host, value in _rows(folder, rows))
        while page := [*islice(told, 50_000)]:
            connection.execute(text("INSERT INTO loads VALUES (:at, :host, :value)"), page)
        connection.execute(text("CREATE INDEX loads_at ON loads (at)"))

    def bare() -> int:
        with engine.connect().execution_options(stream_results=True, max_row_buffer=_PAGE) as connection:
            found = connection.execute(text("SELECT at, host, value FROM loads ORDER BY at"))
            return sum(len(page) for page in found.partitions(_PAGE))

    yield Filled(rows, bare, ["sql", url, "loads", "--time-column", "at", "--detector", DETECTOR])
    engine.dispose()


# -- metrics -----------------------------------------------------------------------------------------------------------

_METRIC_STEP = 60


@contextmanager
def metrics(folder: Path, rows: int) -> Iterator[Filled]:
    """A gauge of a hundred instances in Prometheus; bare is one range query an hour, read as JSON."""
    times = rows // 100
    samples = (
        Sample(f'load{{instance="web-{n}"}}', 50 + (7919 * t + n) % 97 / 10, data.START // 60 * 60 + _METRIC_STEP * t)
        for n in range(100)
        for t in range(times)
    )
    with prometheus(samples) as url:
        begin, step = data.START // 60 * 60, _METRIC_STEP

        def bare() -> int:
            count = 0
            with httpx.Client(base_url=url, timeout=60) as http:
                for since in range(begin, begin + times * step, 60 * step):
                    until = min(since + 60 * step, begin + times * step) - step
                    asked: dict[str, str | int] = {"query": "load", "start": since, "end": until, "step": step}
                    found = http.get("/api/v1/query_range", params=asked).json()
                    count += sum(len(series["values"]) for series in found["data"]["result"])
            return count

        # Prometheus goes on with a value for five minutes, so the span ends with the last one.
        ends = [datetime.fromtimestamp(at, UTC).isoformat() for at in (begin, begin + times * step)]
        span = ["--start-date", ends[0], "--end-date", ends[1]]
        command = ["prometheus", url, "load", "--step", str(step), "--detector", "mean(value) by instance"]
        yield Filled(100 * times, bare, [*command, *span])


# -- files -------------------------------------------------------------------------------------------------------------

_CHUNK = 1 << 20


@contextmanager
def csv(folder: Path, rows: int) -> Iterator[Filled]:
    """A CSV file; bare is counting its lines."""
    path = folder / "load.csv"
    data.write_csv(path, rows, 1000)
    yield Filled(rows, lambda: _lines(path.open("rb")) - 1, ["files", str(path), "--detector", DETECTOR])


@contextmanager
def zipped(folder: Path, rows: int) -> Iterator[Filled]:
    """The same, compressed; bare is counting the lines of what was unpacked."""
    plain, path = folder / "load.csv", folder / "load.csv.gz"
    data.write_csv(plain, rows, 1000)
    path.write_bytes(gzip.compress(plain.read_bytes(), 6))
    yield Filled(rows, lambda: _lines(_unpacked(path)) - 1, ["files", str(path), "--detector", DETECTOR])


@contextmanager
def parquet(folder: Path, rows: int) -> Iterator[Filled]:
    """The same as Parquet; bare is reading it into a data frame."""
    plain, path = folder / "load.csv", folder / "load.parquet"
    data.write_csv(plain, rows, 1000)
    pl.read_csv(plain).write_parquet(path)
    yield Filled(rows, lambda: pl.read_parquet(path).height, ["files", str(path), "--detector", DETECTOR])


@contextmanager
def access_log(folder: Path, rows: int) -> Iterator[Filled]:
    """An access log in the combined format; bare is counting its lines."""
    path = folder / "access.log"
    with path.open("w") as log:
        for at, host, value in _rows(folder, rows):
            when = datetime.fromtimestamp(at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
            log.write(
                f'10.0.{int(host[4:]) % 256}.7 - - [{when}] "GET /images/{host}.png HTTP/1.1" 200 {int(value)} '
                '"https://shop.example/start" "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/125.0"\n'
            )
    yield Filled(rows, lambda: _lines(path.open("rb")), ["accesslog", str(path)])


@contextmanager
def pipe(folder: Path, rows: int) -> Iterator[Filled]:
    """A CSV file that comes through a pipe; bare is counting its lines."""
    with csv(folder, rows) as filled:
        path = Path(filled.command[1])
        yield Filled(rows, filled.bare, ["files", "-", *filled.command[2:]], path)


@contextmanager
def bucket(folder: Path, rows: int) -> Iterator[Filled]:
    """A compressed CSV file in S3, as moto plays it; bare is fetching and unpacking it, and counting its lines."""
    with zipped(folder, rows) as filled, aws.aws() as url:
        s3 = aws.client("s3", url, "us-east-1")
        s3.create_bucket(Bucket="loads")
        s3.put_object(Bucket="loads", Key="load.csv.gz", Body=(folder / "load.csv.gz").read_bytes())

        def bare() -> int:
            with gzip.open(s3.get_object(Bucket="loads", Key="load.csv.gz")["Body"]) as unpacked:
                return _lines(unpacked) - 1

        command = ["files", "s3://loads/load.csv.gz", *filled.command[2:]]
        yield Filled(rows, bare, command, environment=aws.environment(url, "us-east-1"))


@contextmanager
def cluster(folder: Path, rows: int) -> Iterator[Filled]:
    """A CSV file in Hadoop; bare is fetching it by WebHDFS, and counting its lines."""
    with csv(folder, rows) as filled, hadoop.hadoop() as address:
        hadoop.put(address, "/load.csv", (folder / "load.csv").read_bytes())
        url = f"http://{address}/webhdfs/v1/load.csv?op=OPEN&user.name=root"

        def bare() -> int:
            with httpx.stream("GET", url, follow_redirects=True, timeout=60) as answer:
                return sum(chunk.count(b"\n") for chunk in answer.iter_bytes(_CHUNK)) - 1

        yield Filled(rows, bare, ["files", f"webhdfs://root@{address}/load.csv", *filled.command[2:]])


def _unpacked(path: Path) -> Any:
    return gzip.open(path)


def _lines(file: Any) -> int:
    with file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))


SOURCES: dict[str, tuple[Fill, float]] = {
    "CSV": (csv, 1.0),
    "CSV, gzipped": (zipped, 1.0),
    "CSV through a pipe": (pipe, 1.0),
    "CSV, gzipped, in S3 (moto)": (bucket, 1.0),
    "CSV in Hadoop": (cluster, 1.0),
    "Parquet": (parquet, 1.0),
    "access log": (access_log, 0.2),
    "SQLite": (sqlite, 0.2),
    "PostgreSQL": (postgres, 0.2),
    "MariaDB": (maria, 0.2),
    "Prometheus": (metrics, 0.2),
    "Elasticsearch 8": (elasticsearch, 0.04),
}
"""How each is made, and with which share of the rows."""
