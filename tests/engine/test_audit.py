from collections.abc import Iterator
from pathlib import Path

import pytest

from tailmass.engine import Engine
from tailmass.errors import AnalysisError, DataStoreError
from tailmass.jobs import JobUpdate
from tailmass.jobs.limits import AnalysisLimits
from tailmass.results import Activity, AuditMessage, Usage
from tailmass.store import Store
from tests.engine.sample import HEADER, job, rows

HOUR = 3600


class Clock:
    """A clock that is set by hand."""

    now = 1_400_000_400.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(None, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(store: Store, clock: Clock) -> Engine:
    return Engine(store, clock=clock, audit=store)


def told(store: Store) -> list[str]:
    """What was told of the job, in the order it happened."""
    return [f"{each.level} {each.message}" for each in reversed(store.audit("sample")[1])]


def test_a_failure_is_told_and_that_it_was_cleared(
    engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.create(job())
    upload = engine.upload("sample")
    with monkeypatch.context() as broken:
        broken.setattr("tailmass.analysis.gathering.accumulate", None)
        with pytest.raises(AnalysisError):
            upload.feed(HEADER + b"".join(rows(3)))
    engine.close("sample")
    assert told(store)[1:] == [
        "ACTIVITY Job opened",
        """ERROR Job failed: TypeError("'NoneType' object is not callable")""",
        "ACTIVITY Job closed",
    ]


def test_a_job_that_runs_out_of_memory_is_told(engine: Engine, store: Store) -> None:
    engine.create(job().model_copy(update={"analysis_limits": AnalysisLimits(model_memory_limit=1)}))
    upload = engine.upload("sample")
    upload.feed(HEADER + b"".join(f"{1_700_000_040 + 60 * (n // 1000)},c{n},s0,1\n".encode() for n in range(8_000)))
    upload.finish()
    assert told(store)[-1].startswith("WARNING Memory status changed from ")
    assert told(store)[-1].endswith(" to HARD_LIMIT")


def test_start_and_end_and_what_a_crash_left_are_told(engine: Engine, store: Store, clock: Clock) -> None:
    engine.create(job())
    engine.upload("sample").finish()
    Engine(store, clock=clock, audit=store).shutdown()
    said = [(each.job_id, each.message.partition(":")[0]) for each in reversed(store.audit()[1])]
    assert said == [
        (None, "System started"),
        ("sample", "Job created"),
        ("sample", "Job opened"),
        ("sample", "Job was running when the system stopped"),
        (None, "System started"),
        (None, "System shut down"),
    ]


def test_changes_and_breaks_are_told(engine: Engine, store: Store) -> None:
    engine.create(job())
    engine.update("sample", JobUpdate.parse('{"resultsRetentionDays": 3, "description": "a"}'))
    engine.pause("sample")
    engine.resume("sample")
    assert told(store)[1:] == [
        "INFO Job updated: description, resultsRetentionDays",
        "INFO Job paused",
        "INFO Job resumed",
    ]


def test_reverts_and_what_goes_with_them_are_told(engine: Engine, store: Store, clock: Clock) -> None:
    engine.create(job().model_copy(update={"results_retention_days": 1}))
    lines = rows(60)
    for part in (lines[:160], lines[160:320], lines[320:]):
        clock.now += 2 * 24 * HOUR
        upload = engine.upload("sample")
        upload.feed(HEADER + b"".join(part))
        upload.finish()
        engine.close("sample")
    newest, middle, oldest = (each.snapshot_id for each in store.snapshots("sample")[1])
    assert None not in (newest, middle, oldest)
    engine.revert("sample", snapshot_id=middle, delete_results=True)
    engine.delete_snapshot("sample", str(newest))
    assert told(store)[-3:] == [
        f"INFO Job reverted to snapshot {middle}",
        f"INFO Results newer than snapshot {middle} deleted: 20 buckets",
        f"INFO Snapshot {newest} deleted",
    ]


def test_what_was_swept_away_is_told(engine: Engine, store: Store, clock: Clock) -> None:
    engine.create(job(span=3600).model_copy(update={"results_retention_days": 1}))
    for day in range(4):
        upload = engine.upload("sample")
        upload.feed(HEADER + b"".join(f"{1_700_002_800 + HOUR * (24 * day + n)},a,s0,1\n".encode() for n in range(24)))
        upload.finish()
        engine.close("sample")
    clock.now += 2 * 24 * HOUR
    list(engine.sweep())
    assert told(store)[-2:] == [
        "INFO Old snapshots deleted: 2",
        "INFO Results before 2023-11-17T22:00:00.000+0000 deleted: 71 buckets",
    ]
    list(engine.sweep())
    assert told(store)[-1].startswith("INFO Results before")


def test_activity_is_how_many_jobs_there_are_and_run(engine: Engine, clock: Clock) -> None:
    for name in ("one", "two", "three"):
        engine.create(job().model_copy(update={"id": name}))
    assert engine.activity() == Activity(int(1000 * clock.now), 3, 3, 0, 0)
    engine.upload("two").finish()
    assert engine.activity() == Activity(int(1000 * clock.now), 3, 3, 1, 1)
    engine.delete("two")
    assert engine.activity() == Activity(int(1000 * clock.now), 2, 2, 0, 0)


def test_an_audit_that_fails_does_not_fail_the_job(
    engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(message: AuditMessage) -> None:
        raise DataStoreError("no space left")

    monkeypatch.setattr(store, "note", refuse)
    engine.create(job())
    engine.upload("sample").finish()
    assert "'Job opened' could not be audited: no space left" in caplog.text


def test_usage_belongs_to_the_hour_in_which_the_rows_came(engine: Engine, store: Store, clock: Clock) -> None:
    engine.create(job())
    upload = engine.upload("sample")
    lines = rows(6)
    upload.feed(HEADER + b"".join(lines[:16]))
    clock.now += HOUR
    upload.feed(b"".join(lines[16:32]))
    upload.feed(b"".join(lines[32:]))
    upload.finish()
    engine.close("sample")
    hours = store.usage("sample")[1]
    assert [each.input_record_count for each in hours] == [16, 32]  # the first rows of an hour end the one before
    start = int(clock.now - HOUR) * 1000
    assert hours[1].hour_ms == Usage(start).hour_ms
    assert sum(each.input_bytes for each in hours) == len(HEADER + b"".join(lines))
