from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, func, select, update

from tailmass.errors import DataStoreError, JobIdTaken, MissingJob
from tailmass.results import Batch, Counts, ModelSize
from tailmass.store import Store, jobs, schema
from tailmass.store.database import Database
from tests.store.samples import SPAN, batch, bucket, record, state

FULL = Counts(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, latest_record_time_ms=1_400_000_000_123)


def test_a_job_is_found_as_it_was_added(store: Store) -> None:
    added = replace(state("other"), finished_time_ms=5, last_data_time_ms=6, counts=FULL)
    store.add_job(added)
    assert store.job("other") == added


def test_what_a_job_remembers_is_kept_until_it_is_told_anew(store: Store) -> None:
    assert store.job("job").model_size is None
    for size in (ModelSize(1, 2, 3, 4, 5, "HARD_LIMIT", 6, 7), ModelSize(model_bytes=8, log_time_ms=9, bucket_time=10)):
        store.update_job("job", model_size=size)
        assert store.job("job").model_size == size
    store.add_job(replace(state("other"), model_size=ModelSize(1)))
    assert store.job("other").model_size == ModelSize(1)


def test_a_configuration_is_replaced_and_all_else_stays(store: Store) -> None:
    before = store.job("job")
    config = before.config.model_copy(update={"description": "new", "ignore_downtime": None})
    store.update_job("job", config=config)
    assert store.job("job") == replace(before, config=config)


def test_an_id_that_is_taken_is_refused_and_the_first_job_stays(store: Store) -> None:
    before = store.job("job")
    with pytest.raises(JobIdTaken, match="job"):
        store.add_job(state("job", created_ms=1))
    assert store.job("job") == before


def test_jobs_are_listed_in_the_order_they_were_created(store: Store) -> None:
    for name in ("zebra", "ant", "mule"):
        store.add_job(state(name))
    store.update_job("zebra", status="RUNNING")
    hits, found = store.jobs(0, 100)
    assert (hits, [each.config.id for each in found]) == (4, ["job", "zebra", "ant", "mule"])


def test_a_page_of_jobs_is_a_part_of_the_list(store: Store) -> None:
    for name in "abcde":
        store.add_job(state(name))
    hits, found = store.jobs(2, 3)
    assert (hits, [each.config.id for each in found]) == (6, ["b", "c", "d"])
    assert store.jobs(6, 10**30) == (6, [])
    assert store.jobs(0, 0) == (6, [])


def test_an_update_changes_what_is_given_and_nothing_else(store: Store) -> None:
    before = store.job("job")
    store.update_job("job", status="RUNNING", last_data_time_ms=7)
    assert store.job("job") == replace(before, status="RUNNING", last_data_time_ms=7)
    store.update_job("job", finished_time_ms=8, counts=FULL)
    assert store.job("job") == replace(before, status="RUNNING", last_data_time_ms=7, finished_time_ms=8, counts=FULL)


def test_an_update_of_nothing_changes_nothing(store: Store) -> None:
    before = store.job("job")
    store.update_job("job")
    assert store.job("job") == before


def test_a_deleted_job_takes_everything_with_it(store: Store, url: str, tmp_path: Path) -> None:
    store.write("job", batch([bucket(0)], [record(0)]), Counts())
    store.save_snapshot("job", {}, {"a": np.zeros(3)}, time_ms=1)
    store.delete_job("job")
    database = Database.open(url, tmp_path)
    with database.read() as connection:
        tables = (schema.jobs, schema.buckets, schema.records, schema.snapshots)
        left = [connection.scalar(select(func.count()).select_from(table)) for table in tables]
    database.close()
    assert (left, list((tmp_path / "snapshots").iterdir())) == ([0, 0, 0, 0], [])


def test_a_job_of_many_records_is_removed_in_slices(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_SLICE", 2)
    times = range(0, 20 * SPAN, SPAN)
    store.write("job", batch(map(bucket, times), map(record, times)), Counts())
    store.add_job(state("other"))
    store.write("other", batch([bucket(0)], [record(0)]), Counts())
    store.delete_job("job")
    with store._database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.records)) == 1
    assert store.records("other")[0] == 1


def test_a_job_whose_removal_was_interrupted_is_gone_and_the_next_removal_finishes_it(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0)]), Counts())
    with store._database.write() as connection:
        jobs.retire(connection, "job")
    assert store.jobs(0, 9) == (0, [])
    with pytest.raises(MissingJob):
        store.job("job")
    store.add_job(state("job"))
    assert store.records("job") == (0, [])
    store.delete_job("job")
    with store._database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.jobs)) == 0


def test_a_removal_that_was_interrupted_can_be_finished(store: Store, tmp_path: Path) -> None:
    store.add_job(state("other"))
    for job_id in ("job", "other"):
        store.write(job_id, batch([bucket(0)], [record(0)]), Counts())
        store.save_snapshot(job_id, {}, {}, time_ms=1)
    with store._database.write() as connection:
        jobs.retire(connection, "job")
    for _ in range(2):
        list(store.finish_deleting())
        with store._database.read() as connection:
            assert connection.scalars(select(schema.jobs.c.id)).all() == ["other"]
        assert [path.name for path in (tmp_path / "snapshots").iterdir()] == ["other-2"]
    assert store.snapshot("other") is not None


def test_a_job_created_anew_knows_nothing_of_the_one_that_was_deleted(store: Store) -> None:
    store.write("job", batch([bucket(0)], [record(0)]), FULL)
    store.save_snapshot("job", {}, {}, time_ms=1)
    store.delete_job("job")
    store.add_job(state("job"))
    assert store.job("job").counts == Counts()
    assert (store.buckets("job"), store.records("job"), store.snapshot("job")) == ((0, []), (0, []), None)


def test_deleting_one_job_leaves_the_others(store: Store) -> None:
    store.add_job(state("other"))
    store.write("other", batch([bucket(0)], [record(0)]), Counts())
    store.delete_job("job")
    assert (store.buckets("other")[0], store.records("other")[0]) == (1, 1)


ASKS: list[Callable[[Store, str], object]] = [
    lambda store, job: store.job(job),
    lambda store, job: store.update_job(job),
    lambda store, job: store.update_job(job, status="FAILED"),
    lambda store, job: store.delete_job(job),
    lambda store, job: store.write(job, Batch.empty(), Counts()),
    lambda store, job: store.save_snapshot(job, {}, {}, time_ms=1),
    lambda store, job: store.snapshot(job),
    lambda store, job: store.buckets(job),
    lambda store, job: store.bucket(job, 0),
    lambda store, job: store.records(job),
]


@pytest.mark.parametrize("job_id", ["nobody", "", "nul\0", "half\ud800", "new\nline", "'; DROP TABLE jobs --"])
def test_an_unknown_job_is_missing_whatever_is_asked_of_it(store: Store, job_id: str) -> None:
    for ask in ASKS:
        with pytest.raises(MissingJob):
            ask(store, job_id)


def test_a_configuration_that_cannot_be_read_any_more_is_the_fault_of_the_store(store: Store, url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(schema.jobs).values(config='{"id": "job", "nonsense": 1}'))
    engine.dispose()
    with pytest.raises(DataStoreError, match="'job'"):
        store.job("job")
