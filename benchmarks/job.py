"""One job over a table of series, by the engine's own path."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from tailmass.columns import Columns, Floats, Ints
from tailmass.engine.pipeline import Pipeline
from tailmass.jobs import Job
from tailmass.results import Batch

PIECE_ROWS = 500_000  # rows of the job, a value each, that go through at a time
GAPS = 32  # times whose spacing tells the bucket span


def span_of(times: Floats) -> int:
    """Seconds from time to time, as the first `GAPS` of them say; what comes later must not."""
    return max(1, round(float(np.median(np.diff(times[: GAPS + 1])))))


def run(times: Floats, values: Floats, **analysis: Any) -> Batch:
    """The results of `mean(value) by series` over series that are the columns of a table.

    Parameters
    ----------
    times : (n,) epoch seconds, increasing
    values : (n, series) unit of the data; what is not finite is passed over
    analysis : more of the job's analysisConfig

    Returns
    -------
    batch : all buckets and records; `by_field_value` is the number of the column
    """
    span = span_of(times)
    detector = {"function": "mean", "fieldName": "value", "byFieldName": "series"}
    job = Job.parse({"analysisConfig": {"bucketSpan": span, "detectors": [detector], **analysis}})
    pipeline = Pipeline(job)
    batches = [pipeline.write(rows, *pipeline.admit(rows))[0] for rows in _pieces(times, values)]
    batches.append(pipeline.advance((int(times[-1]) // span + 1) * span))
    return Batch.concat(batches)


def bucket_rows(times: Floats, starts: Ints) -> Ints:
    """(buckets,) the last row in each bucket, which is the first one that can know its score; -1 where it has none."""
    span = span_of(times)
    buckets = times.astype(np.int64) // span
    last = np.searchsorted(buckets, starts // span, side="right") - 1
    return np.where(buckets[last] == starts // span, last, -1)


def _pieces(times: Floats, values: Floats) -> Iterator[Columns]:
    """The table in long form."""
    series = values.shape[1]
    names = pl.Series("series", [str(column) for column in range(series)])
    rows = max(1, PIECE_ROWS // series)
    for begin in range(0, len(times), rows):
        part = values[begin : begin + rows]
        numbers = np.where(np.isfinite(part), part, np.nan).ravel()
        milliseconds = np.repeat((times[begin : begin + rows] * 1000.0).astype(np.int64), series)
        texts = names.gather(np.tile(np.arange(series), len(part)))
        yield Columns(milliseconds, np.ones(len(numbers), np.bool_), {"series": texts}, {"value": numbers})
