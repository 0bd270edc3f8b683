import tracemalloc
from itertools import chain

import numpy as np
import pytest

from tailmass.errors import DataError, MissingField
from tailmass.intake.fields import Fields
from tailmass.intake.piece import PIECE_ROWS
from tailmass.intake.reader import reader
from tailmass.jobs import DataDescription
from tailmass.jobs.transforms import parse

FIELDS = Fields("time", (), ("v",))


@pytest.mark.parametrize(
    ("form", "content"),
    [("DELIMITED", b"time\tv\n1\t2\n"), ("JSON", b'{"time":1,"v":2}'), ("SINGLE_LINE", b"1\n")],
)
def test_every_format_has_its_reader(form: str, content: bytes) -> None:
    source = reader(DataDescription.model_validate({"format": form}), FIELDS)
    found = [*source.feed(content), *source.finish()]
    assert sum(len(piece) for piece in found) == 1


def test_search_responses_are_not_uploaded() -> None:
    with pytest.raises(DataError, match=r"only fetched by a scheduler.*JSON or DELIMITED"):
        reader(DataDescription(format="ELASTICSEARCH"), FIELDS)


def test_the_time_format_is_that_of_the_description() -> None:
    source = reader(DataDescription(time_format="yyyy-MM-dd HH:mm"), FIELDS)
    list(source.feed(b"time\tv\n2014-06-11 08:00\t2\n"))
    [piece] = source.finish()
    assert piece.columns.times.tolist() == [1402473600000]


def test_memory_stays_bounded_however_long_the_upload() -> None:
    source = reader(DataDescription(), FIELDS)
    chunk = b"1402473600\t1.5\n" * 70_000
    list(source.feed(b"time\tv\n" + chunk * 5))
    tracemalloc.start()
    rows = sum(len(piece) for _ in range(30) for piece in source.feed(chunk))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows > 1_500_000
    assert peak < 64 << 20  # a block of 4 MiB, its spans and its columns


@pytest.mark.parametrize(
    ("form", "head", "row"),
    [("DELIMITED", b"v\ttime\n", b"1\n"), ("JSON", b"\xef\xbb\xbf[", b"{}"), ("SINGLE_LINE", b"", b"x\n")],
)
def test_very_short_records_come_in_pieces_of_bounded_length(form: str, head: bytes, row: bytes) -> None:
    source = reader(DataDescription.model_validate({"format": form}), FIELDS)
    content = head + row * (2 * PIECE_ROWS + 1) + (b"]" if form == "JSON" else b"")
    found = [*source.feed(content), *source.finish()]
    assert [len(piece) for piece in found if len(piece) > 0] == [PIECE_ROWS, PIECE_ROWS, 1]
    assert sum(piece.input_bytes for piece in found) == len(content)
    assert found[0].head(2).input_bytes == len(head) + 2 * len(row)
    assert found[1].head(2).input_bytes == 2 * len(row)


SPLIT = parse([{"transform": "split", "inputs": ["raw"], "outputs": ["time", "v"], "arguments": [";"]}])
MADE = Fields("time", (), ("v",), SPLIT)


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("DELIMITED", b"raw\tmore\n5;1.5\tx\n6;\ty\n"),
        ("JSON", b'[{"raw":"5;1.5","more":"x"},{"raw":"6;","more":[]}]'),
        ("SINGLE_LINE", b"5;1.5\n\n6;\xff\n"),
    ],
)
def test_fields_are_made_whatever_the_format(form: str, content: bytes) -> None:
    source = reader(DataDescription.model_validate({"format": form}), MADE)
    [piece] = (piece for piece in (*source.feed(content), *source.complete(), *source.finish()) if len(piece))
    assert piece.columns.times.tolist() == [5000, 6000]
    np.testing.assert_equal(piece.columns.numbers["v"], [1.5, np.nan])
    assert piece.input_bytes == len(content)


def test_a_piece_keeps_what_became_of_its_first_rows() -> None:
    [exclude] = parse([{"transform": "exclude", "inputs": ["v"], "condition": {"operator": "gt", "value": "3"}}])
    source = reader(DataDescription(format="SINGLE_LINE"), Fields("time", (), ("v",), (*SPLIT, exclude)))
    list(source.feed(b"1;1\n2;x\n3;4\n4;y\n"))
    [piece] = source.finish()
    head = piece.head(3).columns
    assert head.excluded is not None
    assert head.excluded.tolist() == [False, False, True]
    assert head.failed is not None
    assert head.failed.tolist() == [0, 1, 0]


def test_an_input_that_is_not_in_the_header_is_named() -> None:
    source = reader(DataDescription(), MADE)
    with pytest.raises(MissingField, match="'raw' is not in the header"):
        list(chain(source.feed(b"time\tv\n1\t2\n"), source.finish()))
