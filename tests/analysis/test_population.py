from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.peers import MOST_CAUSES
from tailmass.analysis.population import FeaturePopulation
from tailmass.columns import Columns
from tests.analysis.rows import SPAN, Watching, columns, equal, in_pieces, joined, same

DETECTORS = [
    "count over client",
    "high_mean(value) by page over client",
    "metric(value) over client partition=site",
    "sum(value) by page over client partition=site",
]


def visits(buckets: int, *, clients: int = 20, mean: float = 4.0, first: int = 0, seed: int = 4) -> Columns:
    """Poisson numbers of rows of each client, on three pages of two sites, with a value each."""
    chance = np.random.default_rng(seed)
    rows = chance.poisson(mean, (buckets, clients))
    bucket, client = np.nonzero(rows)
    rows = rows[bucket, client]
    client, bucket = np.repeat(client, rows), np.repeat(bucket, rows)
    n = len(client)
    return columns(
        ((bucket + first) * SPAN + 1) * 1000,
        {
            "client": [f"c{i}" for i in client],
            "page": [f"p{i}" for i in chance.integers(0, 3, n)],
            "site": [f"s{i % 2}" for i in client],
        },
        {"value": chance.normal(10.0, 1.0, n)},
    )


def planted(rows: Columns, bucket: int, client: str, n: int, *, value: float = 10.0, pages: int = 1) -> Columns:
    """The rows with `n` more of one client at the end of a bucket, on so many pages."""
    place = int(np.searchsorted(rows.times, (bucket + 1) * SPAN * 1000))
    names = {
        "client": [client] * n,
        "page": [f"p{i % pages}" for i in range(n)],
        "site": [f"s{int(client[1:]) % 2}"] * n,
    }
    more = columns([((bucket + 1) * SPAN - 1) * 1000] * n, names, {"value": [value] * n})
    return joined([rows.take(slice(place)), more, rows.take(slice(place, None))])


def who(watched: Watching, findings: Any) -> list[tuple[int, str]]:
    """Bucket and over value of each finding, the most unusual first."""
    order = np.argsort(findings.probability, kind="stable")
    over = watched.analysis.names(findings.series)[2]
    assert over is not None
    return [(int(findings.bucket[k]), over[k]) for k in order]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("clients", [10, 300])
def test_a_client_with_far_more_rows_than_its_peers_is_the_most_unusual(clients: int, seed: int) -> None:
    watched = Watching("count over client")
    findings = watched.add(planted(visits(240, clients=clients, seed=seed), 200, "c3", 60))
    assert who(watched, findings)[0] == (200, "c3")
    k = int(np.argmin(findings.probability))
    assert findings.probability[k] < 1e-3
    assert findings.explanation.kind[k] == "spike"
    assert findings.actual[k] >= 60.0
    assert findings.typical[k] == pytest.approx(4.0, abs=1.0)


