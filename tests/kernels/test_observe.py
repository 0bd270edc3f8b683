from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailmass.columns import Floats, Ints
from tailmass.kernels import state
from tailmass.kernels.observe import FEWEST_EVENTS, Unusual
from tailmass.kernels.peaks import FIELDS, GENERATION
from tailmass.kernels.season import DAY, packed
from tailmass.kernels.surprise import MATURE
from tests.kernels import naive
from tests.kernels.streams import (
    COUNTS,
    KINDS,
    Known,
    every,
    fixed,
    nothing,
    observed,
    same,
    starts,
    stream,
    tables,
    watch,
)

SIDES = st.sampled_from([-1, 0, 1])
PER_DAY = 144


def assert_as_learnt(known: Known, i: int, twin: naive.Series) -> None:
    """Series `i` knows what its twin knows.

    The twin adds up in the same order wherever the last bit of a sum may decide how a slot or a peak is rounded. So
    slots are equal; for numbers of 32 bits, which hold seven digits, one in a million is left to another exp and log.
    """
    model, brief = known.model, known.model.brief
    assert all(np.isfinite(part).all() for part in known.arrays)
    assert brief[i, state.UPDATES] == twin.n
    if twin.n == 0:
        return

    def close(kernel: Iterable[float], values: Iterable[float], power: int = 1) -> None:
        np.testing.assert_allclose([*kernel], [*values], rtol=1e-6, atol=1e-6 * twin.peak**power)

    assert model.exact[i, [state.LAST, state.UNIT]].tolist() == [twin.last, twin.unit]
    close(model.exact[i, [state.LEVEL, state.PREVIOUS, state.ANCHOR]], [twin.level, twin.previous, twin.anchor])
    level = state.level(model.exact, brief, i)
    close([*level[4:8], *level.past], [twin.peak, twin.step, twin.scale_e, twin.scale_r, *twin.past])
    close([level.quick, *level[13:16]], [twin.quick, *twin.errors])
    close([*level[8:11], *level.phi], [twin.above, twin.below, twin.run, *twin.phi], power=0)
    assert level.quick_updates == twin.quick_updates
    close(state.flat(brief, i), [twin.still, twin.longest_still, twin.share_still], power=0)
    close(state.spread(brief, i), [twin.up, twin.down, twin.both, twin.fast], power=2)
    for k, gate in ((state.DAY_GATE, twin.day_gate), (state.WEEK_GATE, twin.week_gate)):
        close(state.gate(brief, i, k), [gate.plain, gate.seasonal, gate.compared])
    assert brief[i, state.STEP] == twin.season_step
    for slots, k, own in (
        (model.day, state.DAY_PASS, twin.day),
        (model.week, state.WEEK_PASS, twin.week),
        (model.noise, state.NOISE_PASS, twin.noise),
    ):
        assert slots[i].tolist() == own.packed
        close(state.running(brief, i, k), [own.total, own.count])
    body, ages = twin.body, twin.ages
    close(state.exceedances(brief, i), [body.runs, body.watched, body.excess, body.since], power=0)
    close(state.ages(brief, i), [ages.now, ages.before, ages.expected], power=0)
    close(state.onset(brief, i), [twin.since_onset, twin.onset_height, twin.onset_mean], power=0)
    close(state.rows(brief, i), [twin.usual_rows, twin.theta], power=0)
    close(brief[i, [state.WINDOW, state.OUTSIDE]], [twin.window, twin.outside])
    close(brief[i, state.MEANS : state.MEANS + 3], twin.channel_means)
    for k, side in enumerate(side for channel in twin.peaks for side in channel):
        close(model.peaks[i, k * FIELDS : (k + 1) * FIELDS], side.packed)
        assert brief[i, state.LOWEST_PEAKS + k] == model.peaks[i, k * FIELDS + 7]
    close(model.sums[i], twin.sums, power=0)
    hours = [twin.envelope.get(hour, (-3e38, 3e38)) for hour in range(twin.hours)]
    close(model.envelope[i], [high for high, _ in hours] + [low for _, low in hours])
    np.testing.assert_allclose(known.counts[i], twin.count_sums, rtol=1e-9, atol=1e-12)


