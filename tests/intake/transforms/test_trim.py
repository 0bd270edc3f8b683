from .rows import made, run


def test_blanks_go_at_both_ends_and_stay_inside() -> None:
    assert made(run("trim", [" a b ", "\t\r\n x\x00\x1f", "", "   ", "é "])) == ["a b", "x", "", "", "é"]


def test_a_space_that_does_not_break_is_no_blank_to_java() -> None:
    assert made(run("trim", ["\xa0a\u2003"])) == ["\xa0a\u2003"]
