import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels.observe import FEWEST_EVENTS, Model, Slots, Unusual
from tailmass.kernels.surprise import MATURE
from tests.kernels import naive
from tests.kernels.streams import (
    COUNTS,
    KINDS,
    REACH,
    every,
    fixed,
    model,
    observed,
    same,
    starts,
    stream,
    tables,
    watch,
)

SIDES = st.sampled_from([-1, 0, 1])
KIND_NUMBERS = {"identity": 0.0, "asinh": 1.0, "counts": 2.0}


def assert_as_learnt(known: Model, i: int, twin: naive.Series) -> None:
    """Series `i` knows what its twin knows.

    The two add up in different orders, and the last bit of a deviation may decide how a slot is rounded to 32 bits:
    hence one in a million, of the value or of what is largest in the series.
    """
    peak = max(twin.peak, 1e-9)

    def close(kernel: Floats | Slots, values: list[float], unit: float) -> None:
        assert np.isfinite(kernel).all()
        np.testing.assert_allclose(kernel, values, rtol=1e-6, atol=1e-6 * unit)

    kind = KIND_NUMBERS[twin.kind]
    close(known.maps[:, i], [twin.unit, kind, twin.centre, twin.width, twin.size], 0.0 if twin.unit < 1e-9 else 1e-6)
    for row, bid in enumerate(twin.trial):
        values = [bid.mean, bid.variance, bid.evidence]
        np.testing.assert_allclose(known.trial[3 * row : 3 * row + 3, i], values, rtol=1e-6, atol=1e-9)
    assert known.level[:2, i].tolist() == [twin.n, twin.last]
    places = [twin.level, twin.previous, twin.peak, twin.step, twin.scale_e, twin.scale_r]
    close(known.level[2:8, i], places, peak)
    close(known.level[8:12, i], twin.phi, 1.0)
    close(known.level[12:, i], twin.past, peak)
    close(known.spread[:, i], [twin.up, twin.down, twin.both, twin.fast], peak**2)
    gates = [each for s in (twin.day, twin.week) for each in (s.plain_error, s.seasonal_error)]
    close(known.gates[:, i], gates, peak)
    for season, mean, visits in ((twin.day, known.day, known.day_visits), (twin.week, known.week, known.week_visits)):
        close(mean[:, i], [season.mean[slot] for slot in range(season.slots)], peak)
        assert visits[:, i].tolist() == [season.visits[slot] for slot in range(season.slots)]


def assert_as_found(found: Unusual, twins: list[naive.Finding], largest: float) -> None:
    """The kernel has reported what the twins have; probabilities to 1e-5, as their scales are sums in another order."""
    assert list(zip(found.bucket.tolist(), found.series.tolist(), strict=True)) == [each[:2] for each in twins]
    np.testing.assert_allclose(found.probability, [each[2] for each in twins], rtol=1e-5)
    assert found.actual.tolist() == [each[3] for each in twins]
    np.testing.assert_allclose(found.typical, [each[4] for each in twins], rtol=1e-6, atol=1e-9 * largest)


@fixed
@example(every(*KINDS), 0, 0, False, 600)
@example(every(*KINDS), -3, 1, True, 3600)
@example(every("gaussian", "season", buckets=1300), 7, -1, False, 600)  # beyond the memory of the scales
@example(np.where(np.arange(40)[:, None] == 20, 1e6, every("gaussian", buckets=40)), 0, 0, False, 600)
@given(tables(), starts, SIDES, st.booleans(), st.sampled_from([60, 600, 86_400, 1_000_000]))
def test_series_learn_and_report_what_their_twins_do(
    table: Floats, first: int, side: int, dense: bool, span: int
) -> None:
    what, known = watch(side=side, dense=dense, span=span), model(table.shape[1], span)
    found, updates = observed(known, what, table, first)
    twins = [naive.Series(span, side=side, reach=REACH) for _ in range(table.shape[1])]
    assert_as_found(
        found, naive.observe(table.tolist(), first, twins, dense=dense), np.nanmax(np.abs(table), initial=0)
    )
    assert updates.sum() == sum(twin.n for twin in twins)
    for i, twin in enumerate(twins):
        assert_as_learnt(known, i, twin)


@fixed
@example(every(*COUNTS), 0, True)
@given(tables(COUNTS), SIDES, st.booleans())
def test_counts_learn_and_report_what_their_twins_do(table: Floats, side: int, dense: bool) -> None:
    known = model(table.shape[1])
    found, _ = observed(known, watch(side=side, dense=dense, counts=True, reach=1.0), table)
    twins = [naive.Series(600, side=side, reach=1.0, counts=True) for _ in range(table.shape[1])]
    assert_as_found(found, naive.observe(table.tolist(), 0, twins, dense=dense), np.nanmax(table, initial=0))
    for i, twin in enumerate(twins):
        assert_as_learnt(known, i, twin)


