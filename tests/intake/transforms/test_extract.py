import pytest

from .rows import failed, rows, run

LINE = r"(\w+)=(\d+)"


def test_groups_fill_the_outputs_wherever_the_match_is() -> None:
    outcome = run("extract", ["x=1", "say load=25 z=3", "é load=7"], arguments=[LINE], outputs=["name", "value"])
    assert rows(outcome) == [("x", "1"), ("load", "25"), ("load", "7")]
    assert failed(outcome) == [False, False, False]


@pytest.mark.parametrize("value", ["", "x=", "=1", "�", "é\n"])
def test_a_value_without_a_match_is_a_failure_and_leaves_the_outputs_empty(value: str) -> None:
    outcome = run("extract", [value, "a=1"], arguments=[LINE], outputs=["name", "value"])
    assert rows(outcome)[0] == ("", "")
    assert failed(outcome) == [True, False]


def test_a_group_that_has_no_part_in_the_match_is_empty_and_no_failure() -> None:
    outcome = run("extract", ["b", "ab", "c"], arguments=["(a)?b"])
    assert rows(outcome) == [("",), ("a",), ("",)]
    assert failed(outcome) == [False, False, True]


@pytest.mark.parametrize(
    ("java", "value", "group"),
    [
        (r"(?<=id )(\d+)", "id 12", "12"),
        (r"(?<quote>['\"])x\1", "'x'", "'"),
        (r"(?:a|b)+(c)", "ababc", "c"),
        (r"(?<user>\p{Alpha}+)@", "bob@x", "bob"),
        (r"(?i)USER (\w+)", "user bob", "bob"),
        (r"(?s)a.(b)", "a\nb", "b"),
        (r"\Q[x]\E(.*)$", "[x]yz", "yz"),
        (r"([äö]+)", "xöäx", "öä"),
    ],
)
def test_what_one_engine_does_not_know_the_other_does(java: str, value: str, group: str) -> None:
    assert rows(run("extract", [value], arguments=[java]))[0][0] == group
