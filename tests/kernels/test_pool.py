import numpy as np
import pytest

from tailmass.columns import Floats
from tailmass.kernels import pool, state
from tailmass.kernels.pool import AGE, CLUSTERS, FEWEST, clustered, gather
from tests.kernels import naive, naive_pool
from tests.kernels.streams import COUNTS, Known, nothing, observed, same, stream, watch
from tests.kernels.test_observe import assert_as_found, assert_as_learnt

SPAN = 3600
OLD = 330  # buckets; more than 300, and than three days of them
HOUR = np.arange(OLD + 200)[:, None] % 24


def village(series: int, seed: int = 3, *, flat: int = 0) -> Floats:
    """Loads with one of three kinds of days and levels of their own; the last `flat` ones have no day."""
    chance = np.random.default_rng(seed)
    days = [np.exp(-0.5 * ((HOUR - hour) / 3.0) ** 2) for hour in (6, 13, 20)]
    level, height = 10.0 ** chance.uniform(0.0, 4.0, series), chance.uniform(0.5, 1.0, series)
    height[series - flat :] = 0.0
    kinds = np.hstack([days[i % 3] for i in range(series)])
    return np.asarray(level * (1.0 + height * kinds + 0.03 * chance.normal(size=kinds.shape)))


def grown(table: Floats, counts: bool = False, ahead: int = 0) -> Known:
    """What is known after the first buckets of a table, peers included, with clocks that are ahead."""
    known = nothing(table.shape[1], SPAN)
    observed(known, watch(span=SPAN, counts=counts), table[:OLD], local=np.full(OLD, ahead))
    gather(known.model, known.counts, table.shape[1], SPAN, known.peers)
    return known


def twins_of(table: Floats, counts: bool = False, ahead: int = 0) -> list[naive.Series]:
    twins = [naive.Series(SPAN, counts=counts) for _ in range(table.shape[1])]
    naive.observe(table[:OLD].tolist(), 0, twins, local=[ahead] * OLD)
    return twins


