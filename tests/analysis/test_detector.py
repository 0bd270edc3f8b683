from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.detector import SIDES, THRESHOLD, Findings, reach
from tailmass.columns import Columns
from tailmass.kernels.surprise import probability
from tests.analysis.rows import SPAN, Watched, columns, equal, joined, noise

FUNCTIONS = ["count", "low_nzc", "mean(value) by host", "high_sum(value) by host partition=site", "metric(value)"]


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
        assert metric.feature[k] == int(np.argmin(each))
        assert told == pytest.approx(1.0 - (1.0 - min(each)) ** 3, rel=1e-9)  # Šidák
    assert metric.feature[list(found(metric)).index((250, 1))] == 2


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
        pieces.append((piece.bucket + closed, *(getattr(piece, name) for name in ("series", "probability", "typical"))))
        closed += len(piece.updates)
    together = [np.concatenate(each) for each in zip(*pieces, strict=True)]
    expected = (at_once.bucket, at_once.series, at_once.probability, at_once.typical)
    assert [each.tobytes() for each in together] == [each.tobytes() for each in expected]
    assert equal(whole.state(), parts.state())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_restored_detector_goes_on_to_the_last_bit(function: str) -> None:
    rows = spiked(noise(90, hosts=64), 80, 1, 20.0)
    cut = len(rows) // 2 + 17  # in the middle of a bucket
    watched, again = Watched(function, latency=1000), Watched(function, latency=1000)
    watched.add(rows.take(slice(cut)))
    kept = watched.state()
    one = watched.add(rows.take(slice(cut, None)))
    again.restore(kept)
    other = again.add(rows.take(slice(cut, None)))
    assert found(one) == found(other)
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
    assert found(interim) == found(final)


def test_a_row_without_a_value_counts_for_what_counts_rows_alone() -> None:
    rows = noise(2)
    rows.numbers["value"][:] = np.nan
    assert Watched("mean(value)").add(rows).updates.tolist() == [0]
    assert Watched("count").add(rows).updates.tolist() == [1]


@pytest.mark.parametrize("side", SIDES.values())
def test_reach_is_where_a_value_is_as_improbable_as_the_threshold(side: int) -> None:
    scales = reach(THRESHOLD, side)
    assert probability(scales * (side or 1), side) == pytest.approx(THRESHOLD, rel=1e-9)
    assert probability(scales * (side or 1), side) <= THRESHOLD


def test_the_size_is_known() -> None:
    watched = Watched("metric(value) by host")
    empty = watched.analysis.size_bytes
    watched.add(noise(2))
    assert watched.analysis.size_bytes > empty
