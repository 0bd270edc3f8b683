"""What share of a series' rows a value usually has: against a sum over all buckets that came before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.parts import Table
from tailmass.analysis.usual import EVERY, HALF_LIFE_SECONDS, LEAST_SHARE, Usual
from tailmass.kernels.parts import Held

SPAN = 86_400
PARTS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 2), st.integers(0, 3), st.integers(1, 9), st.integers(-9, 9)),
    min_size=1,
    max_size=40,
    unique_by=lambda part: part[:3],
)


def table(parts: list[tuple[int, int, int, int, int]]) -> Table:
    """Parts of buckets, of series by key, by value: rows and total."""
    columns = np.array(sorted(parts), np.int64).reshape(-1, 5).T
    bucket, key, value, rows, total = columns
    held = Held(rows.astype(np.float64), total.astype(np.float64), *np.zeros((4, len(rows))))
    return Table(np.arange(len(rows)), bucket, key, value, held)


@settings(deadline=None)  # the first one compiles
@given(PARTS, st.integers(0, 41))
def test_a_share_is_that_of_all_rows_each_of_which_fades(
    parts: list[tuple[int, int, int, int, int]], pause: int
) -> None:
    usual = Usual(SPAN)
    usual.learn(table([part for part in parts if part[0] < pause]))
    kept = usual.state("u")
    usual = Usual(SPAN)
    usual.restore("u", kept)
    usual.learn(table([part for part in parts if part[0] >= pause]))
    for key in range(3):
        for value in range(4):
            share = usual.share(np.array([key]), np.array([value]), np.array([41]))
            weight = {part: 0.5 ** ((41 - part[0]) * SPAN / HALF_LIFE_SECONDS) for part in parts if part[1] == key}
            rows = sum(each * part[3] for part, each in weight.items())
            own = sum(each * part[3] for part, each in weight.items() if part[2] == value)
            assert share.rows[0] == pytest.approx(own / rows if rows else 0.0)


def test_what_has_faded_away_is_forgotten_and_the_rest_keeps_its_share() -> None:
    usual = Usual(SPAN)
    usual.learn(table([(0, 0, 0, 1, 0), (EVERY - 1, 0, 1, 1, 0), (EVERY - 1, 0, 2, 3, 0)]))
    before = usual.share(np.zeros(3, np.int64), np.arange(3), np.full(3, EVERY)).rows
    size = usual.size_bytes
    usual.forget(EVERY)
    after = usual.share(np.zeros(3, np.int64), np.arange(3), np.full(3, EVERY)).rows
    assert before[0] < LEAST_SHARE
    assert after.tolist() == [0.0, *before[1:]]
    assert usual.size_bytes < size
    assert usual.values(np.array([0]))[1].tolist() == [1, 2]


def test_where_there_is_no_memory_new_values_have_no_share_and_known_ones_go_on() -> None:
    usual = Usual(SPAN)
    usual.learn(table([(0, 0, 0, 1, 0)]))
    usual.pairs.full = True
    usual.learn(table([(1, 0, 0, 1, 0), (1, 0, 1, 2, 0)]))
    usual.forget(2)
    share = usual.share(np.zeros(2, np.int64), np.arange(2), np.full(2, 2)).rows
    assert share[1] == 0.0
    assert share[0] == pytest.approx(0.5, abs=0.01)
    assert usual.pairs.refused
    assert usual.pairs.full