def assert_as_found(found: Unusual, told: list[naive.Finding], twins: list[naive.Series]) -> None:
    """The kernel has reported what the twins have.

    They integrate the density of Student's t, of which the kernel has a series that is good to 1e-9, and keep in 32
    bits what follows from it: one in a million, in the unit of the data of what is largest in the series. The kernel's
    bounds come from a bisection that stops at as much of a scale.
    """
    assert list(zip(found.bucket.tolist(), found.series.tolist(), strict=True)) == [each[:2] for each in told]
    if not told:
        return
    other = naive.Finding._make(np.array(column) for column in zip(*told, strict=True))
    np.testing.assert_allclose(found.evidence, other.evidence, rtol=1e-6)
    np.testing.assert_allclose(found.signs, other.signs, atol=1e-6)
    assert found.actual.tolist() == list(other.actual)  # type: ignore[call-overload]
    rounding = 1e-6 * np.array([twin.peak * twin.unit for twin in twins])[found.series]
    assert (np.abs(found.typical - other.typical) <= rounding).all()
    width = np.subtract(other.upper, other.lower)
    assert (np.abs(found.lower - other.lower) <= rounding + 3e-6 * width).all()
    assert (np.abs(found.upper - other.upper) <= rounding + 3e-6 * width).all()
    assert (found.moved == other.moved).all()


@fixed
@example(every(*KINDS), 0, 0, False, 600)
@example(every("season", "shift", "noisy noons", "heavy", buckets=800, span=3600), -3, 1, True, 3600)
@example(every("gaussian", "walk", buckets=400), 7, -1, False, 86_400)
@given(tables(), starts, SIDES, st.booleans(), st.sampled_from([60, 600, 3600, 86_400, 1_000_000]))
def test_series_learn_and_report_what_their_twins_do(
    table: Floats, first: int, side: int, dense: bool, span: int
) -> None:
    what, known = watch(side=side, dense=dense, span=span, least=0.0), nothing(table.shape[1], span)
    found, updates = observed(known, what, table, first)
    twins = [naive.Series(span, side=side) for _ in range(table.shape[1])]
    assert_as_found(found, naive.observe(table.tolist(), first, twins, dense=dense), twins)
    assert updates.sum() == sum(twin.n for twin in twins)
    for i, twin in enumerate(twins):
        assert_as_learnt(known, i, twin)


@fixed
@given(tables(COUNTS), SIDES, st.booleans())
def test_counts_learn_and_report_what_their_twins_do(table: Floats, side: int, dense: bool) -> None:
    known = nothing(table.shape[1])
    found, _ = observed(known, watch(side=side, dense=dense, counts=True, least=0.0), table)
    twins = [naive.Series(600, side=side, counts=True) for _ in range(table.shape[1])]
    assert_as_found(found, naive.observe(table.tolist(), 0, twins, dense=dense), twins)
    for i, twin in enumerate(twins):
        assert_as_learnt(known, i, twin)


@fixed
@given(tables(("gaussian", "season", "heavy")), st.integers(0, 2**32 - 1), st.sampled_from([-12, 0, 3]))
def test_means_of_many_rows_or_few_and_clocks_that_are_ahead_are_what_they_are_to_their_twins(
    table: Floats, seed: int, hours: int
) -> None:
    rows = np.floor(np.exp(np.random.default_rng(seed).uniform(0.0, 5.0, table.shape)))
    table, local = table / np.sqrt(rows), np.full(len(table), 3600 * hours)
    known, twins = nothing(table.shape[1]), [naive.Series(600, means=True) for _ in range(table.shape[1])]
    found, _ = observed(known, watch(least=0.0), table, rows=rows, local=local)
    told = naive.observe(table.tolist(), 0, twins, rows=rows.tolist(), local=local.tolist())
    assert_as_found(found, told, twins)
    for i, twin in enumerate(twins):
        assert_as_learnt(known, i, twin)


