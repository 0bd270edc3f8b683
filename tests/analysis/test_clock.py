import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.clock import BREAK, GAP, Clock
from tailmass.columns import Columns
from tailmass.kernels.buckets import ADMITTED, EXCLUDED, LATE
from tests.analysis.rows import columns

fixed = settings(max_examples=60, deadline=None, derandomize=True)
Moves = list[list[int] | int]
"""Rows, by their epoch milliseconds, or an epoch second promised."""
Closings = list[tuple[int, int]]
"""Bucket and its rows."""


def drive(clock: Clock, moves: Moves) -> Closings:
    """Every bucket that closes."""
    closed: Closings = []
    for move in moves:
        if isinstance(move, int):
            advance = clock.advance(move)
        else:
            rows = columns(move)
            status, watermark = clock.admit(rows)
            advance = clock.run(rows.times[status == ADMITTED], watermark[status == ADMITTED])
        closed += zip(range(advance.first, advance.until), advance.events.tolist(), strict=True)
    return closed


def naive(span: int, latency: int, moves: Moves) -> Closings:
    """The same by definition: all buckets from the first one with a row to the last one that is over."""
    newest = promised = None
    admitted: list[int] = []
    for move in moves:
        if isinstance(move, int):
            promised = move if promised is None else max(promised, move)
            continue
        for second in (time // 1000 for time in move):
            late = newest is not None and second < newest - latency
            if late or (promised is not None and second < promised):
                continue
            admitted.append(second // span)
            newest = second if newest is None else max(newest, second)
    if newest is None:
        return []
    over = newest - latency if promised is None else max(newest - latency, promised)
    return [(bucket, admitted.count(bucket)) for bucket in range(min(admitted), over // span)]


@st.composite
def moves(draw: st.DrawFn) -> Moves:
    made: Moves = []
    time = draw(st.integers(-100_000, 100_000))
    for _ in range(draw(st.integers(0, 5))):
        if draw(st.integers(0, 3)) == 0:
            made.append(time // 1000 + draw(st.integers(-20, 30)))
            continue
        steps = draw(st.lists(st.one_of(st.integers(-6_000, 9_000), st.sampled_from([0, 120_000])), max_size=12))
        made.append([int(each) for each in time + np.cumsum([0, *steps])[1:]])
        time += sum(steps)
    return made


SPANS, LATENCIES = st.sampled_from([1, 4, 60]), st.sampled_from([0, 1, 4, 11])


@fixed
@given(SPANS, LATENCIES, moves())
def test_buckets_close_as_the_definition_says(span: int, latency: int, moves: Moves) -> None:
    assert drive(Clock(span, latency), moves) == naive(span, latency, moves)


@fixed
@given(SPANS, LATENCIES, moves())
def test_rows_can_come_one_by_one_or_together(span: int, latency: int, moves: Moves) -> None:
    singly: Moves = []
    for move in moves:
        singly += [move] if isinstance(move, int) else [[time] for time in move]
    assert drive(Clock(span, latency), singly) == drive(Clock(span, latency), moves)


@fixed
@given(SPANS, LATENCIES, moves(), st.integers(0, 5))
def test_a_restored_clock_goes_on_where_it_was(span: int, latency: int, moves: Moves, cut: int) -> None:
    clock, again = Clock(span, latency), Clock(span, latency)
    closed = drive(clock, moves[:cut])
    again.restore(clock.state())
    assert again.open_events().tolist() == clock.open_events().tolist()
    assert closed + drive(again, moves[cut:]) == drive(Clock(span, latency), moves)


def test_what_was_kept_of_a_clock_does_not_move_with_it() -> None:
    clock, again = Clock(60, 0), Clock(60, 0)
    drive(clock, [[0, 0]])
    kept = clock.state()
    drive(clock, [[0, 0, 0, 60_000]])
    again.restore(kept)
    assert drive(again, [[60_000]]) == [(0, 2)]


def test_the_first_bucket_is_that_of_the_first_row() -> None:
    assert drive(Clock(60, 0), [[600_000, 720_000]]) == [(10, 1), (11, 0)]


def test_with_latency_the_first_bucket_is_that_of_the_oldest_row() -> None:
    assert drive(Clock(60, 120), [[600_000], [500_000], [840_000]]) == [(8, 1), (9, 0), (10, 1), (11, 0)]


def test_a_bucket_closes_when_latency_allows_and_not_before() -> None:
    clock = Clock(60, 30)
    assert drive(clock, [[0, 89_999]]) == []
    assert drive(clock, [[90_000]]) == [(0, 1)]


def test_a_late_row_is_told_apart_and_changes_nothing() -> None:
    clock = Clock(60, 0)
    drive(clock, [[180_000]])
    before = clock.state()["clock"].tolist()
    status, _ = clock.admit(columns([179_000]))
    assert status.tolist() == [LATE]
    assert drive(clock, [[179_000]]) == []
    assert clock.state()["clock"].tolist() == before


def test_a_row_without_a_time_is_not_late() -> None:
    clock = Clock(60, 0)
    drive(clock, [[180_000]])
    undated = Columns(np.zeros(1, np.int64), np.zeros(1, np.bool_))
    assert clock.admit(undated)[0].tolist() not in ([ADMITTED], [LATE])


def test_an_excluded_row_is_told_apart_and_moves_nothing_on() -> None:
    clock = Clock(60, 0)
    drive(clock, [[60_000]])
    rows = Columns(
        np.array([120_000, 0, 61_000]),
        np.array([True, False, True]),
        excluded=np.array([False, True, False]),
    )
    status, watermark = clock.admit(rows)
    assert status.tolist() == [ADMITTED, EXCLUDED, LATE]
    assert watermark.tolist() == [120, 120, 120]


def test_a_gap_of_ten_thousand_buckets_closes_them_all() -> None:
    closed = drive(Clock(60, 300), [[0, 0], [600_000_000], [1_200_000_000]])
    assert [bucket for bucket, _ in closed] == list(range(19_995))
    assert [(bucket, n) for bucket, n in closed if n] == [(0, 2), (10_000, 1)]


def test_time_before_1970_is_time_like_any_other() -> None:
    assert drive(Clock(60, 0), [[-120_001, -1, 60_000]]) == [(-3, 1), (-2, 0), (-1, 1), (0, 0)]


def test_a_promise_closes_whole_buckets_and_refuses_what_is_older() -> None:
    clock = Clock(60, 600)
    assert drive(clock, [[0, 70_000], 119]) == [(0, 1)]
    assert drive(clock, [120]) == [(1, 1)]
    assert clock.admit(columns([119_999, 120_000]))[0].tolist() == [LATE, ADMITTED]


def test_a_promise_before_the_first_row_closes_nothing() -> None:
    clock = Clock(60, 0)
    assert drive(clock, [6_000]) == []
    assert (clock.first, clock.end) == (None, None)
    assert drive(clock, [[5_999_000], [6_030_000, 6_090_000]]) == [(100, 1)]


def test_open_buckets_tell_how_many_rows_they_have() -> None:
    clock = Clock(60, 120)
    assert clock.open_events().tolist() == []
    drive(clock, [[600_000, 600_000, 720_000]])
    first, end = clock.first, clock.end
    assert (first, end) == (10, 13)
    assert clock.open_events().tolist() == [2, 0, 1]


@pytest.mark.parametrize(("latency", "slots"), [(0, 2), (1, 3), (60, 3), (61, 4)])
def test_there_is_a_slot_for_every_bucket_that_can_be_open(latency: int, slots: int) -> None:
    assert Clock(60, latency).slots == slots


SPAN, FIRST = 60, 1_000  # whole buckets, so that bucket 1000 begins at second 60 000


def at(*minutes: float) -> list[int]:
    """Epoch milliseconds, by minutes from the beginning of bucket `FIRST`."""
    return [int(1000 * SPAN * (FIRST + minute)) for minute in minutes]


def second(minute: float) -> int:
    return int(SPAN * (FIRST + minute))


@pytest.mark.parametrize(("latency", "closed"), [(0, []), (120, [(FIRST + 1, 1), (FIRST + 2, 1)])])
def test_what_is_complete_is_all_but_the_newest_bucket(latency: int, closed: Closings) -> None:
    clock = Clock(SPAN, latency)
    drive(clock, [at(0.5, 1.5, 2.5, 3.5)])
    advance = clock.complete()
    assert list(zip(range(advance.first, advance.until), advance.events.tolist(), strict=True)) == closed
    assert clock.first == FIRST + 3


@pytest.mark.parametrize(
    ("minute", "gap", "pause"), [(3.9, False, True), (4.2, False, True), (5.0, True, True), (900.0, True, True)]
)
def test_a_gap_is_a_whole_bucket_without_rows_and_a_break_is_always_one(minute: float, gap: bool, pause: bool) -> None:
    for downtime, interrupted in ((0, False), (GAP, gap), (BREAK, pause)):
        clock = Clock(SPAN, 0)
        drive(clock, [at(0.5, 1.5, 2.5, 3.5)])
        clock.expect(downtime)
        assert clock.interrupted(second(minute)) is interrupted


def test_what_is_expected_is_of_the_next_row_alone() -> None:
    clock = Clock(SPAN, 0)
    clock.expect(BREAK)
    assert not clock.interrupted(second(0))  # before the first row there is nothing to interrupt
    drive(clock, [at(0.5)])
    clock.expect(GAP)
    drive(clock, [at(0.6)])
    assert not clock.interrupted(second(9))


@pytest.mark.parametrize(("minute", "first"), [(10.0, 10), (10.1, 11), (3.2, 4), (2.5, 4)])
def test_after_a_downtime_buckets_close_from_the_first_whole_one_on(minute: float, first: int) -> None:
    clock = Clock(SPAN, 120)
    drive(clock, [at(0.5, 1.5, 2.5, 3.5)])
    clock.complete()
    clock.resume(second(minute))
    assert clock.first == clock.resumed == FIRST + first
    found = drive(clock, [at(minute, minute + 0.1, first + 0.5, first + 1.5, first + 1.6, first + 4.0)])
    assert found == [(FIRST + first, 1 + 2 * (minute == first)), (FIRST + first + 1, 2)]


@fixed
@given(downtime=st.sampled_from([0, GAP, BREAK]), resumed=st.booleans())
def test_a_clock_remembers_a_downtime(downtime: int, resumed: bool) -> None:
    clock, again = Clock(SPAN, 60), Clock(SPAN, 60)
    drive(clock, [at(0.5, 1.5)])
    clock.expect(downtime)
    if resumed:
        clock.resume(second(7))
    again.restore(clock.state())
    assert (again.interrupted(second(9)), again.resumed) == (clock.interrupted(second(9)), clock.resumed)


def test_a_clock_that_was_kept_before_there_were_downtimes_has_none() -> None:
    clock, again = Clock(SPAN, 0), Clock(SPAN, 0)
    drive(clock, [at(0.5, 1.5)])
    kept = clock.state()
    del kept["clock.downtime"]
    again.restore(kept)
    assert drive(again, [at(3.5)]) == drive(clock, [at(3.5)])
