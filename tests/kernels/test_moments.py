import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats, Ints
from tailmass.kernels.moments import Moments, add, variances
from tests.kernels import naive_features as naive
from tests.kernels.streams import fixed, same

CELLS = 2
VALUES = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([1e9, 1e9 + 1e-3, 0.1]))
ROWS = st.lists(st.tuples(st.integers(-1, CELLS - 1), VALUES, st.integers(1, 5)), max_size=60)


def nothing() -> Moments:
    return Moments(np.zeros(CELLS), np.zeros(CELLS), np.zeros(CELLS))


def columns(rows: list[tuple[int, float, int]]) -> tuple[Ints, Floats, Floats]:
    cells = np.array([cell for cell, _, _ in rows], np.int64)
    return cells, np.array([value for _, value, _ in rows], np.float64), np.array([float(row[2]) for row in rows])


@fixed
@given(ROWS, st.booleans())
def test_means_and_variances_are_those_of_all_rows(rows: list[tuple[int, float, int]], weighted: bool) -> None:
    held = nothing()
    cells, values, weights = columns(rows)
    add(cells, values, weights if weighted else None, held)
    for cell in range(CELLS):
        own = [(value, weight if weighted else 1) for each, value, weight in rows if each == cell]
        if not own:
            continue
        mean, variance = naive.variance([value for value, _ in own], [weight for _, weight in own])
        largest = max(abs(value) for value, _ in own)
        assert held.mean[cell] == pytest.approx(mean, rel=1e-13, abs=1e-13 * largest)
        if held.weight[cell] >= 2.0:
            # 60 rows at most; a deviation is exact to the last digits of the largest value.
            assert variances(held)[cell] == pytest.approx(variance, rel=1e-9, abs=1e-24 + (1e-14 * largest) ** 2)


@fixed
@given(ROWS, st.integers(0, 60))
def test_moments_do_not_depend_on_where_rows_are_cut(rows: list[tuple[int, float, int]], place: int) -> None:
    whole, parts = nothing(), nothing()
    cells, values, _ = columns(rows)
    add(cells, values, None, whole)
    add(cells[:place], values[:place], None, parts)
    add(cells[place:], values[place:], None, parts)
    assert same(whole, parts)


def test_a_large_offset_takes_nothing_from_a_variance() -> None:
    held, chance = nothing(), np.random.default_rng(1)
    values = chance.normal(0.0, 1.0, 100_000)
    add(np.zeros(len(values), np.int64), values + 1e9, None, held)
    assert variances(held)[0] == pytest.approx(values.var(), rel=1e-6)


def test_one_row_has_no_variance_and_equal_rows_have_none_of_it() -> None:
    held = nothing()
    add(np.array([0, 1, 1, 1]), np.array([3.0, 0.1, 0.1, 0.1]), None, held)
    assert np.isnan(variances(held)[0])
    assert variances(held)[1] == 0.0


def test_values_as_large_as_they_come_leave_numbers() -> None:
    held = nothing()
    add(np.zeros(3, np.int64), np.array([1.7e308, -1.7e308, 1.0]), None, held)
    assert np.isfinite(variances(held)[0])
    assert np.isfinite(held.mean[0])
