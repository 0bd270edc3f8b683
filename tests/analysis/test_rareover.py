import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.detector import Findings
from tailmass.columns import Columns
from tests.analysis.rows import SPAN, Watching, columns, equal, in_pieces, joined, same

DETECTORS = ["rare by process over user", "freq_rare by process over user partition=site"]


def processes(buckets: int, *, users: int = 60, first: int = 0, seed: int = 2) -> Columns:
    """Three processes a user and bucket: most are everybody's, one in twenty is one of the user's own."""
    chance = np.random.default_rng(seed)
    n = 3 * users * buckets
    user = np.tile(np.repeat(np.arange(users), 3), buckets)
    own = chance.random(n) < 0.05
    shared, mine = chance.integers(0, 6, n), chance.integers(0, 3, n)
    names = [f"own{u}.{m}" if o else f"p{s}" for u, o, s, m in zip(user, own, shared, mine, strict=True)]
    times = (np.repeat(np.arange(buckets) + first, 3 * users) * SPAN + 1) * 1000
    return columns(times, {"process": names, "user": [f"u{u}" for u in user], "site": [f"s{u % 2}" for u in user]})


def planted(rows: Columns, bucket: int, user: str, names: list[str]) -> Columns:
    """The rows with these processes of a user at the end of a bucket."""
    place = int(np.searchsorted(rows.times, (bucket + 1) * SPAN * 1000))
    n, site = len(names), f"s{int(user[1:]) % 2}"
    more = columns([((bucket + 1) * SPAN - 1) * 1000] * n, {"process": names, "user": [user] * n, "site": [site] * n})
    return joined([rows.take(slice(place)), more, rows.take(slice(place, None))])


def top(watched: Watching, findings: Findings) -> tuple[int, str]:
    """Bucket and user of the most unusual finding."""
    k = int(np.argmin(findings.probability))
    over = watched.analysis.names(findings.series)[2]
    assert over is not None
    return int(findings.bucket[k]), over[k]


@pytest.mark.parametrize("seed", range(3))
def test_a_user_of_many_processes_that_nobody_else_has_is_found(seed: int) -> None:
    watched = Watching("rare by process over user")
    findings = watched.add(planted(processes(150, seed=seed), 120, "u7", [f"x{i}" for i in range(8)]))
    assert top(watched, findings) == (120, "u7")
    assert findings.probability.min() < 0.01
    causes = findings.causes
    assert causes is not None
    assert causes.by is not None
    k = int(np.argmin(findings.probability))
    told = causes.by[int(causes.offsets[k]) : int(causes.offsets[k + 1])]
    assert {f"x{i}" for i in range(8)} <= set(told)
    assert set(causes.actual.tolist()) == {1.0}


@pytest.mark.parametrize("seed", range(3))
def test_freq_rare_counts_rows_where_rare_counts_values(seed: int) -> None:
    rows = planted(processes(150, seed=seed), 120, "u7", ["x"] * 40)
    often, once = Watching("freq_rare by process over user"), Watching("rare by process over user")
    findings = often.add(rows)
    assert top(often, findings) == (120, "u7")
    assert findings.actual[int(np.argmin(findings.probability))] == 40.0
    assert findings.probability.min() < 0.1 * once.add(rows).probability.min(initial=1.0)


def test_of_equally_rare_values_the_one_with_the_most_rows_is_told_first() -> None:
    watched = Watching("freq_rare by process over user")
    findings = watched.add(planted(processes(150), 120, "u7", ["x", *["y"] * 40]))
    k, causes = int(np.argmin(findings.probability)), findings.causes
    assert causes is not None
    assert causes.by is not None
    first = int(causes.offsets[k])
    assert list(causes.by[first : first + 2]) == ["y", "x"]
    assert findings.actual[k] == 40.0


def test_rows_of_what_everybody_does_are_not_rare_however_many() -> None:
    rows = planted(processes(150), 120, "u7", ["p1"] * 500)
    assert 120 not in Watching("freq_rare by process over user").add(rows).bucket


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("users", [10, 60])
@pytest.mark.parametrize("function", ["rare", "freq_rare"])
def test_users_that_all_have_processes_of_their_own_are_calm(function: str, users: int, seed: int) -> None:
    findings = Watching(f"{function} by process over user").add(processes(200, users=users, seed=seed))
    assert len(np.unique(findings.bucket)) < 0.06 * len(findings.updates)  # 0.035 if probabilities were exact
    assert np.count_nonzero(findings.probability < 1e-3) <= 1


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS), st.lists(st.integers(0, 7000), max_size=3), st.sampled_from([0, 1000]))
def test_rows_can_be_cut_anywhere(detector: str, cuts: list[int], latency: int) -> None:
    rows = planted(processes(40), 35, "u7", [f"x{i}" for i in range(30)])
    whole, parts = Watching(detector, latency=latency), Watching(detector, latency=latency)
    at_once = in_pieces(whole, rows, [])
    assert len(at_once[0])
    assert in_pieces(parts, rows, cuts) == at_once
    assert equal(whole.state(), parts.state())


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS), st.integers(1, 7000))
def test_a_restored_detector_goes_on_to_the_last_bit(detector: str, cut: int) -> None:
    rows = planted(processes(40), 35, "u7", [f"x{i}" for i in range(30)])
    watched, again = Watching(detector, latency=1000), Watching(detector, latency=1000)
    watched.add(rows.take(slice(cut)))
    again.restore(watched.state())
    one, other = (each.add(rows.take(slice(cut, None))) for each in (watched, again))
    assert same(one, other)
    assert equal(watched.state(), again.state())


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_look_at_open_buckets_tells_what_is_final_and_changes_nothing(detector: str) -> None:
    looked, left = Watching(detector), Watching(detector)
    rows = planted(processes(60), 59, "u7", [f"x{i}" for i in range(30)])
    for watched in (looked, left):
        watched.add(rows)
    interim = looked.interim()
    assert len(interim.series)
    assert equal(looked.state(), left.state())
    assert same(interim, looked.add(processes(1, first=60)))
