"""Reading ahead changes no item, and leaves no thread behind."""

import threading
from collections.abc import Iterator

import pytest

from tailmass.feeds.ahead import ahead


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("ahead")]


def test_the_next_item_is_read_while_one_is_dealt_with() -> None:
    second = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    reading = ahead(items())
    assert next(reading) == 1
    assert second.wait(10)
    assert list(reading) == [2]
    assert not threads()


def test_a_failure_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ConnectionError("broke off")

    reading = ahead(items())
    assert next(reading) == 1
    with pytest.raises(ConnectionError, match="broke off"):
        next(reading)
    assert not threads()


def test_who_stops_reading_closes_what_was_read_from() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    reading = ahead(items())
    assert next(reading) == 1
    reading.close()
    assert closed.is_set()
    assert not threads()
