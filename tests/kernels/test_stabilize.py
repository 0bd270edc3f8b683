import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.kernels.predict import begin
from tailmass.kernels.stabilize import (
    ASINH,
    COUNTS,
    FARTHEST,
    HANDICAP,
    IDENTITY,
    POISSON,
    Map,
    adopted,
    backward,
    carried,
    carried_slot,
    entered,
    forward,
    measured,
    slope,
    unit_of,
    winner,
)
from tests.kernels.streams import fixed

PLAIN = Map(1.0, IDENTITY, 2.0, 0.5, 4.0)
MAPS = [PLAIN, PLAIN._replace(kind=ASINH), PLAIN._replace(kind=COUNTS), Map(1.0, COUNTS, 0.0, 1.0, POISSON)]


@pytest.mark.parametrize("m", MAPS)
@pytest.mark.parametrize("v", [0.0, 0.01, 1.0, 3.0, 250.0, 1e6])
def test_there_and_back_again_is_the_same_value(m: Map, v: float) -> None:
    assert backward(m, forward(m, m.kind, v)) == pytest.approx(v, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("m", MAPS)
@pytest.mark.parametrize("v", [0.5, 3.0, 250.0, 1e6])
def test_the_slope_is_the_derivative(m: Map, v: float) -> None:
    h = 1e-4 * v
    rise = (forward(m, m.kind, v + h) - forward(m, m.kind, v - h)) / (2.0 * h)
    assert slope(m, m.kind, v) == pytest.approx(rise, rel=1e-5)  # the difference quotient is no better


@fixed
@given(st.sampled_from(MAPS), st.floats(-1e15, 1e15), st.floats(-1e15, 1e15))
def test_a_map_never_turns_two_values_round(m: Map, one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert forward(m, m.kind, low) <= forward(m, m.kind, high)


def test_counts_without_excess_noise_are_mapped_as_anscombe_did() -> None:
    m = Map(1.0, COUNTS, 0.0, 1.0, POISSON)
    assert forward(m, COUNTS, 30.0) == pytest.approx(2.0 * math.sqrt(30.0 + 3.0 / 8.0), rel=1e-6)


def test_asinh_leaves_the_middle_as_it_is_and_takes_the_logarithm_far_out() -> None:
    m = Map(1.0, ASINH, 5.0, 2.0, 1.0)
    assert forward(m, ASINH, 5.001) == pytest.approx(0.001, rel=1e-6)
    assert forward(m, ASINH, 5e9) - forward(m, ASINH, 5e8) == pytest.approx(2.0 * math.log(10.0), rel=1e-6)


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
    assert abs(measured(PLAIN._replace(unit=unit), y)) <= FARTHEST
    assert unit_of(0.0) == measured(PLAIN._replace(unit=0.0), 0.0) == 0.0


def test_the_size_of_counts_is_found_by_their_first_two_moments() -> None:
    assert entered(Map(2.0, IDENTITY, 0.0, 0.0, 0.0), 5.0, 3.0).size == pytest.approx(100.0 / (36.0 - 10.0))
    assert entered(Map(2.0, IDENTITY, 0.0, 0.0, 0.0), 5.0, 1.0).size == POISSON


@pytest.mark.parametrize("unit", [2.0**996, 2.0**-1000])
def test_parameters_are_finite_in_any_unit(unit: float) -> None:
    assert all(map(math.isfinite, entered(Map(unit, IDENTITY, 0.0, 0.0, 0.0), 1.5, 2.0)))


def test_another_map_must_win_by_a_clear_margin() -> None:
    assert winner(0.0, HANDICAP, HANDICAP) == IDENTITY
    assert winner(0.0, HANDICAP + 1.0, HANDICAP) == ASINH
    assert winner(0.0, HANDICAP, HANDICAP + 1.0) == COUNTS


@pytest.mark.parametrize("kind", [ASINH, COUNTS])
def test_a_series_that_changes_its_map_stays_where_it_was(kind: float) -> None:
    before = Map(4.0, IDENTITY, 2.0, 0.5, 7.0)
    m = adopted(before, kind)
    ratio = before.unit / m.unit
    s = begin(3, 10.0)._replace(previous=12.0, scale_e=2.0)
    after = carried(m, s, ratio)
    assert backward(m, after.level) * m.unit == pytest.approx(40.0)
    assert backward(m, after.previous) * m.unit == pytest.approx(48.0)
    assert after.scale_e == pytest.approx(2.0 * ratio * slope(m, kind, 10.0 * ratio))
    assert backward(m, after.level + carried_slot(m, 1.5, s.level, ratio)) * m.unit == pytest.approx(46.0)
