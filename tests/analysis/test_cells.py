import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tailmass.analysis.cells import BLOCK_ROWS, Cells
from tests.analysis.rows import equal
from tests.kernels.streams import fixed

ROWS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-1, 3)), max_size=50)


def numbers(cells: Cells, rows: list[tuple[int, int]]) -> list[int]:
    buckets, series = (np.array([row[k] for row in rows], np.int64) for k in range(2))
    return [int(number) for number in cells.numbers(buckets, series)]


@fixed
@given(ROWS, st.integers(0, 50))
def test_cells_are_numbered_by_their_first_rows_wherever_these_are_cut(rows: list[tuple[int, int]], place: int) -> None:
    cells, known = Cells(), dict[tuple[int, int], int]()
    found = numbers(cells, rows[:place]) + numbers(cells, rows[place:])
    assert found == [known.setdefault(row, len(known)) if row[1] >= 0 else -1 for row in rows]
    assert list(zip(cells.buckets.tolist(), cells.series.tolist(), strict=True)) == list(known)


@fixed
@given(ROWS, ROWS, st.integers(-3, 4), st.integers(-3, 4))
def test_what_stays_when_buckets_are_cleared_is_numbered_anew(
    rows: list[tuple[int, int]], more: list[tuple[int, int]], first: int, until: int
) -> None:
    cells, fresh = Cells(), Cells()
    numbers(cells, rows)
    before = list(zip(cells.buckets.tolist(), cells.series.tolist(), strict=True))
    after = cells.clear(first, until).tolist()
    stay = [cell for cell in before if not first <= cell[0] < until]
    assert after == [stay.index(cell) if cell in stay else -1 for cell in before]
    fresh.restore("", cells.state(""))
    assert numbers(cells, more) == numbers(fresh, more)
    assert equal(cells.state(""), fresh.state(""))


def test_closing_buckets_are_told_by_bucket_then_by_series() -> None:
    cells = Cells()
    numbers(cells, [(5, 2), (4, 9), (5, 1), (6, 0)])
    assert cells.ordered(4, 6).tolist() == [1, 2, 0]


def test_more_cells_than_a_block_has_rows_get_their_numbers() -> None:
    cells, n = Cells(), 3 * BLOCK_ROWS + 5
    assert cells.numbers(np.zeros(n, np.int64), np.arange(n)).tolist() == list(range(n))
    assert cells.numbers(np.zeros(n, np.int64), np.arange(n)).tolist() == list(range(n))
    assert cells.size_bytes < 250 * n
