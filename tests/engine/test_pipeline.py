import gzip
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.calendar import Calendar
from tailmass.engine.budget import alert_threshold
from tailmass.engine.pipeline import STATE_VERSION, Pipeline
from tailmass.errors import AnalysisStartError, DataError
from tailmass.kernels.rate import REFRACTORY
from tests.engine.sample import HEADER, Run, assert_same, cut, job, rows, top

DETECTORS = (
    {"function": "metric", "fieldName": "value", "byFieldName": "host"},
    {"function": "high_mean", "fieldName": "value", "byFieldName": "host", "partitionFieldName": "site"},
    {"function": "low_sum", "fieldName": "value", "partitionFieldName": "site"},
    {"function": "count", "byFieldName": "host"},
    {"function": "nzc"},
    {"function": "non_null_sum", "fieldName": "value"},
)
DATA = HEADER + b"".join(rows(90, spike=70))


@pytest.fixture(scope="module")
def whole() -> Run:
    run = Run(job(*DETECTORS))
    run.upload([DATA])
    return run


def test_a_spike_is_the_top_record_with_its_series_actual_and_typical() -> None:
    run = Run(job())
    run.upload([HEADER, *rows(100, spike=80)])
    record = top(run.results)
    assert (record["by_field_value"], record["timestamp"]) == ("host0", 1_700_000_040 + 80 * 60)
    assert record["actual"] == pytest.approx(600.0, abs=3.0)
    assert record["typical"] == pytest.approx(100.0, abs=3.0)
    assert record["probability"] < 1e-6
    assert run.results.buckets.sort("anomaly_score").row(-1, named=True)["timestamp"] == record["timestamp"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(places=st.lists(st.integers(0, len(DATA)), max_size=12))
def test_however_an_upload_is_cut_the_results_are_the_same_to_the_last_bit(whole: Run, places: list[int]) -> None:
    run = Run(job(*DETECTORS))
    counts = run.upload(cut(DATA, places))
    assert_same(run.results, whole.results)
    assert counts.input_bytes == len(DATA)
    assert run.pipeline.counts == whole.pipeline.counts


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    stops=st.lists(st.integers(1, 719), max_size=4, unique=True),
    latency=st.sampled_from([0, 100]),
    watched=st.booleans(),
)
def test_uploads_with_interim_results_and_a_restore_between_them_change_nothing(
    stops: list[int], latency: int, watched: bool
) -> None:
    lines = rows(90, spike=70)
    undisturbed = Run(job(*DETECTORS, latency=latency))
    undisturbed.upload([HEADER + b"".join(lines)])
    run = Run(job(*DETECTORS, latency=latency))
    batches = []
    edges = [0, *sorted(stops), len(lines)]
    for begin, end in pairwise(edges):
        run.upload([HEADER + b"".join(lines[begin:end])])
        batches += run.batches
        if watched:
            run.pipeline.interim()
            run.pipeline.interim(1_700_000_040, 1_700_000_040 + 90 * 60)
        run = Run(job(*DETECTORS, latency=latency), kept=run.pipeline.state())
    run.batches = batches
    assert_same(run.results, undisturbed.results)
    assert run.pipeline.counts.bucket_count == undisturbed.pipeline.counts.bucket_count


@settings(max_examples=25, deadline=None, derandomize=True)
@given(bucket=st.integers(1, 89))
def test_an_open_bucket_is_told_as_it_will_be_once_it_closes(bucket: int) -> None:
    lines = rows(90, spike=70)
    run = Run(job(*DETECTORS[:3]))  # whose buckets are done once their rows are in: a missing count is known at the end
    run.upload([HEADER + b"".join(lines[: 8 * (bucket + 1)])])
    interim = run.pipeline.interim()
    final = run.pipeline.advance(1_700_000_040 + 60 * (bucket + 1))
    assert_same(interim, final)


