from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.detector import THRESHOLD, Findings
from tailmass.analysis.explanation import SOURCES
from tailmass.columns import Columns
from tests.analysis.rows import SPAN, Watched, columns, equal, joined, noise

FUNCTIONS = ["count", "low_nzc", "mean(value) by host", "high_sum(value) by host partition=site", "metric(value)"]
FUNCTIONS += ["mean(value) by host shape=true", "count shape=true"]


def spiked(rows: Columns, bucket: int, host: int, change: float, first: bool = False) -> Columns:
    """The rows with the values of one host in one bucket changed, or only the first of them."""
    hit = (rows.times // 1000 // SPAN == bucket) & (rows.texts["host"] == f"h{host}").to_numpy()
    if first:
        hit &= np.cumsum(hit) == 1
    return Columns(rows.times, rows.dated, rows.texts, {"value": rows.numbers["value"] + change * hit})


def found(findings: Findings) -> dict[tuple[int, int], float]:
    """Probability by bucket and series."""
    keys = zip(findings.bucket.tolist(), findings.series.tolist(), strict=True)
    return dict(zip(keys, findings.probability.tolist(), strict=True))


def told(findings: Findings) -> tuple[np.ndarray[Any, Any], ...]:
    """All that is said of the findings but where they are."""
    plain = (getattr(findings, name) for name in ("series", "evidence", "probability", "feature", "actual", "typical"))
    return (*plain, *findings.explanation)


def least(findings: Findings) -> tuple[int, int]:
    """Bucket and series of the most unusual finding."""
    probabilities = found(findings)
    return min(probabilities, key=probabilities.__getitem__)


def test_a_spike_is_found_in_its_bucket_and_series() -> None:
    watched = Watched("mean(value) by host")
    findings = watched.add(spiked(noise(200), 150, 2, 20.0))
    assert least(findings) == (150, 2)
    assert watched.analysis.series.names(np.array([2])) == (None, ["h2"])
    assert findings.updates.tolist() == [3] * 199  # the last bucket is open


def test_a_silent_host_is_too_low_a_count_and_no_mean_at_all() -> None:
    rows = noise(200, rows=40)
    gone = (rows.times // 1000 // SPAN == 150) & (rows.texts["host"] == "h1").to_numpy()
    assert least(Watched("count by host").add(rows.take(~gone))) == (150, 1)
    assert (150, 1) not in found(Watched("mean(value) by host").add(rows.take(~gone)))
    assert (150, 1) not in found(Watched("nzc by host").add(rows.take(~gone)))


@pytest.mark.parametrize(("function", "change"), [("high_mean", 20.0), ("low_mean", -20.0)])
def test_a_function_of_one_side_is_silent_about_the_other(function: str, change: float) -> None:
    rows = noise(200)
    assert (150, 2) in found(Watched(f"{function}(value) by host").add(spiked(rows, 150, 2, change)))
    assert (150, 2) not in found(Watched(f"{function}(value) by host").add(spiked(rows, 150, 2, -change)))


def test_metric_tells_the_least_probable_of_mean_min_and_max() -> None:
    rows = spiked(noise(300, hosts=30), 250, 1, 30.0, first=True)
    metric = Watched("metric(value) by host").add(rows)
    single = [found(Watched(f"{name}(value) by host").add(rows)) for name in ("mean", "min", "max")]
    assert set(metric.feature.tolist()) == {0, 1, 2}
    for k, (key, told) in enumerate(found(metric).items()):
        each = [feature.get(key, 1.0) for feature in single]
        # What one function is silent about may still be worth telling among three: it is between the two thresholds.
        assert told <= THRESHOLD * (1.0 + 1e-9)
        assert metric.feature[k] == int(np.argmin(each))
        assert told == pytest.approx(-np.expm1(3.0 * np.log1p(-min(each))), rel=1e-9)  # Šidák
    assert metric.feature[list(found(metric)).index((250, 1))] == 2


def test_evidence_and_probability_say_the_same() -> None:
    for function in ("mean(value) by host", "metric(value) by host", "sum(value)"):
        findings = Watched(function).add(spiked(noise(300, hosts=10), 250, 1, 30.0))
        assert len(findings.series)
        assert findings.probability == pytest.approx(10.0**-findings.evidence, rel=1e-9)
        assert findings.probability.max() <= THRESHOLD * (1.0 + 1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_the_sources_say_adds_up_to_the_evidence(function: str) -> None:
    findings = Watched(function).add(spiked(noise(300), 250, 1, 30.0))
    explained = findings.explanation
    assert {len(part) for part in explained} == {len(findings.series)}
    assert explained.contributions.sum(axis=1) == pytest.approx(findings.evidence, rel=1e-9)
    assert (explained.contributions[:, [SOURCES.index(name) for name in ("variance", "shape")]] == 0.0).all()
    assert (np.abs(explained.multi_bucket_impact) <= 5.0).all()


def test_a_spike_is_explained_by_its_bounds_and_its_rank() -> None:
    findings = Watched("mean(value) by host").add(spiked(noise(200), 150, 2, 20.0))
    k = list(found(findings)).index((150, 2))
    explained = findings.explanation
    assert explained.kind[k] == "spike"
    assert 8.0 < explained.lower[k] < findings.typical[k] < explained.upper[k] < 13.0 < findings.actual[k]
    assert explained.largest_of[k] == 150  # of all but the first, which has nothing to stand out from
    assert explained.multi_bucket_impact[k] < 0.0  # this bucket alone


def test_a_dip_and_a_silence_are_told_apart() -> None:
    rows = noise(200, rows=40)
    host = (rows.times // 1000 // SPAN == 150) & (rows.texts["host"] == "h1").to_numpy()
    few = host & (np.cumsum(host) > 5)
    for gone, kind in ((few, "dip"), (host, "silence")):
        findings = Watched("count by host").add(rows.take(~gone))
        k = list(found(findings)).index((150, 1))
        assert findings.explanation.kind[k] == kind
        assert findings.explanation.lower[k] > findings.actual[k]
        assert (findings.explanation.lower >= 0.0).all()


def test_several_buckets_that_are_a_little_off_together_are_a_matter_of_the_window() -> None:
    rows = noise(400, hosts=1)
    off = (rows.times // 1000 // SPAN >= 350) & (rows.times // 1000 // SPAN < 362)
    moved = Columns(rows.times, rows.dated, rows.texts, {"value": rows.numbers["value"] + 1.6 * off})
    findings = Watched("mean(value)").add(moved)
    late = (findings.bucket >= 354) & (findings.bucket < 362)
    assert late.any()
    assert findings.explanation.multi_bucket_impact[late].max() > 0.0


def test_more_sensitivity_never_tells_less() -> None:
    rows = noise(600, hosts=5)
    few, usual, many = (
        found(Watched(f"mean(value) by host sensitivity={sensitivity}").add(rows)) for sensitivity in (3, 5, 8)
    )
    assert usual == found(Watched("mean(value) by host").add(rows))
    assert few.keys() <= usual.keys() <= many.keys()
    assert len(few) < len(many)
    assert all(many[key] <= usual[key] <= few.get(key, 1.0) for key in usual)


def forms(buckets: int, odd: int | None = None) -> Columns:
    """A row a bucket: two humps every fifty buckets and some noise; from bucket `odd` on, those run backwards."""
    time = 2.0 * np.pi * np.arange(buckets) / 50.0
    values = np.sin(time) + 0.6 * np.sin(2.0 * time + 1.0) + 0.3 * np.random.default_rng(5).normal(size=buckets)
    if odd is not None:
        values[odd : odd + 50] = values[odd : odd + 50][::-1]
    return columns(np.arange(buckets) * SPAN * 1000, {}, {"value": values})


def test_an_odd_form_of_usual_values_is_found_only_by_who_watches_for_shapes() -> None:
    rows = forms(4000, odd=3500)
    watched, plain = Watched("mean(value) shape=true").add(rows), Watched("mean(value)").add(rows)
    for findings, kinds in ((watched, {"shape"}), (plain, set())):
        near = (findings.bucket >= 3500) & (findings.bucket < 3550 + 128) & (findings.evidence > 4.0)
        assert set(findings.explanation.kind[near].tolist()) == kinds
    top = int(watched.evidence.argmax())
    explained = watched.explanation
    assert 3500 <= watched.bucket[top] < 3550
    assert watched.evidence[top] > 8.0
    assert explained.contributions[top, SOURCES.index("shape")] > 5.0
    assert explained.multi_bucket_impact[top] > 0.0
    assert explained.lower[top] < watched.typical[top] < explained.upper[top]
    assert watched.actual[top] == rows.numbers["value"][watched.bucket[top]]


def test_where_no_form_is_odd_who_watches_for_shapes_is_as_quiet() -> None:
    rows = forms(4000)
    watched, plain = Watched("mean(value) shape=true").add(rows), Watched("mean(value)").add(rows)
    assert watched.evidence.max() == plain.evidence.max()
    shapes = watched.explanation.kind == "shape"
    assert 0 < shapes.sum() <= 15
    assert watched.evidence[shapes].max() < 3.5
    others = {k: p for k, p in found(watched).items() if k[0] not in watched.bucket[shapes]}
    assert others.items() <= found(plain).items()


def test_a_shape_is_not_told_of_the_side_that_is_not_watched() -> None:
    findings = Watched("high_mean(value) shape=true").add(forms(4000, odd=3500))
    shapes = findings.explanation.kind == "shape"
    assert (findings.actual > findings.typical)[shapes].all()
    assert findings.evidence[shapes].max() > 4.0


@pytest.mark.parametrize("function", ["metric(value) shape=true", "sum(value) shape=true", "count shape=true"])
def test_what_the_sources_say_adds_up_with_shapes_as_well(function: str) -> None:
    rows = forms(3000, odd=2500)
    if function.startswith("count"):  # as many rows as the values are high
        many = np.repeat(np.arange(3000), (10.0 * (rows.numbers["value"] + 5.0)).astype(np.int64))
        rows = columns(many * SPAN * 1000)
    findings = Watched(function).add(rows)
    explained = findings.explanation
    assert explained.contributions[:, SOURCES.index("shape")].max() > 1.0
    assert explained.contributions.sum(axis=1) == pytest.approx(findings.evidence, rel=1e-9)
    assert findings.probability == pytest.approx(10.0**-findings.evidence, rel=1e-9)


def test_a_series_has_one_finding_a_bucket_and_they_are_in_order() -> None:
    findings = Watched("metric(value) by host").add(spiked(noise(300), 250, 1, 30.0))
    keys = list(found(findings))
    assert len(keys) == len(findings.series)
    assert keys == sorted(keys)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from(FUNCTIONS), st.lists(st.integers(0, 600), max_size=3))
def test_rows_can_be_cut_anywhere(function: str, cuts: list[int]) -> None:
    rows = spiked(noise(60), 50, 1, 20.0)
    whole, parts = Watched(function), Watched(function)
    at_once = whole.add(rows)
    edges = [0, *sorted(cuts), len(rows)]
    pieces, closed = [], 0
    for begin, end in pairwise(edges):
        piece = parts.add(rows.take(slice(begin, end)))
        pieces.append((piece.bucket + closed, *told(piece)))
        closed += len(piece.updates)
    together = [np.concatenate(each) for each in zip(*pieces, strict=True)]
    expected = (at_once.bucket, *told(at_once))
    assert [each.tolist() for each in together] == [each.tolist() for each in expected]
    assert equal(whole.state(), parts.state())


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.sampled_from(FUNCTIONS), st.integers(1, 89 * 64 * 4), st.sampled_from([None, "Asia/Kathmandu"]))
def test_a_restored_detector_goes_on_to_the_last_bit(function: str, cut: int, zone: str | None) -> None:
    rows = spiked(noise(90, hosts=64), 80, 1, 20.0)
    watched, again = Watched(function, latency=1000, zone=zone), Watched(function, latency=1000, zone=zone)
    watched.add(rows.take(slice(cut)))
    kept = watched.state()
    one = watched.add(rows.take(slice(cut, None)))
    again.restore(kept)
    other = again.add(rows.take(slice(cut, None)))
    assert [each.tolist() for each in told(one)] == [each.tolist() for each in told(other)]
    assert equal(watched.state(), again.state())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_look_at_open_buckets_changes_nothing(function: str) -> None:
    rows = noise(90)
    looked, left = Watched(function), Watched(function)
    for watched in (looked, left):
        watched.add(rows)
    looked.interim()
    assert equal(looked.state(), left.state())


def test_an_open_bucket_with_few_rows_so_far_is_not_too_low() -> None:
    watched = Watched("count by host")
    watched.add(noise(100, rows=40))
    watched.add(columns([100 * SPAN * 1000], {"host": ["h0"], "site": ["s0"]}, {"value": [0.0]}))
    assert len(watched.interim().series) == 0


def test_an_open_bucket_with_too_many_rows_is_told_before_it_closes() -> None:
    watched = Watched("count by host")
    watched.add(noise(100))
    now = 100 * SPAN * 1000
    watched.add(columns([now] * 60, {"host": ["h1"] * 60, "site": ["s1"] * 60}, {"value": [0.0] * 60}))
    findings = watched.interim()
    assert findings.series.tolist() == [1]
    assert findings.actual.tolist() == [60.0]
    assert findings.updates.tolist() == [1]


def test_an_interim_value_is_the_final_one_if_nothing_more_comes() -> None:
    watched = Watched("mean(value) by host")
    watched.add(joined([noise(100), spiked(noise(1, first=100), 100, 2, 20.0)]))
    interim = watched.interim()
    final = watched.add(noise(1, first=101))
    assert [each.tolist() for each in told(interim)] == [each.tolist() for each in told(final)]


def test_a_row_without_a_value_counts_for_what_counts_rows_alone() -> None:
    rows = noise(2)
    rows.numbers["value"][:] = np.nan
    assert Watched("mean(value)").add(rows).updates.tolist() == [0]
    assert Watched("count").add(rows).updates.tolist() == [1]


@pytest.mark.parametrize("function", ["mean(value) by host", "count by host", "sum(value) by host"])
def test_what_is_expected_next_is_what_the_next_bucket_is_judged_by(function: str) -> None:
    watched = Watched(function)
    watched.add(noise(300))
    first = watched.clock.first
    assert first is not None
    expected = [[float(part[0]) for part in watched.analysis.forecast(host, first, 1)] for host in range(3)]
    watched.add(noise(1, first=first))
    changes = joined([noise(1, first=first, seed=1), spiked(noise(1, first=first, rows=40), first, 0, 30.0)])
    judged = watched.add(joined([changes, noise(1, first=first + 1)]))
    explained = judged.explanation
    assert len(judged.series)
    for k in range(len(judged.series)):
        mean, lower, upper = expected[int(judged.series[k])]
        # A record is told without what the last residuals say, which is next to nothing in noise.
        assert judged.typical[k] == pytest.approx(mean, abs=0.05 * (upper - lower))
        # The mean of one row, or of forty, is less sure or surer than that of the usual four.
        assert explained.upper[k] - explained.lower[k] == pytest.approx(upper - lower, rel=0.5)


def test_a_series_without_a_value_has_no_forecast() -> None:
    watched = Watched("mean(value) by host")
    rows = noise(3)
    rows.numbers["value"][:] = np.nan
    watched.add(rows)
    assert np.isnan(watched.analysis.forecast(0, 3, 5)).all()


def test_a_forecast_changes_nothing() -> None:
    watched = Watched("count by host")
    watched.add(noise(100))
    before = watched.state()
    watched.analysis.forecast(1, 100, 500)
    assert equal(before, watched.state())


def test_the_size_is_known() -> None:
    watched = Watched("metric(value) by host")
    empty = watched.analysis.size_bytes
    watched.add(noise(2))
    assert watched.analysis.size_bytes > empty
