import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailmass.engine import Engine
from tailmass.errors import (
    AnalysisError,
    AnalysisStartError,
    ConcurrentUse,
    DataStoreError,
    EndBeforeStart,
    InvalidFlushParams,
    JobIdTaken,
    MissingField,
    MissingJob,
    TooManyJobsRunning,
    TooManyOutOfOrder,
)
from tailmass.jobs.limits import AnalysisLimits
from tailmass.results import Batch, Counts, ModelSize
from tailmass.store import Store
from tests.engine.sample import HEADER, Run, job, rows

NOW = 1_400_166_459.0  # 2014-05-15 15:07:39 UTC


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(None, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def engine(store: Store) -> Engine:
    return Engine(store, clock=lambda: NOW)


def _send(engine: Engine, *lines: bytes, job_id: str = "sample") -> Counts:
    upload = engine.upload(job_id)
    upload.feed(b"".join(lines))
    return upload.finish()


def _times(store: Store) -> list[int]:
    return [bucket.timestamp for bucket in store.buckets("sample", take=1000)[1]]


def test_a_job_without_an_id_gets_one_from_the_time_and_a_sequence(engine: Engine) -> None:
    anonymous = job().model_copy(update={"id": None})
    ids = [engine.create(anonymous), engine.create(anonymous)]
    assert ids == ["20140515150739-00001", "20140515150739-00002"]


def test_a_generated_id_that_is_taken_is_passed_over(engine: Engine, store: Store) -> None:
    anonymous = job().model_copy(update={"id": None})
    engine.create(anonymous)
    assert re.fullmatch(r"20140515150739-00002", Engine(store, clock=lambda: NOW).create(anonymous))


def test_an_id_is_taken_until_the_job_is_overwritten(engine: Engine, store: Store) -> None:
    engine.create(job())
    _send(engine, HEADER, *rows(5))
    with pytest.raises(JobIdTaken):
        engine.create(job())
    engine.create(job(span=120), overwrite=True)
    assert engine.job("sample").config.analysis_config.bucket_span == 120
    assert _times(store) == []


def test_upload_runs_a_job_and_close_lets_it_rest(engine: Engine) -> None:
    engine.create(job())
    assert engine.job("sample").status == "CLOSED"
    _send(engine, HEADER, *rows(5))
    running = engine.job("sample")
    assert (running.status, running.last_data_time_ms) == ("RUNNING", int(NOW * 1000))
    engine.close("sample")
    closed = engine.job("sample")
    assert (closed.status, closed.finished_time_ms, closed.counts.bucket_count) == ("CLOSED", int(NOW * 1000), 4)


def test_a_job_goes_on_after_a_close_and_a_new_engine_as_if_nothing_had_been(engine: Engine, store: Store) -> None:
    lines = rows(100, spike=90)
    engine.create(job())
    _send(engine, HEADER, *lines[:400])
    engine.close("sample")
    _send(Engine(store), HEADER, *lines[400:])
    undisturbed = Run(job())
    undisturbed.upload([HEADER, *lines])
    kept = store.records("sample", take=1000, sort="timestamp", desc=False)[1]
    found = undisturbed.results.records
    assert [record.probability for record in kept] == found["probability"].to_list()
    assert [record.normalized_probability for record in kept] == found["normalized_probability"].to_list()
    assert store.buckets("sample", take=1000)[0] == 99


def test_the_job_belongs_to_one_caller_at_a_time(engine: Engine) -> None:
    engine.create(job())
    upload = engine.upload("sample")
    for use in (engine.upload, engine.flush, engine.close, engine.delete):
        with pytest.raises(ConcurrentUse, match="sample"):
            use("sample")
    upload.abort()
    upload.abort()
    engine.close("sample")


def test_an_aborted_upload_leaves_what_was_taken_in(engine: Engine) -> None:
    engine.create(job())
    upload = engine.upload("sample")
    upload.feed(HEADER + b"".join(rows(3)))
    upload.abort()
    with pytest.raises(ValueError, match="ended"):
        upload.feed(b"more")
    assert engine.job("sample").counts.processed_record_count == 24


def test_an_error_in_an_upload_ends_it_and_the_job_can_be_used(engine: Engine) -> None:
    engine.create(job())
    with pytest.raises(MissingField, match="host"):
        _send(engine, b"time,value\n1,2\n")
    _send(engine, HEADER, *rows(3))
    with pytest.raises(TooManyOutOfOrder):
        _send(engine, HEADER, *rows(2)[:8])
    assert engine.job("sample").counts.out_of_order_time_stamp_count == 8
    assert _send(engine, HEADER).processed_record_count == 0


def test_delete_removes_a_running_job_with_its_results(engine: Engine) -> None:
    engine.create(job())
    _send(engine, HEADER, *rows(5))
    engine.delete("sample")
    with pytest.raises(MissingJob, match="No known job with id 'sample'"):
        engine.job("sample")
    engine.create(job())
    assert engine.job("sample").counts == Counts()


@pytest.mark.parametrize("use", ["upload", "flush", "close", "delete"])
def test_a_job_that_is_not_there_is_missing_everywhere(engine: Engine, use: str) -> None:
    with pytest.raises(MissingJob, match="No known job with id 'sample'"):
        getattr(engine, use)("sample")


def test_a_flush_and_a_close_of_a_closed_job_do_nothing(engine: Engine) -> None:
    engine.create(job())
    engine.flush("sample", interim=True)
    assert engine.job("sample").finished_time_ms is None
    engine.close("sample")  # the first one ends its wait for data, of which clients of version 0.3 are told
    closed = engine.job("sample")
    assert (closed.status, closed.finished_time_ms) == ("CLOSED", int(NOW * 1000))
    engine.flush("sample", interim=True)
    engine.close("sample")
    assert engine.job("sample") == closed


def test_interim_results_are_kept_apart_until_the_bucket_is_over(engine: Engine, store: Store) -> None:
    engine.create(job())
    _send(engine, HEADER, *rows(30))
    engine.flush("sample", interim=True)
    assert store.buckets("sample", include_interim=True)[0] == 30
    assert store.buckets("sample")[0] == 29
    engine.flush("sample", advance_ms=1_700_001_840_000)
    assert [bucket.is_interim for bucket in store.buckets("sample", include_interim=True)[1]] == [False] * 30


def test_where_buckets_overlap_results_are_interim_until_the_window_is_over(engine: Engine, store: Store) -> None:
    engine.create(job(overlappingBuckets=True))
    _send(engine, HEADER, *rows(30, spike=29))
    assert _times(store) == [1_700_000_040 + 60 * minute for minute in range(27)]
    engine.flush("sample", interim=True)
    interim = [bucket.is_interim for bucket in store.buckets("sample", include_interim=True)[1]]
    assert interim == [False] * 27 + [True] * 3
    engine.close("sample")
    engine.flush("sample")
    _send(engine, HEADER, b"1700002020,host0,s0,100\n")
    assert [bucket.is_interim for bucket in store.buckets("sample", include_interim=True)[1]] == [False] * 31


def test_a_range_of_interim_results_covers_open_buckets_only(engine: Engine, store: Store) -> None:
    engine.create(job(latency=300))
    _send(engine, HEADER, *rows(30))
    engine.flush("sample", interim=True, start_ms=1_700_001_600_000, end_ms=1_700_001_720_000)
    interim = [each.timestamp for each in store.buckets("sample", include_interim=True)[1] if each.is_interim]
    assert interim == [1_700_001_600, 1_700_001_660]
    engine.flush("sample", interim=True)
    interim = [each.timestamp for each in store.buckets("sample", include_interim=True)[1] if each.is_interim]
    assert interim == [1_700_001_480 + 60 * n for n in range(6)]


def test_flush_parameters_that_make_no_sense_are_refused(engine: Engine) -> None:
    engine.create(job())
    with pytest.raises(InvalidFlushParams):
        engine.flush("sample", start_ms=0)
    with pytest.raises(InvalidFlushParams):
        engine.flush("sample", interim=True, end_ms=0)
    with pytest.raises(EndBeforeStart):
        engine.flush("sample", interim=True, start_ms=1000, end_ms=0)


def test_what_a_flush_acknowledged_a_crash_does_not_undo(engine: Engine, store: Store) -> None:
    lines = rows(40)
    engine.create(job())
    _send(engine, HEADER, *lines[:160])
    engine.flush("sample")
    _send(engine, HEADER, *lines[160:240])  # the crash: a new engine over the same store, nothing was closed
    revived = Engine(store)
    state = revived.job("sample")
    assert (state.status, state.counts.processed_record_count) == ("CLOSED", 160)
    assert len(_times(store)) == 29
    assert _send(revived, HEADER, *lines[160:]).out_of_order_time_stamp_count == 0
    assert revived.job("sample").counts.bucket_count == len(_times(store)) == 39


def test_a_crash_before_any_flush_starts_the_job_afresh_and_results_are_replaced(engine: Engine, store: Store) -> None:
    engine.create(job())
    _send(engine, HEADER, *rows(10))
    revived = Engine(store)
    assert revived.job("sample").counts == Counts()
    assert _send(revived, HEADER, *rows(10)).processed_record_count == 80
    assert len(_times(store)) == 9


def test_only_so_many_jobs_run_at_once(store: Store) -> None:
    engine = Engine(store, max_running=1)
    for name in ("one", "two"):
        engine.create(job().model_copy(update={"id": name}))
    _send(engine, HEADER, job_id="one")
    with pytest.raises(TooManyJobsRunning, match="two"):
        engine.upload("two")
    engine.close("one")
    _send(engine, HEADER, job_id="two")


def test_a_job_that_cannot_be_analysed_says_so_when_data_comes(engine: Engine) -> None:
    engine.create(job({"function": "count", "byFieldName": "prelertcategory"}))
    with pytest.raises(AnalysisStartError, match="prelertcategory"):
        engine.upload("sample")
    engine.close("sample")


def test_results_the_store_refuses_are_offered_again(
    engine: Engine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.create(job())
    upload = engine.upload("sample")
    with monkeypatch.context() as broken:
        broken.setattr(store, "write", _refuse)
        with pytest.raises(DataStoreError):
            upload.feed(HEADER + b"".join(rows(10)))
    engine.flush("sample")
    assert len(_times(store)) == 9


def _refuse(job_id: str, batch: Batch, counts: Counts) -> None:
    raise DataStoreError("no space left")


def test_a_bug_fails_one_job_and_close_clears_it(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.create(job())
    upload = engine.upload("sample")
    with monkeypatch.context() as broken:
        broken.setattr("tailmass.analysis.gathering.accumulate", None)
        with pytest.raises(AnalysisError):
            upload.feed(HEADER + b"".join(rows(3)))
    assert engine.job("sample").status == "FAILED"
    with pytest.raises(AnalysisStartError, match="close"):
        engine.upload("sample")
    with pytest.raises(AnalysisError, match="close"):
        engine.flush("sample")
    engine.close("sample")
    assert _send(engine, HEADER, *rows(3)).processed_record_count == 24


def test_shutdown_saves_what_runs(engine: Engine, store: Store) -> None:
    engine.create(job())
    _send(engine, HEADER, *rows(10))
    engine.shutdown()
    assert Engine(store).job("sample").counts.processed_record_count == 80


def test_jobs_in_many_threads_do_not_disturb_each_other(engine: Engine, store: Store) -> None:
    names = [f"job{n}" for n in range(8)]
    lines = rows(60, spike=50)
    for name in names:
        engine.create(job().model_copy(update={"id": name}))
    threads = [threading.Thread(target=_send, args=(engine, HEADER, *lines), kwargs={"job_id": name}) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [[record.probability for record in store.records(name, take=1000)[1]] for name in names]
    assert found[0]
    assert found == [found[0]] * len(names)


def test_a_flush_and_a_close_tell_what_the_job_remembers(engine: Engine) -> None:
    engine.create(job())
    assert engine.job("sample").model_size is None
    _send(engine, HEADER, *rows(10))
    assert engine.job("sample").model_size is None
    engine.flush("sample")
    flushed = engine.job("sample").model_size
    assert isinstance(flushed, ModelSize)
    assert (flushed.total_by_field_count, flushed.memory_status) == (4, "OK")
    assert (flushed.log_time_ms, flushed.bucket_time) == (int(NOW * 1000), 1_700_000_040 + 8 * 60)
    _send(engine, HEADER, f"{1_700_000_040 + 600},host9,s0,1\n".encode())
    engine.close("sample")
    closed = engine.job("sample").model_size
    assert closed is not None
    assert closed.model_bytes > flushed.model_bytes


def test_a_job_that_runs_out_of_memory_says_so_at_once_and_goes_on(engine: Engine) -> None:
    engine.create(job().model_copy(update={"analysis_limits": AnalysisLimits(model_memory_limit=1)}))
    lines = [f"{1_700_000_040 + 60 * (n // 1000)},client{n},s0,1\n".encode() for n in range(8_000)]
    _send(engine, HEADER, *lines)
    size = engine.job("sample").model_size
    assert size is not None
    assert (size.memory_status, size.total_by_field_count < 7_000) == ("HARD_LIMIT", True)
    assert engine.job("sample").status == "RUNNING"
