from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.kernels.parts import Held, gather, medians_without, number_parts, remember

ROWS = st.lists(
    st.tuples(st.integers(-(2**40), 2**40), st.integers(-1, 2**62), st.integers(-1, 3), st.floats(-1e6, 1e6)),
    max_size=60,
)


def numbered(rows: list[Any], places: int = 128) -> tuple[Any, Any]:
    bucket, key, value = (np.array([row[k] for row in rows], np.int64) for k in range(3))
    held = np.zeros((3, len(rows) + 1), np.int64)
    part = number_parts(bucket, key, value, np.full(places, -1, np.int64), held[0], held[1], held[2], 0)
    return part, held


@settings(deadline=None)  # the first one compiles
@given(ROWS)
def test_rows_share_a_part_exactly_where_all_three_agree(rows: list[Any]) -> None:
    part, held = numbered(rows)
    naive: dict[Any, int] = {}
    expected = [-1 if min(row[1:3]) < 0 else naive.setdefault(row[:3], len(naive)) for row in rows]
    assert part.tolist() == [*expected, len(naive)]
    assert list(zip(*held[:, : len(naive)].tolist(), strict=True)) == list(naive)


@settings(deadline=None)
@given(ROWS, st.booleans())
def test_a_part_is_what_its_rows_come_to(rows: list[Any], weighted: bool) -> None:
    part, _ = numbered(rows)
    held = Held(*np.zeros((6, len(rows) + 1)))
    values = np.array([row[3] for row in rows], np.float64)
    weights = (1.0 + np.arange(len(rows)) % 3).astype(np.float64) if weighted else None
    gather(part[:-1], values, weights, held)
    of: defaultdict[int, list[int]] = defaultdict(list)
    for row, number in enumerate(part[:-1].tolist()):
        of[number].append(row)
    of.pop(-1, None)
    for number, places in of.items():
        some, w = values[places], np.ones(len(places)) if weights is None else weights[places]
        mean = np.average(some, weights=w)
        assert (held.rows[number], held.low[number], held.high[number]) == (w.sum(), some.min(), some.max())
        # Sums of the same numbers in another order: up to 60 of a million, squared for the deviations.
        assert held.total[number] == pytest.approx(some.sum(), abs=1e-6)
        assert held.mean[number] == pytest.approx(mean, abs=1e-6)
        assert held.m2[number] == pytest.approx((w * (some - mean) ** 2).sum(), rel=1e-6, abs=1e-3)


def test_what_is_remembered_fades_by_bucket() -> None:
    held = np.zeros((2, 3))
    remember(np.array([4, 4, 6]), np.array([1, 1, 1]), np.array([2.0, 1.0, 5.0]), np.array([1.0, 1.0, 1.0]), 0.5, held)
    assert held.tolist() == [[0.0, 0.0, 0.0], [3.0 / 4.0 + 5.0, 2.0 / 4.0 + 1.0, 6.0]]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5)), min_size=1, max_size=30))
def test_the_median_without_a_part_is_that_of_the_others(rows: list[tuple[int, int]]) -> None:
    rows.sort(key=lambda row: row[1])
    part, values = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])
    asked = np.arange(4)
    offsets, whose = np.array([0, len(rows)]), np.zeros(4, np.int64)
    found = medians_without(offsets, values, np.ones(len(rows)), part, asked, whose)
    for each in asked.tolist():
        others = values[part != each]
        assert np.array_equal(found[each], np.median(others) if len(others) else np.nan, equal_nan=True)
