import re

import pytest

from tailmass.jobs.regex import regex


@pytest.mark.parametrize(
    ("java", "text"),
    [
        (r"\d+(\.\d+){3}", "10.0.0.1"),
        (r"(?<user>\w+)@(?<host>.+)", "bob@x"),
        (r"\Q1.5 (a)\E+", "1.5 (a))"),
        (r"\Q[x", "[x"),
        (r"\p{Alpha}+\z", "abc"),
        (r"[\p{Upper}\p{Digit}_]+", "A_1"),
        (r"\p{L}+", "åß"),
        (r"a\Z", "a"),
        (r"[]a]+", "]a"),
        (r"[^]a]+", "bc"),
        (r"[+--]", ","),
        (r"[a||b]+", "|"),
        (r"(?<!x)\[\]", "[]"),
        (r"a\\", "a\\"),
        (r"a*+b", "aab"),
        ("é.\n", "éx\n"),
    ],
)
def test_an_expression_of_java_matches_as_it_does_there(java: str, text: str) -> None:
    assert regex(java).fullmatch(text)


def test_a_named_group_has_its_name() -> None:
    assert regex("(?<user>.)(?<host>.)").groupindex == {"user": 1, "host": 2}


@pytest.mark.parametrize(
    "java",
    ["(", "[", "a)", "*", r"\p{Greek}", r"[\p{L}]", "[a[b]]", "[a-z&&[^x]]", "(?<1>a)", "a{99999999999}", "(" * 9999],
)
def test_what_is_no_expression_or_cannot_be_said_here_is_refused(java: str) -> None:
    with pytest.raises(re.error):
        regex(java)
