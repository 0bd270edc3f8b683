import pytest

from .rows import excluded, failed, run

NUMBERS = ["-1", "4.99", "5", "5.0", " 5 ", "5.01", "1e3"]


@pytest.mark.parametrize(
    ("operator", "out"),
    [
        ("eq", [0, 0, 1, 1, 1, 0, 0]),
        ("lt", [1, 1, 0, 0, 0, 0, 0]),
        ("lte", [1, 1, 1, 1, 1, 0, 0]),
        ("gt", [0, 0, 0, 0, 0, 1, 1]),
        ("gte", [0, 0, 1, 1, 1, 1, 1]),
    ],
)
def test_numbers_are_compared_as_numbers(operator: str, out: list[int]) -> None:
    outcome = run("exclude", NUMBERS, condition={"operator": operator, "value": "5"})
    assert excluded(outcome) == [flag == 1 for flag in out]
    assert failed(outcome) == [False] * 7


@pytest.mark.parametrize("operator", ["eq", "lt", "lte", "gt", "gte"])
@pytest.mark.parametrize("value", ["", "x", "NaN", "inf", "1_0", "٣", "�"])
def test_what_is_no_number_holds_no_comparison_and_is_a_failure(operator: str, value: str) -> None:
    outcome = run("exclude", [value], condition={"operator": operator, "value": "0"})
    assert (excluded(outcome), failed(outcome)) == ([False], [True])


@pytest.mark.parametrize(
    ("java", "out"),
    [
        ("a+", [True, False, False, False]),
        ("", [False, False, True, False]),
        (".*", [True, True, True, True]),
        ("a|ab", [True, True, False, False]),
        ("(?!é).*", [True, True, True, False]),
        ("é", [False, False, False, True]),
    ],
)
def test_a_match_is_one_of_the_whole_value(java: str, out: list[bool]) -> None:
    outcome = run("exclude", ["a", "ab", "", "é"], condition={"operator": "match", "value": java})
    assert excluded(outcome) == out
    assert outcome.failed is None


def test_one_input_for_which_the_condition_holds_is_enough() -> None:
    outcome = run("exclude", ["1", "9", "1", "x"], ["9", "1", "1", "9"], condition={"operator": "gt", "value": "5"})
    assert excluded(outcome) == [True, True, False, True]
    outcome = run("exclude", ["a", "b"], ["b", "b"], condition={"operator": "match", "value": "a"})
    assert excluded(outcome) == [True, False]
