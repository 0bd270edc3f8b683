import json
import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailmass.errors import MalformedJson
from tailmass.intake.blocks import BlockReader
from tailmass.intake.fields import Fields
from tailmass.intake.json import Json, values_of
from tailmass.intake.piece import Piece
from tailmass.jobs import DataDescription

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # kernels compile at first

FIELDS = Fields("time", ("a", "b.c", "time"), ("a",))
JSON = DataDescription(format="JSON")

Rows = list[tuple[int | None, str, str]]


def pieces(content: bytes, cuts: Iterable[int] = (), *, block_bytes: int = 1 << 20) -> list[Piece]:
    source = BlockReader(Json(JSON, FIELDS), block_bytes=block_bytes, record_bytes=1 << 16)
    ends = [*sorted(cuts), len(content)]
    chunks = [content[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    return [*(piece for chunk in chunks for piece in source.feed(chunk)), *source.finish()]


def table(found: Iterable[Piece]) -> Rows:
    rows: Rows = []
    for piece in found:
        columns = piece.columns
        times = [int(time) if dated else None for time, dated in zip(columns.times, columns.dated, strict=True)]
        rows += zip(times, columns.texts["a"].to_list(), columns.texts["b.c"].to_list(), strict=True)
    return rows


def rows(text: str | bytes, cuts: Iterable[int] = (), *, block_bytes: int = 1 << 20) -> Rows:
    return table(pieces(text.encode() if isinstance(text, str) else text, cuts, block_bytes=block_bytes))


def before_the_error(content: bytes, message: str) -> Rows:
    """The rows that are yielded before the stream is given up."""
    source = BlockReader(Json(JSON, FIELDS))
    found: list[Piece] = []
    with pytest.raises(MalformedJson, match=message):
        found.extend(piece for steps in (source.feed(content), source.finish()) for piece in steps)
    return table(found)


@pytest.mark.parametrize(
    "text",
    [
        '[{"time":1,"a":"x"},{"time":2,"a":"y"}]',
        '{"time":1,"a":"x"}\n{"time":2,"a":"y"}\n',
        '{"time":1,"a":"x"}{"time":2,"a":"y"}',
        '{"time":1,"a":"x"},{"time":2,"a":"y"},',
        '\ufeff [ {"time" : 1, "a" : "x" }\r\n,\r\n{ "a" : "y", "time":"2"} ] \n',
    ],
)
def test_objects_may_come_in_any_wrapping(text: str) -> None:
    assert rows(text) == [(1000, "x", ""), (2000, "y", "")]


@pytest.mark.parametrize("text", ["", "\n", "[]", " [ ]\n", "\ufeff", "[][]"])
def test_an_upload_without_records_is_fine(text: str) -> None:
    assert rows(text) == []
    assert sum(piece.input_bytes for piece in pieces(text.encode())) == len(text.encode())


def test_objects_in_objects_are_flattened() -> None:
    assert rows('{"time":1,"b":{"c":{"d":1},"x":{},"c":"deep"},"b.c.d":5}') == [(1000, "", "deep")]


def test_scalars_in_arrays_are_joined_and_arrays_of_objects_ignored() -> None:
    text = '{"time":1,"a":[1,"x",true,null,2.50],"b":[{"c":1}]}{"time":2,"a":[],"b":{"c":["é"]}}{"time":3,"a":[[1]]}'
    assert rows(text) == [(1000, "1,x,true,2.50", ""), (2000, "", "é"), (3000, "", "")]
    assert [piece.input_field_count for piece in pieces(text.encode())] == [2 + 3 + 1]


@pytest.mark.parametrize("value", ["1.0", "-0", "1E400", "123456789012345678901234567890", "true", "NaN", "0.10"])
def test_numbers_and_words_keep_their_text(value: str) -> None:
    assert rows(f'{{"time":1,"a":{value},"b":{{"c":[{value}]}}}}') == [(1000, value, value)]


def test_null_and_absent_fields_are_missing() -> None:
    text = '{"time":null,"a":null}{"time":1}{}'
    assert rows(text) == [(None, "", ""), (1000, "", ""), (None, "", "")]
    [piece] = pieces(text.encode())
    assert piece.columns.missing(["a", "b.c"]) == 3 + 3
    assert piece.input_field_count == 3


def test_the_last_of_two_values_wins() -> None:
    assert rows('{"time":1,"a":"x","a":"y"}{"time":2,"a":"\\n","a":"y"}') == [(1000, "y", ""), (2000, "y", "")]


def test_escapes_are_resolved() -> None:
    text = r'{"time":1,"\u0061":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","b":{"c":"\ud800x\u0000"}}'
    assert rows(text) == [(1000, '"\\/\b\f\n\r\té😀', "\ufffdx\x00")]


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    assert rows(b'{"time":1,"a":"caf\xe9"}{"time":2,"a":"\xff\\n"}') == [
        (1000, "caf\ufffd", ""),
        (2000, "\ufffd\n", ""),
    ]


def test_times_may_be_text_or_numbers() -> None:
    text = '{"time":"1.5"}{"time":1.5}{"time":15e-1}{"time":"x"}{"time":[1.5]}{"time":true}'
    assert [time for time, _, _ in rows(text)] == [1500, 1500, 1500, None, 1500, None]


def test_broken_records_are_skipped_and_told() -> None:
    content = b'{"time":1}\n{"time":2,"a":}\n{"time":3,"a":"x\n{"time":4}\n'
    [piece] = pieces(content)
    assert [time for time, _, _ in table([piece])] == [1000, 4000]
    assert (piece.broken_count, piece.input_bytes) == (2, len(content))


@pytest.mark.parametrize(
    "tail", ['{"time":2', '{"time":2,"a":"x', '[{"time":2},', "{", '{"time":2}]', "garbage", "\x00"]
)
def test_a_stream_that_ends_badly_is_malformed_after_what_was_good(tail: str) -> None:
    found = before_the_error(f'{{"time":1}}\n{tail}'.encode(), ".")
    assert found[0] == (1000, "", "")


def test_an_array_that_is_not_closed_was_cut_off() -> None:
    assert before_the_error(b'[{"time":1},{"time":2}', "array .* is not closed") == [(1000, "", ""), (2000, "", "")]


def test_the_record_that_is_cut_off_is_pointed_at() -> None:
    assert before_the_error(b'{"time":1}\n{"time":2,', "begins at byte 11 of the upload") == [(1000, "", "")]


def test_what_is_not_json_at_all_is_malformed() -> None:
    assert before_the_error(b"time,a\n1,x\n", "no JSON object") == []


def test_too_many_broken_records_in_a_row_are_no_json() -> None:
    assert len(before_the_error(b'{"time":1}\n' + b"{oops}\n" * 200 + b'{"time":2}', "100 records in a row")) == 1


def test_an_object_that_never_ends_is_given_up_in_bounded_memory() -> None:
    source = BlockReader(Json(JSON, FIELDS), block_bytes=100, record_bytes=1000)
    with pytest.raises(MalformedJson, match="begins at byte 0 "):
        list(source.feed(b'{"a":"' + b"x" * 10_000))


def test_the_head_of_a_piece_has_its_share() -> None:
    [piece] = pieces(b'\xef\xbb\xbf[{"time":1,"a":2},{"time":3}]')
    assert (piece.head(1).input_bytes, piece.head(1).input_field_count) == (20, 2)
    assert piece.head(1).columns.times.tolist() == [1000]


VALUES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=4)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["time", "a", "b", "c", "b.c", "é"]),
    st.recursive(
        VALUES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_size=3,
)