@pytest.mark.parametrize("seed", range(3))
def test_a_mean_that_is_unlike_that_of_its_peers_is_found_on_either_side(seed: int) -> None:
    rows = visits(240, clients=100, mean=3.0, seed=seed)
    for value in (30.0, -10.0):
        watched = Watching("mean(value) over client")
        assert who(watched, watched.add(planted(rows, 200, "c3", 9, value=value)))[0] == (200, "c3")
    low = Watching("low_mean(value) over client")
    assert (200, "c3") not in who(low, low.add(planted(rows, 200, "c3", 9, value=30.0)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("clients", "mean"), [(10, 1.0), (10, 10.0), (300, 3.0)])
def test_a_calm_population_has_few_buckets_with_a_finding(clients: int, mean: float, seed: int) -> None:
    findings = Watching("count over client").add(
        visits(600 if clients < 99 else 200, clients=clients, mean=mean, seed=seed)
    )
    buckets = len(findings.updates)
    assert len(np.unique(findings.bucket)) < 0.06 * buckets  # 0.035 if probabilities were exact
    assert np.count_nonzero(findings.probability < 1e-3) <= 2


def test_when_all_clients_do_more_none_of_them_is_unlike_the_others() -> None:
    rows = joined([visits(150, clients=100), visits(50, clients=100, mean=16.0, first=150, seed=5)])
    findings = Watching("count over client").add(rows)
    assert np.count_nonzero(findings.probability < 1e-3) == 0


def test_one_who_has_always_been_unlike_the_others_is_no_news() -> None:
    rows = joined([planted(visits(1, clients=50, first=b, seed=b), b, "c7", 40) for b in range(300)])
    findings = Watching("count over client").add(rows)
    late = findings.bucket > 100
    assert np.count_nonzero(findings.probability[late] < 1e-3) == 0


def test_a_single_client_is_never_unlike_others() -> None:
    watched = Watching("count over client")
    findings = watched.add(planted(visits(200, clients=1), 150, "c0", 500))
    assert len(findings.series) == 0


def test_a_client_has_one_finding_with_all_of_its_pages_as_causes_the_worst_first() -> None:
    rows = planted(planted(visits(240, clients=60, mean=9.0), 200, "c3", 90, pages=2), 200, "c3", 60)
    watched = Watching("count by page over client")
    findings = watched.add(rows)
    assert who(watched, findings)[0] == (200, "c3")
    k = int(np.argmin(findings.probability))
    causes = findings.causes
    assert causes is not None
    assert causes.by is not None
    part = slice(int(causes.offsets[k]), int(causes.offsets[k + 1]))
    assert causes.by[part] == ["p0", "p1"]
    assert causes.probability[part].tolist() == sorted(causes.probability[part].tolist())
    assert findings.actual[k] == causes.actual[part][0] >= 105.0
    assert np.diff(causes.offsets).max() <= MOST_CAUSES
    assert [each for each in who(watched, findings) if each == (200, "c3")] == [(200, "c3")]


def test_partitions_are_populations_of_their_own() -> None:
    rows = visits(240, clients=60)
    watched = Watching("count over client partition=site")
    findings = watched.add(planted(rows, 200, "c3", 60))
    site, _, over = watched.analysis.names(findings.series)
    assert over is not None
    assert (200, "c3") in who(watched, findings)
    assert site == [f"s{int(client[1:]) % 2}" for client in over]
    assert findings.updates.tolist() == [2] * 239


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS), st.lists(st.integers(0, 2500), max_size=3), st.sampled_from([0, 1000]))
def test_rows_can_be_cut_anywhere(detector: str, cuts: list[int], latency: int) -> None:
    rows = planted(visits(50), 45, "c3", 60, value=50.0)
    whole, parts = Watching(detector, latency=latency), Watching(detector, latency=latency)
    at_once = in_pieces(whole, rows, [])
    assert len(at_once[0])
    assert in_pieces(parts, rows, cuts) == at_once
    assert equal(whole.state(), parts.state())


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.sampled_from(DETECTORS), st.integers(1, 3900))
def test_a_restored_detector_goes_on_to_the_last_bit(detector: str, cut: int) -> None:
    rows = planted(visits(50, clients=80), 45, "c3", 60, value=50.0)
    watched, again = Watching(detector, latency=1000), Watching(detector, latency=1000)
    watched.add(rows.take(slice(cut)))
    again.restore(watched.state())
    one, other = (each.add(rows.take(slice(cut, None))) for each in (watched, again))
    assert same(one, other)
    assert equal(watched.state(), again.state())


@pytest.mark.parametrize("detector", ["high_count over client", "high_mean(value) over client"])
def test_a_look_at_open_buckets_tells_what_is_final_and_changes_nothing(detector: str) -> None:
    looked, left = Watching(detector), Watching(detector)
    rows = planted(visits(60), 59, "c3", 60, value=50.0)
    for watched in (looked, left):
        watched.add(rows)
    interim = looked.interim()
    assert len(interim.series)
    assert equal(looked.state(), left.state())
    assert same(interim, looked.add(visits(1, first=60)))


def test_members_without_a_value_are_as_good_as_absent() -> None:
    chance = np.random.default_rng(0)
    values = chance.gamma(4.0, 5.0, (40, 30))
    values[chance.random((40, 30)) < 0.2] = np.nan
    values[35, 3] = 400.0
    bucket, member = np.indices(values.shape).reshape(2, -1)
    there = ~np.isnan(values.ravel())
    found = []
    for kept in (np.ones(len(there), np.bool_), there):
        population = FeaturePopulation(SPAN, 0, counts=False, power=0.5)
        offsets = np.searchsorted(bucket[kept], np.arange(41)).astype(np.int64)
        unlike = population.compare(offsets, member[kept], 0 * member[kept], values.ravel()[kept], 0, learning=True)
        where = np.flatnonzero(kept)[unlike.entry]
        found.append([each.tobytes() for each in (where, unlike.chance, unlike.typical)])
        assert where[np.argmin(unlike.chance)] == 35 * 30 + 3
        assert 0.0 < unlike.typical[np.argmin(unlike.chance)] < 50.0
    assert found[0] == found[1]


def test_a_client_that_has_little_yet_is_not_too_low() -> None:
    watched = Watching("low_count over client")
    watched.add(visits(100, mean=50.0))
    watched.add(columns([100 * SPAN * 1000], {"client": ["c0"], "page": ["p0"], "site": ["s0"]}, {"value": [1.0]}))
    assert len(watched.interim().series) == 0
