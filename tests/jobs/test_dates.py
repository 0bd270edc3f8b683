from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.errors import InvalidDateFormat
from tailmass.jobs.dates import Field, Literal, Optional_, Pattern


@pytest.mark.parametrize(
    "text",
    [
        "yyyy-MM-dd HH:mm:ssX",
        "dd/MMM/yyyy:HH:mm:ss X",
        "yyyy-MM-dd'T'HH:mm:ssXXX",
        "yyyy-MM-dd'T'HH:mm:ss.SSSX",
        "yyyy-MM-dd HH:mm:ss",
        "dd/MMM/yyyy HH:mm:ssX",
        "EEE MMM d HH:mm:ss zzz yyyy",
        "EEEE, d. LLLL uuuu, h:mm:ss a O",
        "yy-M-d K:m:s a",
        "u-D k",
        "yyyy-DDD'T'HH",
        "yyyyMMdd A",
        "yyyyMMdd n",
        "yyyyMMdd N",
        "yyyy-MM-dd HH:mm:ss.SSSSSSSSS VV",
        "e yyyy-MM-dd HH:mm xxx",
        "yyyy-MM-dd HH:mm:ss ZZZZ",
        "yyyy-MM-dd[ HH:mm[:ss]]",
    ],
)
def test_a_pattern_that_is_enough_for_a_date_and_a_time_is_read(text: str) -> None:
    assert Pattern.parse(text).text == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no year"),
        ("MM-dd HH:mm:ss", "no year"),
        ("yyyy-dd HH:mm:ss", "no month"),
        ("yyyy-MM HH:mm:ss", "no day"),
        ("yyyy HH:mm", "no month"),
        ("yyyy-MM-dd", "no hour"),
        ("yyyy-MM-dd mm:ss", "no hour"),
        ("yyyy-MM-dd hh:mm:ss", "AM or PM"),
        ("yyyy-MM-dd KK:mm", "AM or PM"),
        ("yyyy-MM-dd HH:ss", "without minutes"),
        ("yyyy-MM-dd HH:mm.SSS", "without seconds"),
        ("yyyy-MM-dd 'HH:mm:ss'", "no hour"),
    ],
)
def test_a_pattern_that_leaves_something_open_is_refused_with_what_is_missing(text: str, why: str) -> None:
    with pytest.raises(InvalidDateFormat, match=why):
        Pattern.parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("epoch_s", "'p'|'o'|'e'"),
        ("yyyy-MM-ddTHH:mm:ss", "'T'"),
        ("yyyy-MM-dd HH:mm:ss'Z", "quote"),
        ("yyyy-MM-dd HH:mm:ss[X", "does not close"),
        ("yyyy-MM-dd HH:mm:ssX]", "never opened"),
        ("yyyy-MM-dd HH:mm:ss{X}", "reserved"),
        ("yyyy-MM-dd HHH:mm:ss", "'HHH'"),
        ("yyyy-MMMMM-dd HH:mm:ss", "'MMMMM'"),
        ("yyyy-MM-dd HH:mm:ss V", "'V'"),
        ("yyyy-MM-dd HH:mm:ss.SSSSSSSSSS", "'SSSSSSSSSS'"),
        ("YYYY-MM-dd HH:mm:ss", "'Y'"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(InvalidDateFormat, match=why):
        Pattern.parse(text)


def tail(text: str) -> object:
    return Pattern.parse(f"yyyyMMddHH{text}").tokens[4:]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("''", (Literal("'"),)),
        ("''''", (Literal("'"),)),
        ("'''T'", (Literal("'T"),)),
        ("'o''clock'", (Literal("o'clock"),)),
        ("''mm''", (Literal("'"), Field("m", 2), Literal("'"))),
        ("'T'':'", (Literal("T':"),)),
        ("'T' : mm", (Literal("T : "), Field("m", 2))),
        ("'a''b'mm'c'", (Literal("a'b"), Field("m", 2), Literal("c"))),
        ("' [x] '", (Literal(" [x] "),)),
        ("é~mm", (Literal("é~"), Field("m", 2))),
        ("mmss", (Field("m", 2), Field("s", 2))),
        ("[:mm[:ss]]", (Optional_((Literal(":"), Field("m", 2), Optional_((Literal(":"), Field("s", 2))))),)),
        ("[][X]", (Optional_(()), Optional_((Field("X", 1),)))),
    ],
)
def test_a_pattern_is_taken_apart_as_java_does(text: str, tokens: object) -> None:
    assert tail(text) == tokens


def test_the_fields_of_optional_sections_are_among_the_fields() -> None:
    letters = [field.letter for field in Pattern.parse("yyyy[-MM[-dd]][ HH]").fields()]
    assert letters == ["y", "M", "d", "H"]


@given(st.text(alphabet=st.characters(exclude_characters="'")))
def test_whatever_is_quoted_is_literal(text: str) -> None:
    literal = "".join(
        each.text for each in Pattern.parse(f"yyyyMMddHH'{text}'").tokens[4:] if isinstance(each, Literal)
    )
    assert literal == (text or "'")


@given(st.text(alphabet="yMdHmsSaXz'[]-: {#T"))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    with suppress(InvalidDateFormat):
        assert Pattern.parse(text).tokens
