"""Rows a second from other people's servers and files into a job, beside reading the same rows without us."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, text

from benchmarks import data
from benchmarks.serving import serving
from tests import mariadb, postgresql
from tests.elastic import elastic, fill

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

    def run() -> str:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    begin = time.perf_counter()
    said = run()
    elapsed = time.perf_counter() - begin
    assert f"{filled.rows:,} rows" in said, said
    state.unlink()
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
        connection.execute(text(f"CREATE TABLE load ({kinds})"))
        told = ({"at": at, "host": host, "value": value} for at, host, value in _rows(folder, rows))
        while page := [*islice(told, 50_000)]:
            connection.execute(text("INSERT INTO load VALUES (:at, :host, :value)"), page)
        connection.execute(text("CREATE INDEX load_at ON load (at)"))

    def bare() -> int:
        with engine.connect().execution_options(stream_results=True, max_row_buffer=_PAGE) as connection:
            found = connection.execute(text("SELECT at, host, value FROM load ORDER BY at"))
            return sum(len(page) for page in found.partitions(_PAGE))

    yield Filled(rows, bare, ["sql", url, "load", "--time-column", "at", "--detector", DETECTOR])
    engine.dispose()


SOURCES: dict[str, tuple[Fill, float]] = {
    "Elasticsearch 8": (elasticsearch, 0.2),
    "SQLite": (sqlite, 1.0),
    "PostgreSQL": (postgres, 1.0),
    "MariaDB": (maria, 1.0),
}
"""How each is made, and with which share of the rows."""