def test_a_generation_of_peaks_ends_for_the_kernel_as_for_its_twin() -> None:
    table, before, middle = every("gaussian", "walk", "heavy", buckets=900), 300, 600
    known, twins = nothing(3), [naive.Series(600) for _ in range(3)]
    observed(known, watch(), table[:before])
    naive.observe(table[:before].tolist(), 0, twins)
    for age in (19_998, 19_700):  # it ends in between, and another one does
        for i, twin in enumerate(twins):
            known.model.brief[i, state.AGES] = twin.ages.now = age
        begin, end = (before, middle) if age == 19_998 else (middle, len(table))
        found, _ = observed(known, watch(least=0.0), table[begin:end], begin)
        assert_as_found(found, naive.observe(table[begin:end].tolist(), begin, twins), twins)
    assert [twin.ages.before for twin in twins] == [GENERATION] * 3
    for i, twin in enumerate(twins):
        assert_as_learnt(known, i, twin)


def test_the_most_extreme_value_so_far_is_told_to_be_that() -> None:
    table = every("gaussian", "heavy", "walk", buckets=1500)
    found, _ = observed(nothing(3), watch(least=0.0), table)
    twins = naive.observe(table.tolist(), 0, [naive.Series(600) for _ in range(3)])
    assert found.largest_of.tolist() == [each.largest_of for each in twins]


# What may not make a difference


@fixed
@given(tables(), st.booleans(), st.integers(0, 260))
def test_one_call_or_several_make_no_difference_to_a_bit(table: Floats, dense: bool, cut: int) -> None:
    what, whole, parts = watch(dense=dense), nothing(table.shape[1]), nothing(table.shape[1])
    local = np.where(np.arange(len(table)) < cut, 3600, 7200)
    rows = np.resize([1.0, 7.0, 2.0, 5.0, 30.0], table.shape)
    found, updates = observed(whole, what, table, rows=rows, local=local)
    pieces, begin = [], 0
    for end in sorted({min(cut, len(table)), min(cut + 1, len(table)), len(table)}):
        if end > begin:
            part, met = observed(parts, what, table[begin:end], begin, rows=rows[begin:end], local=local[begin:end])
            pieces.append((part._replace(bucket=part.bucket + begin), met))
            begin = end
    assert same(whole.arrays, parts.arrays)
    assert same(found, tuple(np.concatenate(each) for each in zip(*(part for part, _ in pieces), strict=True)))
    assert updates.tolist() == np.concatenate([met for _, met in pieces]).tolist()


@fixed
@given(tables((*KINDS, *COUNTS)), st.booleans(), st.booleans())
def test_coming_back_for_more_room_changes_nothing(table: Floats, dense: bool, counts: bool) -> None:
    table = np.minimum(np.abs(table), 1e14) if counts else table
    what, at_once, again = watch(dense=dense, counts=counts), nothing(table.shape[1]), nothing(table.shape[1])
    found, updates = observed(at_once, what, table)
    little, met = observed(again, what, table, most=table.shape[1])
    assert same(found, little)
    assert same(at_once.arrays, again.arrays)
    assert updates.tolist() == met.tolist()


@fixed
@given(tables(), st.sampled_from([2.0**-40, 0.5, 4.0, 2.0**60]))
def test_a_unit_that_is_a_power_of_two_away_changes_no_bit_of_the_evidence(table: Floats, factor: float) -> None:
    table = np.where(np.abs(table) > 1e200, 7.0, np.where(np.abs(table) < 1e-200, 0.0, table))
    found, _ = observed(nothing(table.shape[1]), watch(), table)
    scaled, _ = observed(nothing(table.shape[1]), watch(), table * factor)
    back = {name: getattr(scaled, name) / factor for name in ("actual", "typical", "lower", "upper")}
    assert same(found, scaled._replace(**back))


