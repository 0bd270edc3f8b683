from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tailmass.errors import DataStoreError
from tailmass.results import Bucket, BucketInfluencer, Counts, Record
from tailmass.store import Store, blobs, schema
from tailmass.store.migrations import STEPS
from tests.store.samples import batch, bucket, record, state
from tests.store.test_database import child

DATA = Path(__file__).parents[1] / "data"
KEPT = Record(600, 300, 0, "mean", "mean", 0.01, 40.0, 50.0, "bytes", "host", "web-1", actual=9.5, typical=1.5)


@pytest.fixture
def old(url: str) -> str:
    """The URL of a database that version 1 made, with results in it."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for name in (f"store-1.{engine.dialect.name}.sql", "store-1.rows.sql"):
            for statement in (DATA / name).read_text().split(";\n"):
                if statement.strip():
                    connection.exec_driver_sql(statement)
    engine.dispose()
    return url


def columns(url: str) -> dict[str, set[tuple[str, str, bool]]]:
    """Every table with the name and type of its columns, and whether they may be null."""
    engine = create_engine(url)
    found = inspect(engine)
    told = {
        table: {(each["name"], repr(each["type"]), each["nullable"]) for each in found.get_columns(table)}
        for table in found.get_table_names()
    }
    engine.dispose()
    return told


def test_nothing_that_version_1_kept_is_lost(old: str, tmp_path: Path) -> None:
    store = Store.open(old, tmp_path)
    hits, records = store.records("job")
    assert (hits, records[0], records[1].by_field_value) == (2, KEPT, "web-2")
    assert store.buckets("job") == (
        2,
        [
            Bucket(300, 300, 0.0, 0.0, 0, 9, bucket_influencers=(BucketInfluencer("bucketTime", 0.0, 1.0),)),
            Bucket(600, 300, 40.0, 50.0, 2, 9, bucket_influencers=(BucketInfluencer("bucketTime", 40.0, 0.02),)),
        ],
    )
    kept = store.job("job")
    assert (kept.config, kept.status, kept.counts.input_bytes) == (state("job").config, "CLOSED", 500)
    store.close()


def test_what_is_new_can_be_written_and_asked_for_beside_what_is_old(old: str, tmp_path: Path) -> None:
    store = Store.open(old, tmp_path)
    new = batch([bucket(900, series_watched=4)], [record(900, kind="dip", lower=1.5, evidence_surprise=4.5)])
    store.write("job", new, Counts(bucket_count=3))
    hits, found = store.records("job", kind="dip")
    assert (hits, found[0].timestamp, found[0].lower, found[0].evidence_surprise) == (1, 900, 1.5, 4.5)
    assert [each.series_watched for each in store.buckets("job")[1]] == [None, None, 4]
    assert [each.kind for each in store.records("job", sort="kind", desc=False)[1]] == ["dip", None, None]
    store.close()


def test_jobs_go_on_from_the_snapshots_that_are_there_and_these_are_not_listed(old: str, tmp_path: Path) -> None:
    files = [tmp_path / "snapshots" / "job-1" / f"{number}.snapshot" for number in (8, 9)]
    files[0].parent.mkdir(parents=True)
    engine = create_engine(old)
    with engine.begin() as connection:
        for number, file in enumerate(files):
            blobs.write(file, {"number": number}, {})
            added = {"number": number + 8, "file": file.name}
            statement = "INSERT INTO tailmass_snapshots (number, job, time_ms, file) VALUES (:number, 1, 0, :file)"
            connection.execute(text(statement), added)
    engine.dispose()
    store = Store.open(old, tmp_path)
    assert store.snapshot("job") == ({"number": 1}, {})
    files[1].unlink()
    assert store.snapshot("job") == ({"number": 0}, {})
    assert store.snapshots("job") == (0, [])
    store.close()


def test_a_database_that_was_brought_up_has_the_tables_of_a_new_one(url: str, old: str, tmp_path: Path) -> None:
    Store.open(old, tmp_path).close()
    brought = columns(old)
    engine = create_engine(url)
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT version FROM tailmass_schema")) == schema.VERSION
        schema.metadata.drop_all(connection)
    engine.dispose()
    Store.open(url, tmp_path).close()
    assert brought == columns(url)


def test_it_is_brought_up_once(old: str, tmp_path: Path) -> None:
    for _ in range(2):
        store = Store.open(old, tmp_path)
        assert store.records("job")[0] == 2
        store.close()


def test_a_step_that_fails_leaves_the_old_tables_as_they_were(old: str, tmp_path: Path) -> None:
    engine = create_engine(old)
    with engine.begin() as connection:  # someone has made one of the columns, and in the middle it goes wrong
        connection.exec_driver_sql("ALTER TABLE tailmass_records ADD COLUMN largest_of BIGINT")
    before = columns(old)
    with pytest.raises(DataStoreError, match="could not be written") as raised:
        Store.open(old, tmp_path)
    assert "largest_of" in (raised.value.cause or "")
    assert columns(old) == before
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT version FROM tailmass_schema")) == 1
        connection.exec_driver_sql("ALTER TABLE tailmass_records DROP COLUMN largest_of")
    engine.dispose()
    store = Store.open(old, tmp_path)
    assert store.records("job")[0] == 2
    store.close()


def test_two_processes_may_meet_an_old_database_at_once(old: str, tmp_path: Path) -> None:
    code = "print(Store.open(sys.argv[1], Path(sys.argv[2])).records('job')[0])"
    both = [child(code, old, tmp_path) for _ in "ab"]
    assert [process.communicate()[0] for process in both] == ["2\n", "2\n"]


def test_there_is_a_step_from_every_older_version() -> None:
    assert sorted(STEPS) == list(range(1, schema.VERSION))
