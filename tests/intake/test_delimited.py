import csv
import io
import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailmass.errors import DataError, MissingField
from tailmass.intake.blocks import BlockReader
from tailmass.intake.delimited import Delimited
from tailmass.intake.fields import Fields
from tailmass.intake.piece import Piece
from tailmass.intake.reader import reader
from tailmass.jobs import DataDescription

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # kernels compile at first

FIELDS = Fields("time", ("host",), ("value", "host"))
COMMAS = DataDescription(field_delimiter=",")

Rows = list[tuple[int | None, str, float | None, float | None]]


def pieces(content: bytes, cuts: Iterable[int] = (), *, block_bytes: int = 1 << 20) -> list[Piece]:
    """What a reader makes of the content, fed in chunks that end at the cuts."""
    source = BlockReader(Delimited(COMMAS, FIELDS), block_bytes=block_bytes)
    ends = [*sorted(cuts), len(content)]
    chunks = [content[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    return [*(piece for chunk in chunks for piece in source.feed(chunk)), *source.finish()]


def rows(content: bytes, cuts: Iterable[int] = (), *, block_bytes: int = 1 << 20) -> Rows:
    found: Rows = []
    for piece in pieces(content, cuts, block_bytes=block_bytes):
        columns = piece.columns
        times = [int(time) if dated else None for time, dated in zip(columns.times, columns.dated, strict=True)]
        value, host = (
            [None if math.isnan(x) else float(x) for x in columns.numbers[name]] for name in ("value", "host")
        )
        found += zip(times, columns.texts["host"].to_list(), value, host, strict=True)
    return found


def test_columns_may_come_in_any_order_and_number() -> None:
    content = b"value,x,host,y,time\n1.5,,a,,10\n,z,,,11\n"
    assert rows(content) == [(10000, "a", 1.5, None), (11000, "", None, None)]
    assert [piece.input_field_count for piece in pieces(content)] == [10]


def test_a_field_may_be_text_and_number() -> None:
    assert rows(b"time,host,value\n1,7,2\n") == [(1000, "7", 2.0, 7.0)]


def test_short_rows_lack_their_last_fields_and_extra_cells_are_only_counted() -> None:
    content = b"time,host,value\n1\n2,a\n3,b,4,5,6\n"
    assert rows(content) == [(1000, "", None, None), (2000, "a", None, None), (3000, "b", 4.0, None)]
    assert pieces(content)[0].input_field_count == 1 + 2 + 5


def test_empty_lines_are_no_records_but_bytes() -> None:
    content = b"\n\r\ntime,host,value\r\n\r\n1,a,2\r\n\n\n3,b,4"
    assert rows(content) == [(1000, "a", 2.0, None), (3000, "b", 4.0, None)]
    assert sum(piece.input_bytes for piece in pieces(content)) == len(content)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"time,host,value", b"time,host,value\n\n"])
def test_an_upload_without_rows_is_fine(content: bytes) -> None:
    assert rows(content) == []
    assert sum(piece.input_bytes for piece in pieces(content)) == len(content)


def test_a_byte_order_mark_is_skipped() -> None:
    assert rows(b'\xef\xbb\xbf"time",host,value\n1,a,2\n') == [(1000, "a", 2.0, None)]


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(MissingField, match=r"'value' is not in the header.*'time', 'host', 'Value'"):
        pieces(b"time,host,Value\n1,a,2\n")


def test_of_two_columns_of_one_name_the_first_counts() -> None:
    assert rows(b"time,host,host,value\n1,a,b,2\n") == [(1000, "a", 2.0, None)]


def test_quotes_protect_delimiters_line_ends_and_quotes() -> None:
    content = b'"time",host,value\n1,"a,b\r\n""c""",2\n"3","","4"\n'
    assert rows(content) == [(1000, 'a,b\r\n"c"', 2.0, None), (3000, "", 4.0, None)]


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    content = b'time,host,value\n1,caf\xe9,2\n3,\xff"\xc3,4\n'
    assert rows(content) == [(1000, "caf�", 2.0, None), (3000, '�"�', 4.0, None)]


def test_control_characters_and_all_separators_at_once_are_kept() -> None:
    content = b'time,host,value\n1,"\n",2\n1,\x1e,2\n1,\x00,2\n1,"\n\x1e\x00",3\n'
    assert [host for _, host, _, _ in rows(content)] == ["\n", "\x1e", "\x00", "\n\x1e\x00"]


def test_what_is_no_time_or_number_is_missing() -> None:
    content = b"time,host,value\nnow,a,1\n,a,nan\n3,a,inf\n4,a,1e999\n5,a,12345678901234567890123\n6,a,x\n"
    assert [(time, value) for time, _, value, _ in rows(content)] == [
        (None, 1.0), (None, None), (3000, None), (4000, None), (5000, 1.2345678901234568e22), (6000, None),
    ]  # fmt: skip


