"""Schedulers of a real engine, when something goes wrong."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tailmass.engine import Engine
from tailmass.errors import CannotStartScheduler, CannotStopScheduler, DataStoreError
from tailmass.jobs import Job
from tailmass.server.scheduling import Scheduling
from tailmass.server.settings import SchedulerSettings
from tailmass.store import Store

from .clients import configuration, rows

PATIENCE = 30.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(None, tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def engine(store: Store) -> Engine:
    return Engine(store, audit=store)


@pytest.fixture
def scheduling(engine: Engine, store: Store) -> Iterator[Scheduling]:
    made = Scheduling(engine, SchedulerSettings(), store.vault.unseal)
    yield made
    made.shutdown()


@pytest.fixture
def path(tmp_path: Path, engine: Engine) -> Path:
    """The file that the job `fed` is fed from."""
    made = tmp_path / "rows.csv"
    made.write_bytes(rows(288))
    asked = configuration("fed", schedulerConfig={"filePath": str(made), "tailFile": True})
    engine.create(Job.parse(asked))
    return made


def patiently(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def told(store: Store) -> list[str]:
    """What the schedulers said, in the order they did."""
    return [each.message for each in store.audit(take=1_000)[1][::-1] if not each.message.startswith(("Job", "Sys"))]


def seen(engine: Engine) -> int:
    return engine.job("fed").counts.input_record_count


def test_what_the_store_refuses_for_a_time_is_not_counted_twice(
    engine: Engine, store: Store, scheduling: Scheduling, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = store.write

    def full_once(*given: Any, **named: Any) -> None:
        monkeypatch.setattr(store, "write", write)
        raise DataStoreError("the disk is full")

    monkeypatch.setattr(store, "write", full_once)
    scheduling.start("fed")
    patiently(lambda: len(told(store)) == 4)
    scheduling.stop("fed")
    assert told(store)[1:] == [
        "Data cannot be analysed, and is tried again: the disk is full",
        "Scheduler has recovered",
        "Scheduler has looked back, and continues in real time",
        "Scheduler stopped",
    ]
    engine.close("fed")
    assert engine.job("fed").counts.processed_record_count == 288
    assert len(store.buckets("fed")[1]) == 47


def test_a_file_that_goes_and_comes_back_is_read_on(
    engine: Engine, store: Store, scheduling: Scheduling, path: Path
) -> None:
    scheduling.start("fed")
    patiently(lambda: seen(engine) == 288)
    scheduling.stop("fed")
    text = path.read_bytes()
    scheduling.start("fed")
    scheduling.shutdown()
    path.unlink()
    again = Scheduling(engine, SchedulerSettings(), store.vault.unseal)
    again.resume()
    patiently(lambda: any(each.startswith("Data cannot be read") for each in told(store)))
    path.write_bytes(text + rows(300).removeprefix(text))
    patiently(lambda: seen(engine) == 300)
    again.stop("fed")
    assert told(store)[-3:-1] == [
        "Scheduler has recovered",
        "Scheduler has looked back, and continues in real time",
    ]


def test_a_job_that_fails_stops_its_scheduler(
    engine: Engine, store: Store, scheduling: Scheduling, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("tailmass.analysis.gathering.accumulate", None)
        scheduling.start("fed")
        patiently(lambda: engine.job("fed").scheduler_status == "STOPPED")
    assert engine.job("fed").status == "FAILED"
    assert told(store)[-1].startswith("Scheduler stopped: ")
    with pytest.raises(CannotStartScheduler, match="has failed"):
        scheduling.start("fed")
    engine.close("fed")
    scheduling.start("fed")
    patiently(lambda: seen(engine) == 288)


def test_what_cannot_be_resumed_is_stopped(engine: Engine, store: Store, scheduling: Scheduling) -> None:
    search = {"dataSource": "ELASTICSEARCH", "dataSourceCompatibility": "2.x.x", "baseUrl": "http://localhost:9/"}
    asked = configuration("fed", schedulerConfig={**search, "indexes": ["a b"], "types": []})
    engine.create(Job.parse({**asked, "dataDescription": {"format": "ELASTICSEARCH"}}))
    engine.start_scheduler("fed")
    scheduling.resume()
    assert engine.job("fed").scheduler_status == "STOPPED"
    assert told(store)[-1].startswith("Scheduler could not be started again")


def test_a_scheduler_that_nobody_runs_can_be_stopped(engine: Engine, scheduling: Scheduling, path: Path) -> None:
    engine.start_scheduler("fed")
    scheduling.stop("fed")
    with pytest.raises(CannotStopScheduler, match="STOPPED"):
        scheduling.stop("fed")
