"""Small jobs and results to keep."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from tailmass.jobs import Job
from tailmass.results import BUCKETS, INFLUENCERS, RECORDS, Batch, JobState

SPAN = 300


def state(job_id: str, *, created_ms: int = 1_400_000_000_000) -> JobState:
    """A job that has just been created."""
    detectors = [{"function": "mean", "fieldName": "bytes", "byFieldName": "host"}]
    return JobState(
        config=Job.parse({"id": job_id, "analysisConfig": {"bucketSpan": SPAN, "detectors": detectors}}),
        status="CLOSED",
        create_time_ms=created_ms,
    )


def bucket(timestamp: int, **values: Any) -> dict[str, Any]:
    """A row of `BUCKETS`."""
    quiet = {"anomaly_score": 0.0, "max_normalized_probability": 0.0, "record_count": 0, "event_count": 9}
    known = {"timestamp": timestamp, "bucket_span": SPAN, **quiet, "probability": 1.0}
    return dict.fromkeys(BUCKETS) | known | values


def record(timestamp: int, host: str | None = "web-1", **values: Any) -> dict[str, Any]:
    """A row of `RECORDS`."""
    names = dict.fromkeys(RECORDS) | {"function": "mean", "function_description": "mean", "field_name": "bytes"}
    scores = {"probability": 0.01, "anomaly_score": 40.0, "normalized_probability": 50.0}
    where = {"timestamp": timestamp, "bucket_span": SPAN, "detector_index": 0}
    return names | where | {"by_field_name": "host", "by_field_value": host} | scores | values


def influencer(timestamp: int, value: str = "ann", **values: Any) -> dict[str, Any]:
    """A row of `INFLUENCERS`."""
    known = {"timestamp": timestamp, "bucket_span": SPAN, "influencer_field_name": "user"}
    return known | {"influencer_field_value": value, "probability": 0.01, "anomaly_score": 30.0} | values


def batch(
    buckets: Iterable[Mapping[str, Any]] = (),
    records: Iterable[Mapping[str, Any]] = (),
    influencers: Iterable[Mapping[str, Any]] = (),
    *,
    interim: bool = False,
) -> Batch:
    """A batch of such rows."""
    return Batch(
        pl.DataFrame(list(buckets), schema=BUCKETS, orient="row"),
        pl.DataFrame(list(records), schema=RECORDS, orient="row"),
        interim,
        influencers=pl.DataFrame(list(influencers), schema=INFLUENCERS, orient="row"),
    )
