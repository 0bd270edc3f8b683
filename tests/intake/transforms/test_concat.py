import pytest

from .rows import made, run


@pytest.mark.parametrize(
    ("arguments", "joined"), [([], ["axé", "b", "y", ""]), ([" - "], ["a - xé", "b - ", " - y", " - "])]
)
def test_values_are_joined_and_a_missing_one_is_empty(arguments: list[str], joined: list[str]) -> None:
    outcome = run("concat", ["a", "b", "", ""], ["xé", "", "y", ""], arguments=arguments)
    assert made(outcome) == joined
    assert outcome.failed is None


def test_an_input_may_come_more_than_once() -> None:
    assert made(run("concat", ["a"], ["b"], ["a"], inputs=["i", "j", "i"])) == ["aba"]


def test_no_rows_are_no_rows() -> None:
    assert made(run("concat", [], [])) == []
