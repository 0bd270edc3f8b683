"""Overlapping buckets, from rows to results."""

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tailmass
from tailmass.results import Batch
from tests.engine.sample import HEADER, Run, assert_same, cut, job, top

SPAN, BEGIN, BUCKETS = 60, 1_700_000_040, 120
HIT = 100
DETECTORS = (
    {"function": "high_count", "byFieldName": "host"},
    {"function": "metric", "fieldName": "value", "byFieldName": "host", "partitionFieldName": "site"},
    {"function": "sum", "fieldName": "value", "overFieldName": "host"},
    {"function": "count", "byFieldName": "site", "overFieldName": "host", "excludeFrequent": "by"},
    {"function": "max", "fieldName": "value"},
    {"function": "time_of_day", "byFieldName": "host"},
)


def rows(*bursts: tuple[int, int], hosts: int = 4) -> list[bytes]:
    """Six rows a host and minute at any seconds, and thirty more of host0 in each of the stretches of seconds."""
    chance = np.random.default_rng(11)
    made = []
    for host in range(hosts):
        seconds = chance.integers(0, SPAN * BUCKETS, 6 * BUCKETS)
        extra = [chance.integers(begin, end, 30) for begin, end in bursts] if host == 0 else []
        made += [
            (BEGIN + second, f",host{host},s{host % 2},{chance.normal(10.0, 1.0):.4f}\n")
            for second in np.concatenate([seconds, *extra]).tolist()
        ]
    return [f"{time}{rest}".encode() for time, rest in sorted(made)]


ACROSS = (HIT * SPAN - 15, HIT * SPAN + 15)
"""Half a minute of which a boundary is the middle."""
LINES = rows(ACROSS)
DATA = HEADER + b"".join(LINES)


def run(*detectors: dict[str, Any], data: bytes = DATA, **analysis: Any) -> Run:
    made = Run(job(*detectors, **analysis))
    made.upload([data])
    return made


def overlapping(*detectors: dict[str, Any], data: bytes = DATA, **analysis: Any) -> Run:
    return run(*detectors, data=data, overlappingBuckets=True, **analysis)


@pytest.fixture(scope="module")
def whole() -> Run:
    return overlapping(*DETECTORS)


def test_a_burst_across_a_boundary_is_seen_whole_and_once() -> None:
    halves, whole = run(DETECTORS[0]), overlapping(DETECTORS[0])
    record = top(whole.results)
    assert record["by_field_value"] == "host0"
    assert record["timestamp"] in (BEGIN + SPAN * (HIT - 1), BEGIN + SPAN * HIT)
    assert record["actual"] >= 30.0
    assert top(halves.results)["actual"] < 30.0
    assert record["probability"] < top(halves.results)["probability"]
    assert record["normalized_probability"] > top(halves.results)["normalized_probability"]
    great = whole.results.records.filter(pl.col("actual") >= 30.0)
    assert len(great) == 1


@pytest.mark.parametrize("second", [0, 30])
def test_a_burst_within_a_bucket_stays_there(second: int) -> None:
    begin = HIT * SPAN + second
    record = top(overlapping(DETECTORS[0], data=HEADER + b"".join(rows((begin, begin + 30)))).results)
    assert (record["timestamp"], record["by_field_value"]) == (BEGIN + SPAN * HIT, "host0")


def test_nothing_is_told_twice_and_every_bucket_once(whole: Run) -> None:
    results, plain = whole.results, run(*DETECTORS).results
    assert results.buckets["timestamp"].to_list() == plain.buckets["timestamp"].to_list()[:-2]
    assert results.buckets["event_count"].to_list() == plain.buckets["event_count"].to_list()[:-2]
    assert results.buckets["series_watched"].to_list() == plain.buckets["series_watched"].to_list()[:-2]
    who = ["timestamp", "detector_index", *(f"{split}_field_value" for split in ("partition", "by", "over"))]
    assert not results.records.select(who).is_duplicated().any()


def test_what_no_bucket_cuts_is_told_as_without_overlap(whole: Run) -> None:
    seen = ["timestamp", "probability", "actual", "typical", "normalized_probability"]
    last = whole.results.buckets["timestamp"].max()
    for index in (4, 5):
        told, plain = (
            each.results.records.filter(pl.col("detector_index") == index, pl.col("timestamp") <= last).select(seen)
            for each in (whole, run(*DETECTORS))
        )
        assert told.equals(plain)


@pytest.mark.parametrize("window", [0, 1, 2, 5])
def test_results_are_final_after_the_window(window: int) -> None:
    made = overlapping(DETECTORS[0], resultFinalizationWindow=window)
    assert len(made.results.buckets) == BUCKETS - 1 - window
    made.batches.append(made.pipeline.advance(BEGIN + SPAN * (BUCKETS + window)))
    assert len(made.results.buckets) == BUCKETS
    assert made.pipeline.counts.bucket_count == BUCKETS


