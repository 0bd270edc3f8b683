"""Runs of records are what a job would read, wherever the bytes of a file were cut."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.feeds.files.records import Json, Records, records, runs
from tailmass.intake.fields import Fields
from tailmass.intake.reader import reader
from tailmass.jobs import DataDescription

CSV = DataDescription(format="DELIMITED", field_delimiter=",", time_field="time")
JSON = DataDescription(format="JSON", time_field="time")
LINES = DataDescription(format="SINGLE_LINE", time_field="time")

ROWS = '\ufefftime,µ\r\n1,a\r\n\r\n2,"line\nand ""quote"", é"\n3\n\n4,\n5,"x"y\n6,no end'.encode()
OBJECTS = '[{"time": 1, "µ": "}]"},\n\n{"time": 2, "a": {"b": [1, {"c": 2}]}} , {"time": 3,}\n{"time": 4}]'.encode()
TEXT = "µ one\r\n\n\r\ntwo\nthree".encode()


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    edges = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    return (data[begin:end] for begin, end in pairwise(edges))


def counted(description: DataDescription, data: bytes) -> int:
    """How many records a job counts."""
    rows = reader(description, Fields("raw" if description.format == "SINGLE_LINE" else "time"))
    return sum(len(piece) for piece in (*rows.feed(data), *rows.finish()))


@pytest.mark.parametrize(("description", "data", "count"), [(CSV, ROWS, 6), (JSON, OBJECTS, 3), (LINES, TEXT, 3)])
@given(cuts=st.lists(st.integers(0, 1000), max_size=8), block=st.integers(1, 40), skip=st.integers(0, 6))
def test_the_records_after_any_of_them_are_those_that_a_job_reads(
    description: DataDescription, data: bytes, count: int, cuts: list[int], block: int, skip: int
) -> None:
    assert counted(description, data) == count
    form = records(description)
    left, rest, total, taken = skip, b"", 0, 0
    for run, size in runs(form, pieces(data, cuts), block_bytes=block):
        assert run.ends.tolist() == sorted(run.ends.tolist())
        assert (int(run.ends[-1]) if len(run) else 0) <= len(run.data)
        passed = min(left, len(run))
        left -= passed
        after = run.after(passed)
        assert len(after) == len(run) - passed
        rest += after.data if len(after) else b""
        total += len(run)
        taken += size
    assert (total, taken) == (count, len(data))
    assert counted(description, form.header + rest) == max(0, count - skip)


@pytest.mark.parametrize(
    ("form", "data", "told"),
    [
        (
            records(CSV),
            b'time,a\n1,"open\n2,b\n',
            "not complete, it was cut off or a quote is not closed: '1,\"open 2,b '",
        ),
        (Json(), b'{"time": 1}\n{"time":', "not complete"),
        (Json(), b'[{"time": 1}', "the array around the objects is not closed"),
        (Json(), b"{oops}\n" * 200, "100 records in a row"),
    ],
)
def test_what_is_not_whole_is_said(form: Records, data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        list(runs(form, iter([data])))


def test_objects_that_are_broken_are_counted_and_left_out() -> None:
    form = Json()
    whole = b"".join(run.data for run, _ in runs(form, iter([OBJECTS])))
    assert form.broken == 1
    assert whole.decode() == '{"time": 1, "µ": "}]"}\n{"time": 2, "a": {"b": [1, {"c": 2}]}}\n{"time": 4}\n'


def test_nothing_and_a_header_have_no_records() -> None:
    for data in (b"", b"\n", b"time,a", b"time,a\r\n\n"):
        assert sum(len(run) for run, _ in runs(records(CSV), iter([data]))) == 0


def test_a_file_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="ELASTICSEARCH does not read files"):
        records(DataDescription(format="ELASTICSEARCH"))
