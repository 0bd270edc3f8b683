import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.kernels.median import medians, weighted_medians
from tests.kernels import naive_features as naive
from tests.kernels.streams import fixed

GROUPS = 3
VALUES = st.one_of(st.sampled_from([0.0, -0.0, 1.0, 1e308, -1e308, 5e-324]), st.floats(allow_nan=False, width=64))
ROWS = st.lists(st.tuples(st.integers(-1, GROUPS - 1), VALUES.filter(np.isfinite), st.integers(1, 4)), max_size=60)


@fixed
@given(ROWS)
def test_medians_are_the_middle_values_whatever_their_order(rows: list[tuple[int, float, int]]) -> None:
    rows += [(group, 1.0, 1) for group in range(GROUPS)]
    groups = np.array([group for group, _, _ in rows], np.int64)
    values = np.array([value for _, value, _ in rows])
    found = medians(groups, values, GROUPS)
    expected = [naive.weighted_median(own := values[groups == group].tolist(), [1] * len(own)) for group in range(3)]
    assert found.tolist() == expected
    assert medians(groups[::-1].copy(), values[::-1].copy(), GROUPS).tolist() == expected


@fixed
@given(ROWS)
def test_a_value_that_stands_for_several_rows_is_there_as_often(rows: list[tuple[int, float, int]]) -> None:
    rows += [(group, 1.0, 1) for group in range(GROUPS)]
    rows.sort(key=lambda row: (row[0], row[1]))
    groups, values, weights = (np.array(part, kind) for part, kind in zip(zip(*rows, strict=True), "qdd", strict=True))
    found = weighted_medians(groups, values, weights, GROUPS)
    for group in range(GROUPS):
        own = groups == group
        assert found[group] == naive.weighted_median(values[own].tolist(), weights[own].astype(int).tolist())


@pytest.mark.parametrize("order", ["rising", "falling", "a hill", "equal", "two"])
def test_no_usual_order_is_slow(order: str) -> None:
    n = 300_001
    rising = np.arange(n, dtype=np.float64)
    made = {
        "rising": rising,
        "falling": rising[::-1].copy(),
        "a hill": np.minimum(rising, rising[::-1]),
        "equal": np.zeros(n),
        "two": rising % 2,
    }[order]
    # What takes the square of their number, as one choice of pivots did, takes minutes here.
    assert medians(np.zeros(n, np.int64), made.copy(), 1).tolist() == [np.median(made)]
