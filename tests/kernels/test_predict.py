import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels.predict import (
    ALARM,
    CLIP,
    DRIFT,
    FARTHEST,
    FURTHEST_STEP,
    RESTART,
    STEADY,
    Level,
    begin,
    learn,
    measured,
    predict,
    unit_of,
)
from tests.kernels.streams import fixed

PER_DAY = 144.0


def grown(values: Iterable[float], every: int = 1) -> Level:
    """The predictor of a series without seasons, with a value every so many buckets."""
    first, *rest = values
    s = begin(0, first)
    for n, x in enumerate(rest, start=1):
        s, _, _ = learn(s, n * every, PER_DAY, x, predict(s, n * every, 0.0), False)
    return s


def alarms(s: Level, values: Iterable[float], may_move: bool = True) -> list[int]:
    """After which of these values the level is found to have moved."""
    told, first = [], int(s.last) + 1
    for n, x in enumerate(values):
        s, _, moved = learn(s, first + n, PER_DAY, x, predict(s, first + n, 0.0), may_move)
        if moved:
            told.append(n)
    return told


def noise(n: int) -> Floats:
    return np.random.default_rng(6).normal(size=n)


def test_the_first_value_says_only_where_a_series_is() -> None:
    s = begin(7, -3.0)
    assert (s.updates, s.last, s.level, s.peak, s.scale_e) == (1.0, 7.0, -3.0, 3.0, 0.0)
    assert predict(s, 8, 0.5).mean == -2.5


def test_the_level_of_a_young_series_is_the_mean_of_its_values() -> None:
    values = noise(10)
    assert grown(values).level == pytest.approx(np.mean(values), rel=1e-12)


def test_one_wild_value_moves_a_level_by_no_more_than_its_share_of_six_scales() -> None:
    s = grown(noise(500))
    after, limit, moved = learn(s, 500, PER_DAY, 1e3, predict(s, 500, 0.0), True)
    assert not moved
    assert limit == CLIP * s.scale_r
    assert after.level - s.level == pytest.approx(limit / 501.0, rel=1e-9)


def test_scales_are_those_of_the_noise() -> None:
    s = grown(noise(5000))
    assert s.scale_e == pytest.approx(1.0, abs=0.1)
    assert s.scale_r == pytest.approx(1.0, abs=0.1)


def test_a_value_that_goes_to_and_fro_is_foreseen() -> None:
    s = grown(10.0 + (-1.0) ** n for n in range(1000))
    assert [round(predict(s, 1000, 0.0).mean, 2), round(predict(s, 1000, 0.0).residual_mean, 2)] == [11.0, 10.0]


@pytest.mark.parametrize(("missed", "remembered"), [(0, True), (4, True), (5, False)])
def test_a_gap_makes_the_last_residuals_worthless(missed: int, remembered: bool) -> None:
    s = grown(10.0 + (-1.0) ** n for n in range(1000))
    bucket = int(s.last) + 1 + missed
    expected = predict(s, bucket, 0.0)
    assert (expected.mean != expected.residual_mean) == remembered
    assert any(learn(s, bucket, PER_DAY, 10.0, expected, False)[0].past[1:]) == remembered


def test_what_the_resolution_hides_is_no_deviation() -> None:
    s = grown([1.0, 1.25, 1.5, 1.25, 2.0])
    assert predict(s, 5, 0.0).floor == 0.125
    assert predict(grown([5e6, 5e6]), 2, 0.0).floor == pytest.approx(500.0)
    assert predict(grown([0.0, 0.0]), 2, 0.0).floor > 0.0


def test_one_wild_value_does_not_hide_all_later_ones() -> None:
    s = grown([*noise(100), 1e6, *noise(20_000)])
    assert predict(s, int(s.last) + 1, 0.0).floor < 0.1


@fixed
@given(st.floats(1e-290, 1e290), st.sampled_from([-1.0, 1.0]))
def test_the_unit_is_the_power_of_two_next_to_the_value(size: float, sign: float) -> None:
    unit = unit_of(sign * size)
    assert math.frexp(unit)[0] == 0.5
    assert 1.0 - 1e-12 <= size / unit < 2.0  # the logarithm may round a value just below the next power up to it


@pytest.mark.parametrize("y", [5e-324, 1e-310, 1.7e308, -1.7e308, math.inf])
def test_there_is_a_unit_for_every_value_but_zero(y: float) -> None:
    unit = unit_of(y)
    assert 0.0 < unit < math.inf
    assert abs(measured(unit, y)) <= FARTHEST
    assert unit_of(0.0) == measured(0.0, 0.0) == 0.0


# Page's test


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_level_that_has_moved_far_is_found_as_soon_as_six_residuals_are_on_one_side(sign: float) -> None:
    s = grown([*noise(500), -sign])  # the last residual before is on the other side
    assert alarms(s, [sign * 20.0] * 6) == [int(STEADY) - 1]


def test_a_level_that_has_moved_a_little_is_found_when_its_sums_have_grown_enough() -> None:
    s = grown([0.0] * 40 + [1.0, -1.0] * 500)
    told = alarms(s, [2.0 * s.scale_r] * 60)
    # Each residual adds what it is less 1/2, and what is left of it as the level follows: some more than 12 / 1.5.
    assert ALARM / (2.0 - DRIFT) <= told[0] < 2.0 * ALARM / (2.0 - DRIFT)


def test_a_level_that_has_moved_is_learnt_afresh() -> None:
    s = grown(noise(500))
    for n in range(500, 506):
        s, _, moved = learn(s, n, PER_DAY, 4.0, predict(s, n, 0.0), True)
    assert moved
    assert (s.settled, s.above, s.below, s.run) == (RESTART + 1.0, 0.0, 0.0, 0.0)
    after, _, _ = learn(s, 506, PER_DAY, 4.0, predict(s, 506, 0.0), True)
    assert after.level - s.level == pytest.approx((4.0 - s.level) / (RESTART + 2.0))


def test_noise_moves_no_level() -> None:
    assert alarms(grown(noise(500)), np.random.default_rng(7).normal(size=20_000)) == []


def test_one_wild_value_is_no_new_level() -> None:
    assert alarms(grown(noise(500)), [1e6, *np.random.default_rng(7).normal(size=50)]) == []


def test_no_residual_counts_for_more_than_four_scales() -> None:
    s = grown(noise(500))
    after, _, _ = learn(s, 500, PER_DAY, 1e6, predict(s, 500, 0.0), True)
    assert after.above == pytest.approx(s.above + FURTHEST_STEP - DRIFT)


def test_a_level_does_not_move_before_it_may() -> None:
    s = grown(noise(500))
    assert alarms(s, [20.0] * 30, may_move=False) == []
    assert alarms(s, [20.0] * 30) != []