@pytest.mark.parametrize("kind", ["gaussian", "walk", "season", "heavy", "ties", "alternating"])
@pytest.mark.parametrize("factor", [3.0, 0.1, 86_400.0])
def test_any_other_unit_changes_only_how_numbers_are_rounded(kind: str, factor: float) -> None:
    table = stream(kind, 1000, np.random.default_rng(5))[:, None]
    found, _ = observed(nothing(1), watch(least=0.0), table)
    scaled, _ = observed(nothing(1), watch(least=0.0), table * factor)
    assert found.bucket.tolist() == scaled.bucket.tolist()
    # A slot of a season is rounded to a step, which is 1/512 of the largest at worst, and another one in another unit.
    # Where two signs are close to each other, now one wins and now the other, which have typical values of their own.
    off = np.abs(scaled.typical / factor - found.typical) / np.std(table)
    assert np.quantile(off, 0.99) < 0.01
    assert np.quantile(np.abs(scaled.evidence - found.evidence), 0.99) < 0.1


@fixed
@given(tables(), starts, st.integers(-50, 50), st.booleans(), st.sampled_from([600, 3600, 86_400]))
def test_weeks_later_everything_is_the_same_but_the_date(
    table: Floats, first: int, weeks: int, dense: bool, span: int
) -> None:
    now, later = nothing(table.shape[1], span), nothing(table.shape[1], span)
    shift = weeks * 604_800 // span
    found, updates = observed(now, watch(dense=dense, span=span), table, first)
    again, met = observed(later, watch(dense=dense, span=span), table, first + shift)
    seen = later.model.brief[:, state.UPDATES] > 0.0
    later.model.exact[seen, state.LAST] -= shift
    assert same(found, again)
    assert same(now.arrays, later.arrays)
    assert updates.tolist() == met.tolist()


@fixed
@given(tables(), SIDES)
def test_a_look_tells_what_learning_would_and_leaves_no_trace(table: Floats, side: int) -> None:
    known, what = nothing(table.shape[1]), watch(side=side)
    observed(known, what, table)
    before, value = known.copy(), np.full((1, table.shape[1]), 50.0)
    looked, updates = observed(known, what._replace(learning=False), value, len(table))
    assert same(known.arrays, before.arrays)
    assert updates.tolist() == [np.count_nonzero(known.model.brief[:, state.UPDATES])]
    learnt, _ = observed(known, what, value, len(table))
    assert same(looked._replace(largest_of=learnt.largest_of), learnt)


def test_a_look_does_not_even_leave_the_unit_of_a_series_that_was_all_zeros() -> None:
    known = nothing(1)
    observed(known, watch(), np.zeros((30, 1)))
    before = known.copy()
    observed(known, watch(learning=False), np.array([[1e6]]), 30)
    assert same(known.arrays, before.arrays)


# What is never reported


@fixed
@given(tables((*KINDS, *COUNTS)), SIDES, st.booleans(), st.booleans())
def test_a_side_that_is_not_watched_is_never_reported(table: Floats, side: int, dense: bool, counts: bool) -> None:
    table = np.where(np.abs(table) > 1e14, 1e14, table)  # what lies far beyond the first value is taken for less
    table = np.abs(table) if counts else table
    found, _ = observed(nothing(table.shape[1]), watch(side=side, dense=dense, counts=counts, least=0.0), table)
    assert ((found.actual - found.typical) * side >= 0.0).all()


