import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, update

from tailmass.errors import DataStoreError, JobIdTaken
from tailmass.results import Counts
from tailmass.store import Store, schema
from tests.store.samples import SPAN, batch, bucket, record, state

ROOT = Path(__file__).parents[2]


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process, which opens a store of its own."""
    imports = (
        "import sys; from pathlib import Path; from tailmass.store import Store; from tailmass.results import Counts; "
        "from tests.store.samples import *\n"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    return subprocess.Popen(
        [sys.executable, "-c", imports + code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )


def test_what_is_kept_is_there_when_the_store_is_opened_again(store: Store, url: str, tmp_path: Path) -> None:
    store.write("job", batch([bucket(0)], [record(0)]), Counts(bucket_count=1))
    store.close()
    again = Store.open(url, tmp_path)
    assert (again.job("job").counts.bucket_count, again.buckets("job")[0], again.records("job")[0]) == (1, 1, 1)
    again.close()


def test_without_a_url_everything_is_in_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "not" / "there yet"
    store = Store.open(None, home)
    store.add_job(state("job"))
    store.close()
    assert (home / "tailmass.sqlite").exists()


def test_a_database_of_a_newer_schema_is_left_alone(store: Store, url: str, tmp_path: Path) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(schema.versions).values(version=schema.VERSION + 1))
    engine.dispose()
    with pytest.raises(DataStoreError, match="upgrade tailmass"):
        Store.open(url, tmp_path)


WRITER = """
store, number = Store.open(sys.argv[1], Path(sys.argv[2])), 0
while True:
    times = range(number * 100 * SPAN, (number + 1) * 100 * SPAN, SPAN)
    number += 1
    written = batch(map(bucket, times), [record(time, f"web-{host}") for time in times for host in range(20)])
    store.write("job", written, Counts(bucket_count=number * 100))
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX can kill a process without its noticing")
def test_a_process_killed_while_it_writes_leaves_all_it_has_acknowledged(
    store: Store, url: str, tmp_path: Path
) -> None:
    with child(WRITER, url, tmp_path) as writer:
        assert writer.stdout is not None
        heard = [writer.stdout.readline() for _ in range(5)]
        writer.send_signal(signal.SIGKILL)
        heard += writer.stdout.readlines()
    acknowledged = sum(line.endswith("\n") for line in heard)
    again = Store.open(url, tmp_path)
    written = again.job("job").counts.bucket_count // 100
    # It may have been killed between the end of a transaction and saying so.
    assert acknowledged >= 5
    assert written in (acknowledged, acknowledged + 1)
    assert (again.buckets("job")[0], again.records("job")[0]) == (written * 100, written * 2000)
    again.close()


