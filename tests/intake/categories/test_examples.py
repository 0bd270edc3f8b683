import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tailmass.intake.categories.examples import LONGEST, Examples
from tests.kernels.streams import fixed

ROWS = st.lists(st.tuples(st.sampled_from(["a", "b", "c", "ü", "d e"]), st.integers(1, 3)), max_size=30)


def add(examples: Examples, rows: list[tuple[str, int]]) -> list[int]:
    messages = pl.Series([message for message, _ in rows], dtype=pl.String)
    added: list[int] = examples.add(messages, np.array([k for _, k in rows], np.int64), 3).tolist()
    return added


@fixed
@given(ROWS, ROWS, st.integers(0, 4))
def test_the_first_distinct_messages_are_kept_sorted(
    first: list[tuple[str, int]], then: list[tuple[str, int]], limit: int
) -> None:
    examples = Examples(limit)
    add(examples, first)
    add(examples, then)
    for category in (1, 2, 3):
        distinct = dict.fromkeys(message for message, k in [*first, *then] if k == category)
        assert examples.of(category) == sorted(list(distinct)[:limit])


def test_who_has_more_is_told() -> None:
    examples = Examples(2)
    assert add(examples, [("a", 1), ("a", 1), ("b", 3)]) == [1, 3]
    assert add(examples, [("a", 1), ("c", 3), ("d", 3)]) == [3]


def test_an_example_is_not_endless() -> None:
    examples = Examples(1)
    add(examples, [("x" * (LONGEST + 1), 1)])
    assert examples.of(1) == ["x" * LONGEST]


@fixed
@given(ROWS, ROWS)
def test_restored_examples_go_on(before: list[tuple[str, int]], after: list[tuple[str, int]]) -> None:
    one, other = Examples(3), Examples(3)
    add(one, before)
    other.restore("e", one.state("e"))
    assert add(other, after) == add(one, after)
    assert [other.of(k) for k in (1, 2, 3)] == [one.of(k) for k in (1, 2, 3)]
