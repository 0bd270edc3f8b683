import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.dictionary import Dictionary, Series

fixed = settings(max_examples=40, deadline=None, derandomize=True)
VALUES = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "é", "\U0001f600", "a b"]), st.text(max_size=3)))


def text(*values: str | None) -> pl.Series:
    return pl.Series(values, dtype=pl.String)


def filled(*values: str | None) -> tuple[Dictionary, list[int]]:
    dictionary = Dictionary()
    return dictionary, dictionary.ids(text(*values)).tolist()


def restored(dictionary: Dictionary) -> Dictionary:
    again = Dictionary()
    again.ids(text("something", "else"))
    again.restore("x", dictionary.state("x"))
    return again


def test_values_are_numbered_as_they_appear() -> None:
    dictionary, ids = filled("b", "a", "b", "c")
    assert ids == [0, 1, 0, 2]
    assert dictionary.names == ["b", "a", "c"]
    assert dictionary.ids(text("c", "d", "a")).tolist() == [2, 3, 1]
    assert len(dictionary) == 4


def test_no_value_is_the_same_as_an_empty_one() -> None:
    dictionary, ids = filled("a", None, "", None)
    assert ids == [0, 1, 1, 1]
    assert dictionary.names == ["a", ""]
    assert dictionary.empty == 1


def test_the_empty_value_has_no_id_until_it_comes() -> None:
    assert filled("a", "b")[0].empty == -1


@fixed
@given(VALUES, st.integers(0, 20))
def test_ids_are_those_of_a_dict_however_the_rows_are_cut(values: list[str | None], cut: int) -> None:
    known: dict[str, int] = {}
    expected = [known.setdefault(value or "", len(known)) for value in values]
    dictionary = Dictionary()
    ids = [*dictionary.ids(text(*values[:cut])).tolist(), *dictionary.ids(text(*values[cut:])).tolist()]
    assert ids == expected
    assert dictionary.names == list(known)
    assert dictionary.empty == known.get("", -1)


@fixed
@given(VALUES, VALUES)
def test_a_restored_dictionary_goes_on_with_the_same_ids(before: list[str | None], after: list[str | None]) -> None:
    dictionary, _ = filled(*before)
    again = restored(dictionary)
    assert again.names == dictionary.names
    assert again.empty == dictionary.empty
    assert again.ids(text(*after)).tolist() == dictionary.ids(text(*after)).tolist()


@pytest.mark.parametrize("values", [[], [""], [None, "a"]])
def test_little_can_be_restored_too(values: list[str | None]) -> None:
    assert restored(filled(*values)[0]).names == [value or "" for value in values]


def test_hundreds_of_thousands_of_values_keep_their_ids() -> None:
    numbers = np.random.default_rng(1).permutation(200_000)
    dictionary = Dictionary()
    first = dictionary.ids(pl.Series(numbers).cast(pl.String))
    assert (first == np.arange(200_000)).all()
    assert (dictionary.ids(pl.Series(np.sort(numbers)).cast(pl.String)) == np.argsort(numbers)).all()


def split(use_null: bool = False) -> tuple[Dictionary, Dictionary, Series]:
    partition, by = Dictionary(), Dictionary()
    return partition, by, Series(partition, by, use_null=use_null)


def pair_ids(partition: Dictionary, by: Dictionary, series: Series, *rows: tuple[str | None, str | None]) -> list[int]:
    """Ids of rows with a partition and a by value."""
    left, right = partition.ids(text(*(row[0] for row in rows))), by.ids(text(*(row[1] for row in rows)))
    ids: list[int] = series.ids(left, right, len(rows)).tolist()
    return ids


def test_without_a_split_there_is_one_series_once_there_is_a_row() -> None:
    series = Series(None, None, use_null=False)
    assert (series.ids(None, None, 0).tolist(), len(series)) == ([], 0)
    assert (series.ids(None, None, 2).tolist(), len(series)) == ([0, 0], 1)
    assert series.names(np.array([0])) == (None, None)


@pytest.mark.parametrize("use_null", [False, True])
def test_rows_without_a_value_form_a_series_only_if_they_are_wanted(use_null: bool) -> None:
    dictionary = Dictionary()
    series = Series(None, dictionary, use_null=use_null)
    ids = dictionary.ids(text("a", None, "", "b"))
    assert series.ids(None, ids, 4).tolist() == [0, 1 if use_null else -1, 1 if use_null else -1, 2]
    assert series.names(np.array([2, 0])) == (None, ["b", "a"])


