import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.columns import Columns
from tests.analysis.rows import SPAN, Watching, columns, equal, in_pieces, same

DETECTORS = ["rare by process", "rare by process partition=user", "rare by process use_null=true"]


def processes(buckets: int, *, often: int = 3, fresh: float = 0.0, seed: int = 5, users: int = 2) -> Columns:
    """Four processes a bucket, out of a few usual ones; a share of them was never seen before."""
    chance = np.random.default_rng(seed)
    n = 4 * buckets
    names = [
        f"new{i}" if new else f"p{p}"
        for i, (p, new) in enumerate(zip(chance.integers(0, often, n), chance.random(n) < fresh, strict=True))
    ]
    times = (np.repeat(np.arange(buckets), 4) * SPAN + np.tile([1, 2, 3, 4], buckets)) * 1000
    return columns(times, {"process": names, "user": [f"u{u}" for u in chance.integers(0, users, n)]})


def planted(rows: Columns, row: int, name: str | None) -> Columns:
    """The rows with another process in one of them."""
    names = rows.texts["process"].to_list()
    names[row] = name
    return columns(rows.times, {"process": names, "user": rows.texts["user"].to_list()})


@pytest.mark.parametrize("seed", range(3))
def test_a_process_that_was_never_there_is_found_in_its_bucket(seed: int) -> None:
    watched = Watching("rare by process")
    findings = watched.add(planted(processes(800, seed=seed), 4 * 700, "mimikatz"))
    assert findings.bucket.tolist() == [700]
    assert watched.analysis.names(findings.series) == (None, ["mimikatz"], None)
    assert findings.explanation.kind.tolist() == ["new"]
    assert (findings.actual.tolist(), findings.typical.tolist()) == ([1.0], [0.0])
    assert findings.probability[0] < 2e-3


@pytest.mark.parametrize("seed", range(3))
def test_a_stream_that_always_brings_new_values_stays_quiet(seed: int) -> None:
    for fresh in (1.0, 0.2, 0.05):
        assert len(Watching("rare by process").add(processes(800, fresh=fresh, seed=seed)).series) == 0


def test_the_more_a_stream_has_seen_the_more_a_new_value_says() -> None:
    early, late = (
        Watching("rare by process").add(planted(processes(1500), 4 * bucket, "x")).probability[0]
        for bucket in (100, 1400)
    )
    assert late < 0.2 * early


def test_a_value_that_comes_back_once_a_day_says_less_every_time() -> None:
    rows = processes(10 * 144)
    for day in range(10):
        rows = planted(rows, 4 * (144 * day + 50), "backup")
    findings = Watching("rare by process").add(rows)
    assert findings.bucket.tolist() == [144 * day + 50 for day in range(10)]
    assert findings.explanation.kind.tolist() == ["new"] + ["rare"] * 9
    assert (findings.probability > 0.002).all()
    assert 0.005 < findings.typical[-1] < 0.01


def test_what_is_usual_for_one_partition_is_news_to_another() -> None:
    rows = processes(800, seed=3)
    names = [f"{name}{user}" for name, user in zip(rows.texts["process"], rows.texts["user"], strict=True)]
    row = 4 * 700
    user = rows.texts["user"][row]
    names[row] = "p0u1" if user == "u0" else "p0u0"
    rows = columns(rows.times, {"process": names, "user": rows.texts["user"].to_list()})
    watched = Watching("rare by process partition=user")
    findings = watched.add(rows)
    assert watched.analysis.names(findings.series) == ([user], [names[row]], None)
    assert len(Watching("rare by process").add(rows).series) == 0


def test_a_row_without_a_value_is_passed_over_unless_null_is_a_value() -> None:
    rows = planted(processes(300), 4 * 250, None)
    assert len(Watching("rare by process").add(rows).series) == 0
    watched = Watching("rare by process use_null=true")
    assert watched.analysis.names(watched.add(rows).series) == (None, [""], None)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS), st.lists(st.integers(0, 600), max_size=3), st.sampled_from([0, 1000]))
def test_rows_can_be_cut_anywhere(detector: str, cuts: list[int], latency: int) -> None:
    rows = planted(processes(150), 4 * 140, "x")
    whole, parts = Watching(detector, latency=latency), Watching(detector, latency=latency)
    at_once = in_pieces(whole, rows, [])
    assert len(at_once[0])
    assert in_pieces(parts, rows, cuts) == at_once
    assert equal(whole.state(), parts.state())


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS), st.integers(1, 599))
def test_a_restored_detector_goes_on_to_the_last_bit(detector: str, cut: int) -> None:
    rows = planted(processes(150), 4 * 140, "x")
    watched, again = Watching(detector, latency=1000), Watching(detector, latency=1000)
    watched.add(rows.take(slice(cut)))
    again.restore(watched.state())
    one, other = (each.add(rows.take(slice(cut, None))) for each in (watched, again))
    assert same(one, other)
    assert equal(watched.state(), again.state())


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_look_at_open_buckets_tells_what_is_final_and_changes_nothing(detector: str) -> None:
    looked, left = Watching(detector), Watching(detector)
    rows = planted(processes(150), 4 * 149, "x")
    for watched in (looked, left):
        watched.add(rows)
    interim = looked.interim()
    assert equal(looked.state(), left.state())
    final = looked.add(columns([150 * SPAN * 1000], {"process": ["p0"], "user": ["u0"]}))
    assert same(interim, final)


def test_a_value_takes_eight_bytes() -> None:
    watched = Watching("rare by process")
    watched.add(processes(5, fresh=1.0))
    small = watched.analysis.size_bytes
    watched.add(columns([6 * SPAN * 1000] * 4096, {"process": [f"n{i}" for i in range(4096)], "user": ["u"] * 4096}))
    assert watched.analysis.size_bytes - small == 8 * 4096
