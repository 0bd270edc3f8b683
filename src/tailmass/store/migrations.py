"""From the tables of an older version to those of this one, with all that is in them.

A step is written once and stays as it is: it leads from the tables of then, and not from those that `schema` has now.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.schema import CreateColumn
from sqlalchemy.types import TypeEngine

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def migrate(connection: Connection, version: int, to: int) -> None:
    """Take every step from one version to another; nothing is changed unless all of them are."""
    for each in range(version, to):
        STEPS[each](connection)


def _add(connection: Connection, table: str, columns: Mapping[str, TypeEngine[Any]]) -> None:
    for name, kind in columns.items():
        column = CreateColumn(Column(name, kind)).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column}")


def _explanations(connection: Connection) -> None:
    """What a record is explained by; of the records that are there it is not known."""
    sources = ("surprise", "window", "raw", "envelope", "recalibration", "variance", "shape")
    _add(connection, "tailmass_buckets", {"series_watched": BigInteger()})
    _add(
        connection,
        "tailmass_records",
        {
            "kind": _TEXT,
            "lower": Double(),
            "upper": Double(),
            "largest_of": BigInteger(),
            "events_per_week": Double(),
            "multi_bucket_impact": Double(),
            **{f"evidence_{source}": Double() for source in sources},
        },
    )


def _populations(connection: Connection) -> None:
    """What records of populations are made of, and the second number of positions."""
    columns = {"causes": _TEXT, "actual_longitude": Double(), "typical_longitude": Double()}
    _add(connection, "tailmass_records", columns)


def _categories(connection: Connection) -> None:
    """What the categories of messages are; no job had any."""
    number, text = ("INTEGER", "TEXT") if connection.dialect.name == "sqlite" else ("BIGINT", 'TEXT COLLATE "C"')
    connection.exec_driver_sql(
        f"""CREATE TABLE tailmass_categories (
            job {number} NOT NULL,
            category_id BIGINT NOT NULL,
            terms {text} NOT NULL,
            regex {text} NOT NULL,
            max_matching_length BIGINT NOT NULL,
            examples {text} NOT NULL,
            PRIMARY KEY (job, category_id),
            FOREIGN KEY(job) REFERENCES tailmass_jobs (number) ON DELETE CASCADE
        ){" WITHOUT ROWID" if connection.dialect.name == "sqlite" else ""}"""
    )


def _correlations(connection: Connection) -> None:
    """Which by value a record was odd beside; no job asked."""
    _add(connection, "tailmass_records", {"correlated_by_field_value": _TEXT})


def _model_size(connection: Connection) -> None:
    """What jobs remember, which is not known of those that are there."""
    counts = ("model_bytes", "total_by_field_count", "total_over_field_count", "total_partition_field_count")
    columns = dict.fromkeys((*counts, "bucket_allocation_failures_count"), BigInteger())
    _add(connection, "tailmass_jobs", columns | {"memory_status": _TEXT})
    _add(connection, "tailmass_jobs", {"log_time_ms": BigInteger(), "bucket_time": BigInteger()})


def _influencers(connection: Connection) -> None:
    """Who is to blame; of the results that are there it is not known."""
    number, text = ("INTEGER", "TEXT") if connection.dialect.name == "sqlite" else ("BIGINT", 'TEXT COLLATE "C"')
    real = "DOUBLE" if connection.dialect.name == "sqlite" else "DOUBLE PRECISION"
    connection.exec_driver_sql(
        f"""CREATE TABLE tailmass_influencers (
            job {number} NOT NULL,
            timestamp BIGINT NOT NULL,
            influencer_field_name {text} NOT NULL,
            influencer_field_value {text} NOT NULL,
            bucket_span BIGINT NOT NULL,
            probability {real} NOT NULL,
            anomaly_score {real} NOT NULL,
            is_interim BOOLEAN NOT NULL,
            PRIMARY KEY (job, timestamp, influencer_field_name, influencer_field_value),
            FOREIGN KEY(job) REFERENCES tailmass_jobs (number) ON DELETE CASCADE
        ){" WITHOUT ROWID" if connection.dialect.name == "sqlite" else ""}"""
    )
    connection.exec_driver_sql(
        """CREATE INDEX tailmass_influencers_score ON tailmass_influencers (
            job, anomaly_score DESC, probability, timestamp, influencer_field_name, influencer_field_value, is_interim
        )"""
    )
    _add(connection, "tailmass_buckets", {"bucket_influencers": _TEXT})
    _add(connection, "tailmass_records", {"influencers": _TEXT})


def _snapshots(connection: Connection) -> None:
    """What snapshots are listed with; those that are there are kept to go on from, and not listed."""
    connection.exec_driver_sql("ALTER TABLE tailmass_snapshots ADD COLUMN restore_priority BIGINT NOT NULL DEFAULT 0")
    connection.exec_driver_sql("UPDATE tailmass_snapshots SET restore_priority = number")
    _add(connection, "tailmass_snapshots", {"snapshot_id": _TEXT, "description": _TEXT, "model_size": _TEXT})
    _add(connection, "tailmass_snapshots", {"latest_record_time_ms": BigInteger(), "latest_result_time": BigInteger()})


def _tokens(connection: Connection) -> None:
    """Who may do what; there were no tokens."""
    text = "TEXT" if connection.dialect.name == "sqlite" else 'TEXT COLLATE "C"'
    connection.exec_driver_sql(
        f"""CREATE TABLE tailmass_tokens (
            name {text} NOT NULL,
            scope {text} NOT NULL,
            digest {text} NOT NULL,
            create_time_ms BIGINT NOT NULL,
            PRIMARY KEY (name)
        )"""
    )


def _records_of_score(connection: Connection) -> None:
    """Records in the order of the scores of their buckets."""
    connection.exec_driver_sql(
        """CREATE INDEX tailmass_records_of_score ON tailmass_records (
            job, anomaly_score DESC, normalized_probability DESC, probability, timestamp, detector_index, entity,
            is_interim
        )"""
    )


def _audit(connection: Connection) -> None:
    """What happened, and what came in; of the time before it is not known."""
    number = BigInteger().with_variant(Integer(), "sqlite")
    made = MetaData()
    Table(
        "tailmass_audit",
        made,
        Column("number", number, primary_key=True),
        Column("time_ms", BigInteger, nullable=False),
        Column("level", _TEXT, nullable=False),
        Column("message", _TEXT, nullable=False),
        Column("job_id", _TEXT),
        Index("tailmass_audit_job", "job_id", "number"),
        sqlite_autoincrement=True,
    )
    Table(
        "tailmass_usage",
        made,
        Column("hour_ms", BigInteger, primary_key=True, autoincrement=False),
        Column("job_id", _TEXT, primary_key=True),
        Column("input_bytes", BigInteger, nullable=False),
        Column("input_field_count", BigInteger, nullable=False),
        Column("input_record_count", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    made.create_all(connection)


def _runs(connection: Connection) -> None:
    """Rows that are kept to be looked at; there were none."""
    number = BigInteger().with_variant(Integer(), "sqlite")
    made = MetaData()
    Table("tailmass_jobs", made, Column("number", number, primary_key=True))
    runs = Table(
        "tailmass_runs",
        made,
        Column("number", number, primary_key=True),
        Column("job", number, ForeignKey("tailmass_jobs.number", ondelete="CASCADE"), nullable=False),
        Column("kind", _TEXT, nullable=False),
        Column("last_row", BigInteger, nullable=False),
        Column("first_ms", BigInteger, nullable=False),
        Column("last_ms", BigInteger, nullable=False),
        Column("row_count", BigInteger, nullable=False),
        Column("content", LargeBinary, nullable=False),
        Index("tailmass_runs_job", "job", "kind", "number", "first_ms", "last_ms", "row_count", "last_row"),
        sqlite_autoincrement=True,
    )
    made.create_all(connection, [runs])


def _schedulers(connection: Connection) -> None:
    """Whether and what schedulers feed; none was ever started."""
    _add(connection, "tailmass_jobs", {"scheduler_status": _TEXT})
    _add(connection, "tailmass_jobs", dict.fromkeys(("scheduler_start_ms", "scheduler_end_ms"), BigInteger()))


def _activity(connection: Connection) -> None:
    """How many jobs there are; of the time before it is not known."""
    made = MetaData()
    counts = ("total_jobs", "total_detectors", "running_jobs", "running_detectors")
    Table(
        "tailmass_activity",
        made,
        Column("time_ms", BigInteger, primary_key=True, autoincrement=False),
        *(Column(name, BigInteger, nullable=False) for name in counts),
        sqlite_with_rowid=False,
    )
    made.create_all(connection)


STEPS: Mapping[int, Callable[[Connection], None]] = {
    1: _explanations,
    2: _populations,
    3: _categories,
    4: _correlations,
    5: _model_size,
    6: _influencers,
    7: _snapshots,
    8: _tokens,
    9: _records_of_score,
    10: _audit,
    11: _runs,
    12: _schedulers,
    13: _activity,
}
"""What leads from each version to the one after it."""
