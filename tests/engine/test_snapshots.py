"""Snapshots through the engine, over a real store: made, damaged, gone back to, and left behind by time."""

import logging
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tailmass.engine import Engine
from tailmass.engine.snapshots import DAY, HOUR, persist_interval
from tailmass.errors import (
    AnalysisError,
    AnalysisStartError,
    ConcurrentUse,
    DataStoreError,
    InvalidRevertParams,
    JobNotClosed,
    MissingJob,
    NoSuchModelSnapshot,
)
from tailmass.jobs import Job, JobUpdate
from tailmass.results import Snapshot
from tailmass.store import Store, blobs
from tests.engine.sample import HEADER, job, rows

BEGIN = 1_700_000_040
"""When the first bucket of the rows starts."""
NOW = 1_800_000_000.0


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = NOW

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


def send(engine: Engine, lines: list[bytes], *, job_id: str = "sample", close: bool = True) -> None:
    upload = engine.upload(job_id)
    for begin in range(0, len(lines), 64):
        upload.feed((HEADER if begin == 0 else b"") + b"".join(lines[begin : begin + 64]))
    upload.finish()
    if close:
        engine.close(job_id)


def sent_in_days(engine: Engine, clock: Clock, lines: list[bytes], parts: int) -> list[str]:
    """Send the lines in parts, close after each of them and let a day pass; the ids of the snapshots."""
    size = len(lines) // parts
    for part in range(parts):
        send(engine, lines[part * size : (part + 1) * size])
        clock.now += DAY
    return [each.snapshot_id for each in snapshots(engine, sort="timestamp", desc=False)]


def snapshots(engine: Engine, **asked: Any) -> list[Snapshot]:
    return engine._store.snapshots("sample", take=100, **asked)[1]


def results(store: Store, job_id: str = "sample") -> tuple[Any, Any]:
    """All buckets and records."""
    return store.buckets(job_id, take=10_000), store.records(job_id, take=10_000, sort="timestamp", desc=False)


def undisturbed(engine: Engine, store: Store, lines: list[bytes], **analysis: Any) -> tuple[Any, Any]:
    """The results of a job that sees the lines in one go."""
    engine.create(job(**analysis).model_copy(update={"id": "undisturbed"}), overwrite=True)
    send(engine, lines, job_id="undisturbed")
    return results(store, "undisturbed")


def files(home: Path) -> list[Path]:
    """The files of all snapshots, the oldest first."""
    return sorted((home / "snapshots").rglob("*.snapshot"))


def test_every_close_that_had_new_data_is_listed(engine: Engine, clock: Clock) -> None:
    engine.create(job())
    send(engine, rows(10))
    engine.close("sample")
    send(engine, [])
    clock.now += 60
    send(engine, [f"{BEGIN + 600},host9,s0,1\n".encode()])
    newest, oldest = snapshots(engine)
    assert (oldest.snapshot_id, oldest.restore_priority) == (str(int(NOW)), int(NOW))
    assert (oldest.time_ms, oldest.description) == (
        int(NOW) * 1000,
        "State persisted due to job close at 2027-01-15T08:00:00.000+0000",
    )
    assert (oldest.latest_record_time_ms, oldest.latest_result_time) == (
        (BEGIN + 9 * 60 + 35) * 1000,
        BEGIN + 8 * 60,
    )
    assert newest.model_size.total_by_field_count == oldest.model_size.total_by_field_count + 1
    assert newest.model_size == engine.job("sample").model_size


def test_what_a_flush_saves_is_not_listed_until_the_job_is_closed(engine: Engine, tmp_path: Path) -> None:
    engine.create(job())
    for part in range(4):
        send(engine, rows(12)[24 * part : 24 * part + 24], close=False)
        engine.flush("sample")
    assert (snapshots(engine), len(files(tmp_path))) == ([], 2)
    engine.close("sample")
    assert len(snapshots(engine)) == 1