@fixed
@given(tables((*KINDS, *COUNTS)), SIDES, st.booleans(), st.booleans())
def test_what_is_told_of_a_value_fits_together(table: Floats, side: int, dense: bool, counts: bool) -> None:
    table = np.where(np.abs(table) > 1e14, 1e14, np.where(np.abs(table) < 1e-100, 0.0, table))
    table = np.abs(table) if counts else table
    found, _ = observed(nothing(table.shape[1]), watch(side=side, dense=dense, counts=counts, least=0.0), table)
    assert (found.evidence >= 0.0).all()
    assert (found.signs >= -1e-9).all()
    np.testing.assert_allclose(found.signs.sum(axis=1), found.evidence, rtol=1e-12, atol=1e-12)
    assert (found.lower <= found.typical).all()
    assert (found.typical <= found.upper).all()
    assert (found.actual != found.typical).all()
    assert ((found.largest_of == 0) | (found.largest_of >= MATURE)).all()


@fixed
@given(tables(COUNTS), SIDES)
def test_a_count_within_three_events_of_its_typical_value_is_never_reported(table: Floats, side: int) -> None:
    found, _ = observed(nothing(table.shape[1]), watch(side=side, counts=True, dense=True, least=0.0), table)
    assert (np.abs(found.actual - found.typical) >= FEWEST_EVENTS).all()
    assert (found.lower >= 0.0).all()


@fixed
@given(tables(), st.booleans())
def test_a_young_series_is_never_reported(table: Floats, dense: bool) -> None:
    found, _ = observed(nothing(table.shape[1]), watch(dense=dense, least=0.0), table)
    seen = ~np.isnan(table)
    if dense:
        seen = np.maximum.accumulate(seen, axis=0)
    age = np.cumsum(seen, axis=0) - 1
    assert (age[found.bucket, found.series] >= MATURE).all()


@pytest.mark.parametrize("kind", ["gaussian", "walk", "season", "heavy", "bursts", "constant"])
@pytest.mark.parametrize("side", [-1, 0, 1])
def test_a_value_equal_to_its_prediction_is_never_reported(kind: str, side: int) -> None:
    table = stream(kind, 300, np.random.default_rng(8))[:, None]
    known, look = nothing(1), watch(learning=False, least=0.0)
    observed(known, watch(), table)
    # So much weight on the surprise that it is the prediction with all its parts that is told.
    told = observed(known, look._replace(sensitivity=1e6), 2.0 * np.abs(table[:1]) + 1e3, 300)[0].typical
    found, _ = observed(known, look._replace(side=side), told[:, None], 300)
    assert (found.signs[:, 0] == 0.0).all()
    assert (found.typical != found.actual).all()


@pytest.mark.parametrize("value", [0.0, -1.0, 1e300, 5e-324, 2.0**-1022])
def test_a_constant_is_never_reported(value: float) -> None:
    found, updates = observed(nothing(1), watch(least=0.0), np.full((500, 1), value))
    assert len(found.series) == 0
    assert updates.tolist() == [1] * 500


@pytest.mark.parametrize("values", [(np.inf, 1.0), (1e308, -1e308), (5e-324, 1e300), (0.0, 5e-324), (-np.inf, np.inf)])
def test_nothing_learnt_is_ever_infinite(values: tuple[float, float]) -> None:
    # A sum of finite values may overflow before it gets here.
    known = nothing(2)
    table = np.resize(np.array(values), (450, 2)) * np.array([1.0, -1.0])
    table[::7, 1] = 3.0
    found, _ = observed(known, watch(), table)
    assert all(np.isfinite(part).all() for part in (*known.arrays, found.evidence))


@fixed
@given(tables((*KINDS, *COUNTS)), SIDES, st.booleans(), st.booleans())
def test_whatever_the_values_what_is_learnt_and_told_stays_finite(
    table: Floats, side: int, dense: bool, counts: bool
) -> None:
    known = nothing(table.shape[1])
    found, _ = observed(known, watch(side=side, dense=dense, counts=counts), table)
    assert all(np.isfinite(part).all() for part in (*known.arrays, *found))