@pytest.mark.parametrize("delimiter", ["\t", ";", "|", "§", "→", "x"])
def test_any_character_can_delimit(delimiter: str) -> None:
    source = reader(DataDescription(field_delimiter=delimiter), Fields("time", (), ("v",)))
    list(source.feed(delimiter.join(["time", "v"]).encode() + f"\n1{delimiter}2\n".encode()))
    [piece] = source.finish()
    assert piece.columns.numbers["v"].tolist() == [2.0]


@pytest.mark.parametrize(("delimiter", "quote"), [('"', '"'), ("\n", '"'), (",", "\r")])
def test_marks_that_cannot_be_told_apart_are_refused(delimiter: str, quote: str) -> None:
    description = DataDescription(field_delimiter=delimiter, quote_character=quote)
    with pytest.raises(DataError, match=r"fieldDelimiter|quoteCharacter"):
        reader(description, FIELDS)


def test_an_open_quote_at_the_end_is_reported_after_the_good_rows() -> None:
    source = reader(COMMAS, FIELDS)
    list(source.feed(b'time,host,value\n1,a,2\n3,"b,4\n5,c,6\n'))
    rest = source.finish()
    assert len(next(rest)) == 1
    with pytest.raises(DataError, match=r"begins at byte 22 of the upload .*quote"):
        next(rest)


def test_a_record_that_never_ends_is_given_up_in_bounded_memory() -> None:
    source = BlockReader(Delimited(COMMAS, FIELDS), block_bytes=100, record_bytes=1000)
    list(source.feed(b'time,host,value\n1,a,2\n3,"b\n'))
    with pytest.raises(DataError, match=r"byte 22 .*quoteCharacter"):
        list(source.feed((b"x" * 30 + b"\n") * 100))


def test_a_long_record_is_read_when_it_ends_in_time() -> None:
    content = b'time,host,value\n1,"' + b"x\n" * 400 + b'",2\n'
    [(time, host, value, _)] = rows(content, block_bytes=100)
    assert (time, len(host), value) == (1000, 800, 2.0)


def test_the_head_of_a_piece_has_its_share() -> None:
    content = b"time,host,value\n\n1,a,2\n3\n5,c,6,7\n"
    [piece] = pieces(content)
    head = piece.head(2)
    assert head.columns.times.tolist() == [1000, 3000]
    assert (head.input_bytes, head.input_field_count) == (len(b"time,host,value\n\n1,a,2\n3\n"), 4)
    assert (len(piece.head(0)), piece.head(0).input_bytes, piece.head(0).input_field_count) == (0, 0, 0)
    assert (piece.head(3).input_bytes, piece.head(3).input_field_count) == (len(content), 8)


CELLS = st.text(alphabet='aé7.,"\n\r ', max_size=6)


def written(table: list[list[str]], end: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([["time", "host", "value"], *table])
    return text.getvalue().encode()


@unhurried
@given(st.lists(st.tuples(st.integers(0, 9), CELLS, CELLS), max_size=8), st.sampled_from(["\n", "\r\n"]), st.data())
def test_neither_chunks_nor_blocks_change_what_is_read(
    table: list[tuple[int, str, str]], end: str, data: st.DataObject
) -> None:
    content = written([[str(time), host, value] for time, host, value in table], end)
    assert [(time, host) for time, host, _, _ in rows(content)] == [(time * 1000, host) for time, host, _ in table]
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=6))
    block_bytes = data.draw(st.integers(1, len(content)))
    assert rows(content, cuts, block_bytes=block_bytes) == rows(content)
    cut = pieces(content, cuts, block_bytes=block_bytes)
    whole = pieces(content)
    assert sum(piece.input_bytes for piece in cut) == len(content)
    assert sum(piece.input_field_count for piece in cut) == sum(piece.input_field_count for piece in whole)


@unhurried
@given(st.binary(max_size=60).map(lambda tail: b"time,host,value\n" + tail), st.integers(1, 20))
def test_any_bytes_are_read_or_refused_the_same_in_any_blocks(content: bytes, block_bytes: int) -> None:
    try:
        whole: Rows | str = rows(content)
    except DataError as error:
        whole = error.message
    try:
        cut: Rows | str = rows(content, range(len(content)), block_bytes=block_bytes)
    except DataError as error:
        cut = error.message
    assert cut == whole


def test_rows_of_different_blocks_agree_on_numbers() -> None:
    values = np.random.default_rng(5).normal(size=1000)
    content = "".join(
        ["time,host,value\n", *(f'1,"{k}",{value!r}\n' for k, value in enumerate(values.tolist()))]
    ).encode()
    assert [value for _, _, value, _ in rows(content, block_bytes=999)] == values.tolist()