FULL = """
import resource
store = Store.open(sys.argv[1], Path(sys.argv[2]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
times = range(0, 2000 * SPAN, SPAN)
from tailmass.errors import DataStoreError
import numpy as np
large = batch(map(bucket, times), [record(time, "x" * 900) for time in times])
for write in (
    lambda: store.write("job", large, Counts(bucket_count=9)),
    lambda: store.save_snapshot("job", {}, {"a": np.random.default_rng(1).random(1 << 18)}, time_ms=2),
):
    try:
        write()
    except DataStoreError as error:
        print(error.code, error.cause)
store.update_job("job", status="FAILED")
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX can limit how large files grow")
def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    store = Store.open(None, tmp_path)
    store.add_job(state("job"))
    store.write("job", batch([bucket(0)], [record(0)]), Counts(bucket_count=1))
    store.save_snapshot("job", {"number": 1}, {}, time_ms=1)
    store.close()
    with child(FULL, f"sqlite:///{tmp_path / 'tailmass.sqlite'}", tmp_path) as process:
        said = process.communicate()[0].splitlines()
    assert [line.split(maxsplit=1)[0] for line in said] == ["20001", "20001"]
    again = Store.open(None, tmp_path)
    # What is small still goes through.
    assert (again.job("job").counts.bucket_count, again.job("job").status) == (1, "FAILED")
    assert (again.buckets("job")[0], again.records("job")[0]) == (1, 1)
    assert again.snapshot("job") == ({"number": 1}, {})
    assert len(list((tmp_path / "snapshots").rglob("*-*.*"))) == 1
    again.close()


def test_a_database_that_may_only_be_read_is_read_and_says_so_when_written(tmp_path: Path) -> None:
    store = Store.open(None, tmp_path)
    store.add_job(state("job"))
    only = Store.open(f"sqlite:///file:{tmp_path}/tailmass.sqlite?mode=ro&uri=true", tmp_path)
    assert only.jobs(0, 1)[0] == 1
    changes: list[Callable[[], None]] = [
        lambda: only.add_job(state("other")),
        lambda: only.write("job", batch([bucket(0)]), Counts(bucket_count=1)),
        lambda: only.delete_job("job"),
        lambda: only.save_snapshot("job", {}, {}, time_ms=1),
    ]
    for change in changes:
        with pytest.raises(DataStoreError) as raised:
            change()
        assert "readonly" in (raised.value.cause or "")
    assert (store.job("job").counts, list((tmp_path / "snapshots").rglob("*.snapshot"))) == (Counts(), [])
    only.close()
    store.close()


def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("something else altogether, and longer than a header " * 100)
    before = path.read_bytes()
    with pytest.raises(DataStoreError) as raised:
        Store.open(f"sqlite:///{path}", tmp_path)
    assert (raised.value.cause, path.read_bytes()) == ("file is not a database", before)


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataStoreError, match="file/home"):
        Store.open(None, tmp_path / "file" / "home")


@pytest.mark.parametrize(
    ("url", "way_out"),
    [
        ("nonsense", "postgresql://"),
        ("mysql://root:hunter2@host/x", "sqlite or postgresql"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
        ("postgresql://tester:hunter2@127.0.0.1:1/nowhere", "could not be read"),
    ],
)
def test_a_url_that_leads_nowhere_is_explained_without_its_password(tmp_path: Path, url: str, way_out: str) -> None:
    with pytest.raises(DataStoreError, match=way_out) as raised:
        Store.open(url, tmp_path)
    assert "hunter2" not in f"{raised.value.document()}"


def test_the_short_names_of_postgresql_are_understood(server: str, tmp_path: Path) -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        store = Store.open(f"{scheme}://{server.split('://')[1]}/postgres", tmp_path)
        assert store.jobs(0, 1) == (0, [])
        store.close()


def test_two_processes_may_meet_a_new_database_at_once(url: str, tmp_path: Path) -> None:
    code = "Store.open(sys.argv[1], Path(sys.argv[2])).add_job(state(sys.argv[3])); print('added')"
    both = [child(code, url, tmp_path, name) for name in ("a", "b")]
    assert [process.communicate()[0] for process in both] == ["added\n", "added\n"]
    store = Store.open(url, tmp_path)
    assert store.jobs(0, 9)[0] == 2
    store.close()


def test_many_threads_may_write_and_read_at_once(store: Store) -> None:
    names = [f"job-{number}" for number in range(8)]

    def run(name: str) -> None:
        store.add_job(state(name))
        for number in range(10):
            time = number * SPAN
            store.write(name, batch([bucket(time)], [record(time)]), Counts(bucket_count=number + 1))
            assert store.records(name)[0] == store.buckets(name)[0] == number + 1

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(run, names))
    assert [each.counts.bucket_count for each in store.jobs(1, 100)[1]] == [10] * 8


def test_of_threads_that_create_one_job_one_wins(store: Store) -> None:
    barrier = threading.Barrier(4)

    def add(_: int) -> bool:
        barrier.wait()
        try:
            store.add_job(state("wanted"))
        except JobIdTaken:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(4))) == [False, False, False, True]


def test_a_reader_sees_what_was_before_while_a_writer_is_at_work(tmp_path: Path) -> None:
    store = Store.open(None, tmp_path)
    store.add_job(state("job"))
    writer = sqlite3.connect(tmp_path / "tailmass.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE tailmass_jobs SET status = 'RUNNING'")
    assert store.job("job").status == "CLOSED"
    writer.execute("COMMIT")
    assert store.job("job").status == "RUNNING"
    writer.close()
    store.close()


def test_an_acknowledged_write_has_reached_the_disk(tmp_path: Path) -> None:
    store = Store.open(None, tmp_path)
    with store._database.read() as connection:
        asked = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert asked == ["wal", 2]
    store.close()
