import re
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.intake.transforms.expression import Expression
from tailmass.jobs.regex import regex

ATOMS = st.sampled_from(
    [*"ab1 .-", r"\d", r"\w", r"\s", r"\S", r"\W", r"\.", "[ab]", "[^a]", r"[\w.-]", "[a-c1]", r"\b", "^", "$"]
)
QUANTIFIERS = st.sampled_from(["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,}?", "*+", "++"])
QUANTIFIED = st.tuples(ATOMS, QUANTIFIERS).map("".join)
GROUPED = st.recursive(
    QUANTIFIED,
    lambda inner: st.tuples(
        st.sampled_from(["(", "(?:", "(?=", "(?!", "(?i:"]),
        st.lists(inner, max_size=3).map("".join) | st.lists(inner, min_size=2, max_size=2).map("|".join),
        st.sampled_from([")", ")", ")?", ")??", ")*", ")+", "){2}"]),
    ).map("".join),
    max_leaves=6,
)
PATTERNS = st.lists(GROUPED, min_size=1, max_size=4).map("".join).filter(lambda text: compiles(text))
ODD = st.lists(st.text("aAbB12 .-\t", max_size=8) | st.text("aé٣\n\x1c²½́", max_size=5), max_size=12)
# Few texts would be left to Python.
MANY = ["".join(letters) for length in range(4) for letters in product("ab1 .", repeat=length)]
TEXTS = ODD.map(lambda odd: [*odd, *MANY])
thorough = settings(max_examples=200, deadline=None, derandomize=True)


def compiles(text: str) -> bool:
    try:
        regex(text)
    except re.error:
        return False
    return True


def column(texts: list[str]) -> pl.Series:
    return pl.Series(texts, dtype=pl.String)


@thorough
@given(PATTERNS, TEXTS)
def test_whole_is_what_python_says_of_each_text(pattern: str, texts: list[str]) -> None:
    wanted = [regex(pattern).fullmatch(text) is not None for text in texts]
    assert Expression(pattern).whole(column(texts)).tolist() == wanted


@thorough
@given(PATTERNS, TEXTS)
def test_blanked_is_what_python_leaves_of_each_text(pattern: str, texts: list[str]) -> None:
    wanted = [regex(pattern).sub(lambda match: " " if match[0] else "", text) for text in texts]
    assert Expression(pattern).blanked(column(texts)).to_list() == wanted


@thorough
@given(PATTERNS, TEXTS)
def test_groups_are_what_python_finds_in_each_text(pattern: str, texts: list[str]) -> None:
    matches = [regex(pattern).search(text) for text in texts]
    groups, found = Expression(pattern).groups(column(texts))
    assert found.tolist() == [match is not None for match in matches]
    for k, group in enumerate(groups):
        assert group.to_list() == [(match[k + 1] or "") if match else "" for match in matches]


@thorough
@given(PATTERNS, TEXTS, st.integers(1, 4))
def test_parts_are_the_same_however_they_are_found(pattern: str, texts: list[str], count: int) -> None:
    wanted = [(java_split(pattern, text) + [""] * count)[:count] for text in texts]
    parts = Expression(pattern).parts(column(texts), count)
    assert [list(row) for row in zip(*(part.to_list() for part in parts), strict=True)] == wanted


def java_split(pattern: str, text: str) -> list[str]:
    """Every part, by the words of `java.util.regex.Pattern.split`."""
    cuts = [match.span() for match in regex(pattern).finditer(text) if match.span() != (0, 0)]
    begins, ends = [0, *(end for _, end in cuts)], [*(begin for begin, _ in cuts), len(text)]
    return [text[begin:end] for begin, end in zip(begins, ends, strict=True)]


@pytest.mark.parametrize(
    ("pattern", "text"), [(r"(\w)", "½"), ("(a)$", "a\n"), (r"(\s)", "\x1c"), ("(?i)(k)", "\u212a")]
)
def test_where_rust_would_say_something_else_python_is_asked(pattern: str, text: str) -> None:
    texts = [text, *MANY]
    match = regex(pattern).search(text)
    groups, found = Expression(pattern).groups(column(texts))
    assert match is not None
    assert groups[0][0] == match[1]
    assert found[0]
