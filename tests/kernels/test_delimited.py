import csv

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailmass.kernels.delimited import joined, lines, quoted_records, unquoted_records

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # kernels compile at first

Records = tuple[list[list[str]], int]

TEXT = st.text(alphabet='ab,"\n\r é', max_size=40)


def split(text: str, *, delimiter: str = ",", quote: str | None = '"', final: bool = True, width: int = 8) -> Records:
    """The first cells of each record by the kernels, each record padded to `width`, and the bytes consumed."""
    buffer = np.frombuffer(text.encode(), np.uint8).copy()
    spans = np.empty((2, width, len(buffer) + 1), np.int32)
    facts = np.empty((2, len(buffer) + 1), np.int32)
    mark = np.frombuffer(delimiter.encode(), np.uint8)
    slots = np.arange(width)
    if quote is None:
        rows, consumed = unquoted_records(buffer, final, mark, slots, spans[0], spans[1], facts[0], facts[1])
    else:
        other = np.frombuffer(quote.encode(), np.uint8)
        rows, consumed = quoted_records(buffer, final, mark, other, slots, spans[0], spans[1], facts[0], facts[1])
    content = buffer.tobytes()
    cells = [
        [content[spans[0, k, row] : spans[1, k, row]].decode() for k in range(min(width, facts[1, row]))]
        for row in range(rows)
    ]
    return cells, consumed


def naive(text: str) -> list[list[str]]:
    """Complete records by the definition, one character at a time."""
    records: list[list[str]] = []
    cells: list[str] = []
    cell, state, quoted = "", "begin", False
    for at, character in enumerate(text):
        after = text[at + 1 : at + 2]
        if state == "inside":
            if character == '"':
                state = "closing"
            else:
                cell += character
        elif state == "closing" and character == '"':
            cell, state = cell + '"', "inside"
        elif state == "begin" and character == '"':
            state, quoted = "inside", True
        elif character == ",":
            cells, cell, state = [*cells, cell], "", "begin"
            quoted = True
        elif character == "\n":
            if cells or cell or quoted:
                records.append([*cells, cell])
            cells, cell, state, quoted = [], "", "begin", False
        elif not (character == "\r" and after in ("\n", "")):
            cell, state = cell + character, "plain"
    if state != "inside" and (cells or cell or quoted):
        records.append([*cells, cell])
    return records


@unhurried
@given(TEXT)
def test_records_are_those_of_the_definition(text: str) -> None:
    records, _ = split(text, width=50)
    assert records == naive(text)


@unhurried
@given(TEXT.filter(lambda text: '"' not in text))
def test_without_quotes_both_kernels_agree(text: str) -> None:
    assert split(text, quote=None) == split(text)


@unhurried
@given(st.lists(st.lists(st.text(alphabet='ab,"\n é', min_size=1), min_size=1, max_size=5), max_size=5))
def test_what_the_csv_module_reads_is_read_the_same(rows: list[list[str]]) -> None:
    text = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in rows)
    expected = list(csv.reader(text.splitlines(keepends=True))) if "\n" not in "".join(map("".join, rows)) else rows
    assert split(text)[0] == expected


@unhurried
@given(TEXT, st.integers(0, 40))
def test_cutting_the_text_only_cuts_off_whole_records(text: str, at: int) -> None:
    whole, _ = split(text, final=False, width=50)
    head, consumed = split(text[:at], final=False, width=50)
    assert consumed <= len(text[:at].encode())
    rest, _ = split(text.encode()[consumed:].decode(), final=False, width=50)
    assert head + rest == whole


@pytest.mark.parametrize(
    ("text", "cells"), [('"d"e', "de"), ('"d"e"f"', 'de"f"'), ('a"b"', 'a"b"'), ('"a\r"\r', "a\r")]
)
def test_text_after_a_closing_quote_is_taken_as_it_stands(text: str, cells: str) -> None:
    assert split(text + "\n")[0] == [[cells]]


@pytest.mark.parametrize("quote", [None, "ß"])
def test_marks_may_be_longer_than_a_byte(quote: str | None) -> None:
    assert split("a§bÂ§c\nd", delimiter="§", quote=quote)[0] == [["a", "bÂ", "c"], ["d"]]


def test_a_quote_of_two_bytes_is_undoubled() -> None:
    assert split("ßa§ßßbß§c\n", delimiter="§", quote="ß")[0] == [["a§ßb", "c"]]


def test_a_record_without_line_end_is_complete_only_at_the_end() -> None:
    assert split("a,b\nc,d", final=False) == ([["a", "b"]], 4)
    assert split("a,b\nc,d", final=True) == ([["a", "b"], ["c", "d"]], 7)


def test_an_open_quote_is_never_complete() -> None:
    assert split('a\n"b\nc\n', final=True) == ([["a"]], 2)


def test_lines_keep_everything_but_their_ends() -> None:
    buffer = np.frombuffer(b' a,"b\r\n\n\r\nc\rd', np.uint8)
    spans, ends = np.zeros((2, 1, 9), np.int32), np.zeros(9, np.int32)
    assert lines(buffer, True, spans[0], spans[1], ends) == (2, 13)
    assert [buffer[a:b].tobytes() for a, b in spans[:, 0, :2].T] == [b' a,"b', b"c\rd"]
    assert ends[:2].tolist() == [7, 13]


def test_joined_texts_stand_between_separators() -> None:
    buffer = np.frombuffer(b"abcdef", np.uint8)
    starts, stops = np.array([4, 0, 1], np.int32), np.array([6, 0, 3], np.int32)
    assert joined(buffer, starts, stops, ord("|")).tobytes() == b"ef||bc"
    assert joined(buffer, starts[:0], stops[:0], ord("|")).tobytes() == b""
