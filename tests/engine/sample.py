"""A small job and rows for it, and ways to run them."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from polars.testing import assert_frame_equal

from tailmass.engine.pipeline import Pipeline
from tailmass.engine.upload import Intake
from tailmass.jobs import Job
from tailmass.results import Batch, Counts

HEADER = b"time,host,site,value\n"


def job(*detectors: dict[str, Any], span: int = 60, **analysis: Any) -> Job:
    """A job over `HEADER`'s fields, mean(value) by host unless told otherwise."""
    return Job.parse(
        {
            "id": "sample",
            "analysisConfig": {
                "bucketSpan": span,
                "detectors": list(detectors) or [{"function": "mean", "fieldName": "value", "byFieldName": "host"}],
                **analysis,
            },
            "dataDescription": {"fieldDelimiter": ","},
        }
    )


def rows(minutes: int = 120, hosts: int = 4, *, spike: int | None = None, seed: int = 7) -> list[bytes]:
    """Lines of two values a host and minute; `spike` names the minute in which host0 is far off."""
    chance = np.random.default_rng(seed)
    lines = []
    for minute in range(minutes):
        for second in (5, 35):
            for host in range(hosts):
                value = 100.0 + 10.0 * host + chance.normal() + (500.0 if minute == spike and host == 0 else 0.0)
                lines.append(f"{1_700_000_040 + 60 * minute + second},host{host},s{host % 2},{value:.6f}\n".encode())
    return lines


class Run:
    """A pipeline and all that came out of it."""

    def __init__(self, configuration: Job, kept: tuple[Any, Any] | None = None) -> None:
        self.job = configuration
        self.pipeline = Pipeline(configuration)
        self.batches: list[Batch] = []
        if kept is not None:
            self.pipeline.restore(*kept)

    def upload(self, chunks: Iterable[bytes], *, gzipped: bool = False) -> Counts:
        """One upload in the given chunks."""
        intake = Intake(self.pipeline, self.job.data_description, self.batches.append, gzipped=gzipped)
        for chunk in chunks:
            intake.feed(chunk)
        intake.finish()
        return intake.counts

    @property
    def results(self) -> Batch:
        """Everything so far."""
        return Batch.concat([batch for batch in self.batches if not batch.interim])


def assert_same(one: Batch, other: Batch) -> None:
    """Both batches are equal to the last bit."""
    assert_frame_equal(one.buckets, other.buckets, check_exact=True)
    assert_frame_equal(one.records, other.records, check_exact=True)


def top(batch: Batch) -> dict[str, Any]:
    """The record with the highest score."""
    return batch.records.sort("normalized_probability", descending=True).row(0, named=True)


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """The data cut at these places."""
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]
