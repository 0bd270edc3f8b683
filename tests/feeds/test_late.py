"""What came too late is counted once."""

import pytest

from tailmass.feeds.late import LateRows
from tailmass.feeds.rows import Span


class Source:
    """Times of rows, to which more can be added."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.away = False

    def count(self, span: Span) -> int | None:
        if self.away:
            raise ConnectionError("away")
        return sum(span.since_ms <= time < span.until_ms for time in self.times)


@pytest.fixture
def source() -> Source:
    return Source()


def test_rows_that_came_after_the_pull_are_counted_once(source: Source) -> None:
    late = LateRows(source, patience_ms=100)
    source.times = [1, 2, 12]
    late.note(Span(0, 10), 2)
    late.note(Span(10, 20), 1)
    source.times += [3, 13, 14]
    assert late.look(50) == 0  # more may come
    assert late.look(110) == 1
    assert late.look(120) == 2
    assert late.look(1000) == 0
    assert late.total == 3


def test_at_the_end_all_times_are_looked_at(source: Source) -> None:
    late = LateRows(source, patience_ms=1_000_000)
    late.note(Span(0, 10), 0)
    source.times = [4]
    assert late.look() == late.total == 1


def test_a_source_that_is_away_is_asked_again_and_nothing_is_counted_twice(source: Source) -> None:
    late = LateRows(source, patience_ms=0)
    late.note(Span(0, 10), 0)
    source.times, source.away = [5], True
    with pytest.raises(OSError, match="away"):
        late.look(10)
    source.away = False
    assert late.look(10) == late.total == 1


def test_who_cannot_count_has_none(source: Source) -> None:
    class Silent:
        def count(self, span: Span) -> int | None:
            return None

    late = LateRows(Silent(), patience_ms=0)
    late.note(Span(0, 10), 0)
    assert late.look() == 0
