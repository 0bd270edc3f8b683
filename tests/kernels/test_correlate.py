import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels.correlate import FIELDS, PEERS, RING, Broken, Moves, follow
from tests.kernels.naive_correlate import Company
from tests.kernels.streams import fixed

LEAST = 1.8


def nothing(series: int) -> Moves:
    return Moves(
        np.zeros((series, 3)),
        np.zeros(series, np.int64),
        np.zeros((series, RING), np.int8),
        np.zeros((series, PEERS), np.int32),
        np.zeros((series, PEERS * FIELDS)),
    )


def followed(
    moves: Moves, values: Floats, begin: int, end: int, *, learning: bool = True, parts: int = 1, side: int = 0
) -> Broken:
    """The buckets from `begin` to `end` of (buckets, series) values; NaN is no entry."""
    there = ~np.isnan(values[begin:end])
    offsets = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int64)
    series, known = np.nonzero(there)[1].astype(np.int64), values.shape[1]
    partition = np.arange(known) % parts
    entries = values[begin:end][there]
    return follow(offsets, series, entries, partition, moves, begin, known, False, False, side, LEAST, learning)


def made(
    seed: int, buckets: int = 400, series: int = 7, groups: int = 2, noise: float = 0.1, gaps: float = 0.05
) -> Floats:
    """Series that move with one of a few unseen ones, up or down, and are not always there."""
    chance = np.random.default_rng(seed)
    steps = chance.normal(size=(buckets, groups))
    for t in range(1, buckets):
        steps[t] += 0.8 * steps[t - 1]
    sign = np.where(np.arange(series) % 3 == 2, -1.0, 1.0)
    values = 100.0 + 10.0 * (
        sign * steps[:, np.arange(series) % groups] + noise * chance.normal(size=(buckets, series))
    )
    values[chance.random(values.shape) < gaps] = np.nan
    return values


@fixed
@given(st.integers(0, 99), st.sampled_from([0.05, 0.3]))
def test_who_has_left_its_peers_is_told_as_the_definition_says(seed: int, noise: float) -> None:
    values = made(seed, noise=noise)
    values[300, 3] += 30.0
    found = followed(nothing(7), values, 0, 400)
    company = Company()
    expected: dict[tuple[int, int], tuple[int, float]] = {}
    for now, bucket in enumerate(values):
        there = {i: float(y) for i, y in enumerate(bucket) if not np.isnan(y)}
        expected |= {(now, i): told for i, told in company.meet(now, there, LEAST).items()}
    assert [*zip(found.bucket.tolist(), found.series.tolist(), strict=True)] == list(expected)
    assert found.peer.tolist() == [peer for peer, _ in expected.values()]
    np.testing.assert_allclose(found.evidence, np.array([u for _, u in expected.values()], np.float64), rtol=1e-6)


@fixed
@given(st.integers(0, 99), st.integers(0, 400))
def test_buckets_can_be_met_in_two_calls(seed: int, cut: int) -> None:
    values, whole, parts = made(seed), nothing(7), nothing(7)
    at_once = followed(whole, values, 0, 400)
    pieces = [followed(parts, values, 0, cut), followed(parts, values, cut, 400)]
    assert at_once.evidence.tolist() == [u for piece in pieces for u in piece.evidence.tolist()]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(map(np.asarray, whole), map(np.asarray, parts), strict=True))


def test_a_look_that_does_not_learn_changes_nothing_and_tells_the_same() -> None:
    values = made(3, noise=0.05)
    values[399, 2] += 40.0
    looked, again = nothing(7), nothing(7)
    for moves in (looked, again):
        followed(moves, values, 0, 399)
    one = followed(looked, values, 399, 400, learning=False)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(map(np.asarray, looked), map(np.asarray, again), strict=True))
    assert 2 in one.series
    assert one.evidence.tolist() == followed(again, values, 399, 400).evidence.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_peers_of_thousands_are_found_though_hardly_any_are_held_against_each_other(seed: int) -> None:
    moves, series, groups = nothing(4000), 4000, 1000
    values = made(seed, 500, series, groups, noise=0.1)
    followed(moves, values, 0, 500)
    peers = moves.peer - 1
    known = peers >= 0
    own = np.repeat(np.arange(series)[:, None] % groups, PEERS, axis=1)
    assert np.mean((peers % groups == own)[known & (moves.pair[:, ::FIELDS] >= 64)]) > 0.97
    assert np.mean(known.any(axis=1)) > 0.9


def test_series_of_other_partitions_and_random_walks_are_no_peers() -> None:
    moves = nothing(8)
    followed(moves, made(1, series=8, groups=1), 0, 400, parts=8)
    assert not moves.peer.any()
    walks = np.cumsum(np.random.default_rng(1).normal(size=(1000, 40)), axis=0)
    assert len(followed(nothing(40), walks, 0, 1000).series) == 0


def test_only_one_of_three_that_leaves_the_others_is_told_and_on_its_side() -> None:
    values = made(5, series=3, groups=1, noise=0.05, gaps=0.0)
    values[350, 1] += 25.0
    found = followed(nothing(3), values, 0, 400)
    assert found.series[found.bucket == 350].tolist() == [1]
    assert found.typical[found.bucket == 350] == pytest.approx(values[350, 1] - 25.0, abs=4.0)
    for side, told in ((1, [1]), (-1, [])):
        sided = followed(nothing(3), values, 0, 400, side=side)
        assert sided.series[sided.bucket == 350].tolist() == told
