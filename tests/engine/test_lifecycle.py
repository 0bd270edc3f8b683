"""Jobs from status to status: what may be done when, and what happens by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tailmass.engine import Engine
from tailmass.engine.lifecycle import REFUSED, STARTED, STATUSES, verify
from tailmass.errors import (
    AnalysisError,
    AnalysisStartError,
    CannotPauseJob,
    CannotResumeJob,
    CannotStartScheduler,
    CannotUpdateScheduler,
    ConcurrentUse,
    DataStoreError,
    EngineError,
    InvalidResetRange,
    JobNotClosed,
    NoSuchModelSnapshot,
    NoSuchScheduledJob,
    NotAllowedForScheduledJob,
    ResetNotSupported,
)
from tailmass.jobs import Job, JobUpdate
from tailmass.results import Counts, JobState
from tailmass.store import Store
from tests.engine.sample import HEADER, job, rows

START = 1_700_000_040
LIMITS = JobUpdate.parse({"analysisLimits": {"modelMemoryLimit": 9000}})


class Clock:
    """Server time, which passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_400_166_459.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(None, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def engine(store: Store, clock: Clock) -> Engine:
    return Engine(store, clock=clock)


def made(**changes: Any) -> Job:
    return job().model_copy(update=changes)


def send(engine: Engine, *lines: bytes, **how: Any) -> Counts:
    upload = engine.upload("sample", **how)
    upload.feed(b"".join([HEADER, *lines]))
    return upload.finish()


def minutes(begin: int, end: int) -> list[bytes]:
    """The rows of some minutes."""
    return rows(end)[8 * begin :]


def times(store: Store, *, interim: bool = False) -> list[int]:
    """Which buckets have results, counted from the first."""
    found = store.buckets("sample", take=1000, include_interim=interim)[1]
    return [(bucket.timestamp - START) // 60 for bucket in found]


def status(engine: Engine) -> str:
    return engine.job("sample").status


# -- what may be done when ---------------------------------------------------------------------------------------------


def brought(engine: Engine, store: Store, wanted: str) -> None:
    """A job in a status."""
    engine.create(job())
    if wanted == "RUNNING":
        send(engine, *rows(3))
    elif wanted == "PAUSED":
        engine.pause("sample")
    elif wanted == "FAILED":
        store.update_job("sample", status="FAILED")
    assert status(engine) == wanted


OPERATIONS: dict[str, Callable[[Engine], Any]] = {
    "upload": lambda engine: send(engine, *minutes(3, 6)),
    "flush": lambda engine: engine.flush("sample"),
    "close": lambda engine: engine.close("sample"),
    "pause": lambda engine: engine.pause("sample"),
    "resume": lambda engine: engine.resume("sample"),
    "revert": lambda engine: engine.revert("sample", snapshot_id="1"),
    "update": lambda engine: engine.update("sample", JobUpdate.parse({"description": "new"})),
    "update limits": lambda engine: engine.update("sample", LIMITS),
    "delete": lambda engine: engine.delete("sample"),
    "read": lambda engine: engine.job("sample"),
}
ALLOWED: dict[str, tuple[Any, Any, Any, Any]] = {
    "upload": ("RUNNING", "RUNNING", "PAUSED", AnalysisStartError),
    "flush": ("RUNNING", "CLOSED", "PAUSED", AnalysisError),
    "close": ("CLOSED", "CLOSED", "PAUSED", "CLOSED"),
    "pause": ("PAUSED", "PAUSED", CannotPauseJob, CannotPauseJob),
    "resume": (CannotResumeJob, CannotResumeJob, "CLOSED", CannotResumeJob),
    "revert": (JobNotClosed, NoSuchModelSnapshot, JobNotClosed, NoSuchModelSnapshot),
    "update": ("RUNNING", "CLOSED", "PAUSED", "FAILED"),
    "update limits": (JobNotClosed, "CLOSED", JobNotClosed, JobNotClosed),
    "delete": (None, None, None, None),
    "read": ("RUNNING", "CLOSED", "PAUSED", "FAILED"),
}
"""For each operation, what becomes of a job that is RUNNING, CLOSED, PAUSED or FAILED, or the error."""


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("before", ["RUNNING", "CLOSED", "PAUSED", "FAILED"])
def test_what_may_be_done_depends_on_the_status(engine: Engine, store: Store, operation: str, before: str) -> None:
    brought(engine, store, before)
    after = ALLOWED[operation][["RUNNING", "CLOSED", "PAUSED", "FAILED"].index(before)]
    if isinstance(after, type) and issubclass(after, EngineError):
        with pytest.raises(after, match="'sample'"):
            OPERATIONS[operation](engine)
        assert status(engine) == before
    else:
        OPERATIONS[operation](engine)
        assert after is None or status(engine) == after


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each not in ("read", "revert")])
def test_a_job_is_for_one_at_a_time(engine: Engine, operation: str) -> None:
    engine.create(job())
    upload = engine.upload("sample")
    with pytest.raises(ConcurrentUse):
        OPERATIONS[operation](engine)
    upload.abort()