def test_the_last_final_bucket_is_told_where_buckets_overlap(engine: Engine, store: Store) -> None:
    engine.create(job(overlappingBuckets=True))
    send(engine, rows(30))
    assert snapshots(engine)[0].latest_result_time == store.buckets("sample", take=100)[1][-1].timestamp


# -- reverting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "analysis", [{}, {"latency": 120}, {"overlappingBuckets": True}, {"influencers": ["host"]}], ids=str
)
def test_a_job_goes_on_from_a_snapshot_as_if_nothing_had_come_after_it(
    engine: Engine, store: Store, clock: Clock, analysis: dict[str, Any]
) -> None:
    lines = rows(90, spike=80)
    engine.create(job(**analysis))
    ids = sent_in_days(engine, clock, lines, 3)
    before = results(store)
    for snapshot_id in ids:
        reverted = engine.revert("sample", snapshot_id=snapshot_id, delete_results=True)
        state = engine.job("sample")
        assert (reverted.snapshot_id, state.counts.latest_record_time_ms) == (
            snapshot_id,
            reverted.latest_record_time_ms,
        )
        last = store.buckets("sample", take=1000, include_interim=True)[1][-1].timestamp
        assert last == reverted.latest_result_time
        send(engine, [line for line in lines if int(line[:10]) * 1000 > (reverted.latest_record_time_ms or 0)])
        assert results(store) == before
    assert before == undisturbed(engine, store, lines, **analysis)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_wherever_the_snapshot_is_the_results_are_those_of_an_undisturbed_run(
    store: Store, clock: Clock, data: st.DataObject
) -> None:
    lines = rows(60, spike=50)
    place, end = sorted(data.draw(st.tuples(*[st.integers(1, len(lines))] * 2)))
    engine = Engine(store, clock=clock)
    engine.create(job(), overwrite=True)
    send(engine, lines[:place])
    kept = snapshots(engine)[0].snapshot_id
    clock.now += 60
    send(engine, [*lines[place:end], f"{BEGIN + 60 * 200},odd,s9,1e6\n".encode()])
    engine.revert("sample", snapshot_id=kept, delete_results=True)
    send(engine, lines[place:])
    assert results(store) == undisturbed(engine, store, lines)


def test_results_and_rows_before_the_newest_row_stay_out_unless_results_are_deleted(
    engine: Engine, store: Store, clock: Clock
) -> None:
    lines = rows(90, spike=40)
    engine.create(job())
    first, *_ = sent_in_days(engine, clock, lines, 3)
    before, counts = results(store), engine.job("sample").counts
    engine.revert("sample", snapshot_id=first)
    assert (results(store), engine.job("sample").counts) == (before, counts)
    upload = engine.upload("sample")
    late, new = [f"{BEGIN + 60 * minute + 35},host0,s0,100\n".encode() for minute in (88, 90)]
    upload.feed(HEADER + late + new * 9)
    sent = upload.finish()
    engine.close("sample")
    assert (sent.processed_record_count, sent.out_of_order_time_stamp_count) == (9, 1)
    assert store.records("sample", take=1000, sort="timestamp", desc=False) == before[1]
    assert [each.timestamp for each in store.buckets("sample", take=1000)[1]] == [BEGIN + 60 * n for n in range(90)]
    assert store.buckets("sample", take=89)[1] == before[0][1]


def test_a_revert_is_undone_by_another_one(engine: Engine, store: Store, clock: Clock) -> None:
    lines = rows(60)
    engine.create(job())
    first, second = sent_in_days(engine, clock, lines[:320], 2)
    engine.revert("sample", snapshot_id=first, delete_results=True)
    engine.revert("sample", snapshot_id=second)
    assert engine.job("sample").counts.latest_record_time_ms == (BEGIN + 60 * 39 + 35) * 1000
    send(engine, lines[320:])
    there = [each.timestamp for each in store.buckets("sample", take=100)[1]]
    assert there == [BEGIN + 60 * n for n in [*range(19), *range(39, 59)]]


