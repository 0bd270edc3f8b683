"""What is left of a series without the rows of one value: against a fold over the rows that are left."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.parts import Parts, Rows, Table
from tailmass.analysis.usual import Share
from tailmass.analysis.without import Values, influence, without
from tailmass.kernels.parts import Held

FOLDS = {
    "count": len,
    "sum": np.sum,
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
    "median": np.median,
    "varp": np.var,
}
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(-1000, 1000)), min_size=1, max_size=40)


def kept(rows: list[tuple[int, int]]) -> tuple[Table, Parts]:
    """The parts of one claim, whose rows have a value of the influencer and a number each."""
    which, number = (np.array(each, np.int64) for each in zip(*rows, strict=True))
    parts = Parts(values=True)
    zeros = np.zeros(len(rows), np.int64)
    parts.add(Rows(zeros, zeros, which, number.astype(np.float64), None, None))
    return parts.table(0, 1), parts


def nothing_usual(values: int) -> Share:
    return Share(*np.zeros((3, values)))


@pytest.mark.parametrize("measure", FOLDS)
@settings(deadline=None)  # the first one compiles
@given(ROWS)
def test_it_is_what_the_other_rows_come_to(measure: str, rows: list[tuple[int, int]]) -> None:
    table, parts = kept(rows)
    fold: Any = FOLDS[measure]
    numbers = np.array([number for _, number in rows], np.float64)
    values = Values(np.zeros(len(table.value), np.int64), table, nothing_usual(len(table.value)), 1)
    found = without(measure, np.full(len(table.value), float(fold(numbers))), values, parts)
    for value, each in zip(table.value.tolist(), found.tolist(), strict=True):
        left = np.array([number for held, number in rows if held != value], np.float64)
        least = 2 if measure == "varp" else 1  # one row alone has no variance to speak of
        if len(left) < least and measure not in ("count", "sum"):
            assert np.isnan(each)
        else:
            # Integers of at most a thousand: only means and variances are rounded.
            assert each == pytest.approx(float(fold(left)), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_culprit_of_a_sum_is_found_on_either_side_of_zero(sign: float) -> None:
    held = Held(*np.array([[9.0, 1.0], [90.0 * sign, 900.0 * sign], *np.zeros((4, 2))]))
    zeros = np.zeros(2, np.int64)
    table = Table(np.arange(2), zeros, zeros, np.arange(2), held)
    actual, typical = np.full((2, 2), [[990.0 * sign], [100.0 * sign]])
    left = without("sum", actual, Values(zeros, table, nothing_usual(2), 1), Parts())
    assert left.tolist() == [900.0 * sign, 90.0 * sign]
    assert influence("sum", actual, typical, left).round(2).tolist() == [0.19, 1.0]
