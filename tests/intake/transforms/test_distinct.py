import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.intake.transforms.distinct import answers, distinct, not_plain, repeating

from .rows import column

TEXTS = st.lists(st.sampled_from(["a", "b", "", "é", "c\n", "long text"]), max_size=40)
unhurried = settings(deadline=None)  # kernels compile at first


@unhurried
@given(TEXTS)
def test_distinct_texts_are_told_once_in_the_order_they_come(texts: list[str]) -> None:
    which, values = distinct(column(texts))
    assert values.to_list() == list(dict.fromkeys(texts))
    assert values.gather(which).to_list() == texts


@unhurried
@given(TEXTS)
def test_plain_is_printable_ascii_and_tabs(texts: list[str]) -> None:
    assert not_plain(column(texts)).tolist() == [row for row, text in enumerate(texts) if text in ("é", "c\n")]
    assert not_plain(column(["~ \t!", "\x7f", "\x1f"])).tolist() == [1, 2]


@pytest.mark.parametrize("texts", [["a", "é", ""] * 100, ["a", "é", "", *(f"{n}" for n in range(100))]])
def test_the_fast_way_is_believed_for_plain_text_alone(texts: list[str]) -> None:
    def slow(text: str) -> tuple[str]:
        return (f"slow {text}",)

    def fast(texts: pl.Series) -> list[pl.Series]:
        return [pl.Series(["fast"] * len(texts))]

    [found] = answers(column(texts), [pl.String], slow, fast)
    assert found.to_list() == ["slow é" if text == "é" else "fast" for text in texts]


def test_each_distinct_text_is_asked_once() -> None:
    asked = []

    def slow(text: str) -> tuple[bool]:
        asked.append(text)
        return (text == "a",)

    [found] = answers(column(["a", "b"] * 500), [pl.Boolean], slow)
    assert found.to_list() == [True, False] * 500
    assert asked == ["a", "b"]


def test_texts_repeat_when_most_of_them_have_been_there_before() -> None:
    assert repeating(column(["a", "b", "c"] * 1000))
    assert not repeating(column([str(k) for k in range(3000)]))
    assert not repeating(column([]))
    assert repeating(column([f"host{k * 7919 % 100_003 % 10_000}" for k in range(100_000)]))
    assert not repeating(column([f"host{k * 7919 % 100_003 % 70_000}" for k in range(100_000)]))
