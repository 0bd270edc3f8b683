"""Downtimes and buckets that are sent anew, in every kind of analysis at once."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.errors import InvalidResetRange
from tailmass.results import Batch
from tests.engine.sample import Run, assert_same, cut, job

HEADER = "time,host,site,word,place,value\n"
START, SPAN = 1_700_006_400, 600
DETECTORS: tuple[dict[str, Any], ...] = (
    {"function": "low_count", "byFieldName": "host"},
    {"function": "metric", "fieldName": "value", "byFieldName": "host", "partitionFieldName": "site"},
    {"function": "median", "fieldName": "value", "byFieldName": "host"},
    {"function": "varp", "fieldName": "value"},
    {"function": "distinct_count", "fieldName": "word", "partitionFieldName": "site"},
    {"function": "info_content", "fieldName": "word"},
    {"function": "sum", "fieldName": "value", "overFieldName": "host", "excludeFrequent": "over"},
    {"function": "rare", "byFieldName": "word", "partitionFieldName": "site"},
    {"function": "freq_rare", "byFieldName": "word", "overFieldName": "host"},
    {"function": "time_of_day", "byFieldName": "host"},
    {"function": "lat_long", "fieldName": "place", "byFieldName": "host"},
)
WAYS: tuple[dict[str, Any], ...] = (
    {"influencers": ["host", "word"]},
    {"latency": 2 * SPAN, "influencers": ["host", "word"], "multivariateByFields": True},
    {"overlappingBuckets": True, "usePerPartitionNormalization": True, "influencers": ["word"]},
)


def rows(begin: int, end: int, *, seed: int = 3, every: int = 20) -> list[str]:
    """A row of one of four hosts every so many seconds from one second after `START` to another."""
    chance = np.random.default_rng(seed + begin)
    return [
        f"{START + second},h{host},s{host % 2},w{chance.integers(6)},{50 + host},{chance.normal(10.0 * host):.4f}\n"
        for second in range(begin, end, every)
        for host in [int(chance.integers(4))]
    ]


def text(lines: list[str]) -> bytes:
    return (HEADER + "".join(lines)).encode()


BEFORE = rows(0, 60 * SPAN + 250)
AFTER = rows(100 * SPAN + 130, 130 * SPAN)


def new(way: dict[str, Any], kept: Any = None) -> Run:
    """A run of all that can be in such a job."""
    overlapping = "overlappingBuckets" in way
    detectors = [each for each in DETECTORS if not (overlapping and each["function"] in ("rare", "freq_rare"))]
    return Run(job(*detectors, span=SPAN, **way), kept)


def times(batch: Batch) -> list[int]:
    """Which buckets there are, counted from the first."""
    return ((batch.buckets["timestamp"] - START) // SPAN).to_list()


def interrupted(way: dict[str, Any], *, pause: bool, after: list[str] = AFTER, pieces: list[int] | None = None) -> Run:
    """What comes after a downtime, in pieces."""
    made = new(way)
    made.upload([text(BEFORE)])
    if pause:
        made.batches.append(made.pipeline.pause())
    else:
        made.pipeline.begin(gap=True)
    made.upload(cut(text(after), pieces or []))
    return made


@pytest.fixture(params=WAYS, ids=["plain", "latency", "overlapping"])
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    chosen: dict[str, Any] = request.param
    return chosen


@pytest.mark.parametrize("pause", [False, True])
def test_a_downtime_and_the_parts_of_buckets_at_its_ends_have_no_results(way: dict[str, Any], pause: bool) -> None:
    made = interrupted(way, pause=pause)
    found = times(made.results)
    last = {0: 128, 2 * SPAN: 126}[way.get("latency", 0)] - (2 if "overlappingBuckets" in way else 0)
    assert found == [*range(60), *range(101, last + 1)]
    assert made.pipeline.counts.bucket_count == len(found)
    assert made.pipeline.counts.processed_record_count == len(BEFORE) + len(AFTER)
    assert made.pipeline.counts.out_of_order_time_stamp_count == 0


def test_nothing_is_unusual_because_of_a_downtime(way: dict[str, Any]) -> None:
    def worst(made: Run) -> float:
        records = made.results.records.filter(pl.col("timestamp") >= START + 60 * SPAN)
        low = records.filter((pl.col("function") == "low_count") & (pl.col("actual") == 0.0))
        return float(low["normalized_probability"].max() or 0.0)  # type: ignore[arg-type]  # scores are numbers

    unmarked = new(way)
    unmarked.upload([text(BEFORE)])
    unmarked.upload([text(AFTER)])
    assert worst(unmarked) > 20.0
    assert worst(interrupted(way, pause=False)) == 0.0


def test_models_go_on_as_they_were(way: dict[str, Any]) -> None:
    """The empty buckets of a downtime would have taught a count that nothing is usual."""
    made = interrupted(way, pause=True, after=rows(100 * SPAN, 104 * SPAN))
    forecast = made.pipeline.forecast(0, None, "h1", 1)
    assert forecast.mean[0] == pytest.approx(7.5, rel=0.3)  # a quarter of thirty rows


def test_a_pause_is_a_downtime_however_short(way: dict[str, Any]) -> None:
    made = interrupted(way, pause=True, after=rows(60 * SPAN + 400, 70 * SPAN))
    assert times(made.results)[58:62] == [58, 59, 61, 62]


@pytest.mark.parametrize("begin", [60 * SPAN + 400, 61 * SPAN + 10])
def test_where_no_whole_bucket_is_without_rows_there_was_no_downtime(way: dict[str, Any], begin: int) -> None:
    after = rows(begin, 70 * SPAN)
    undisturbed = new(way)
    undisturbed.upload([text(BEFORE)])
    undisturbed.upload([text(after)])
    assert_same(interrupted(way, pause=False, after=after).results, undisturbed.results)


def test_a_bucket_is_whole_from_its_first_second(way: dict[str, Any]) -> None:
    made = interrupted(way, pause=False, after=rows(100 * SPAN, 110 * SPAN))
    assert times(made.results)[60] == 100


def test_a_downtime_before_the_first_row_is_none(way: dict[str, Any]) -> None:
    undisturbed, made = new(way), new(way)
    undisturbed.upload([text(BEFORE)])
    made.pipeline.begin(gap=True)
    made.batches.append(made.pipeline.pause())
    made.upload([text(BEFORE)])
    assert_same(made.results, undisturbed.results)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(pieces=st.lists(st.integers(0, 10_000), max_size=8), which=st.integers(0, 2), pause=st.booleans())
def test_however_what_comes_after_a_downtime_is_cut_the_results_are_the_same(
    pieces: list[int], which: int, pause: bool
) -> None:
    whole, made = (interrupted(WAYS[which], pause=pause, pieces=each) for each in ([], pieces))
    assert_same(made.results, whole.results)
    assert made.pipeline.counts == whole.pipeline.counts


@pytest.mark.parametrize("pause", [False, True])
def test_a_restore_in_a_downtime_changes_nothing(way: dict[str, Any], pause: bool) -> None:
    whole, first = interrupted(way, pause=pause), new(way)
    first.upload([text(BEFORE)])
    if pause:
        first.batches.append(first.pipeline.pause())
    else:
        first.pipeline.begin(gap=True)
    second = new(way, first.pipeline.state())
    second.upload([text(AFTER)])
    assert_same(Batch.concat([first.results, second.results]), whole.results)
    assert second.pipeline.counts == whole.pipeline.counts


def test_what_was_interim_of_a_bucket_that_is_dropped_is_so_no_more(way: dict[str, Any]) -> None:
    made = new(way)
    made.upload([text(BEFORE)])
    assert made.pipeline.pause().abandoned == START + 61 * SPAN


@pytest.mark.parametrize("more", [{}, {"multivariateByFields": True, "usePerPartitionNormalization": True}])
def test_buckets_that_are_sent_anew_are_as_if_they_had_been_sent_once(more: dict[str, Any]) -> None:
    way = {"latency": 2 * SPAN, "influencers": ["host", "word"], **more}
    known = [f"{START},h0,s0,w9{n},50,10\n" for n in range(6)]  # both have met all names in the same order
    begin = [*known, *rows(0, 49 * SPAN)]
    right, end = rows(49 * SPAN, 51 * SPAN), rows(51 * SPAN, 80 * SPAN)
    wrong = [row.replace(",w", ",w9") for row in rows(49 * SPAN, 51 * SPAN, seed=9)]
    plain, reset = new(way), new(way)
    plain.upload([text(begin)])
    plain.upload([text(right)])
    plain.upload([text(end)])
    reset.upload([text(begin)])
    reset.upload([text(wrong)])
    reset.pipeline.begin(reset=(START + 49 * SPAN, START + 50 * SPAN))
    assert reset.upload([text(right)]).out_of_order_time_stamp_count == 0
    reset.pipeline.begin()
    reset.upload([text(end)])
    assert_same(reset.results, plain.results)
    counted = [each.pipeline.counts.processed_record_count for each in (reset, plain)]
    assert counted[0] == counted[1] + len(wrong)


def test_rows_of_a_bucket_that_is_sent_anew_are_not_late_while_it_is_open() -> None:
    made = new({"latency": SPAN})
    made.upload([text(rows(0, 20 * SPAN + 300))])
    made.pipeline.begin(reset=(START + 19 * SPAN, START + 19 * SPAN))
    again = [*rows(19 * SPAN - 40, 20 * SPAN), *rows(19 * SPAN, 20 * SPAN)]
    assert made.upload([text(again)]).out_of_order_time_stamp_count == 2
    made.pipeline.begin()
    late = [*rows(19 * SPAN, 19 * SPAN + 40), *rows(21 * SPAN, 24 * SPAN)]
    assert made.upload([text(late)]).out_of_order_time_stamp_count == 2


def test_final_buckets_cannot_be_sent_anew() -> None:
    made = new({"latency": SPAN})
    made.pipeline.begin(reset=(START, START))
    made.upload([text(rows(0, 20 * SPAN + 300))])
    with pytest.raises(InvalidResetRange, match=str(START + 19 * SPAN)):
        made.pipeline.begin(reset=(START + 18 * SPAN, START + 19 * SPAN))
