from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.errors import TooManyBadDates
from tailmass.jobs import Job
from tailmass.results import Counts
from tests.engine.sample import Run, assert_same, cut, top

START = 1_700_000_040
PLAIN = [
    {"transform": "exclude", "inputs": ["raw"], "condition": {"operator": "match", "value": "#.*"}},
    {
        "transform": "extract",
        "inputs": ["raw"],
        "outputs": ["day", "clock", "name", "load"],
        "arguments": [r"^\[(\S+) (\S+)\] (\S*) load=(.*)$"],
    },
    {"transform": "concat", "inputs": ["day", "clock"], "outputs": ["time"], "arguments": ["T"]},
    {"transform": "lowercase", "inputs": ["name"], "outputs": ["small"]},
    {"transform": "domain_split", "inputs": ["small"], "outputs": ["below", "host"]},
]
DETECTORS = [
    {"function": "mean", "fieldName": "load", "byFieldName": "host"},
    {"function": "count", "partitionFieldName": "host"},
]


def lines_job(*more: dict[str, Any]) -> Job:
    return Job.parse(
        {
            "analysisConfig": {"bucketSpan": 60, "detectors": DETECTORS},
            "dataDescription": {"format": "SINGLE_LINE", "timeFormat": "yyyy-MM-dd'T'HH:mm:ss"},
            "transforms": [*PLAIN, *more],
        }
    )


def values(minutes: int, spike: int) -> list[tuple[int, str, float]]:
    chance = np.random.default_rng(5)
    return [
        (
            START + 60 * minute + 15 * host,
            f"d{host}.com",
            chance.normal(50.0) + (400.0 if (minute, host) == (spike, 1) else 0.0),
        )
        for minute in range(minutes)
        for host in range(3)
    ]


VALUES = values(100, 80)
LINES = [
    f"[{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}] WWW.{host.upper()} load={load!r}\n".encode()
    for time, host, load in VALUES
]


def test_lines_give_the_results_of_the_fields_in_them() -> None:
    lines = Run(lines_job())
    lines.upload([b"# a comment\n".join(LINES)])
    fields = Run(Job.parse({"analysisConfig": {"bucketSpan": 60, "detectors": DETECTORS}}))
    fields.upload([b"time\thost\tload\n", *(f"{time}\t{host}\t{load!r}\n".encode() for time, host, load in VALUES)])
    assert_same(lines.results, fields.results)
    assert top(lines.results)["by_field_value"] == "d1.com"


def odd(lines: list[bytes]) -> bytes:
    """The lines with some among them that fail in one way or another, or come late."""
    others = [
        b"# x\n",
        b"\xff\xfe\n",
        b"[2023-11-14 x] a.com load=1\n",
        b"[2023-11-14 22:14:00] http://x load=\n",
        lines[0],
    ]
    return b"".join(line + (others[k % 35 // 7] if k % 7 == 3 else b"") for k, line in enumerate(lines))


def test_every_row_is_counted_once_and_every_failure() -> None:
    run = Run(lines_job())
    data = odd(LINES[:60])
    # Of the odd lines: two comments, two without a match, two with a bad clock, two late with no host, one late.
    assert run.upload([data]) == Counts(
        bucket_count=19,
        processed_record_count=60,
        processed_field_count=120,
        input_bytes=len(data),
        input_field_count=69,
        invalid_date_count=4,
        missing_field_count=0,
        out_of_order_time_stamp_count=3,
        failed_transform_count=6,
        excluded_record_count=2,
        latest_record_time_ms=VALUES[59][0] * 1000,
    )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(places=st.lists(st.integers(0, 10_000), max_size=12))
def test_however_an_upload_is_cut_the_results_and_counts_are_the_same(places: list[int]) -> None:
    data = odd(LINES)
    whole, run = Run(lines_job()), Run(lines_job())
    assert run.upload(cut(data, places)) == whole.upload([data])
    assert_same(run.results, whole.results)


@pytest.mark.parametrize("chunk", [1000, 1_000_000])
def test_an_upload_that_is_broken_off_counts_the_failures_of_the_rows_it_took_in(chunk: int) -> None:
    run = Run(lines_job())
    data = b"no match\n" * 3000
    with pytest.raises(TooManyBadDates):
        run.upload(data[at : at + chunk] for at in range(0, len(data), chunk))
    assert run.pipeline.counts.input_record_count == 100
    assert run.pipeline.counts.failed_transform_count == 200  # no match, and no host in it


def test_rows_may_be_excluded_in_any_number() -> None:
    run = Run(lines_job())
    counts = run.upload([b"# nothing but comments\n" * 50_000])
    assert counts.excluded_record_count == counts.input_record_count == 50_000
    assert len(run.results.buckets) == 0