def test_a_snapshot_is_named_by_time_id_and_description_and_all_that_are_given_are_true_of_it(
    engine: Engine, store: Store, clock: Clock
) -> None:
    engine.create(job())
    first, second, third = sent_in_days(engine, clock, rows(30), 3)
    store.describe_snapshot("sample", first, "good")
    times = [int(1000 * (NOW + day * DAY)) for day in range(3)]
    for asked, found in (
        ({"until_ms": times[1]}, second),
        ({"until_ms": times[2] - 1}, second),
        ({"until_ms": times[2]}, third),
        ({"snapshot_id": first}, first),
        ({"description": "good"}, first),
        ({"description": "good", "until_ms": times[2], "snapshot_id": first}, first),
    ):
        assert engine.revert("sample", **asked).snapshot_id == found, asked
        assert snapshots(engine)[0].snapshot_id == found
    for asked in (
        {"until_ms": times[0] - 1},
        {"snapshot_id": "17"},
        {"description": "goo"},
        {"description": "good", "snapshot_id": second},
        {"until_ms": times[0], "snapshot_id": second},
    ):
        with pytest.raises(NoSuchModelSnapshot, match="'sample'"):
            engine.revert("sample", **asked)
    assert snapshots(engine)[0].snapshot_id == first


@settings(max_examples=12, deadline=None)
@given(
    way=st.sampled_from([{}, {"latency": 120}, {"overlappingBuckets": True}]),
    pause=st.booleans(),
    first=st.integers(0, 6),
    second=st.integers(1, 500),
    break_=st.integers(0, 400),
)
@example(way={}, pause=True, first=1, second=30, break_=5)
def test_a_break_is_one_after_a_revert_too(
    way: dict[str, Any], pause: bool, first: int, second: int, break_: int
) -> None:
    """The same buckets have results as without the revert: none of those that the break has cut."""

    def told(reverted: bool) -> list[int]:
        with TemporaryDirectory() as home, closing(Store.open(None, Path(home))) as store:
            engine = Engine(store, clock=Clock())
            engine.create(job(**way))
            parts = [(0, 60 * first + 1), (60 * first + 1, 60 * first + second + 1)]
            for begin, end in parts:
                send(engine, at(range(begin, end, 5) or [begin]))
            if pause:
                engine.pause("sample")
                engine.resume("sample")
            else:
                engine.update("sample", JobUpdate.parse('{"ignoreDowntime": "ONCE"}'))
                engine.upload("sample").finish()
                engine.close("sample")
            if reverted:
                engine.revert("sample", snapshot_id=snapshots(engine, desc=False)[0].snapshot_id)
            begin = 60 * first + second + 1 + break_
            send(engine, at(range(begin, begin + 400, 5)))
            assert engine.job("sample").counts.out_of_order_time_stamp_count == 0
            return [each.timestamp - 1_700_000_040 for each in store.buckets("sample", take=1_000)[1]]

    assert told(True) == told(False)


def at(seconds: Iterable[int]) -> list[bytes]:
    return [f"{1_700_000_040 + second},host0,s0,{second % 7}\n".encode() for second in seconds]


def test_a_job_has_to_be_closed_to_be_reverted(engine: Engine) -> None:
    with pytest.raises(MissingJob):
        engine.revert("sample", snapshot_id="1")
    engine.create(job())
    send(engine, rows(5))
    kept = snapshots(engine)[0].snapshot_id
    with pytest.raises(InvalidRevertParams, match="snapshotId"):
        engine.revert("sample", delete_results=True)
    upload = engine.upload("sample")
    with pytest.raises(JobNotClosed, match="RUNNING"):
        engine.revert("sample", snapshot_id=kept)
    upload.abort()
    with pytest.raises(JobNotClosed, match="RUNNING"):
        engine.revert("sample", snapshot_id=kept)


