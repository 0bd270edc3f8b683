import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.intake.categories.filters import Filters
from tests.kernels.streams import fixed

EXPRESSIONS = [
    r"\d+",
    r"^\[[^\]]*\] ",
    r"\bid\b",
    "[a-z]*",
    "(?=a)",
    "a(?!b)",
    r"x$",
    r"x\Z",
    r"(?<y>a)b?",
    r"\Qa.b\E",
    "a|",
    "x{,2}",
]


def filtered(expressions: list[str], *messages: str) -> list[str]:
    return Filters(expressions).apply(pl.Series(messages, dtype=pl.String)).to_list()


def test_a_match_leaves_a_space() -> None:
    assert filtered([r"\d"], "a1b2", "none") == ["a b ", "none"]


def test_an_expression_sees_what_the_one_before_it_has_left() -> None:
    assert filtered(["b", "a c"], "abc!") == [" !"]


def test_without_expressions_nothing_is_touched() -> None:
    messages = pl.Series(["a"])
    assert Filters([]).apply(messages) is messages


@fixed
@given(st.lists(st.text("ab.x1id [] \n"), max_size=5), st.sampled_from(EXPRESSIONS))
def test_what_is_taken_out_is_what_python_finds(messages: list[str], expression: str) -> None:
    python = re.compile(expression.replace("(?<y>", "(?P<y>").replace(r"\Qa.b\E", r"a\.b"))
    expected = [python.sub(lambda match: " " if match[0] else "", each) for each in messages]
    assert filtered([expression], *messages) == expected


@pytest.mark.parametrize("expression", [r"\d+(?=:)", r"(\w)\1"])
def test_expressions_that_polars_does_not_know_work(expression: str) -> None:
    assert filtered([expression], "12:x aa") != ["12:x aa"]
