"""The disk is full, the database is away, the clock is wrong: nothing acknowledged is lost, and the jobs go on."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.client import Client
from tailmass.engine import Engine
from tailmass.errors import DataStoreError
from tailmass.jobs import Job
from tailmass.store import Store
from tests.postgresql import cluster

if TYPE_CHECKING:
    from tests.conftest import Serving

JOB = {
    "id": "fault",
    "analysisConfig": {
        "bucketSpan": 60,
        "detectors": [{"function": "mean", "fieldName": "value", "byFieldName": "host"}],
    },
    "dataDescription": {"fieldDelimiter": ",", "timeFormat": "epoch"},
}
HEADER = b"time,host,value\n"
SPIKES = (400, 900)


def value(minute: int, host: int) -> float:
    return 50 if minute in SPIKES and host == 3 else 1 + (minute * 7 + host) % 5 / 10


LINES = [
    f"{1_400_000_040 + 60 * minute},h{host},{value(minute, host)}\n".encode()
    for minute in range(1200)
    for host in range(20)
]
PART = len(LINES) // 4


def send(client: Client, start: int, end: int) -> None:
    client.data.upload("fault", HEADER + b"".join(LINES[start:end]))


def refused(client: Client, start: int, end: int) -> None:
    """Send what cannot be kept, and be told so, with code 20001."""
    with pytest.raises(DataStoreError):
        send(client, start, end)


def found(client: Client) -> tuple[list[Any], list[Any]]:
    return list(client.results.records("fault")), list(client.results.buckets("fault"))


@pytest.fixture(scope="module")
def undisturbed(serving: "Serving", tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], list[Any]]:
    """What is found in all lines when nothing goes wrong."""
    with serving(tmp_path_factory.mktemp("undisturbed") / "home") as running:
        client = Client(running.url)
        client.jobs.create(JOB)
        send(client, 0, len(LINES))
        client.data.close("fault")
        return found(client)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs the program mount")
    if done.returncode != 0:
        pytest.skip(f"needs to be allowed to mount a small file system: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Take all the room there is."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_disk_is_told_and_the_job_goes_on_when_there_is_room(
    serving: "Serving", tmp_path: Path, undisturbed: tuple[list[Any], list[Any]]
) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=16m"), serving(disk / "home") as running:
        client = Client(running.url)
        client.jobs.create(JOB)
        send(client, 0, PART)
        client.data.flush("fault")
        before = found(client)

        fill(disk / "filler")
        refused(client, PART, 2 * PART)
        with pytest.raises(DataStoreError):
            client.jobs.create({**JOB, "id": "another"})
        assert httpx.get(f"{running.url}/readyz").status_code == 503
        assert httpx.get(f"{running.url}/healthz").status_code == 200
        assert found(client) == before

        (disk / "filler").unlink()
        assert httpx.get(f"{running.url}/readyz").status_code == 200
        client.data.flush("fault")
        kept = client.jobs.get("fault")["counts"]["inputRecordCount"]
        assert kept >= PART
        send(client, kept, len(LINES))
        client.data.close("fault")
        assert found(client) == undisturbed
        counts = client.jobs.get("fault")["counts"]
        assert (counts["processedRecordCount"], counts["outOfOrderTimeStampCount"]) == (len(LINES), 0)


def test_a_disk_that_fills_up_during_an_upload_keeps_what_there_was_room_for(
    serving: "Serving", tmp_path: Path, undisturbed: tuple[list[Any], list[Any]]
) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=16m"), serving(disk / "home") as running:
        client = Client(running.url)
        client.jobs.create(JOB)
        fill(disk / "filler")
        with (disk / "filler").open("r+b") as file:
            file.truncate(file.seek(0, 2) - 40_000)
        refused(client, 0, len(LINES))
        (disk / "filler").unlink()
        client.data.flush("fault")
        send(client, client.jobs.get("fault")["counts"]["inputRecordCount"], len(LINES))
        client.data.close("fault")
        assert found(client) == undisturbed


def test_a_folder_that_is_read_only_is_told_and_the_job_goes_on_when_it_is_not(
    serving: "Serving", tmp_path: Path, undisturbed: tuple[list[Any], list[Any]]
) -> None:
    with serving(tmp_path / "home") as running:
        client = Client(running.url)
        client.jobs.create(JOB)
        send(client, 0, 2 * PART)
        with mounted(running.home / "snapshots", "ro"):
            with pytest.raises(DataStoreError) as raised:
                client.data.flush("fault")
            assert os.strerror(errno.EROFS) in (raised.value.cause or "")
            assert httpx.get(f"{running.url}/readyz").status_code == 503
            with pytest.raises(DataStoreError):
                client.data.close("fault")
            assert client.jobs.get("fault")["status"] == "RUNNING"
        client.data.flush("fault")
        send(client, 2 * PART, len(LINES))
        client.data.close("fault")
        assert found(client) == undisturbed


def test_a_server_does_not_start_where_it_cannot_write(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tailmass.cli", "server", "--port", "0", "--home", str(tmp_path / "disk")]
    with mounted(tmp_path / "disk", "ro"):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_a_database_that_goes_away_and_comes_back_needs_no_restart(
    serving: "Serving", tmp_path: Path, undisturbed: tuple[list[Any], list[Any]]
) -> None:
    with cluster() as server, serving(tmp_path, store={"url": f"{server.url}/postgres"}) as running:
        client = Client(running.url)
        client.jobs.create(JOB)
        send(client, 0, PART)
        client.data.flush("fault")
        before = found(client)

        server.stop()
        try:
            refused(client, PART, 2 * PART)
            with pytest.raises(DataStoreError):
                client.jobs.get("fault")
            assert httpx.get(f"{running.url}/readyz").status_code == 503
            assert httpx.get(f"{running.url}/healthz").status_code == 500
        finally:
            server.start()

        assert httpx.get(f"{running.url}/readyz").status_code == 200
        assert found(client) == before
        client.data.flush("fault")
        send(client, client.jobs.get("fault")["counts"]["inputRecordCount"], len(LINES))
        client.data.close("fault")
        assert found(client) == undisturbed


def test_a_clock_that_is_set_back_changes_nothing(tmp_path: Path, undisturbed: tuple[list[Any], list[Any]]) -> None:
    now = 2e9
    store = Store.open(None, tmp_path)
    try:
        for part in range(4):
            # An engine anew each time, which goes on from the newest snapshot, whatever the time was.
            engine = Engine(store, clock=partial(float, now))
            if part == 0:
                engine.create(Job.parse(JOB))
            upload = engine.upload("fault")
            upload.feed(HEADER + b"".join(LINES[part * PART : (part + 1) * PART]))
            upload.finish()
            engine.flush("fault")
            engine.shutdown()
            now -= 86_400.0
        assert store.job("fault").counts.processed_record_count == len(LINES)
        assert store.records("fault")[0] == len(undisturbed[0])
        assert store.buckets("fault")[0] == len(undisturbed[1])
        ids = {engine.create(Job.parse({**JOB, "id": None})) for _ in range(3)}
        assert len(ids) == 3
    finally:
        store.close()