def test_every_record_has_what_explains_it(whole: Run) -> None:
    records = whole.results.records
    assert len(records) > 5
    assert records.select("kind", "lower", "upper", "multi_bucket_impact").null_count().row(0) == (0, 0, 0, 0)
    evidence = records.select(pl.sum_horizontal("^evidence_.*$")).to_series()
    assert np.log10(records["probability"].to_numpy()) == pytest.approx(-evidence.to_numpy(), rel=1e-6)
    assert (records["lower"] <= records["upper"]).all()


def test_a_state_of_the_models_before_is_told_by_its_version() -> None:
    header, _ = Run(job()).pipeline.state()
    assert header["state_version"] == STATE_VERSION == 3


def test_the_budget_of_alerts_is_the_score_from_which_that_many_come_in_a_long_run() -> None:
    budget, weeks, span = 1.0, 40, 3600
    chance = np.random.default_rng(4)
    times = 1_700_000_040 + span * np.arange(weeks * 168)
    values = chance.normal(100.0, 5.0, len(times))
    data = b"".join(f"{time},a,s,{value:.6f}\n".encode() for time, value in zip(times, values, strict=True))
    run = Run(job({"function": "mean", "fieldName": "value"}, span=span, alertBudget=budget))
    run.upload([HEADER + data])
    threshold = alert_threshold(run.job)
    assert threshold == pytest.approx(50.0 - 13.45 * np.log10(budget))
    alerts = run.results.buckets.filter(pl.col("anomaly_score") >= threshold)
    later = alerts.filter(pl.col("timestamp") >= times[-1] - 26 * 604_800)["timestamp"].to_numpy() // span
    incidents = 1 + np.count_nonzero(np.diff(later) > REFRACTORY)
    # Measured: 27 of the 26 of half a year.
    assert 0.25 * budget * 26 < incidents < 2.0 * budget * 26


SHAPES = (
    {"function": "metric", "fieldName": "value", "byFieldName": "host", "shape": True},
    {"function": "count", "shape": True},
)
ODD = 1900
"""Minute from which the humps of one host run backwards, for most of an hour."""


def humps(minutes: int = 2000) -> list[bytes]:
    """A row a minute of two hosts: two humps every fifty minutes, and some noise."""
    minute = np.arange(minutes)
    form = np.sin(minute / 25.0 * np.pi) + 0.6 * np.sin(minute / 12.5 * np.pi + 1.0)
    values = form[:, None] + 0.3 * np.random.default_rng(5).normal(size=(minutes, 2))
    values[ODD : ODD + 50, 0] = values[ODD : ODD + 50, 0][::-1]
    return [
        f"{1_700_000_040 + 60 * t},host{host},s,{values[t, host]:.6f}\n".encode()
        for t in range(minutes)
        for host in range(2)
    ]


@pytest.fixture(scope="module")
def shaped() -> Run:
    run = Run(job(*SHAPES))
    run.upload([HEADER + b"".join(humps())])
    return run


def test_an_odd_form_is_the_top_record_of_its_host(shaped: Run) -> None:
    record = top(shaped.results)
    assert (record["by_field_value"], record["kind"]) == ("host0", "shape")
    assert ODD <= (record["timestamp"] - 1_700_000_040) // 60 < ODD + 50
    assert record["evidence_shape"] > 3.0


@settings(max_examples=10, deadline=None, derandomize=True)
@given(places=st.lists(st.integers(0, 10**6), max_size=8))
def test_shapes_are_the_same_to_the_last_bit_however_an_upload_is_cut(shaped: Run, places: list[int]) -> None:
    run = Run(job(*SHAPES))
    run.upload(cut(HEADER + b"".join(humps()), places))
    assert_same(run.results, shaped.results)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(stops=st.lists(st.one_of(st.integers(1, 1999), st.integers(ODD, 1999)), min_size=1, max_size=3, unique=True))
