"""Reading ahead changes no row, and leaves no thread behind."""

import threading
from collections.abc import Iterator
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.feeds.ahead import ahead
from tailmass.feeds.rows import Part


def part(number: int) -> Part:
    return Part([{"n": number}], number)


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "ahead"]


@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 6))
def test_all_rows_come_in_order_and_no_part_ends_before_its_rows(sizes: list[int], most_rows: int) -> None:
    number = count()
    parts = [Part([{"n": next(number)} for _ in range(size)], index) for index, size in enumerate(sizes)]
    read = list(ahead(iter(parts), most_rows))
    assert [row for each in read for row in each.rows] == [row for each in parts for row in each.rows]
    assert all(before.until_ms < after.until_ms for before, after in pairwise(read))
    assert [each.until_ms for each in read][-1:] == [each.until_ms for each in parts][-1:]
    ends = [sum(sizes[: each.until_ms + 1]) for each in read]
    assert ends == [sum(len(each.rows) for each in read[: n + 1]) for n in range(len(read))]
    assert not threads()


def test_the_next_parts_are_read_while_one_is_dealt_with_and_become_one() -> None:
    third = threading.Event()

    def parts() -> Iterator[Part]:
        yield part(1)
        yield part(2)
        third.set()
        yield part(3)

    begun = threading.Event()

    def slowly() -> Iterator[Part]:
        each = parts()
        yield next(each)
        assert begun.wait(10)
        yield from each

    reading = ahead(slowly())
    assert next(reading) == part(1)
    begun.set()
    assert third.wait(10)
    rest = [row["n"] for each in reading for row in each.rows]
    assert rest == [2, 3]
    assert not threads()


def test_no_more_than_so_many_rows_wait() -> None:
    read = []

    def parts() -> Iterator[Part]:
        for number in range(100):
            read.append(number)
            yield part(number)

    reading = ahead(parts(), most_rows=5)
    next(reading)
    reading.close()
    assert len(read) <= 11  # those that came with the first, and those that then waited
    assert not threads()


def test_a_failure_comes_after_the_rows_before_it() -> None:
    def parts() -> Iterator[Part]:
        yield part(1)
        raise ConnectionError("broke off")

    reading = ahead(parts())
    assert next(reading) == part(1)
    with pytest.raises(ConnectionError, match="broke off"):
        next(reading)
    assert not threads()


def test_who_stops_reading_closes_what_was_read_from() -> None:
    closed = threading.Event()

    def parts() -> Iterator[Part]:
        try:
            for number in count():
                yield part(number)
        finally:
            closed.set()

    reading = ahead(parts())
    next(reading)
    reading.close()
    assert closed.is_set()
    assert not threads()
