import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels.predict import (
    CLIP,
    DRIFT,
    FARTHEST,
    FURTHEST_STEP,
    QUICK,
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


def after(s: Level, values: Iterable[float]) -> Level:
    """The predictor once it has met these, too."""
    for x in values:
        bucket = int(s.last) + 1
        s, _, _ = learn(s, bucket, PER_DAY, x, predict(s, bucket, 0.0), True)
    return s


def noise(n: int) -> Floats:
    return np.random.default_rng(6).normal(size=n)


def test_the_first_value_says_only_where_a_series_is() -> None:
    s = begin(7, -3.0)
    assert (s.updates, s.last, s.level, s.peak, s.scale_e) == (1.0, 7.0, -3.0, 3.0, 0.0)
    assert predict(s, 8, 0.5)[:6] == (-2.5,) * 6


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
    values = [10.0]
    for each in noise(2000):
        values.append(10.0 - 0.9 * (values[-1] - 10.0) + each)
    expected = predict(grown([*values, 13.0]), 2002, 0.0)
    assert expected.by_lags == pytest.approx(10.0 - 0.9 * 3.0, abs=0.5)
    assert expected.mean == pytest.approx(expected.by_lags, abs=0.2)  # nobody else is worth listening to


@pytest.mark.parametrize(("missed", "remembered"), [(0, True), (4, True), (5, False)])
def test_a_gap_makes_the_last_residuals_worthless(missed: int, remembered: bool) -> None:
    s = grown(10.0 + (-1.0) ** n for n in range(1000))
    bucket = int(s.last) + 1 + missed
    expected = predict(s, bucket, 0.0)
    assert (expected.by_lags != expected.by_seasons) == remembered
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


def test_a_level_that_has_moved_a_little_is_followed_without_an_alarm() -> None:
    s = grown([0.0] * 40 + [1.0, -1.0] * 500)
    values = [2.0 * s.scale_r] * 60
    assert alarms(s, values) == []
    assert predict(after(s, values), 1100, 0.0).mean == pytest.approx(values[0], rel=0.1)


def test_where_a_level_has_moved_the_quick_one_begins_afresh_and_is_believed() -> None:
    s = grown(noise(500))
    moved = after(s, [4.0] * 6)
    assert (moved.quick_updates, moved.above, moved.below, moved.run) == (RESTART + 1.0, 0.0, 0.0, 0.0)
    assert moved.quick == pytest.approx(4.0)
    expected = predict(moved, 506, 0.0)
    assert expected.base == expected.by_quick
    assert expected.steady == pytest.approx(4.0, abs=0.1)
    assert after(moved, [5.0]).quick == pytest.approx(4.0 + 1.0 / (RESTART + 2.0))


def test_an_incident_leaves_little_of_its_level_behind() -> None:
    s = grown(noise(2000))
    assert abs(after(s, [8.0] * 60).level - s.level) < 2.0 * 60 * 6.0 * s.scale_r / (7.0 * PER_DAY)


def test_who_comes_back_is_expected_where_it_was_within_ten_buckets() -> None:
    s = after(grown(noise(2000)), 8.0 + noise(60))
    assert predict(s, int(s.last) + 1, 0.0).mean == pytest.approx(8.0, abs=1.0)
    back = after(s, np.random.default_rng(8).normal(size=10))
    assert predict(back, int(back.last) + 1, 0.0).mean == pytest.approx(0.0, abs=1.0)


def test_the_quick_level_remembers_a_dozen_buckets() -> None:
    s = grown(noise(500))
    x = s.quick + 0.5
    assert after(s, [x]).quick - s.quick == pytest.approx(QUICK * 0.5)


def test_who_has_been_right_is_listened_to() -> None:
    s = grown(noise(500))._replace(error_lags=9.0, error_seasons=1.0, error_quick=9.0, level=0.0, quick=5.0)
    assert predict(s, 500, 0.0).mean == pytest.approx(0.0, abs=0.05)
    s = s._replace(error_seasons=9.0, error_quick=1.0)
    assert predict(s, 500, 0.0).mean == pytest.approx(5.0, abs=0.05)


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
