"""The tables: one schema that SQLite and PostgreSQL both hold.

What belongs to a job is keyed by its number, not by its id: it is short, and as a number is never given twice, what is
left of a deleted job can never be taken for a new job of the same id.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from tailmass.results import evidence

VERSION = 14
"""The schema this code reads and writes; it grows with every change to the tables below, by a step in `migrations`."""

# SQLite gives numbers by itself only to a column declared INTEGER.
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

# Text sorts by code point on SQLite; PostgreSQL would ask the locale of its cluster, and page differently by machine.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def _job() -> Column[int]:
    return Column("job", _NUMBER, ForeignKey("tailmass_jobs.number", ondelete="CASCADE"), primary_key=True)


metadata = MetaData()

# The prefix is for the PostgreSQL that is shared with other programs: they have a table called "jobs" too.
versions = Table("tailmass_schema", metadata, Column("version", Integer, primary_key=True))

jobs = Table(
    "tailmass_jobs",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    # None once the job is deleted, until the last of its results is gone as well.
    Column("id", _TEXT, unique=True),
    Column("config", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("create_time_ms", BigInteger, nullable=False),
    Column("finished_time_ms", BigInteger),
    Column("last_data_time_ms", BigInteger),
    Column("bucket_count", BigInteger, nullable=False),
    Column("processed_record_count", BigInteger, nullable=False),
    Column("processed_field_count", BigInteger, nullable=False),
    Column("input_bytes", BigInteger, nullable=False),
    Column("input_field_count", BigInteger, nullable=False),
    Column("invalid_date_count", BigInteger, nullable=False),
    Column("missing_field_count", BigInteger, nullable=False),
    Column("out_of_order_time_stamp_count", BigInteger, nullable=False),
    Column("failed_transform_count", BigInteger, nullable=False),
    Column("excluded_record_count", BigInteger, nullable=False),
    Column("latest_record_time_ms", BigInteger),
    # What the job remembers; None until it was first told.
    Column("model_bytes", BigInteger),
    Column("total_by_field_count", BigInteger),
    Column("total_over_field_count", BigInteger),
    Column("total_partition_field_count", BigInteger),
    Column("bucket_allocation_failures_count", BigInteger),
    Column("memory_status", _TEXT),
    Column("log_time_ms", BigInteger),
    Column("bucket_time", BigInteger),
    # None of a job whose scheduler was never started, or that has none.
    Column("scheduler_status", _TEXT),
    Column("scheduler_start_ms", BigInteger),
    Column("scheduler_end_ms", BigInteger),
    sqlite_autoincrement=True,
)

buckets = Table(
    "tailmass_buckets",
    metadata,
    _job(),
    Column("timestamp", BigInteger, primary_key=True),
    Column("bucket_span", BigInteger, nullable=False),
    Column("anomaly_score", Double, nullable=False),
    Column("max_normalized_probability", Double, nullable=False),
    Column("record_count", BigInteger, nullable=False),
    Column("event_count", BigInteger, nullable=False),
    Column("probability", Double, nullable=False),
    Column("is_interim", Boolean, nullable=False),
    # How many rows of the next table belong to it: to count a million records, a few thousand buckets are added up.
    Column("records_kept", BigInteger, nullable=False),
    Column("series_watched", BigInteger),
    # A JSON array of name, score and probability; null where there is none but the time, whose score is the bucket's.
    Column("bucket_influencers", _TEXT),
    sqlite_with_rowid=False,
)

records = Table(
    "tailmass_records",
    metadata,
    _job(),
    Column("timestamp", BigInteger, primary_key=True),
    Column("detector_index", BigInteger, primary_key=True),
    Column("entity", BigInteger, primary_key=True),
    Column("bucket_span", BigInteger, nullable=False),
    Column("function", _TEXT, nullable=False),
    Column("function_description", _TEXT, nullable=False),
    Column("field_name", _TEXT),
    Column("by_field_name", _TEXT),
    Column("by_field_value", _TEXT),
    Column("over_field_name", _TEXT),
    Column("over_field_value", _TEXT),
    Column("partition_field_name", _TEXT),
    Column("partition_field_value", _TEXT),
    Column("probability", Double, nullable=False),
    Column("anomaly_score", Double, nullable=False),
    Column("normalized_probability", Double, nullable=False),
    Column("actual", Double),
    Column("typical", Double),
    Column("is_interim", Boolean, nullable=False),
    Column("kind", _TEXT),
    Column("lower", Double),
    Column("upper", Double),
    Column("largest_of", BigInteger),
    Column("events_per_week", Double),
    Column("multi_bucket_impact", Double),
    *(Column(name, Double) for name in evidence.COLUMNS),
    Column("causes", _TEXT),
    Column("actual_longitude", Double),
    Column("typical_longitude", Double),
    Column("correlated_by_field_value", _TEXT),
    # A JSON array.
    Column("influencers", _TEXT),
    # Clustered by time: a bucket's records are written, replaced and read together.
    sqlite_with_rowid=False,
)

# The whole order of the default page, so that no page is sorted; `is_interim` so that none of the skipped is fetched.
Index(
    "tailmass_records_score",
    records.c.job,
    records.c.normalized_probability.desc(),
    records.c.anomaly_score.desc(),
    records.c.probability,
    records.c.timestamp,
    records.c.detector_index,
    records.c.entity,
    records.c.is_interim,
)

# The same for records of the most unusual buckets, and for those of buckets from a score upwards.
Index(
    "tailmass_records_of_score",
    records.c.job,
    records.c.anomaly_score.desc(),
    records.c.normalized_probability.desc(),
    records.c.probability,
    records.c.timestamp,
    records.c.detector_index,
    records.c.entity,
    records.c.is_interim,
)

influencers = Table(
    "tailmass_influencers",
    metadata,
    _job(),
    Column("timestamp", BigInteger, primary_key=True),
    Column("influencer_field_name", _TEXT, primary_key=True),
    Column("influencer_field_value", _TEXT, primary_key=True),
    Column("bucket_span", BigInteger, nullable=False),
    Column("probability", Double, nullable=False),
    Column("anomaly_score", Double, nullable=False),
    Column("is_interim", Boolean, nullable=False),
    # Clustered by time, as records are.
    sqlite_with_rowid=False,
)

Index(
    "tailmass_influencers_score",
    influencers.c.job,
    influencers.c.anomaly_score.desc(),
    influencers.c.probability,
    influencers.c.timestamp,
    influencers.c.influencer_field_name,
    influencers.c.influencer_field_value,
    influencers.c.is_interim,
)

categories = Table(
    "tailmass_categories",
    metadata,
    _job(),
    Column("category_id", BigInteger, primary_key=True),
    Column("terms", _TEXT, nullable=False),
    Column("regex", _TEXT, nullable=False),
    Column("max_matching_length", BigInteger, nullable=False),
    # A JSON array.
    Column("examples", _TEXT, nullable=False),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "tailmass_snapshots",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("job", _NUMBER, ForeignKey("tailmass_jobs.number", ondelete="CASCADE"), nullable=False, index=True),
    Column("time_ms", BigInteger, nullable=False),
    Column("file", Text, nullable=False),
    # A job goes on from the row where it is highest.
    Column("restore_priority", BigInteger, nullable=False),
    # None, as are the columns after it, for what is kept only in case of a crash and not listed.
    Column("snapshot_id", _TEXT),
    Column("description", _TEXT),
    Column("latest_record_time_ms", BigInteger),
    Column("latest_result_time", BigInteger),
    # A JSON object.
    Column("model_size", _TEXT),
    sqlite_autoincrement=True,
)

tokens = Table(
    "tailmass_tokens",
    metadata,
    Column("name", _TEXT, primary_key=True),
    Column("scope", _TEXT, nullable=False),
    # SHA-256 of the secret, in hexadecimal.
    Column("digest", _TEXT, nullable=False),
    Column("create_time_ms", BigInteger, nullable=False),
)

# Rows that are kept to be looked at: those that were sent, and bounds of models. Each row of this table is a run of
# them, compressed.
runs = Table(
    "tailmass_runs",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("job", _NUMBER, ForeignKey("tailmass_jobs.number", ondelete="CASCADE"), nullable=False),
    Column("kind", _TEXT, nullable=False),
    # How many rows the job had taken in with the last of them.
    Column("last_row", BigInteger, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# All that a range is chosen by, so that no content is read in passing.
Index(
    "tailmass_runs_job",
    runs.c.job,
    runs.c.kind,
    runs.c.number,
    runs.c.first_ms,
    runs.c.last_ms,
    runs.c.row_count,
    runs.c.last_row,
)

# None of these is of a job: they tell of it when it is gone.
audit = Table(
    "tailmass_audit",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("time_ms", BigInteger, nullable=False),
    Column("level", _TEXT, nullable=False),
    Column("message", _TEXT, nullable=False),
    Column("job_id", _TEXT),
    sqlite_autoincrement=True,
)

Index("tailmass_audit_job", audit.c.job_id, audit.c.number)

usage = Table(
    "tailmass_usage",
    metadata,
    Column("hour_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", _TEXT, primary_key=True),
    Column("input_bytes", BigInteger, nullable=False),
    Column("input_field_count", BigInteger, nullable=False),
    Column("input_record_count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

activity = Table(
    "tailmass_activity",
    metadata,
    Column("time_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("total_jobs", BigInteger, nullable=False),
    Column("total_detectors", BigInteger, nullable=False),
    Column("running_jobs", BigInteger, nullable=False),
    Column("running_detectors", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
