"""Date histograms: what may be asked for, where buckets begin, and the rows that are made of answers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.feeds.elastic.histogram import Histogram

HOUR_MS = 3_600_000
MONDAY_MS = 1_463_356_800_000  # 2016-05-16


def parsed(below: dict[str, Any] | None = None, **histogram: Any) -> Histogram:
    asked: dict[str, Any] = {"date_histogram": {"field": "time", **histogram}}
    return Histogram.parse({"buckets": asked if below is None else {**asked, "aggs": below}}, time_field="time")


@pytest.mark.parametrize(
    ("given", "interval_ms"),
    [
        ({"interval": "5m"}, 300_000),
        ({"interval": 60_000}, 60_000),
        ({"interval": "hour"}, HOUR_MS),
        ({"fixed_interval": "30s"}, 30_000),
        ({"fixed_interval": "2d"}, 48 * HOUR_MS),
        ({"calendar_interval": "1d"}, 24 * HOUR_MS),
    ],
)
def test_every_spelling_of_an_interval_is_asked_for_in_the_one_that_all_servers_know(
    given: dict[str, Any], interval_ms: int
) -> None:
    made = parsed(**given, min_doc_count=0, order={"_key": "desc"}, keyed=True)
    histogram = {"field": "time", "fixed_interval": f"{interval_ms}ms", "offset": "0ms", "min_doc_count": 1}
    assert made.asked == {"buckets": {"date_histogram": histogram}}


def test_weeks_of_the_calendar_begin_on_mondays_and_others_where_the_epoch_does() -> None:
    for spelling, week in (("calendar_interval", "week"), ("interval", "1w")):
        assert parsed(None, **{spelling: week}).floor(MONDAY_MS + HOUR_MS) == MONDAY_MS
    assert parsed(fixed_interval="7d").floor(MONDAY_MS) == MONDAY_MS - 4 * 24 * HOUR_MS


@given(st.integers(-(10**13), 10**13), st.integers(-(10**9), 10**9))
def test_a_time_is_in_the_bucket_that_begins_at_or_before_it(time_ms: int, offset_ms: int) -> None:
    made = parsed(fixed_interval="1h", offset=offset_ms)
    begin = made.floor(time_ms)
    assert 0 <= time_ms - begin < HOUR_MS
    assert (begin - offset_ms) % HOUR_MS == 0
    assert made.ceiling(begin) == begin
    assert made.ceiling(begin + 1) == begin + HOUR_MS


@pytest.mark.parametrize(
    ("aggregations", "said"),
    [
        ({}, "0 aggregations"),
        ({"a": {"avg": {"field": "v"}}}, "'a' is no date_histogram"),
        ({"a": {"terms": {"field": "v"}, "aggs": {"b": {"date_histogram": {}}}}}, "'a' is no date_histogram"),
        ({"a": {"date_histogram": {"field": "other", "fixed_interval": "1h"}}}, "'other': the time is 'time'"),
        ({"a": {"date_histogram": {"field": "time"}}}, "0 intervals"),
        ({"a": {"date_histogram": {"field": "time", "interval": "1M"}}}, "months and years"),
        ({"a": {"date_histogram": {"field": "time", "interval": "0s"}}}, "longer than nothing"),
        ({"a": {"date_histogram": {"field": "time", "interval": "1h", "fixed_interval": "1h"}}}, "2 intervals"),
        ({"a": {"date_histogram": {"field": "time", "interval": "1h", "hard_bounds": {}}}}, "'hard_bounds'"),
        ({"a": {"date_histogram": {"field": "time", "interval": "1d", "time_zone": "Asia/Tokyo"}}}, "'Asia/Tokyo'"),
    ],
)
def test_what_cannot_be_used_is_named(aggregations: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Histogram.parse(aggregations, time_field="time")


def bucket(key: Any, count: int, **found: Any) -> dict[str, Any]:
    return {"key": key, "key_as_string": f"<{key}>", "doc_count": count, **found}


def test_a_leaf_is_a_row_with_the_keys_of_all_buckets_around_it() -> None:
    hosts = {
        "sum_other_doc_count": 0,
        "buckets": [bucket("a", 2, ms={"value": 3.5}), bucket("b", 1, ms={"value": None})],
    }
    regions = {"buckets": [bucket("eu", 3, host=hosts)]}
    answer = {"buckets": {"buckets": [bucket(1000, 3, region=regions), bucket(2000, 1, region={"buckets": []})]}}
    around = {"buckets": 1000, "time": 1000, "region": "eu"}
    assert parsed(interval="1s").rows(answer) == [
        {**around, "host": "a", "doc_count": 2, "ms": 3.5},
        {**around, "host": "b", "doc_count": 1, "ms": None},
    ]


def test_buckets_may_have_names_or_be_alone_and_metrics_many_numbers() -> None:
    stats = {"count": 2, "avg": 4.0}
    slow = {"doc_count": 2, "ms": stats, "p": {"values": {"95.0": 7.0}}}
    kinds = {"buckets": {"errors": {"doc_count": 2, "slow": slow}, "others": {"doc_count": 0}}}
    [row] = parsed(interval="1s").rows({"buckets": {"buckets": [bucket(1000, 2, kind=kinds)]}})
    assert row == {"buckets": 1000, "time": 1000, "kind": "errors", "doc_count": 2, "ms": stats, "p": {"95.0": 7.0}}


def test_how_many_rows_a_bucket_may_become_is_told_by_the_terms_in_it() -> None:
    metric = {"ms": {"avg": {"field": "ms"}}}
    hosts = {"host": {"terms": {"field": "host", "size": 50}, "aggs": metric}}
    assert parsed(interval="1s").width == parsed(metric, interval="1s").width == 1
    assert parsed(hosts, interval="1s").width == 50
    assert parsed({"region": {"terms": {"field": "region"}, "aggs": hosts}}, interval="1s").width == 500