@pytest.mark.parametrize("operation", [each for each in REFUSED if each != "update limits"])
@pytest.mark.parametrize("before", STATUSES)
def test_what_a_scheduler_feeds_is_left_to_it(operation: str, before: str) -> None:
    config = Job.parse({**job().document(), "schedulerConfig": {"filePath": "/data/a.csv"}})
    others = {
        "start scheduler": CannotStartScheduler,
        "update scheduler": CannotUpdateScheduler,
        "revert": JobNotClosed,
    }
    with pytest.raises(others.get(operation, NotAllowedForScheduledJob)):
        verify(operation, JobState(config, before, 0, scheduler_status=STARTED))
    verify("close", JobState(config, before, 0))


# -- changes -----------------------------------------------------------------------------------------------------------


def test_a_running_job_heeds_a_change_once_it_is_reopened(engine: Engine) -> None:
    engine.create(made(timeout=600))
    send(engine, *minutes(0, 10))
    engine.update("sample", JobUpdate.parse({"ignoreDowntime": "ALWAYS"}))
    assert engine.job("sample").config.ignore_downtime == "ALWAYS"
    send(engine, *minutes(20, 30))
    assert engine.job("sample").counts.bucket_count == 29
    engine.close("sample")
    send(engine, *minutes(40, 50))
    assert engine.job("sample").counts.bucket_count < 29 + 20


# -- pause and resume --------------------------------------------------------------------------------------------------


def test_a_pause_drops_the_bucket_in_progress_and_what_is_sent_meanwhile(engine: Engine, store: Store) -> None:
    engine.create(job())
    send(engine, *minutes(0, 10))
    engine.flush("sample", interim=True)
    assert times(store, interim=True) == list(range(10))
    engine.pause("sample")
    assert times(store, interim=True) == list(range(9))
    assert send(engine, *minutes(10, 20)) == Counts()
    engine.resume("sample")
    assert status(engine) == "CLOSED"
    send(engine, *minutes(20, 30))
    assert times(store) == [*range(9), *range(21, 29)]  # the rows of minute 20 begin with its sixth second
    assert engine.job("sample").counts.processed_record_count == 8 * 20


def test_a_pause_outlives_the_engine(engine: Engine, store: Store) -> None:
    engine.create(job())
    send(engine, *minutes(0, 10))
    engine.pause("sample")
    after = Engine(store)
    assert status(after) == "PAUSED"
    after.resume("sample")
    send(Engine(store), *minutes(20, 30))
    assert times(store) == [*range(9), *range(21, 29)]


def test_a_pause_that_a_crash_cut_short_is_made_whole(engine: Engine, store: Store) -> None:
    engine.create(job())
    send(engine, *minutes(0, 10))
    engine.flush("sample")
    store.update_job("sample", status="PAUSING")
    after = Engine(store)
    assert status(after) == "PAUSED"
    after.resume("sample")
    send(after, *minutes(20, 30))
    assert times(store) == [*range(9), *range(21, 29)]


@pytest.mark.parametrize("left", ["RUNNING", "CLOSING"])
def test_what_a_crash_left_at_work_is_closed(engine: Engine, store: Store, left: str) -> None:
    engine.create(job())
    store.update_job("sample", status=left)
    assert status(Engine(store)) == "CLOSED"


def test_a_closed_job_can_be_paused_and_its_gap_is_none_of_its_business(engine: Engine, store: Store) -> None:
    engine.create(job())
    send(engine, *minutes(0, 10))
    engine.close("sample")
    engine.pause("sample")
    engine.resume("sample")
    send(engine, *minutes(20, 30))
    assert times(store) == [*range(9), *range(21, 29)]


