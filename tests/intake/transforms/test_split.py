import pytest

from .rows import rows, run


@pytest.mark.parametrize(
    ("java", "value", "parts"),
    [
        (",", "a,b,c", ("a", "b")),
        (",", "a,b", ("a", "b")),
        (",", "a", ("a", "")),
        (",", "", ("", "")),
        (",", ",a", ("", "a")),
        (",", "a,,b", ("a", "")),
        (",", "é,�,c", ("é", "�")),
        (r"\|", "a|b|c", ("a", "b")),
        (r"\s+", "a \t b c", ("a", "b")),
        (r"\s*;\s*", "a ; b;c", ("a", "b")),
        ("(,)", "a,b", ("a", "b")),
        ("(?<=a)", "xaya", ("xa", "ya")),
        ("", "abc", ("a", "b")),
        ("x*", "axb", ("a", "")),
        ("^a", "ab", ("", "b")),
    ],
)
def test_the_first_parts_fill_the_outputs_and_the_others_are_dropped(
    java: str, value: str, parts: tuple[str, str]
) -> None:
    outcome = run("split", [value], arguments=[java], outputs=["one", "two"])
    assert rows(outcome) == [parts]
    assert outcome.failed is None


def test_one_output_takes_what_is_before_the_first_match() -> None:
    assert rows(run("split", ["a-b-c", "-a", "x"], arguments=["-"])) == [("a",), ("",), ("x",)]