def test_a_partition_alone_is_named_as_one() -> None:
    dictionary = Dictionary()
    series = Series(dictionary, None, use_null=False)
    assert series.ids(dictionary.ids(text("x", "y")), None, 2).tolist() == [0, 1]
    assert series.names(np.array([1])) == (["y"], None)


def test_every_pair_that_appears_is_a_series() -> None:
    partition, by, series = split()
    rows = [("x", "a"), ("y", "a"), ("x", "b"), ("x", "a"), (None, "a"), ("y", "")]
    assert pair_ids(partition, by, series, *rows) == [0, 1, 2, 0, -1, -1]
    assert series.names(np.array([2, 1])) == (["x", "y"], ["b", "a"])
    assert len(series) == 3


def test_pairs_without_values_are_series_if_they_are_wanted() -> None:
    partition, by, series = split(use_null=True)
    assert pair_ids(partition, by, series, ("x", None), (None, None), ("x", "")) == [0, 1, 0]
    assert series.names(np.array([0, 1])) == (["x", ""], ["", ""])


def test_a_series_has_the_id_its_rows_were_given() -> None:
    partition, by, series = split(use_null=True)
    rows = [("x", "a"), ("y", "a"), ("x", "b"), (None, "a"), ("y", "")]
    ids = pair_ids(partition, by, series, *rows)
    assert [series.id(left or "", right) for left, right in rows] == ids
    with pytest.raises(ValueError, match="not in list"):
        series.id("y", "b")  # both values are known, but never came together


def test_a_series_of_one_split_is_found_by_its_value() -> None:
    dictionary = Dictionary()
    by, partition = Series(None, dictionary, use_null=False), Series(dictionary, None, use_null=False)
    dictionary.ids(text("a", "é", "b"))
    assert [by.id(None, name) for name in ("a", "é", "b")] == [0, 1, 2]
    assert [partition.id(name, None) for name in ("a", "é", "b")] == [0, 1, 2]
    with pytest.raises(ValueError, match="not in list"):
        by.id("a", None)


def test_the_only_series_has_the_id_zero_once_there_is_a_row() -> None:
    series = Series(None, None, use_null=False)
    with pytest.raises(ValueError, match="not in list"):
        series.id(None, None)
    series.ids(None, None, 1)
    assert series.id(None, None) == 0


@fixed
@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("abc")), min_size=1, max_size=20))
def test_ids_and_names_are_each_others_inverse(rows: list[tuple[str, str]]) -> None:
    partition, by, series = split()
    pair_ids(partition, by, series, *rows)
    left, right = series.names(np.arange(len(series)))
    assert left is not None
    assert right is not None
    assert [series.id(*pair) for pair in zip(left, right, strict=True)] == list(range(len(series)))


def test_the_table_of_pairs_grows_without_losing_any() -> None:
    partition, by, series = split()
    left, right = np.divmod(np.random.default_rng(2).permutation(100_000), 317)
    partition.ids(pl.Series(np.arange(400)).cast(pl.String))
    by.ids(pl.Series(np.arange(400)).cast(pl.String))
    steps = np.split(np.arange(100_000), [1, 40, 70, 5_000, 60_000])
    ids = np.concatenate([series.ids(left[step], right[step], len(step)) for step in steps])
    assert (ids == np.arange(100_000)).all()
    assert (series.ids(left[::-1].copy(), right[::-1].copy(), 100_000) == np.arange(100_000)[::-1]).all()


def test_restored_series_go_on_with_the_same_ids() -> None:
    partition, by, series = split()
    pair_ids(partition, by, series, ("x", "a"), ("y", "a"))
    other_partition, other_by = restored(partition), restored(by)
    other = Series(other_partition, other_by, use_null=False)
    other.restore("s", series.state("s"))
    assert len(other) == 2
    assert pair_ids(other_partition, other_by, other, ("y", "b"), ("y", "a"), ("x", "a")) == [2, 1, 0]


def test_a_single_series_is_remembered() -> None:
    series, again = Series(None, None, use_null=False), Series(None, None, use_null=False)
    series.ids(None, None, 1)
    again.restore("s", series.state("s"))
    assert len(again) == 1
