"""The results of a run of buckets, as tables: what the analysis hands to whoever keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from tailmass.results import evidence
from tailmass.results.bucket import Bucket, BucketInfluencer
from tailmass.results.category import CATEGORIES
from tailmass.results.influencer import Influencer
from tailmass.results.record import Record

BUCKETS = pl.Schema(
    {
        "timestamp": pl.Int64(),
        "bucket_span": pl.Int64(),
        "anomaly_score": pl.Float64(),
        "max_normalized_probability": pl.Float64(),
        "record_count": pl.Int64(),
        "event_count": pl.Int64(),
        "probability": pl.Float64(),
        "series_watched": pl.Int64(),
        "bucket_influencers": pl.String(),
    }
)
"""One row for each bucket; times are epoch seconds."""

RECORDS = pl.Schema(
    {
        "timestamp": pl.Int64(),
        "bucket_span": pl.Int64(),
        "detector_index": pl.Int64(),
        "function": pl.String(),
        "function_description": pl.String(),
        "field_name": pl.String(),
        "by_field_name": pl.String(),
        "by_field_value": pl.String(),
        "correlated_by_field_value": pl.String(),
        "over_field_name": pl.String(),
        "over_field_value": pl.String(),
        "partition_field_name": pl.String(),
        "partition_field_value": pl.String(),
        "probability": pl.Float64(),
        "anomaly_score": pl.Float64(),
        "normalized_probability": pl.Float64(),
        "actual": pl.Float64(),
        "typical": pl.Float64(),
        "kind": pl.String(),
        "lower": pl.Float64(),
        "upper": pl.Float64(),
        "largest_of": pl.Int64(),
        "events_per_week": pl.Float64(),
        "multi_bucket_impact": pl.Float64(),
        **dict.fromkeys(evidence.COLUMNS, pl.Float64()),
        "causes": pl.String(),
        "actual_longitude": pl.Float64(),
        "typical_longitude": pl.Float64(),
        "influencers": pl.String(),
    }
)
"""One row for each record, null where something does not apply; `anomaly_score` is that of the bucket.

What each column means is told by the fields of `Record` and `Bucket`.
"""

INFLUENCERS = pl.Schema(
    {
        "timestamp": pl.Int64(),
        "bucket_span": pl.Int64(),
        "influencer_field_name": pl.String(),
        "influencer_field_value": pl.String(),
        "probability": pl.Float64(),
        "anomaly_score": pl.Float64(),
    }
)
"""One row for each value that is to blame for records of a bucket; `results.influencer` tells what the columns mean."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Buckets, their records and influencers, and categories, to be kept or lost together."""

    buckets: pl.DataFrame
    """Columns of `BUCKETS`."""
    records: pl.DataFrame
    """Columns of `RECORDS`."""
    interim: bool = False
    """Whether the buckets were not over yet."""
    categories: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CATEGORIES))
    """Columns of `CATEGORIES`: those that are new, or not as they were."""
    influencers: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INFLUENCERS))
    """Columns of `INFLUENCERS`."""
    abandoned: int | None = None
    """Epoch second before which nothing is interim any more, as some of the open buckets will not be finished."""

    @staticmethod
    def empty(*, interim: bool = False) -> "Batch":
        """No results.

        >>> len(Batch.empty().buckets)
        0
        """
        return Batch(pl.DataFrame(schema=BUCKETS), pl.DataFrame(schema=RECORDS), interim)

    @staticmethod
    def concat(batches: Sequence["Batch"]) -> "Batch":
        """The batches as one, in their order; interim and final results do not mix."""
        if not batches:
            return Batch.empty()
        interim = batches[0].interim
        if any(each.interim != interim for each in batches):
            raise ValueError("interim and final results cannot be one batch: keep them apart")
        categories = pl.concat([each.categories for each in batches])
        return Batch(
            pl.concat([each.buckets for each in batches]),
            pl.concat([each.records for each in batches]),
            interim,
            categories.unique("category_id", keep="last", maintain_order=True),
            pl.concat([each.influencers for each in batches]),
            max((each.abandoned for each in batches if each.abandoned is not None), default=None),
        )

    def bucket(self, position: int) -> Bucket:
        """The bucket in a row of `buckets`, with its records and influencers."""
        row = self.buckets.row(position, named=True)
        told, probability = row.pop("bucket_influencers"), row.pop("probability")
        plain = Bucket(
            **row,
            is_interim=self.interim,
            bucket_influencers=BucketInfluencer.of_bucket(told, row["anomaly_score"], probability),
        )
        records, influencers = (
            frame.filter(pl.col("timestamp") == plain.timestamp).iter_rows(named=True)
            for frame in (self.records, self.influencers)
        )
        return plain.expanded(
            (Record(**each, is_interim=self.interim) for each in records),
            (Influencer(**each, is_interim=self.interim) for each in influencers),
        )