def test_a_restore_at_any_bucket_and_a_look_before_it_change_no_shape(shaped: Run, stops: list[int]) -> None:
    lines, run, batches = humps(), Run(job(*SHAPES)), []
    for begin, end in pairwise([0, *sorted(stops), 2000]):
        run.upload([HEADER + b"".join(lines[2 * begin : 2 * end])])
        batches += run.batches
        run.pipeline.interim()
        run = Run(job(*SHAPES), kept=run.pipeline.state())
    run.batches = batches
    assert_same(run.results, shaped.results)


LONDON = {"spring": 1_396_141_200, "autumn": 1_414_285_200}
"""When London changes its clocks in 2014."""


def office(change: int, *, span: int = 1800, hosts: int = 4) -> tuple[int, bytes]:
    """Eight weeks that are busy from eight to six as London's clocks show them, which change in the sixth."""
    begin = (change // 86_400 - 35) * 86_400
    times = np.arange(begin, begin + 8 * 604_800, span)
    hour = (times + Calendar("Europe/London").offsets(times)) % 86_400 / 3600
    chance = np.random.default_rng(3)
    lines = [
        f"{time},host{host},s,{100 + 40 * busy + 3 * chance.normal():.4f}\n".encode()
        for time, busy in zip(times.tolist(), ((hour >= 8) & (hour < 18)).tolist(), strict=True)
        for host in range(hosts)
    ]
    return begin, HEADER + b"".join(lines)


@pytest.mark.parametrize("season", LONDON)
def test_a_change_of_clocks_is_no_anomaly_to_a_job_that_knows_its_time_zone(season: str) -> None:
    begin, data = office(LONDON[season])
    told = {}
    for zone in ("Europe/London", "UTC"):
        run = Run(job(span=1800, timeZone=zone))
        run.upload([data])
        week = (run.results.records["timestamp"].to_numpy() - begin) // 604_800
        told[zone] = np.bincount(week, minlength=8).tolist()
    # Until then the pattern is the same to both, an hour apart at most.
    assert told["Europe/London"][:5] == pytest.approx(told["UTC"][:5], abs=2)
    others = [told["Europe/London"][week] for week in (2, 3, 4, 6, 7)]
    # Measured: spring 12 of 7 to 15, and 109 by UTC; autumn 11 of 7 to 15, and 98 by UTC.
    assert told["Europe/London"][5] <= 1.25 * max(others)
    assert told["UTC"][5] > 4 * max(others)


def test_the_time_zone_holds_across_a_restore() -> None:
    begin, data = office(LONDON["spring"], span=3600, hosts=1)
    header, *lines = data.splitlines(keepends=True)
    whole, parts = Run(job(span=3600, timeZone="Europe/London")), Run(job(span=3600, timeZone="Europe/London"))
    whole.upload([data])
    middle = (LONDON["spring"] - begin) // 3600
    parts.upload([header, *lines[:middle]])
    again = Run(parts.job, kept=parts.pipeline.state())
    again.upload([header, *lines[middle:]])
    again.batches = parts.batches + again.batches
    assert_same(again.results, whole.results)


def test_a_pipeline_looks_ahead_from_where_it_closed_its_last_bucket() -> None:
    run = Run(job(*DETECTORS))
    assert len(run.pipeline.forecast(3, None, "host0", 5).times) == 0
    run.upload([HEADER, *rows(60)])
    found = run.pipeline.forecast(3, None, "host0", 5)
    assert found.times.tolist() == [1_700_000_040 + 60 * minute for minute in range(59, 64)]
    assert found.mean == pytest.approx(np.full(5, 2.0), abs=0.1)
    again = Run(job(*DETECTORS), kept=run.pipeline.state())
    assert [part.tolist() for part in again.pipeline.forecast(1, "s1", "host3", 5)] == [
        part.tolist() for part in run.pipeline.forecast(1, "s1", "host3", 5)
    ]


def test_records_with_broken_syntax_are_skipped_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    description = job().data_description.model_copy(update={"format": "JSON"})
    run = Run(job().model_copy(update={"data_description": description}))
    counts = run.upload([b'{"time": 60, "host": "a", "value": 1}\n{"time": 61, oops}\n{"time": 62, "host": "a"}\n'])
    assert counts.processed_record_count == 2
    assert "1 records were skipped: their syntax is broken" in caplog.text


def test_gzip_gives_the_results_of_what_was_compressed(whole: Run) -> None:
    run = Run(job(*DETECTORS))
    run.upload(cut(gzip.compress(DATA), [1, 7, 500]), gzipped=True)
    assert_same(run.results, whole.results)


def test_rows_before_a_mistake_in_gzip_count_whatever_the_chunks() -> None:
    data = bytearray(gzip.compress(DATA))
    data[len(data) // 2] ^= 0xFF
    runs = []
    for chunks in ([bytes(data)], cut(bytes(data), list(range(0, len(data), 50)))):
        run = Run(job())
        with pytest.raises(DataError, match="corrupt"):
            run.upload(chunks, gzipped=True)
        runs.append(run)
    assert runs[0].pipeline.counts == runs[1].pipeline.counts
    assert runs[0].pipeline.counts.processed_record_count > 100
    assert_same(runs[0].results, runs[1].results)


def test_rows_within_the_latency_give_what_sorted_rows_give() -> None:
    lines = rows(90, spike=70)
    chance = np.random.default_rng(3)
    blocks = [lines[begin : begin + 16] for begin in range(0, len(lines), 16)]  # two minutes each
    shuffled = [block[i] for block in blocks for i in chance.permutation(len(block))]
    late, ordered = Run(job(latency=300)), Run(job())
    counts = late.upload([HEADER + b"".join(shuffled)])
    ordered.upload([HEADER + b"".join(lines)])
    assert counts.out_of_order_time_stamp_count == 0
    closed = len(late.results.buckets)
    assert closed == 84
    assert late.results.buckets["event_count"].to_list() == ordered.results.buckets["event_count"].to_list()[:closed]
    assert top(late.results)["actual"] == pytest.approx(top(ordered.results)["actual"])


def test_every_span_between_first_and_last_row_has_a_bucket_except_the_last() -> None:
    run = Run(job())
    counts = run.upload([HEADER, b"120,a,s,1\n", b"600,a,s,2\n", b"661,a,s,3\n"])
    assert run.results.buckets["timestamp"].to_list() == list(range(120, 660, 60))
    assert run.results.buckets["event_count"].to_list() == [1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert counts.bucket_count == 9


def test_advancing_time_closes_the_last_bucket_and_older_rows_are_late() -> None:
    run = Run(job())
    run.upload([HEADER, b"120,a,s,1\n"])
    assert run.pipeline.advance(180).buckets["timestamp"].to_list() == [120]
    run.upload([HEADER, b"180,a,s,1\n" * 9, b"179,a,s,1\n"])
    assert run.pipeline.counts.out_of_order_time_stamp_count == 1


def test_a_row_far_in_the_future_is_counted_as_a_bad_date_and_the_next_ones_are_not_late() -> None:
    run = Run(job())
    lines = rows(100, spike=80)
    counts = run.upload([HEADER, *lines[:300], b"32503680000,host0,s0,1\n", *lines[300:]])
    assert (counts.invalid_date_count, counts.out_of_order_time_stamp_count) == (1, 0)
    assert counts.bucket_count == 99


def test_a_first_value_of_rounding_noise_does_not_blind_the_series() -> None:
    noise = b"1700000045,host0,s0,5.551115123125783e-17\n"
    run = Run(job())
    run.upload([HEADER, noise, *rows(100, spike=80)])
    assert top(run.results)["actual"] == pytest.approx(600.0, abs=3.0)


def test_silence_is_unusual_for_a_count_and_nothing_for_a_mean() -> None:
    lines = [line for line in rows(140, hosts=3) if not (b"host1" in line and _minute(line) == 120)] * 4
    lines.sort()
    run = Run(job({"function": "count", "byFieldName": "host"}, {"function": "mean", "fieldName": "value"}))
    run.upload([HEADER + b"".join(lines)])
    record = top(run.results)
    assert (record["by_field_value"], record["actual"], record["typical"]) == ("host1", 0.0, pytest.approx(8.0))
    assert 1 not in run.results.records.filter(probability=record["probability"])["detector_index"].to_list()


def _minute(line: bytes) -> int:
    return (int(line.split(b",")[0]) - 1_700_000_040) // 60


def test_interim_results_show_the_open_bucket_and_leave_the_final_ones_as_they_would_be() -> None:
    lines = rows(100, spike=99)
    watched, left_alone = Run(job()), Run(job())
    watched.upload([HEADER + b"".join(lines)])
    interim = watched.pipeline.interim()
    assert interim.interim
    assert interim.buckets["timestamp"].to_list() == [1_700_000_040 + 99 * 60]
    assert top(interim)["by_field_value"] == "host0"
    left_alone.upload([HEADER + b"".join(lines)])
    end = 1_700_000_040 + 100 * 60
    assert_same(watched.pipeline.advance(end), left_alone.pipeline.advance(end))


def test_an_open_bucket_is_not_called_low_for_a_count_because_it_can_still_grow() -> None:
    run = Run(job({"function": "count"}))
    run.upload([HEADER, *sorted(rows(100) * 5)])
    run.upload([HEADER, b"1700006045,a,s,1\n"])
    assert len(run.pipeline.interim().records) == 0


def test_rows_without_a_split_value_are_a_series_of_their_own_only_if_asked() -> None:
    data = [HEADER, *[line.replace(b"host0", b"") for line in rows(80, spike=60)]]
    for use_null, expected in ((False, []), (True, [""])):
        run = Run(job({"function": "mean", "fieldName": "value", "byFieldName": "host", "useNull": use_null}))
        run.upload(data)
        large = run.results.records.filter(run.results.records["actual"] > 400)
        assert large["by_field_value"].to_list() == expected


def test_the_counts_add_up_as_specified() -> None:
    lines = [b"60,a,s,1,extra\n", b"bad,a,s,1\n", b"120,,s,oops\n", b"119,a,s,1\n", b"\n", b"180,a\n", b"240,b,s,2\n"]
    counts = Run(job()).upload([HEADER, *lines])
    assert counts.processed_record_count == 4
    assert counts.invalid_date_count == 1
    assert counts.out_of_order_time_stamp_count == 1
    assert counts.missing_field_count == 3
    assert counts.processed_field_count == 4 * 2 - 3
    assert counts.input_record_count == 6
    assert counts.input_field_count == 5 + 4 + 4 + 4 + 2 + 4
    assert counts.latest_record_time_ms == 240_000


def test_no_record_comes_from_a_young_series() -> None:
    run = Run(job())
    run.upload([HEADER, *rows(15, spike=10)])
    assert len(run.results.records) == 0


def test_a_category_without_messages_is_refused_by_name() -> None:
    with pytest.raises(AnalysisStartError, match="prelertcategory"):
        Pipeline(job({"function": "count", "byFieldName": "prelertcategory"}))


def test_one_wild_value_does_not_hide_what_comes_long_after_it() -> None:
    lines = rows(12_000, hosts=1, spike=11_900)
    lines[600] = lines[600].replace(b",s0,", b",s0,999999")  # a hundred million times the usual
    run = Run(job())
    run.upload([HEADER + b"".join(lines)])
    late = run.results.records.filter(run.results.records["timestamp"] == 1_700_000_040 + 60 * 11_900)
    assert late["actual"].to_list() == pytest.approx([600.0], abs=5.0)