@unhurried
@given(st.lists(DOCUMENTS, max_size=3), st.booleans())
def test_the_fast_way_reads_what_the_slow_way_reads(documents: list[dict[str, Any]], ascii_only: bool) -> None:
    lines = [json.dumps(document, ensure_ascii=ascii_only) for document in documents]
    slow = [{name: text.decode() for name, text in values_of(line.encode()).items()} for line in lines]
    found = pieces("\n".join(lines).encode())
    assert [(a, c) for _, a, c in table(found)] == [(each.get("a", ""), each.get("b.c", "")) for each in slow]
    numbers = [value for piece in found for value in piece.columns.numbers["a"].tolist()]
    assert [math.isnan(value) for value in numbers] == [not _is_number(each.get("a", "")) for each in slow]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and text.isascii() and "_" not in text and text[-1:] not in "\n\r\x0b\x0c"
    except ValueError:
        return False


PARTS = st.sampled_from(
    ['{"time":1,"a":"x"}', '{"a":"\\n"}', '{"a":', "}", "[", "]", "\n", ",", '"', "é", "{", "\\", "1"]
)


@unhurried
@given(st.lists(PARTS, max_size=12).map("".join), st.data())
def test_neither_chunks_nor_blocks_change_what_is_read(text: str, data: st.DataObject) -> None:
    content = text.encode()
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=5))
    block_bytes = data.draw(st.integers(1, 30))

    def outcome(cuts: Iterable[int], block_bytes: int) -> tuple[Rows, int, int, str]:
        source, error = BlockReader(Json(JSON, FIELDS), block_bytes=block_bytes), ""
        found: list[Piece] = []
        ends = [*sorted(cuts), len(content)]
        try:
            for a, b in zip([0, *ends], ends, strict=False):
                found.extend(source.feed(content[a:b]))
            found.extend(source.finish())
        except MalformedJson as malformed:
            error = malformed.message
        fields = sum(piece.input_field_count for piece in found)
        size = sum(piece.input_bytes for piece in found)
        assert error or size == len(content)
        return table(found), fields, sum(piece.broken_count for piece in found), error

    assert outcome(cuts, block_bytes) == outcome([], 1 << 20)
