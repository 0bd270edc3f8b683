"""Writing the results of closed buckets, so that writing them again changes nothing.

What a batch says about a bucket replaces all that was said before: a record that has gone is gone, and what was interim
is no more. Only an interim batch is more modest: it leaves alone the buckets that are final.
"""

from collections.abc import Iterator
from hashlib import blake2b

import polars as pl
from sqlalchemy import Connection, Table, delete, select

from tailmass.results.batch import Batch
from tailmass.store.database import insert_rows
from tailmass.store.schema import buckets, influencers, records

_VALUES = ("partition_field_value", "over_field_value", "by_field_value")

# PostgreSQL cannot hold the character NUL; one such name in the data must not stop a job.
_NOT_NUL = "\N{REPLACEMENT CHARACTER}"

# What is read out of a score or a probability that is not a number.
_CLAIMS_NOTHING = {
    "probability": 1.0,
    "anomaly_score": 0.0,
    "normalized_probability": 0.0,
    "max_normalized_probability": 0.0,
}

Run = tuple[int, int]
"""The first and the last timestamp of buckets that follow one another without a gap."""


def write(connection: Connection, job: int, batch: Batch) -> None:
    """Replace the results of the batch's buckets by those of the batch."""
    kept = batch.records.with_columns(entity=_entities(batch.records)).unique(
        ["timestamp", "detector_index", "entity"], keep="last", maintain_order=True
    )
    blamed = batch.influencers.unique(
        ["timestamp", "influencer_field_name", "influencer_field_value"], keep="last", maintain_order=True
    )
    counted = _counted(batch.buckets.unique("timestamp", keep="last", maintain_order=True), kept)
    new = {buckets: counted, records: kept, influencers: blamed}
    if batch.abandoned is not None:
        for table in new:
            gone = delete(table).where(table.c.job == job, table.c.timestamp < batch.abandoned, table.c.is_interim)
            connection.execute(gone)
    runs = list(_runs(new[buckets]))
    if batch.interim:
        final = [timestamp for run in runs for timestamp in _final(connection, job, run)]
        new = {table: frame.filter(~pl.col("timestamp").is_in(final)) for table, frame in new.items()}
    for table, frame in new.items():
        for first, last in runs:
            old = delete(table).where(table.c.job == job, table.c.timestamp.between(first, last))
            connection.execute(old.where(table.c.is_interim) if batch.interim else old)
        _insert(connection, table, frame.with_columns(job=pl.lit(job), is_interim=pl.lit(batch.interim)))


def _insert(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    names = table.c.keys()
    floats, texts = pl.col(pl.Float64), pl.col(pl.String)
    frame = (
        frame.select(names)
        # What is not a number is no answer, and the two databases would sort it differently.
        .with_columns(pl.when(floats.is_finite()).then(floats), texts.str.replace_all("\0", _NOT_NUL, literal=True))
        .with_columns(pl.col(name).fill_null(value) for name, value in _CLAIMS_NOTHING.items() if name in names)
    )
    insert_rows(connection, table, names, frame.rows())


def _counted(frame: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """The buckets with the number of their records, without which no record can be found."""
    strangers = kept.join(frame, on="timestamp", how="anti")
    if len(strangers):
        raise ValueError(f"records of buckets that are not in the batch: {strangers['timestamp'].unique().to_list()}")
    counts = kept.group_by("timestamp").agg(records_kept=pl.len().cast(pl.Int64))
    return frame.join(counts, on="timestamp", how="left", maintain_order="left").with_columns(
        pl.col("records_kept").fill_null(0)
    )


def _entities(frame: pl.DataFrame) -> pl.Series:
    """A number for whom a record is about, the same on every machine, whether a value is absent or empty."""
    texts = frame.select(pl.struct(_VALUES).struct.json_encode()).to_series()
    digests = (blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return pl.Series([int.from_bytes(digest, "big", signed=True) for digest in digests], dtype=pl.Int64)


def _runs(times: pl.DataFrame) -> Iterator[Run]:
    """Buckets that follow one another as runs: a thousand of them are deleted by one statement, not by a thousand."""
    times = times.sort("timestamp")
    starts = times.select((pl.col("timestamp").diff() > pl.col("bucket_span").shift()).fill_null(True).cum_sum())
    runs = times.group_by(starts.to_series().alias("run"), maintain_order=True).agg(
        first=pl.col("timestamp").first(), last=pl.col("timestamp").last()
    )
    yield from runs.select("first", "last").iter_rows()


def _final(connection: Connection, job: int, run: Run) -> list[int]:
    final = select(buckets.c.timestamp).where(
        buckets.c.job == job, buckets.c.timestamp.between(*run), ~buckets.c.is_interim
    )
    return list(connection.scalars(final))
