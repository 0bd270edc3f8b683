from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.open import OpenPairs

ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers(-1, 3), st.integers(-1, 3), st.integers(-5, 5)), max_size=40)


def added(pairs: OpenPairs, rows: Sequence[tuple[int, ...]], first: int, until: int) -> list[list[int]]:
    """Bucket, ids, rows and least number of what closes."""
    table = np.array(rows, np.int64).reshape(-1, 4).T.copy()
    bucket, left, right, number = table
    closed = pairs.add(bucket, left, right, number, first, until)
    when = np.repeat(np.arange(first, until), np.diff(closed.offsets))
    told: list[list[int]] = np.stack([when, *closed[1:]]).T.tolist()
    return told


@settings(deadline=None)
@given(ROWS, st.integers(0, 40))
def test_what_closes_does_not_depend_on_the_pieces_that_rows_come_in(rows: list[tuple[int, ...]], cut: int) -> None:
    whole, parts = OpenPairs(), OpenPairs()
    at_once = added(whole, rows, 0, 6)
    assert added(parts, rows[:cut], 0, 0) == []
    assert added(parts, rows[cut:], 0, 6) == at_once
    assert whole.state("open")["open"].tolist() == parts.state("open")["open"].tolist()
    assert added(whole, [], 6, 10) == added(parts, [], 6, 10)


def test_pairs_that_do_not_fit_into_one_number_are_sorted_all_the_same() -> None:
    wide = [(b, 2**30 + b, 2**30 + r, 0) for b in (1, 0) for r in (2, 1)] + [(10**6, 0, 0, 0)]
    closed = added(OpenPairs(), wide, 0, 2)
    assert [row[:3] for row in closed] == sorted(list(row[:3]) for row in wide[:4])


def test_a_look_leaves_what_is_open() -> None:
    pairs = OpenPairs()
    added(pairs, [(3, 1, 1, 7), (3, 1, 1, 5), (4, 0, 0, 0)], 3, 3)
    looked = pairs.peek(3, 5)
    assert (looked.offsets.tolist(), looked.rows.tolist(), looked.least.tolist()) == ([0, 1, 2], [2, 1], [5, 0])
    again = OpenPairs()
    again.restore("open", pairs.state("open"))
    assert [row[:3] for row in added(again, [], 3, 5)] == [[3, 1, 1], [4, 0, 0]]