@pytest.mark.parametrize(("kind", "chosen"), [("gaussian", 0.0), ("heavy", 1.0), ("bursts", 2.0)])
def test_noise_decides_which_map_a_series_has(kind: str, chosen: float) -> None:
    known = model(1)
    observed(known, watch(counts=kind == "bursts"), every(kind))
    assert known.maps[1].tolist() == [chosen]


@fixed
@given(tables(), st.booleans(), st.integers(0, 260))
def test_one_call_or_several_make_no_difference_to_a_bit(table: Floats, dense: bool, cut: int) -> None:
    what, whole, parts = watch(dense=dense), model(table.shape[1]), model(table.shape[1])
    found, updates = observed(whole, what, table)
    pieces, begin = [], 0
    for end in sorted({min(cut, len(table)), min(cut + 1, len(table)), len(table)}):
        if end > begin:
            part, met = observed(parts, what, table[begin:end], begin)
            pieces.append((part._replace(bucket=part.bucket + begin), met))
            begin = end
    assert same(whole, parts)
    assert same(found, tuple(np.concatenate(each) for each in zip(*(part for part, _ in pieces), strict=True)))
    assert updates.tolist() == np.concatenate([met for _, met in pieces]).tolist()


@fixed
@given(tables(), st.booleans())
def test_coming_back_for_more_room_changes_nothing(table: Floats, dense: bool) -> None:
    what, at_once, again = watch(dense=dense, reach=0.5), model(table.shape[1]), model(table.shape[1])
    found, updates = observed(at_once, what, table)
    little, met = observed(again, what, table, room=table.shape[1])
    assert same(found, little)
    assert same(at_once, again)
    assert updates.tolist() == met.tolist()


@fixed
@given(tables(), st.sampled_from([2.0**-40, 0.5, 4.0, 2.0**60]))
def test_a_unit_that_is_a_power_of_two_away_changes_no_probability(table: Floats, factor: float) -> None:
    table = np.where(np.abs(table) > 1e200, 7.0, np.where(np.abs(table) < 1e-200, 0.0, table))
    found, _ = observed(model(table.shape[1]), watch(), table)
    scaled, _ = observed(model(table.shape[1]), watch(), table * factor)
    assert same(found, scaled._replace(actual=scaled.actual / factor, typical=scaled.typical / factor))


@pytest.mark.parametrize("kind", ["gaussian", "walk", "season", "heavy", "ties", "alternating"])
@pytest.mark.parametrize("factor", [3.0, 0.1, 86_400.0])
def test_any_other_unit_changes_only_how_numbers_are_rounded(kind: str, factor: float) -> None:
    table = stream(kind, 400, np.random.default_rng(5))[:, None]
    what = watch(reach=1.5)
    found, _ = observed(model(1), what, table)
    scaled, _ = observed(model(1), what, table * factor)
    assert found.bucket.tolist() == scaled.bucket.tolist()
    # Slots are rounded to 24 bits, at other places in another unit.
    np.testing.assert_allclose(scaled.probability, found.probability, rtol=1e-4)
    np.testing.assert_allclose(scaled.typical, found.typical * factor, rtol=1e-5, atol=1e-5 * factor)


@fixed
@given(tables(), starts, st.integers(-50, 50), st.booleans(), st.sampled_from([600, 3600, 86_400]))
def test_weeks_later_everything_is_the_same_but_the_date(
    table: Floats, first: int, weeks: int, dense: bool, span: int
) -> None:
    now, later = model(table.shape[1], span), model(table.shape[1], span)
    shift = weeks * 604_800 // span
    found, updates = observed(now, watch(dense=dense, span=span), table, first)
    again, met = observed(later, watch(dense=dense, span=span), table, first + shift)
    later.level[1] -= np.where(later.level[0] > 0.0, shift, 0)
    assert same(found, again)
    assert same(now, later)
    assert updates.tolist() == met.tolist()


@fixed
@given(tables((*KINDS, *COUNTS)), SIDES, st.booleans(), st.booleans())
def test_a_side_that_is_not_watched_is_never_reported(table: Floats, side: int, dense: bool, counts: bool) -> None:
    table = np.where(np.abs(table) > 1e14, 1e14, table)  # what lies beyond 1e15 units is taken for 1e15 units
    table = np.abs(table) if counts else table
    found, _ = observed(model(table.shape[1]), watch(side=side, dense=dense, counts=counts, reach=0.1), table)
    assert ((found.actual - found.typical) * side >= 0.0).all()
    assert ((found.probability > 0.0) & (found.probability <= 1.0)).all()


