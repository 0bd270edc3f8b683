import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.analysis.places import points
from tailmass.columns import Floats, Ints
from tailmass.kernels.sphere import CLUSTERS, FIELDS, PEER_CLUSTERS, TRAVEL, Peers, Places, Unusual, stay
from tests.kernels import naive_sphere
from tests.kernels.streams import fixed

SERIES, SPAN = 3, 3600
Rows = tuple[Ints, Ints, Ints, Floats]
"""Bucket, series, second and degrees, by bucket, series and second."""


def nothing() -> Places:
    return Places(
        np.zeros((SERIES, CLUSTERS * FIELDS)),
        np.zeros(SERIES, np.int64),
        np.zeros((SERIES, 2)),
        np.zeros((SERIES, 3)),
        np.zeros(SERIES, np.int64),
    )


def company(*, compared: bool) -> Peers:
    one = np.zeros(1, np.int64)
    clusters = np.zeros((1, PEER_CLUSTERS * FIELDS if compared else 0))
    return Peers(clusters, one, one.copy(), np.zeros(1), np.zeros((1, 2)), one.copy())


def stayed(
    places: Places, rows: Rows, first: int, until: int, *, keep: float = 1.0, learning: bool = True,
    peers: Peers | None = None,
) -> tuple[Unusual, Ints]:  # fmt: skip
    bucket, series, second, degrees = rows
    offsets = np.searchsorted(bucket, np.arange(first, until + 1))
    part = slice(offsets[0], offsets[-1])
    whose, population = series[part].copy(), np.zeros(part.stop - part.start, np.int64)
    inside = (whose, population, second[part].copy(), points(degrees[part]))
    return stay(
        offsets - offsets[0], *inside, places, peers or company(compared=False), first, keep, 0.3, learning
    )  # fmt: skip


def made(seed: int, buckets: int, kind: str) -> Rows:
    """A few rows a bucket of each series, at one of some places with a spread, or anywhere."""
    chance = np.random.default_rng(seed)
    n = chance.integers(0, 3, (buckets, SERIES))
    bucket, series = (np.repeat(part, n[np.nonzero(n)]) for part in np.nonzero(n))
    size = len(bucket)
    second = bucket * SPAN + chance.integers(0, SPAN, size)
    homes = chance.uniform(-60.0, 60.0, (SERIES, 6, 2))
    which = chance.choice(6, size, p=[0.5, 0.3, 0.1, 0.05, 0.03, 0.02])
    degrees = homes[series, which] + chance.normal(0.0, 0.2, (size, 2))
    if kind == "anywhere":
        degrees = np.stack([chance.uniform(-90, 90, size), chance.uniform(-180, 180, size)], axis=1)
    order = np.lexsort((second, series, bucket))
    return bucket[order], series[order], second[order], degrees[order]


ROWS = st.builds(made, st.integers(0, 99), st.integers(1, 120), st.sampled_from(["homes", "anywhere"]))


@fixed
@given(ROWS, st.sampled_from([1.0, 0.98]), st.booleans())
def test_places_are_as_unusual_as_the_definition_says(rows: Rows, keep: float, compared: bool) -> None:
    unusual, present = stayed(nothing(), rows, 0, 120, keep=keep, peers=company(compared=compared))
    bucket, series, second, degrees = rows
    found = {(int(bucket[k]), int(series[k])): p for k, p in zip(unusual.row, unusual.chance.tolist(), strict=True)}
    known = [naive_sphere.Series(keep) for _ in range(SERIES)]
    place = [(float(x), float(y), float(z)) for x, y, z in points(degrees)]
    expected = {}
    keys = sorted(set(zip(bucket.tolist(), series.tolist(), strict=True)))
    peers = naive_sphere.Peers(keep) if compared else None
    for b in sorted(set(bucket.tolist())):
        met = []
        for i in [each for now, each in keys if now == b]:
            k = np.flatnonzero((bucket == b) & (series == i)).tolist()
            met.append((known[i], [(int(second[each]), place[each]) for each in k]))
            p = known[i].meet(met[-1][1], peers)
            if p is not None and p <= 0.3:
                expected[b, i] = p
        if peers is not None:
            peers.meet(met)
    assert found.keys() == expected.keys()
    np.testing.assert_allclose([found[k] for k in expected], list(expected.values()), rtol=1e-6)
    assert present.tolist() == [len({i for b, i in keys if b == each}) for each in range(120)]


@fixed
@given(ROWS, st.integers(0, 120))
def test_buckets_can_be_met_in_two_calls(rows: Rows, cut: int) -> None:
    whole, parts = nothing(), nothing()
    at_once = stayed(whole, rows, 0, 120)[0]
    pieces = [stayed(parts, rows, 0, cut)[0], stayed(parts, rows, cut, 120)[0]]
    assert at_once.chance.tolist() == [p for piece in pieces for p in piece.chance.tolist()]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(map(np.asarray, whole), map(np.asarray, parts), strict=True))


def test_a_look_that_does_not_learn_changes_nothing() -> None:
    rows = made(1, 100, "homes")
    looked, again = nothing(), nothing()
    for places in (looked, again):
        stayed(places, rows, 0, 99)
    one = stayed(looked, rows, 99, 100, learning=False)[0]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(map(np.asarray, looked), map(np.asarray, again), strict=True))
    assert one.chance.tolist() == stayed(again, rows, 99, 100)[0].chance.tolist()


def test_the_date_line_is_no_line() -> None:
    places, n = nothing(), 60
    longitude = np.where(np.arange(n) % 2, 179.95, -179.95)
    usual = (np.arange(n), np.zeros(n, np.int64), np.arange(n) * SPAN, np.stack([np.full(n, -17.0), longitude], axis=1))
    unusual = stayed(places, usual, 0, n)[0]
    assert len(unusual.row) == 0
    assert np.count_nonzero(places.clusters[0].reshape(CLUSTERS, FIELDS)[:, 3]) == 1


def test_two_places_far_apart_within_minutes_are_a_way_too_fast() -> None:
    places, n = nothing(), 400
    london = (np.arange(n) // 20) % 2 == 0  # and New York, half a day apart
    degrees = np.where(london[:, None], [51.5, 0.0], [40.7, -74.0])
    usual = (np.arange(n) * 12, np.zeros(n, np.int64), np.arange(n) * 12 * SPAN, degrees)
    assert stayed(places, usual, 0, 12 * n)[0].row.tolist() == [20]  # where New York is new
    twice = np.full(2, 12 * n)
    both = (twice, np.zeros(2, np.int64), twice * SPAN + np.array([0, 600]), np.array([[40.7, -74.0], [51.5, 0.0]]))
    unusual = stayed(places, both, 12 * n, 12 * n + 1)[0]
    assert (unusual.row.tolist(), unusual.kind.tolist()) == ([1], [TRAVEL])
    assert unusual.chance[0] < 0.01
    assert (unusual.latitude[0], unusual.longitude[0]) == pytest.approx((40.7, -74.0))