def test_the_window_says_when_and_not_what() -> None:
    told = [overlapping(*DETECTORS, resultFinalizationWindow=window).results.records for window in (1, 4)]
    last = BEGIN + SPAN * (BUCKETS - 6)
    one, other = (records.filter(pl.col("timestamp") <= last) for records in told)
    assert len(one) > 5
    assert one.equals(other)


def test_without_a_window_what_lies_across_a_boundary_is_told_after_it() -> None:
    record = top(overlapping(DETECTORS[0], resultFinalizationWindow=0).results)
    assert (record["timestamp"], record["actual"] >= 30.0) == (BEGIN + SPAN * HIT, True)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(places=st.lists(st.integers(0, len(DATA)), max_size=12))
def test_however_an_upload_is_cut_the_results_are_the_same_to_the_last_bit(whole: Run, places: list[int]) -> None:
    made = Run(job(*DETECTORS, overlappingBuckets=True))
    made.upload(cut(DATA, places))
    assert_same(made.results, whole.results)
    assert made.pipeline.counts == whole.pipeline.counts


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    stops=st.lists(st.integers(1, len(LINES) - 1), max_size=4, unique=True),
    latency=st.sampled_from([0, 100]),
    window=st.sampled_from([0, 2]),
    summary=st.booleans(),
)
def test_uploads_with_interim_results_and_a_restore_between_them_change_nothing(
    stops: list[int], latency: int, window: int, summary: bool
) -> None:
    analysis: dict[str, Any] = {
        "latency": latency,
        "resultFinalizationWindow": window,
        "overlappingBuckets": True,
        "summaryCountFieldName": "value" if summary else None,
    }
    detectors = [each for each in DETECTORS if not summary or each["function"] != "metric"]
    undisturbed = run(*detectors, **analysis)
    made, batches = Run(job(*detectors, **analysis)), []
    for begin, end in pairwise([0, *sorted(stops), len(LINES)]):
        made.upload([HEADER + b"".join(LINES[begin:end])])
        batches += made.batches
        made.pipeline.interim()
        made.pipeline.interim(BEGIN, BEGIN + SPAN * BUCKETS)
        made = Run(made.job, kept=made.pipeline.state())
    made.batches = batches
    assert_same(made.results, undisturbed.results)
    assert made.pipeline.counts.bucket_count == undisturbed.pipeline.counts.bucket_count


def test_what_is_not_final_is_told_in_the_interim_as_it_stands() -> None:
    after = 5
    made = overlapping(DETECTORS[0], data=HEADER + b"".join(rows(ACROSS)[: _rows_until(HIT + 1, after)]))
    interim = made.pipeline.interim()
    assert interim.interim
    assert interim.buckets["timestamp"].to_list() == [BEGIN + SPAN * bucket for bucket in (HIT - 1, HIT, HIT + 1)]
    asked = made.pipeline.interim(BEGIN + SPAN * HIT)
    assert asked.buckets.equals(interim.buckets[1:2])
    assert asked.records.equals(interim.records.filter(pl.col("timestamp") == BEGIN + SPAN * HIT))
    assert top(interim)["actual"] >= 30.0
    final = made.pipeline.advance(BEGIN + SPAN * (HIT + 4))
    assert top(final)["actual"] == top(interim)["actual"]


def _rows_until(bucket: int, second: int) -> int:
    end = BEGIN + SPAN * bucket + second
    return sum(int(line.split(b",")[0]) < end for line in LINES)


def test_interim_results_before_the_first_bucket_closes_are_of_that_one() -> None:
    made = overlapping(DETECTORS[0], data=HEADER + LINES[0])
    assert made.pipeline.interim().buckets["timestamp"].to_list() == [BEGIN]
    assert Run(job(overlappingBuckets=True)).pipeline.interim().buckets.is_empty()


def test_rules_hold_for_both_views() -> None:
    rule = {"conditionType": "NUMERICAL_ACTUAL", "condition": {"operator": "GT", "value": "12"}}
    told = overlapping({**DETECTORS[0], "detectorRules": [{"ruleConditions": [rule]}]}).results
    plain = overlapping(DETECTORS[0]).results
    assert top(plain)["actual"] > 12.0
    assert len(told.records) > 0
    assert told.records.filter(pl.col("actual") > 12.0).is_empty()
    of_hit = pl.col("timestamp") == top(plain)["timestamp"]
    assert told.buckets.filter(of_hit)["anomaly_score"].item() == 0.0


def test_overlapping_buckets_are_understood_in_python() -> None:
    frame = pl.read_csv(DATA, schema_overrides={"value": pl.Float64})
    found = tailmass.detect(frame, "high_count by host", bucket_span="1m", overlapping_buckets=True)
    assert found.records.row(0, named=True)["actual"] >= 30.0
    times, values = found.series(found.records.row(0, named=True))
    assert len(times) == len(values) > 40


def test_batches_that_change_nothing_are_none() -> None:
    made = Run(job(overlappingBuckets=True))
    made.upload([HEADER, LINES[0]])
    assert [len(each.buckets) for each in made.batches] == [0] * len(made.batches)
    assert Batch.concat(made.batches).records.is_empty()