@fixed
@given(tables(KINDS), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_value_that_is_asked_for_is_told_whatever_its_evidence(table: Floats, dense: bool, seed: int) -> None:
    asked = np.random.default_rng(seed).random(table.shape) < 0.3
    plain, other = nothing(table.shape[1]), nothing(table.shape[1])
    all_told, _ = observed(plain, watch(least=0.0, dense=dense), table)
    told, _ = observed(other, watch(least=2.0, dense=dense), table, asked=asked)
    wanted = asked[all_told.bucket, all_told.series] | (all_told.evidence >= 2.0)
    assert same(told, tuple(part[wanted] for part in all_told))
    assert same(plain.arrays, other.arrays)


def test_a_series_without_rows_is_zero_only_where_zero_means_something() -> None:
    table = np.full((101, 1), np.nan)
    table[1:100] = stream("gaussian", 99, np.random.default_rng(2))[:, None]
    silent, _ = observed(nothing(1), watch(), table)
    counted, updates = observed(nothing(1), watch(dense=True), table)
    assert 100 not in silent.bucket
    assert counted.bucket[-1] == 100
    assert counted.actual[-1] == 0.0
    assert updates.tolist() == [0] + [1] * 100


# What it is all for


def by_bucket(found: Unusual, shape: tuple[int, ...]) -> Floats:
    """Evidence of every value; 0 where nothing was reported."""
    evidence = np.zeros(shape)
    evidence[found.bucket, found.series] = found.evidence
    return evidence


def gaussian(days: int, series: int, *, more: int = 0, seed: int = 4) -> Floats:
    """So many days of noise with deviation 1, and some buckets more."""
    return np.random.default_rng(seed).normal(size=(days * PER_DAY + more, series))


def test_a_spike_is_evidence_of_its_own() -> None:
    table = gaussian(4, 20, more=1)
    table[-1] = np.where(np.arange(20) % 2, 12.0, -12.0)
    found, _ = observed(nothing(20), watch(), table)
    evidence = by_bucket(found, table.shape)[-1]
    assert evidence.min() > 4.0
    assert found.actual[-20:].tolist() == table[-1].tolist()
    assert (np.abs(found.typical[-20:]) < 1.0).all()


@pytest.mark.parametrize("value", [1e300, np.inf, -np.inf])
def test_a_value_beyond_all_bounds_is_reported(value: float) -> None:
    table = gaussian(1, 1, more=1)
    table[-1] = value
    found, _ = observed(nothing(1), watch(), table)
    assert found.bucket[-1:].tolist() == [PER_DAY]
    assert found.evidence[-1] > 6.0


def test_noise_is_no_evidence_once_a_series_is_known() -> None:
    table = gaussian(20, 30)
    found, _ = observed(nothing(30), watch(), table)
    evidence = by_bucket(found, table.shape)[10 * PER_DAY :]
    # What has evidence 3 should come once in a thousand; three times as often is what a sum of signs is worth.
    assert (evidence >= 3.0).mean() < 3e-3
    assert (evidence >= 2.0).mean() > 1e-3


def test_the_first_exceedance_of_a_series_is_no_catastrophe() -> None:
    table = gaussian(1, 60)[: PER_DAY - 4]
    found, _ = observed(nothing(60), watch(), table)
    assert (by_bucket(found, table.shape) >= 6.0).sum() <= 3


def test_a_series_in_its_second_day_is_hardly_more_unusual_than_in_its_third() -> None:
    table = gaussian(3, 60)
    found, _ = observed(nothing(60), watch(), table)
    _, second, third = (by_bucket(found, table.shape).reshape(3, -1) >= 3.0).mean(axis=1)
    assert second < 2.0 * third


def test_after_a_lone_spike_nothing_echoes() -> None:
    table = gaussian(10, 40, more=13)
    table[-13] = np.where(np.arange(40) % 2, 30.0, -30.0)
    found, _ = observed(nothing(40), watch(), table)
    evidence = by_bucket(found, table.shape)
    assert evidence[-13].min() > 5.0
    # Without an echo it is noise, of which one value in a thousand has as much: half of one in these 480.
    assert (evidence[-12:] >= 3.0).sum() <= 3


def moved_level(shift: float) -> tuple[Unusual, Ints]:
    """What is told of thirty series whose level has moved, and how many buckets before that was."""
    table = gaussian(10, 30, more=20)
    table[-20:] += shift
    found, _ = observed(nothing(30), watch(least=0.0), table)
    return found, found.bucket - (len(table) - 20)


@pytest.mark.parametrize("shift", [5.0, 10.0, -10.0])
def test_a_level_that_has_moved_is_told_within_ten_buckets(shift: float) -> None:
    found, since = moved_level(shift)
    assert set(found.series[(found.moved > 0) & (since < 10)]) == set(range(30))
    assert not found.moved[since < 0].any()


@pytest.mark.parametrize("shift", [5.0, 10.0, -10.0])
def test_a_level_that_has_moved_is_learnt_within_twelve_buckets(shift: float) -> None:
    found, since = moved_level(shift)
    assert np.median(np.abs(found.typical[since == 12] / shift - 1.0)) < 0.2
    assert np.median(np.abs(found.typical[since == 19] / shift - 1.0)) < 0.2


def test_noise_moves_no_level() -> None:
    found, _ = observed(nothing(20), watch(least=0.0), gaussian(20, 20))
    assert not found.moved.any()


def test_a_slow_burn_is_evidence_of_the_window() -> None:
    table = gaussian(10, 20, more=12)
    table[-12:] += 0.7 * np.arange(1, 13)[:, None]
    found, _ = observed(nothing(20), watch(), table)
    burning = found.bucket >= len(table) - 12
    window = [found.signs[burning & (found.series == i), 1].max(initial=0.0) for i in range(20)]
    assert min(window) > 1.0
    assert by_bucket(found, table.shape)[-12:].max(axis=0).min() > 3.0


def test_a_daily_rise_is_expected_after_a_week_and_missed_when_it_fails_to_come() -> None:
    hours = slice(60, 72)
    days = np.random.default_rng(4).normal(100.0, 1.0, (12, PER_DAY, 10))
    days[:, hours] += 20.0
    days[-1, hours] -= 20.0
    found, _ = observed(nothing(10), watch(), days.reshape(-1, 10))
    highest = by_bucket(found, (12 * PER_DAY, 10)).reshape(days.shape)[:, hours].max(axis=1)
    assert highest[0].min() > 3.0
    assert np.median(highest[8:11]) < 2.0
    assert highest[11].min() > 4.0


def of_the_local_day(days: int, turn: int) -> tuple[Floats, Ints]:
    """Ten series that keep to the clock on the wall, which is put forward on the day `turn`; and by how much it is."""
    time = np.arange(days * PER_DAY)
    local = np.where(time < turn * PER_DAY, 3600, 7200)
    hour = (time * 600 + local) % DAY / 3600
    profile = 20.0 * np.exp(-0.5 * ((hour - 9.0) / 0.7) ** 2) + 10.0 * (hour >= 18.0)
    return profile[:, None] + np.random.default_rng(4).normal(size=(len(time), 10)), local


def test_who_knows_of_the_clock_on_the_wall_is_quiet_on_the_day_it_changes() -> None:
    table, local = of_the_local_day(18, 15)
    day = slice(15 * PER_DAY, 16 * PER_DAY)
    aware = by_bucket(observed(nothing(10), watch(), table, local=local)[0], table.shape)[day]
    unaware = by_bucket(observed(nothing(10), watch(), table, local=local * 0 + 3600)[0], table.shape)[day]
    assert (aware >= 3.0).mean() < 0.01
    assert (unaware >= 3.0).mean() > 0.05


def of_few_rows_at_times(buckets: int) -> tuple[Floats, Floats]:
    """Thirty series of means of a thousand rows, or of one in every twenty, all with the noise of so many rows."""
    chance = np.random.default_rng(4)
    rows = np.where(chance.random((buckets, 30)) < 0.05, 1.0, 1000.0)
    return chance.normal(size=(buckets, 30)) / np.sqrt(rows), rows


def test_a_mean_of_few_rows_is_less_of_a_surprise() -> None:
    table, rows = of_few_rows_at_times(1500)
    table[-1], rows[-1] = 0.4, 1000.0
    known = nothing(30)
    observed(known, watch(), table[:-1], rows=rows[:-1])
    look = watch(learning=False, least=0.0)
    many, _ = observed(known, look, table[-1:], 1499, rows=rows[-1:])
    few, _ = observed(known, look, table[-1:], 1499, rows=rows[-1:] / 1000.0)
    assert (few.signs[:, 0] <= many.signs[:, 0]).all()
    assert few.signs[:, 0].sum() < 0.5 * many.signs[:, 0].sum()
    assert (few.upper - few.lower > many.upper - many.lower).all()


def test_a_mean_of_one_row_that_is_off_by_what_one_row_may_be_is_not_reported() -> None:
    table, rows = of_few_rows_at_times(2000)
    found, _ = observed(nothing(30), watch(), table, rows=rows)
    evidence = by_bucket(found, table.shape)[1000:]
    assert (evidence[rows[1000:] == 1.0] >= 3.0).mean() < 0.01  # ten times what noise should have


def test_the_surprise_counts_as_much_as_the_user_says() -> None:
    table = gaussian(5, 5)
    plain, _ = observed(nothing(5), watch(least=0.0), table)
    twice, _ = observed(nothing(5), watch(least=0.0, sensitivity=2.0), table)
    assert plain.bucket.tolist() == twice.bucket.tolist()
    assert (twice.evidence >= plain.evidence).all()
    alone = (plain.signs[:, 1:] == 0.0).all(axis=1)
    np.testing.assert_allclose(twice.evidence[alone], 2.0 * plain.evidence[alone])


# How a pass through a slot ends


def season_steps(known: Known, at: slice) -> list[int]:
    """The daily slots of the first series, in steps."""
    return [int(slot) >> 4 for slot in known.model.day[0, at]]


def test_a_series_that_comes_back_after_exactly_a_week_begins_another_pass() -> None:
    known, week = nothing(1, 60), 604_800 // 60
    observed(known, watch(span=60), np.arange(2.0)[:, None], 0)
    observed(known, watch(span=60), np.ones((1, 1)), week + 1)
    assert state.running(known.model.brief, 0, state.WEEK_PASS).count == 1.0


def test_where_clocks_change_a_pass_ends_in_the_slot_it_was_seen_in() -> None:
    known, bucket, hour = nothing(1), 6, 3600
    # Nought, and 8 from one o'clock until the clocks are put forward an hour later.
    table, local = np.array([0.0, 0.0, 0.0, 8.0, 8.0, 8.0]), np.zeros(6, np.int64)
    observed(known, watch(), table[:, None], bucket - 3, local=local)
    observed(known, watch(), np.array([[8.0]]), bucket + 3, local=np.array([hour]))
    assert np.flatnonzero(known.model.day[0] & 15).tolist() == [3, 4, 5]  # quarters of an hour, by their centres


def test_a_slot_that_is_large_of_a_sudden_keeps_its_mean_when_the_steps_are_halved() -> None:
    span, step = 21_600, 2.0**-10  # four slots a day
    known, table = nothing(1, span), np.zeros((8, 1))
    table[0] = 1.0  # in units of one
    observed(known, watch(span=span), table)
    known.model.brief[0, state.STEP] = step
    known.model.brief[0, state.DAY_PASS : state.DAY_PASS + 2] = 1.5, 1.0
    known.model.day[0] = known.model.week[0] = packed(0.0, 0.0, step)
    observed(known, watch(span=span), np.zeros((1, 1)), 8)
    kept = float(known.model.brief[0, state.STEP])
    assert [steps * kept for steps in season_steps(known, slice(3, 4))] == [pytest.approx(1.5, abs=2 * step)]