@fixed
@given(tables(COUNTS), SIDES)
def test_a_count_within_three_events_of_its_typical_value_is_never_reported(table: Floats, side: int) -> None:
    found, _ = observed(model(table.shape[1]), watch(side=side, counts=True, dense=True, reach=0.1), table)
    assert (np.abs(found.actual - found.typical) >= FEWEST_EVENTS).all()
    assert (found.typical >= 0.0).all()


@fixed
@given(tables(), st.booleans())
def test_a_young_series_is_never_reported(table: Floats, dense: bool) -> None:
    found, _ = observed(model(table.shape[1]), watch(dense=dense, reach=0.0), table)
    seen = ~np.isnan(table)
    if dense:
        seen = np.maximum.accumulate(seen, axis=0)
    age = np.cumsum(seen, axis=0) - 1
    assert (age[found.bucket, found.series] >= MATURE).all()
    assert len(found.series) == np.count_nonzero(seen & (age >= MATURE))


@pytest.mark.parametrize("kind", ["gaussian", "walk", "season", "heavy", "bursts", "constant"])
@pytest.mark.parametrize("side", [-1, 0, 1])
def test_a_value_equal_to_its_prediction_is_never_reported(kind: str, side: int) -> None:
    table = stream(kind, 300, np.random.default_rng(8))[:, None]
    known, probe = model(1), watch(learning=False)
    observed(known, watch(), table)
    [expected] = observed(known, probe._replace(reach=0.0), table[:1], 300)[0].typical
    found, _ = observed(known, probe._replace(side=side, reach=1e-6), np.array([[expected]]), 300)
    assert len(found.series) == 0


@pytest.mark.parametrize("value", [0.0, -1.0, 1e300, 5e-324, 2.0**-1022])
def test_a_constant_is_never_reported(value: float) -> None:
    found, updates = observed(model(1), watch(reach=0.01), np.full((500, 1), value))
    assert len(found.series) == 0
    assert updates.tolist() == [1] * 500


@pytest.mark.parametrize("values", [(np.inf, 1.0), (1e308, -1e308), (5e-324, 1e300), (0.0, 5e-324), (-np.inf, np.inf)])
def test_nothing_learnt_is_ever_infinite(values: tuple[float, float]) -> None:
    # A sum of finite values may overflow before it gets here.
    known = model(2)
    table = np.resize(np.array(values), (450, 2)) * np.array([1.0, -1.0])
    table[::7, 1] = 3.0
    found, _ = observed(known, watch(), table)
    assert all(np.isfinite(part).all() for part in (*known, found.probability))


@fixed
@given(tables(), SIDES, st.booleans())
def test_whatever_the_values_what_is_learnt_and_told_stays_finite(table: Floats, side: int, dense: bool) -> None:
    known = model(table.shape[1])
    found, _ = observed(known, watch(side=side, dense=dense), table)
    assert all(np.isfinite(part).all() for part in (*known, *found))


def test_a_look_without_learning_leaves_no_trace() -> None:
    table = stream("gaussian", 300, np.random.default_rng(1))[:, None]
    known, what = model(2), watch(dense=True)
    observed(known, what, np.hstack([table, np.full_like(table, np.nan)]))
    before = Model._make(part.copy() for part in known)
    found, updates = observed(known, what._replace(learning=False), np.array([[1e6, 5.0]]), 300)
    assert found.series.tolist() == [0]
    assert updates.tolist() == [1]
    assert same(known, before)


def test_a_series_without_rows_is_zero_only_where_zero_means_something() -> None:
    table = np.full((101, 1), np.nan)
    table[1:100] = stream("gaussian", 99, np.random.default_rng(2))[:, None]
    silent, _ = observed(model(1), watch(), table)
    counted, updates = observed(model(1), watch(dense=True), table)
    assert 100 not in silent.bucket
    assert counted.bucket[-1] == 100
    assert counted.actual[-1] == 0.0
    assert updates.tolist() == [0] + [1] * 100


def test_a_daily_rise_is_expected_after_a_week_and_missed_when_it_fails_to_come() -> None:
    day, hours = 144, slice(60, 72)
    days = np.random.default_rng(4).normal(100.0, 1.0, (12, day))
    days[:, hours] += 20.0
    days[-1, hours] -= 20.0
    found, _ = observed(model(1), watch(), days.reshape(-1, 1))
    least = np.ones(12 * day)
    least[found.bucket] = found.probability
    onset = least.reshape(12, day)[:, hours].min(axis=1)
    assert onset[0] < 1e-4
    assert onset[11] < 0.01 < onset[8:11].min()
