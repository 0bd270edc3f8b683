import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.kernels.mask import KIND, MOST_BYTES, MOST_WORDS, NAME, WILD, shape
from tests.kernels import naive_categories as naive
from tests.kernels.streams import fixed

WORDS = "user failed login Session opened Aug May Thu PDT ms KB true null deadbeef deadbeefs café 用户 支付失败 々 e z"
NUMBERS = "7 0x1f 2f4a9c 10.1.2.3 10.1.2.3:80 5c:50:15:4c 12:34:56 -4.5 45% v2 eth0 node-12 a.b.C_5 x9y ff 12345 007"
NAMES = (
    "com.acme.Main snake_case /var/log/x ~/y C:\\win\\a http://h/p?q=1 a@b.c a/b a/b/c :/x /x :: ... .. * ** **** - # %"
)
BETWEEN = " |  |=| = |==|,|, |(|)|[|]|\"|'|: |:|.|\n|\t|，|。|：|\u3000|\xa0|<|>|&|?"
OTHERS = ["'one'", '"two words"', "don't", "x" * 129]
FRAGMENTS = [*WORDS.split(), *NUMBERS.split(), *NAMES.split(), *BETWEEN.split("|"), *OTHERS]
MESSAGES = st.lists(st.sampled_from([*FRAGMENTS, *" " * 25]), max_size=24).map("".join)


def shaped(message: str | bytes) -> list[tuple[str, int, int]]:
    """Text, hash and kind of each word; no text where it is a value."""
    text = np.frombuffer(message.encode() if isinstance(message, str) else message, np.uint8)
    words, spans = np.zeros(MOST_WORDS, np.uint64), np.zeros((2, MOST_WORDS), np.int64)
    length = shape(text, 0, len(text), words, *spans)
    texts = [text[begin:end].tobytes().decode("utf-8", "replace") for begin, end in spans.T[:length]]
    return [
        ("" if word == WILD else each, int(word), int(word & KIND))
        for each, word in zip(texts, words[:length], strict=True)
    ]


def written(message: str | bytes) -> str:
    """The shape as a person would write it."""
    return " ".join(text or "*" for text, _, _ in shaped(message))


@fixed
@given(MESSAGES)
def test_the_shape_is_that_of_the_definition(message: str) -> None:
    assert [text for text, _, _ in shaped(message)] == [text for text, _ in naive.shape(message)[:MOST_WORDS]]


@fixed
@given(MESSAGES, MESSAGES)
def test_words_have_the_same_hash_where_they_are_the_same(first: str, second: str) -> None:
    found = [*shaped(first), *shaped(second)]
    expected = [*naive.shape(first), *naive.shape(second)]
    for (_, mine, _), word in zip(found, expected, strict=True):
        for (_, other, _), another in zip(found, expected, strict=True):
            assert (mine == other) == (word == another)


@fixed
@given(st.binary(max_size=200))
def test_bytes_that_are_no_text_have_a_shape(message: bytes) -> None:
    assert len(shaped(message)) <= len(message)


@pytest.mark.parametrize(
    "value",
    [
        "17", "-4.5", "1e9", "0x7f", "c0ffee12", "deadbeef", "123e4567-e89b-12d3-a456-426614174000",
        "10.1.2.3", "10.1.2.3:8080", "[10.1.2.3]", "2607:f140:6000:8:c6b3:1ff:fecd:467f", "::", "5c:50:15:4c:18:1c",
        "/var/log/syslog", "~/.profile", "C:\\Windows\\x.dll", "http://a.example/b?c=d&e=f", "dir/sub/file",
        "bob@example.org", "2026-11-25T22:15:31Z", "22:15:31,123", "Thu Aug 04 15:29:45 PDT 2005", "'bob'", '"bob"',
        "true", "null", "12 ms", "1.5 GB", "x" * 200,
    ],
)  # fmt: skip
def test_a_value_is_a_wild_card(value: str) -> None:
    assert written(f"before {value} after") == "before * after"


@pytest.mark.parametrize(
    "word", ["user", "café", "用户", "read-only", "May", "KB", "com.acme.Main", "snake_case", "a/b"]
)
def test_a_word_is_a_word(word: str) -> None:
    assert written(f"before {word} after") == f"before {word} after"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("user=bob id = 7 name= x=y", "user * id * name x *"),
        ('said "no such file" to bob', "said no such file to bob"),
        ('tag="no such file" to bob', "tag * to bob"),
        ("eth0 up, worker-12 down", "eth up worker down"),
        ("take 1 2 3, and 4", "take * and *"),
        ("Topic=a,Partition=1 Topic=b,Partition=2 done", "Topic * Partition * done"),
        ("订单12345支付失败，用户【张三】", "订单 * 支付失败 用户 张三"),
        ("fans ( 3552 **** 3550 )", "fans * **** *"),
        ("open:/etc/passwd: denied", "open * denied"),
        ("first line\nsecond line", "first line second line"),
        (b"caf\xe9 closed \xff", "caf\ufffd closed \ufffd"),
        ("", ""),
    ],
)
def test_a_message_keeps_what_it_says(message: str | bytes, expected: str) -> None:
    assert written(message) == expected


def test_a_numbered_name_is_no_other_word() -> None:
    (_, with_number, kind), (_, without, _) = shaped("node7, node")
    assert with_number != without
    assert kind == NAME


def test_of_a_very_long_message_the_beginning_is_read() -> None:
    message = "a list of " + ", ".join(f"{n} word{'abc'[n % 3]}" for n in range(MOST_BYTES))
    assert len(shaped(message)) <= MOST_WORDS


def test_a_character_is_not_cut_in_two_where_reading_ends() -> None:
    assert written("beginning " + "ü" * MOST_BYTES) == "beginning"
