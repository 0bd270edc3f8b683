import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailmass.kernels.json import BROKEN_TOTAL, OPEN_ARRAYS, json_records

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # kernels compile at first

Found = list[tuple[dict[str, str], int, bool]]

NAMES = ("a", "b.c", "é")


def walk(text: str | bytes) -> tuple[Found, int, np.ndarray]:
    """Each record's wanted values, its number of values and whether it is hard; the bytes consumed; the memory."""
    content = text.encode() if isinstance(text, str) else text
    capacity = content.count(b"{") + 1
    encoded = [name.encode() for name in NAMES]
    names, name_ends = np.frombuffer(b"".join(encoded), np.uint8), np.cumsum([0, *map(len, encoded)])
    spans, facts = np.zeros((2, len(NAMES), capacity), np.int32), np.zeros((3, capacity), np.int32)
    hard, memory = np.zeros(capacity, np.bool_), np.zeros(4, np.int64)
    buffer = np.frombuffer(content, np.uint8)
    rows, consumed = json_records(buffer, memory, names, name_ends, spans[0], spans[1], facts, hard)
    found: Found = []
    for row in range(rows):
        assert content[facts[0, row] : facts[0, row] + 1] == b"{"
        assert content[facts[1, row] - 1 : facts[1, row]] == b"}"
        values = {name: content[spans[0, k, row] : spans[1, k, row]].decode() for k, name in enumerate(NAMES)}
        found.append((values, int(facts[2, row]), bool(hard[row])))
    return found, consumed, memory


def values(text: str) -> dict[str, str]:
    [(found, _, hard)], _, _ = walk(text)
    assert not hard
    return found


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["a", "b", "c", "é", "a.b", "x y"]),
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_size=4,
)


def leaves(document: dict[str, Any]) -> int:
    total = 0
    for value in document.values():
        if isinstance(value, dict):
            total += leaves(value)
        else:
            total += not (isinstance(value, list) and any(isinstance(each, list | dict) for each in value))
    return total


@unhurried
@given(st.lists(DOCUMENTS, max_size=4), st.sampled_from(["", "\n", ",", " ,\r\n"]), st.booleans(), st.booleans())
def test_every_document_is_found_and_its_values_counted(
    documents: list[dict[str, Any]], between: str, ascii_only: bool, pretty: bool
) -> None:
    text = between.join(json.dumps(each, ensure_ascii=ascii_only, indent=2 if pretty else None) for each in documents)
    found, consumed, memory = walk(f"[{text}]")
    assert [count for _, count, _ in found] == [leaves(each) for each in documents]
    assert consumed == len(f"[{text}]".encode())
    assert memory.tolist() == [0, 0, 0, 0]


@unhurried
@given(DOCUMENTS, st.integers(0, 200))
def test_the_beginning_of_a_document_is_not_consumed(document: dict[str, Any], cut: int) -> None:
    content = json.dumps(document, ensure_ascii=False).encode()
    found, consumed, memory = walk(content[: min(cut, len(content) - 1)])
    assert (found, consumed, memory[BROKEN_TOTAL]) == ([], 0, 0)


@unhurried
@given(st.text(alphabet='{}[]",:\\a1 \nu-.enul', max_size=60))
def test_no_text_is_read_differently_from_the_json_module(text: str) -> None:
    try:
        strict = json.loads(text, parse_constant=lambda word: word)
    except ValueError:
        return
    found, _, memory = walk(text)
    if isinstance(strict, dict):
        assert [count for _, count, _ in found] == [leaves(strict)] or len(found) == 1
        assert memory[BROKEN_TOTAL] == 0


def test_values_keep_the_text_of_the_input() -> None:
    assert values('{"a":1.0,"b":{"c":123456789012345678901},"é":true}') == {
        "a": "1.0",
        "b.c": "123456789012345678901",
        "é": "true",
    }


def test_the_last_of_two_values_wins() -> None:
    assert values('{"a":1,"a":"x","b.c":1,"b":{"c":2},"é":1,"é":null}') == {"a": "x", "b.c": "2", "é": ""}


def test_escapes_and_wanted_arrays_are_hard() -> None:
    texts = ['{"a":"\\n"}', '{"a":[1,2]}', '{"\\u0061":1}', '{"x":"\\n","y":[1]}', '{"a":[{"b":1}]}']
    assert [walk(text)[0][0][2] for text in texts] == [True, True, True, False, False]


@pytest.mark.parametrize(
    "bad",
    ['{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":-}', '{"a":1e}', '{"a":tru}', '{"a":1,}', '{"a" 1}', '{"a":}', "{a:1}",
     '{"a":"\\x"}', '{"a":"\\u12g4"}', '{"a":[1,]}', '{"a":1 "b":2}', '{,}', '{"a":nulll}'],
)  # fmt: skip
def test_a_broken_record_is_skipped(bad: str) -> None:
    found, consumed, memory = walk(f'{{"a":1}} {bad} {{"a":2}}')
    assert [values["a"] for values, _, _ in found] == ["1", "2"]
    assert consumed == len(bad) + 16
    assert memory[BROKEN_TOTAL] == 1


@pytest.mark.parametrize("bad", ['{"a":1', '{"a":"x', '{"a":[{', '{"a":1,', '{"a":"\\', "garbage", '"a":1}', "}"])
def test_after_a_line_that_is_cut_off_the_next_line_is_read(bad: str) -> None:
    found, _, memory = walk(f'{{"a":1}}\n{bad}\n{{"a":2}}\n')
    assert [values["a"] for values, _, _ in found] == ["1", "2"]
    assert memory[BROKEN_TOTAL] == 1


def test_depth_has_a_bound() -> None:
    found, _, memory = walk('{"x":' + "[" * 300 + "]" * 300 + '}{"a":2}')
    assert [values["a"] for values, _, _ in found] == ["2"]
    assert memory[BROKEN_TOTAL] == 1


def test_a_very_long_path_is_left_to_someone_slower() -> None:
    assert walk('{"%s":{"a":1}}' % ("k" * 5000))[0][0][2]


def test_an_open_array_is_remembered() -> None:
    assert walk('[{"a":1},')[2][OPEN_ARRAYS] == 1
    assert walk('[{"a":1}],')[2][OPEN_ARRAYS] == 0