@pytest.mark.parametrize("flat", [0, 8, 33])
def test_series_have_in_common_what_their_twins_have(flat: int) -> None:
    table = village(33, flat=flat)
    known, common = grown(table), naive_pool.gathered(twins_of(table))
    assert common is not None
    numbers = known.peers.numbers
    assert numbers[pool.SERIES] == 33
    told = [common.ratio, common.ratio_variance, *common.lags, common.share, common.excess, common.buckets]
    np.testing.assert_allclose(numbers[pool.RATIO : pool.BUCKETS + 1], told, rtol=1e-5, atol=1e-6)
    assert numbers[pool.BY_LEVEL] == common.by_level
    np.testing.assert_allclose(known.peers.onsets, common.onsets, rtol=1e-5)
    kinds = known.peers.kinds
    here = [c for c in range(CLUSTERS + 1) if kinds[c, pool.PORTION] > 0.0]
    assert len(here) == len(common.kinds) > 0
    for c, kind in zip(here, common.kinds, strict=True):
        assert (c < CLUSTERS) == bool(kind.day)
        errors = [*kind.errors[0], *kind.errors[1]]
        expected = [kind.portion, *kind.in_scales, *kind.in_levels, *errors]
        np.testing.assert_allclose(kinds[c], expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(known.peers.days[c], kind.day or 0.0, atol=1e-6)
        np.testing.assert_allclose(known.peers.weeks[c], kind.week, atol=1e-6)
        np.testing.assert_allclose(known.peers.noises[c], kind.noise, atol=1e-6)


def test_counts_have_in_common_how_they_scatter() -> None:
    chance = np.random.default_rng(4)
    table = chance.negative_binomial(3.0, 3.0 / (3.0 + chance.uniform(1.0, 9.0, 33)), (OLD, 33)).astype(np.float64)
    known, common = grown(table, counts=True), naive_pool.gathered(twins_of(table, counts=True))
    assert common is not None
    size, occupied = known.peers.numbers[[pool.SIZE, pool.OCCUPIED]]
    assert (size, occupied) == pytest.approx((common.size, common.occupied), rel=1e-6)
    assert 2.0 < size < 4.5


@pytest.mark.parametrize("flat", [0, 20])
@pytest.mark.parametrize("ahead", [0, 5 * SPAN])
def test_a_young_series_borrows_what_its_twin_does(flat: int, ahead: int) -> None:
    table = village(40, flat=flat)
    table[:OLD, -6:] = np.nan  # born now, at the end
    table[OLD : OLD + 4, -2:] = np.nan
    known, twins = grown(table, ahead=ahead), twins_of(table, ahead=ahead)
    common = naive_pool.gathered(twins)
    assert common is not None
    found, _ = observed(known, watch(span=SPAN, least=0.0), table[OLD:], OLD, local=np.full(200, ahead))
    told = []
    for b, values in enumerate(table[OLD:].tolist()):
        told += [
            each._replace(bucket=b)
            for each in naive.observe([values], OLD + b, twins, local=[ahead])
        ]  # fmt: skip
        for twin in twins[-6:]:
            if twin.n == 20:
                naive_pool.borrow(twin, (OLD + b) * SPAN + ahead, common)
    assert_as_found(found, told, twins)
    for i, twin in enumerate(twins):
        assert_as_learnt(known, i, twin)
        assert known.model.brief[i, state.BORROWED] == twin.borrowed


def test_too_few_mature_series_have_nothing_in_common() -> None:
    table = village(FEWEST)
    table[OLD // 2 :, 0] = np.nan
    known = grown(table)
    assert not known.peers.numbers.any()
    alone = nothing(FEWEST, SPAN)
    observed(alone, watch(span=SPAN), table[:OLD])
    one, _ = observed(known, watch(span=SPAN, least=0.0), table[OLD:], OLD)
    other, _ = observed(alone, watch(span=SPAN, least=0.0), table[OLD:], OLD)
    assert same(one, other)


def test_series_that_become_too_few_have_nothing_in_common_any_more() -> None:
    known = grown(village(FEWEST))
    assert known.peers.numbers[pool.SERIES] == FEWEST
    known.model.brief[0, state.UPDATES] = 1.0
    gather(known.model, known.counts, FEWEST, SPAN, known.peers)
    assert not known.peers.numbers.any()


def test_of_many_series_some_speak_for_all() -> None:
    table = np.tile(village(31), 20)
    assert grown(table).peers.numbers[pool.SERIES] == -(-31 * 20 // 3)


def test_days_are_told_apart_by_their_shape_and_not_by_their_size() -> None:
    chance = np.random.default_rng(1)
    time = np.arange(24) / 24.0 * 2.0 * np.pi
    truth = chance.integers(0, 4, 60)
    shapes = np.sin(time + truth[:, None] * np.pi / 2.0) + 0.2 * chance.normal(size=(60, 24))
    shapes -= shapes.mean(axis=1, keepdims=True)
    shapes /= np.sqrt(np.square(shapes).mean(axis=1, keepdims=True))
    centers = np.zeros((CLUSTERS + 1, 24))
    kinds = clustered(shapes, centers)
    for kind in np.unique(kinds):
        assert len(np.unique(truth[kinds == kind])) == 1
    used = np.square(centers).mean(axis=1) > 0.0
    np.testing.assert_allclose(np.square(centers[used]).mean(axis=1), 1.0)


def test_days_all_alike_are_one_kind() -> None:
    shapes = np.tile(np.sin(np.arange(24) / 24.0 * 2.0 * np.pi) * np.sqrt(2.0), (9, 1))
    centers = np.zeros((CLUSTERS + 1, 24))
    assert clustered(shapes, centers).tolist() == [0] * 9
    assert not centers[1:].any()


def test_a_young_series_knows_the_day_of_its_kind() -> None:
    table = village(40)
    table[:OLD, -6:] = np.nan
    known = grown(table)
    observed(known, watch(span=SPAN), table[OLD : OLD + 20], OLD)
    for i in range(34, 40):
        kind = stream_day(known, i)
        older = [stream_day(known, j) for j in range(i % 3, 30, 3)]
        assert np.corrcoef(kind, np.mean(older, axis=0))[0, 1] > 0.95
        # 20 values are less than a day; the hours to come are not of its own.
        assert np.corrcoef(kind, table[OLD : OLD + 24, i][np.argsort(HOUR[OLD : OLD + 24, 0])])[0, 1] > 0.9


def stream_day(known: Known, i: int) -> Floats:
    return np.asarray((known.model.day[i] >> 4) * np.float64(known.model.brief[i, state.STEP]))


@pytest.mark.parametrize("factor", [2.0**-30, 8.0])
def test_a_unit_that_is_a_power_of_two_away_changes_no_bit_of_what_is_borrowed(factor: float) -> None:
    table = village(36)
    table[:OLD, -5:] = np.nan
    one, other = grown(table), grown(table * factor)
    assert same(one.peers, other.peers)
    found, _ = observed(one, watch(span=SPAN), table[OLD:], OLD)
    scaled, _ = observed(other, watch(span=SPAN), table[OLD:] * factor, OLD)
    assert found.evidence.tobytes() == scaled.evidence.tobytes()


def test_any_other_unit_changes_only_how_numbers_are_rounded() -> None:
    table = village(36)
    table[:OLD, -5:] = np.nan
    one, other = grown(table), grown(table * 3.0)
    found, _ = observed(one, watch(span=SPAN, least=0.0), table[OLD:], OLD)
    scaled, _ = observed(other, watch(span=SPAN, least=0.0), table[OLD:] * 3.0, OLD)
    assert found.bucket.tolist() == scaled.bucket.tolist()
    assert np.quantile(np.abs(scaled.evidence - found.evidence), 0.99) < 0.1


@pytest.mark.parametrize("kind", ["constant", "huge", "tiny", "arbitrary", "heavy", "walk", *COUNTS])
def test_whatever_its_values_what_a_young_series_borrows_is_finite(kind: str) -> None:
    table = village(34)
    young = np.column_stack([stream(kind, 200, np.random.default_rng(k), SPAN) for k in range(3)])
    known = nothing(37, SPAN)
    observed(known, watch(span=SPAN), table[:OLD])
    gather(known.model, known.counts, 34, SPAN, known.peers)
    found, _ = observed(known, watch(span=SPAN), np.hstack([table[OLD:], young]), OLD)
    assert known.model.brief[34:, state.UPDATES].min() >= AGE
    assert all(np.isfinite(part).all() for part in (*known.arrays, *found))