def test_a_pause_that_cannot_be_kept_leaves_the_job_as_it_was(
    engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise DataStoreError("no space left")

    engine.create(job())
    send(engine, *minutes(0, 10))
    with monkeypatch.context() as broken:
        broken.setattr(store, "save_snapshot", refuse)
        with pytest.raises(DataStoreError):
            engine.pause("sample")
    assert status(engine) == "RUNNING"
    engine.pause("sample")
    assert status(engine) == "PAUSED"


# -- downtime ----------------------------------------------------------------------------------------------------------


def after_gaps(engine: Engine, store: Store, gaps: int, **how: Any) -> list[int]:
    """Which buckets have results after ten minutes with data, and ten without, as often as there are gaps."""
    for gap in range(gaps + 1):
        send(engine, *minutes(20 * gap, 20 * gap + 10), **how)
        engine.close("sample")
    return times(store)


SKIPPED, KEPT = [*range(9), *range(21, 29), *range(41, 49)], list(range(49))


@pytest.mark.parametrize(("setting", "found"), [(None, KEPT), ("NEVER", KEPT), ("ALWAYS", SKIPPED)])
def test_gaps_before_a_start_are_told_or_not(
    engine: Engine, store: Store, setting: str | None, found: list[int]
) -> None:
    engine.create(made(ignore_downtime=setting))
    assert after_gaps(engine, store, 2) == found
    assert engine.job("sample").config.ignore_downtime == setting


def test_once_is_once(engine: Engine, store: Store) -> None:
    engine.create(job())
    after_gaps(engine, store, 0)
    engine.update("sample", JobUpdate.parse({"ignoreDowntime": "ONCE"}))
    send(engine, *minutes(20, 30))
    assert "ignoreDowntime" not in engine.job("sample").config.document()
    engine.close("sample")
    send(engine, *minutes(40, 50))
    assert times(store) == [*range(9), *range(21, 49)]


def test_once_is_not_lost_in_a_crash_before_anything_was_saved(engine: Engine, store: Store) -> None:
    engine.create(job())
    after_gaps(engine, store, 0)
    engine.update("sample", JobUpdate.parse({"ignoreDowntime": "ONCE"}))
    send(engine, *minutes(20, 30))
    send(Engine(store), *minutes(20, 30))
    assert times(store) == [*range(9), *range(21, 29)]


def test_an_upload_may_say_so_itself_whether_or_not_the_job_runs(engine: Engine, store: Store) -> None:
    engine.create(job())
    send(engine, *minutes(0, 10))
    send(engine, *minutes(20, 30), ignore_downtime=True)
    send(engine, *minutes(40, 50))
    assert times(store) == [*range(9), *range(21, 49)]


# -- closing by itself -------------------------------------------------------------------------------------------------


def test_a_job_without_data_closes_itself_and_opens_again(engine: Engine, clock: Clock) -> None:
    engine.create(made(timeout=600))
    send(engine, *minutes(0, 10))
    clock.now += 599
    engine.flush("sample")  # is no data
    engine.close_idle()
    assert status(engine) == "RUNNING"
    clock.now += 1
    engine.close_idle()
    closed = engine.job("sample")
    assert (closed.status, closed.finished_time_ms) == ("CLOSED", int(clock.now * 1000))
    send(engine, *minutes(10, 20))
    assert (status(engine), engine.job("sample").counts.bucket_count) == ("RUNNING", 19)


def test_the_time_counts_from_the_end_of_an_upload(engine: Engine, clock: Clock) -> None:
    engine.create(made(timeout=10))
    upload = engine.upload("sample")
    clock.now += 100
    engine.close_idle()
    upload.feed(HEADER + b"".join(minutes(0, 3)))
    upload.finish()
    clock.now += 9
    engine.close_idle()
    assert status(engine) == "RUNNING"


@pytest.mark.parametrize("never", [{"timeout": 0}, {"timeout": 1, "schedulerConfig": {"filePath": "/data/a.csv"}}])
def test_some_jobs_never_close_themselves(engine: Engine, clock: Clock, never: dict[str, Any]) -> None:
    engine.create(Job.parse({**job().document(), **never}))
    send(engine, *minutes(0, 3))
    clock.now += 1e6
    engine.close_idle()
    assert status(engine) == "RUNNING"


def test_an_idle_job_that_cannot_be_closed_is_tried_again_later(
    engine: Engine, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise DataStoreError("no space left")

    engine.create(made(timeout=10))
    send(engine, *minutes(0, 3))
    clock.now += 10
    with monkeypatch.context() as broken:
        broken.setattr(store, "save_snapshot", refuse)
        engine.close_idle()
    assert status(engine) == "RUNNING"
    clock.now += 10
    engine.close_idle()
    assert status(engine) == "CLOSED"


def test_an_upload_waits_for_a_job_that_is_just_closing_itself(
    engine: Engine, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = store.save_snapshot
    engine.create(made(timeout=10))
    send(engine, *minutes(0, 3))
    clock.now += 10
    late = Thread(target=send, args=(engine, *minutes(3, 6)))

    def slow(*given: Any, **named: Any) -> None:
        late.start()
        late.join(0.05)
        assert late.is_alive()
        save(*given, **named)

    monkeypatch.setattr(store, "save_snapshot", slow)
    engine.close_idle()
    late.join(30)
    assert (status(engine), engine.job("sample").counts.processed_record_count) == ("RUNNING", 48)


# -- schedulers --------------------------------------------------------------------------------------------------------


def scheduled() -> Job:
    return Job.parse({**job().document(), "schedulerConfig": {"filePath": "/data/a.csv"}})


def test_a_scheduler_that_is_started_has_its_job_to_itself(engine: Engine) -> None:
    engine.create(scheduled())
    state = engine.start_scheduler("sample", start_ms=5, end_ms=None)
    assert (state.scheduler_status, state.scheduler_start_ms, state.scheduler_end_ms) == (STARTED, 5, None)
    upload = engine.upload("sample", scheduled=True)
    for feed in (lambda: engine.upload("sample"), lambda: engine.flush("sample"), lambda: engine.close("sample")):
        with pytest.raises(NotAllowedForScheduledJob):  # and not that an upload is under way
            feed()
    with pytest.raises(ConcurrentUse):
        engine.flush("sample", scheduled=True)
    upload.feed(HEADER + b"".join(minutes(0, 3)))
    upload.finish()
    engine.flush("sample", interim=True, scheduled=True)
    engine.close("sample", scheduled=True)
    engine.note_scheduler("sample", "STOPPED")
    assert send(engine, *minutes(3, 6)).processed_record_count == 24


def test_a_job_without_a_scheduler_is_not_left_to_one(engine: Engine) -> None:
    engine.create(job())
    with pytest.raises(NoSuchScheduledJob):
        engine.start_scheduler("sample")


def test_a_shutdown_closes_what_a_scheduler_feeds_and_leaves_it_started(engine: Engine, store: Store) -> None:
    engine.create(scheduled())
    engine.start_scheduler("sample")
    upload = engine.upload("sample", scheduled=True)
    upload.feed(HEADER + b"".join(minutes(0, 3)))
    upload.finish()
    engine.shutdown()
    state = Engine(store).job("sample")
    assert (state.status, state.scheduler_status, state.counts.processed_record_count) == ("CLOSED", STARTED, 24)


def test_rows_of_another_time_than_is_wanted_are_passed_over_and_not_counted(engine: Engine) -> None:
    engine.create(job())
    lines = minutes(0, 10)
    undated = b"soon,host0,s0,1.0\n"
    upload = engine.upload("sample", since_ms=1000 * (START + 120), until_ms=1000 * (START + 240))
    upload.feed(HEADER + b"".join([undated, *lines[:20], undated, *lines[20:]]))
    counts = upload.finish()
    assert (counts.processed_record_count, counts.out_of_order_time_stamp_count) == (16, 0)
    assert (counts.input_bytes, counts.invalid_date_count) == (sum(map(len, [undated, *lines[16:32]])), 1)


# -- buckets sent anew -------------------------------------------------------------------------------------------------


def test_buckets_in_the_latency_can_be_sent_anew(engine: Engine, store: Store) -> None:
    engine.create(job(latency=300))
    wrong = [line.replace(b",1", b",9") for line in minutes(8, 10)]
    send(engine, *minutes(0, 8), *wrong)
    bounds = (1000 * (START + 8 * 60), 1000 * (START + 9 * 60 + 59))
    assert send(engine, *minutes(8, 10), reset_ms=bounds).processed_record_count == 16
    engine.flush("sample", advance_ms=1000 * (START + 600))
    assert [bucket.event_count for bucket in store.buckets("sample")[1]] == [8] * 10


def test_buckets_that_cannot_be_emptied_are_told(engine: Engine) -> None:
    engine.create(job(latency=60))
    send(engine, *minutes(0, 10))
    with pytest.raises(InvalidResetRange):
        engine.upload("sample", reset_ms=(1000 * START, 1000 * START))
    engine.create(job(latency=60, overlappingBuckets=True), overwrite=True)
    with pytest.raises(ResetNotSupported, match="overlapping"):
        engine.upload("sample", reset_ms=(0, 0))
    engine.create(job(), overwrite=True)
    with pytest.raises(ResetNotSupported, match="latency"):
        engine.upload("sample", reset_ms=(0, 0))
