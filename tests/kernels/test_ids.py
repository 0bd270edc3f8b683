import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Ints
from tailmass.kernels.ids import EMPTY, distinct_pairs, number_pairs, renumber
from tests.kernels import naive
from tests.kernels.streams import fixed

CODES = st.lists(st.integers(-2, 12), max_size=60)
PAIRS = st.lists(st.tuples(*[st.sampled_from([-1, 0, 1, 2, 3, 77, 2**31 - 1])] * 2), max_size=60)


def ints(values: list[int]) -> Ints:
    return np.array(values, np.int64)


@fixed
@given(CODES, CODES)
def test_codes_get_the_ids_that_a_dictionary_would_give(first: list[int], then: list[int]) -> None:
    table, known = np.full(16, EMPTY, np.int64), dict[int, int]()
    for codes in (first, then):
        taken = len(known)
        expected = naive.renumber(codes, known)
        ids, fresh = renumber(ints(codes), table, taken)
        assert ids.tolist() == expected
        assert fresh.tolist() == [expected.index(new) for new in range(taken, len(known))]


@fixed
@given(PAIRS, PAIRS)
def test_pairs_get_the_ids_that_a_dictionary_would_give(
    first: list[tuple[int, int]], then: list[tuple[int, int]]
) -> None:
    # 49 different pairs at most: the table is crowded, as many share a place
    keys, values, known = np.full(64, EMPTY, np.int64), np.full(64, EMPTY, np.int64), dict[tuple[int, int], int]()
    for pairs in (first, then):
        taken = len(known)
        expected = naive.number_pairs(pairs, known)
        left, right = ints([pair[0] for pair in pairs]), ints([pair[1] for pair in pairs])
        ids, fresh = number_pairs(left, right, keys, values, taken)
        assert ids.tolist() == expected
        assert fresh.tolist() == [expected.index(new) for new in range(taken, len(known))]


def test_a_pair_is_not_its_mirror_image() -> None:
    table = np.full(8, EMPTY, np.int64)
    ids, _ = number_pairs(ints([1, 2, 1]), ints([2, 1, 2]), table, table.copy(), 0)
    assert ids.tolist() == [0, 1, 0]


def test_a_full_table_still_finds_its_pairs() -> None:
    keys, values, left = np.full(16, EMPTY, np.int64), np.full(16, EMPTY, np.int64), np.arange(16)
    number_pairs(left, left, keys, values, 0)
    again, fresh = number_pairs(left[::-1].copy(), left[::-1].copy(), keys, values, 16)
    assert again.tolist() == list(range(15, -1, -1))
    assert len(fresh) == 0


ROWS = st.tuples(*[st.integers(0, 3)] * 3, st.integers(1, 5), st.integers(-9, 9))


@fixed
@given(st.lists(ROWS, max_size=40))
def test_pairs_of_a_bucket_are_there_once_with_all_their_rows_and_the_least_number(rows: list[tuple[int, ...]]) -> None:
    table = np.array(rows, np.int64).reshape(-1, 5).T.copy()
    order = np.lexsort((table[2], table[1], table[0]))
    expected: dict[tuple[int, ...], list[int]] = {}
    for *key, count, number in rows:
        known = expected.setdefault(tuple(key), [0, number])
        known[:] = [known[0] + count, min(known[1], number)]
    assert distinct_pairs(table, order).T.tolist() == [[*key, *told] for key, told in sorted(expected.items())]
