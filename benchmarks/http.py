"""What a client sees of a server on the same machine: uploads large and small, and queries beside them."""

import gzip
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.serving import serving
from benchmarks.speed import JOB
from tailmass.client import Client

SMALL_UPLOADS, SMALL_ROWS = 1_000, 100
PAUSE = 0.01  # seconds between two queries, which are of a person and not of a loop


def http(rows: int, hosts: int, times: int, folder: Path) -> dict[str, Any]:
    """Rows a second by format, small uploads a second, and how long a page of buckets takes during an upload.

    Parameters
    ----------
    rows, hosts : of the file that is sent
    times : runs of each upload, of which the fastest counts
    folder : where the files and the home of the server are to be
    """
    plain, zipped, lines = (folder / name for name in ("rows.csv", "rows.csv.gz", "rows.ndjson"))
    data.write_csv(plain, rows, hosts)
    zipped.write_bytes(gzip.compress(plain.read_bytes(), 6))
    _as_json(plain, lines)
    with serving(folder / "home") as served:
        client = served.client
        formats = {
            "CSV": (plain, {}, False),
            "CSV, gzipped": (zipped, {}, True),
            "NDJSON": (lines, {"dataDescription": {"format": "JSON"}}, False),
        }
        measured = []
        for name, (path, job, gzipped) in formats.items():
            elapsed = [_upload(client, path, job, gzipped) for _ in range(times + 1)][1:]  # the first one compiles
            size = path.stat().st_size / 2**20
            measured.append({"format": name, "size_mib": size, "rows_per_second": rows / min(elapsed)})
        return {
            "formats": measured,
            "small": _small(client, plain),
            "pages": _pages(client, plain),
        }


def _as_json(plain: Path, lines: Path) -> None:
    with plain.open() as read, lines.open("w") as write:
        next(read)
        for line in read:
            when, host, value = line.rstrip("\n").split(",")
            write.write(f'{{"time":{when},"host":"{host}","value":{value}}}\n')


def _upload(client: Client, path: Path, job: dict[str, Any], gzipped: bool) -> float:
    job_id = client.jobs.create({**JOB, "id": None, **job})
    begin = time.perf_counter()
    with path.open("rb") as file:
        client.data.upload(job_id, file, gzipped=gzipped)
    elapsed = time.perf_counter() - begin
    client.data.close(job_id)
    return elapsed


def _small(client: Client, plain: Path) -> dict[str, float]:
    """A thousand uploads of a hundred rows each, one after the other, to one job."""
    job_id = client.jobs.create({**JOB, "id": None})
    pieces = list(_cut(plain))
    begin = time.perf_counter()
    for piece in pieces:
        client.data.upload(job_id, piece)
    elapsed = time.perf_counter() - begin
    client.data.close(job_id)
    return {"uploads": len(pieces), "rows": SMALL_ROWS, "uploads_per_second": len(pieces) / elapsed}


def _cut(plain: Path) -> Iterator[str]:
    with plain.open() as file:
        header = next(file)
        for _ in range(SMALL_UPLOADS):
            yield header + "".join(next(file) for _ in range(SMALL_ROWS))


def _pages(client: Client, plain: Path) -> dict[str, float]:
    """Milliseconds of pages of 100 buckets, asked for one after the other while a file is sent to the same job."""
    job_id = client.jobs.create({**JOB, "id": None})
    elapsed = []
    with ThreadPoolExecutor(1) as beside, plain.open("rb") as file:
        upload = beside.submit(client.data.upload, job_id, file)
        while not upload.done():
            begin = time.perf_counter()
            client.results.buckets(job_id).page(take=100)
            elapsed.append(1000.0 * (time.perf_counter() - begin))
            time.sleep(PAUSE)
    client.data.close(job_id)
    return {"queries": len(elapsed), **{f"p{q}_ms": float(np.percentile(elapsed, q)) for q in (50, 99)}}