def test_a_revert_clears_a_failure(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.create(job())
    send(engine, rows(5))
    with monkeypatch.context() as broken:
        broken.setattr("tailmass.analysis.gathering.accumulate", None)
        with pytest.raises(AnalysisError):
            send(engine, [b"1700001000,host0,s0,1\n"])
    assert engine.job("sample").status == "FAILED"
    engine.revert("sample", until_ms=int(NOW * 1000), delete_results=True)
    assert engine.job("sample").status == "CLOSED"
    send(engine, [b"1700001000,host0,s0,1\n"])


def test_a_revert_to_a_damaged_snapshot_is_refused_and_changes_nothing(
    engine: Engine, clock: Clock, tmp_path: Path
) -> None:
    engine.create(job())
    first, second = sent_in_days(engine, clock, rows(30), 2)
    files(tmp_path)[0].write_bytes(b"")
    with pytest.raises(DataStoreError, match="cannot be read"):
        engine.revert("sample", snapshot_id=first)
    assert snapshots(engine)[0].snapshot_id == second


def test_a_revert_outlives_a_crash(engine: Engine, store: Store, clock: Clock) -> None:
    lines = rows(60)
    engine.create(job())
    first, _ = sent_in_days(engine, clock, lines, 2)
    engine.revert("sample", snapshot_id=first, delete_results=True)
    send(engine, lines[240:300], close=False)  # and a crash: a new engine over the same store
    revived = Engine(store, clock=clock)
    send(revived, lines[240:])
    assert results(store) == undisturbed(revived, store, lines)


def test_categories_are_those_of_the_snapshot_if_results_are_deleted(engine: Engine, store: Store) -> None:
    engine.create(job({"function": "count", "byFieldName": "prelertcategory"}, categorizationFieldName="host"))
    send(engine, [f"{BEGIN},,s,1\n".encode()])
    empty = snapshots(engine)[0].snapshot_id
    send(engine, [f"{BEGIN},user {n} logged in,s,1\n".encode() for n in range(9)])
    first = store.categories("sample")
    assert first[0] == 1
    kept = snapshots(engine)[0].snapshot_id
    more = [f"{BEGIN + 60},{text},s,1\n".encode() for text in ("user bo logged in somewhere", "disk is full")]
    send(engine, more)
    later = store.categories("sample")
    assert later[0] > 1
    engine.revert("sample", snapshot_id=kept)
    assert store.categories("sample") == later
    engine.revert("sample", snapshot_id=kept, delete_results=True)
    assert store.categories("sample") == first
    send(engine, more)
    assert store.categories("sample") == later
    engine.revert("sample", snapshot_id=empty, delete_results=True)
    assert store.categories("sample") == (0, [])


# -- while it runs -----------------------------------------------------------------------------------------------------


def test_a_running_job_is_saved_when_its_interval_is_over_and_the_results_are_the_same(
    engine: Engine, store: Store, clock: Clock
) -> None:
    lines = rows(80, spike=70)
    engine.create(job().model_copy(update={"background_persist_interval": 3600}))
    upload = engine.upload("sample")
    upload.feed(HEADER)
    for begin in range(0, 600, 40):
        upload.feed(b"".join(lines[begin : begin + 40]))
        clock.now += 1000
    made = snapshots(engine)
    assert [int(each.snapshot_id) - int(NOW) for each in made] == [12_000, 8_000, 4_000]
    assert made[0].description == "Periodic background persist at 2027-01-15T11:20:00.000+0000"
    upload.feed(b"".join(lines[600:]))
    upload.finish()
    engine.close("sample")
    assert len(snapshots(engine)) == 4
    assert results(store) == undisturbed(engine, store, lines)


def test_a_crash_goes_back_to_what_was_saved_between(engine: Engine, store: Store, clock: Clock) -> None:
    lines = rows(60)
    engine.create(job())
    send(engine, lines[:160], close=False)
    clock.now += 4 * HOUR
    send(engine, lines[160:240], close=False)
    clock.now += 60
    send(engine, lines[240:300], close=False)
    revived = Engine(store, clock=clock)
    kept = revived.job("sample").counts.processed_record_count
    assert kept == 224  # the first batch after the interval
    send(revived, lines[kept:])
    assert results(store) == undisturbed(revived, store, lines)


def test_a_snapshot_that_cannot_be_written_does_not_end_the_upload(
    engine: Engine, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine.create(job())
    upload = engine.upload("sample")
    (tmp_path / "snapshots").write_text("in the way")
    clock.now += 4 * HOUR
    upload.feed(HEADER + b"".join(rows(5)))
    assert "snapshot not written: " in caplog.text
    (tmp_path / "snapshots").unlink()
    assert upload.finish().processed_record_count == 40
    engine.close("sample")
    assert len(snapshots(engine)) == 1


def test_jobs_are_saved_every_three_to_four_hours_and_not_all_at_once() -> None:
    intervals = {persist_interval(job().model_copy(update={"id": f"job-{n}"})) for n in range(50)}
    assert 3 * HOUR <= min(intervals) < max(intervals) < 4 * HOUR
    assert len(intervals) > 40


# -- damage ------------------------------------------------------------------------------------------------------------


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def version(file: Path) -> None:
    """A file of a later version, whole and with a checksum that is right."""
    data = file.read_bytes()[:-32]
    data = data[:8] + struct.pack("<I", blobs.VERSION + 1) + data[12:]
    file.write_bytes(data + blake2b(data, digest_size=32).digest())


def stranger(file: Path) -> None:
    """A file of something else, with a checksum that is right."""
    data = b"GIF89a" + bytes(100)
    file.write_bytes(data + blake2b(data, digest_size=32).digest())


@pytest.mark.parametrize("harm", [cut, flip, version, stranger, Path.unlink])
def test_a_job_goes_on_from_the_snapshot_before_one_that_is_damaged(
    engine: Engine,
    store: Store,
    clock: Clock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    harm: Callable[[Path], None],
) -> None:
    lines = rows(60, spike=50)
    engine.create(job())
    sent_in_days(engine, clock, lines, 3)
    before, newest = results(store), files(tmp_path)[-1]
    harm(newest)
    upload = engine.upload("sample")
    assert str(newest) in caplog.text
    state = engine.job("sample")
    assert (state.counts.processed_record_count, state.counts.bucket_count) == (320, 39)
    upload.feed(HEADER + b"".join(lines[320:]))
    assert upload.finish().out_of_order_time_stamp_count == 0
    engine.close("sample")
    assert results(store) == before
    assert engine.job("sample").counts.processed_record_count == 480


def test_after_a_crash_counts_go_back_past_a_damaged_snapshot(
    engine: Engine, store: Store, clock: Clock, tmp_path: Path
) -> None:
    lines = rows(60)
    engine.create(job())
    sent_in_days(engine, clock, lines[:320], 2)
    send(engine, lines[320:], close=False)
    cut(files(tmp_path)[-1])
    revived = Engine(store, clock=clock)
    assert revived.job("sample").counts.processed_record_count == 160


def test_a_state_of_another_version_is_refused_with_its_number(engine: Engine, store: Store) -> None:
    engine.create(job())
    send(engine, rows(5))
    header, arrays = store.snapshot("sample") or ({}, {})
    store.save_snapshot("sample", header | {"state_version": 99}, arrays, time_ms=0)
    with pytest.raises(AnalysisStartError, match="version 99"):
        engine.upload("sample")
    assert engine.job("sample").status == "CLOSED"


# -- age ---------------------------------------------------------------------------------------------------------------


def kept_for(**days: int) -> Job:
    return job(span=3600).model_copy(update=days)


def hourly(days: int) -> list[bytes]:
    return [f"{BEGIN + HOUR * hour},host{hour % 2},s0,{hour % 5}\n".encode() for hour in range(24 * days)]


@pytest.mark.parametrize(
    ("days", "left"),
    [({}, 3), ({"model_snapshot_retention_days": 4}, 9), ({"model_snapshot_retention_days": 0}, 2)],
    ids=str,
)
def test_snapshots_get_as_old_as_the_job_wants(engine: Engine, clock: Clock, days: dict[str, int], left: int) -> None:
    engine.create(kept_for(**days))
    ids = []
    for hour in range(12):  # two a day
        send(engine, rows(12)[8 * hour : 8 * hour + 8])
        ids.append(str(int(clock.now)))
        clock.now += 12 * HOUR
    clock.now -= 12 * HOUR
    list(engine.sweep())
    assert [each.snapshot_id for each in snapshots(engine)] == ids[::-1][:left]


def test_the_active_snapshot_stays_however_old(engine: Engine, clock: Clock) -> None:
    engine.create(kept_for())
    first, *_ = sent_in_days(engine, clock, rows(30), 5)
    engine.revert("sample", snapshot_id=first, delete_results=True)
    clock.now += 100 * DAY
    list(engine.sweep())
    kept = [each.snapshot_id for each in snapshots(engine)]
    assert (kept[0], len(kept)) == (first, 2)


def test_results_are_kept_for_ever_or_for_days_before_the_newest_row(
    engine: Engine, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    engine.create(kept_for())
    send(engine, hourly(10))
    list(engine.sweep())
    assert store.buckets("sample")[0] == 24 * 10 - 1
    assert "Results before" not in caplog.text
    engine.create(kept_for(results_retention_days=3), overwrite=True)
    send(engine, hourly(10))
    for _ in range(2):
        list(engine.sweep())
        assert store.buckets("sample")[0] == 24 * 3 - 1
    assert caplog.text.count("Results before ") == 1
    assert store.buckets("sample")[1][0].timestamp >= BEGIN + HOUR * (24 * 10 - 1) - 3 * DAY


def test_kept_rows_go_with_the_results_and_bounds_after_a_year(engine: Engine, store: Store) -> None:
    days = pl.DataFrame({"timestamp": [1000 * BEGIN + 1000 * DAY * day for day in range(9)]})
    for name, retention in (("one", {}), ("two", {"results_retention_days": 3})):
        engine.create(kept_for(**retention).model_copy(update={"id": name}))
        send(engine, hourly(9), job_id=name)
        for day in range(9):
            store.keep_input(name, days[day : day + 1], last_row=1)
            store.keep_bounds(
                name, days[day : day + 1].with_columns(pl.col("timestamp") - 1000 * DAY * 361), last_row=1
            )
    list(engine.sweep())
    assert (store.input("one")[0], store.input("two")[0]) == (9, 3)
    assert (store.bounds("one")[0], store.bounds("two")[0]) == (5, 5)


def test_a_sweep_goes_on_while_a_job_is_in_use_and_passes_over_what_fails(
    engine: Engine, store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        engine.create(kept_for(results_retention_days=1).model_copy(update={"id": name}))
        send(engine, hourly(4), job_id=name)
    upload = engine.upload("two")
    with pytest.raises(ConcurrentUse):
        engine.flush("two")
    prune = store.prune_snapshots
    monkeypatch.setattr(
        store, "prune_snapshots", lambda job_id, before: _fail() if job_id == "one" else prune(job_id, before)
    )
    list(engine.sweep())
    upload.finish()
    assert [each.__dict__["job"] for each in caplog.records if "could not be deleted" in each.message] == ["one"]
    assert (store.buckets("one")[0], store.buckets("two")[0]) == (95, 23)


def _fail() -> int:
    raise DataStoreError("no space left")
