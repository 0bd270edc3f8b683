import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Ints
from tailmass.kernels.buckets import (
    ADMITTED,
    LATE,
    SORT_COSTS,
    UNDATED,
    Closed,
    Open,
    accumulate,
    admit,
    count_events,
    peek,
)
from tests.kernels import naive
from tests.kernels.streams import fixed, same

SERIES = 4
STATUS = {"admitted": ADMITTED, "undated": UNDATED, "late": LATE}
VALUES = st.one_of(
    st.sampled_from([math.nan, 0.1, 0.2, 0.3, -0.0, 0.0, 5e-324, 1e300, -1e300]), st.floats(allow_infinity=False)
)
STEPS = st.one_of(st.integers(-3_000, 4_000), st.sampled_from([0, 60_000]))


@dataclass
class Upload:
    """Admitted rows, and what the kernels are told of them."""

    buckets: Ints
    closing: Ints
    series: Ints
    values: np.ndarray[tuple[int], np.dtype[np.float64]]
    slots: int

    @property
    def first(self) -> int:
        return int(self.buckets.min(initial=10**9)) if len(self.buckets) else 0

    def until(self, rows: int) -> int:
        """The first bucket still open after so many rows."""
        return max(self.first, int(self.closing[rows - 1])) if rows else self.first

    def accumulate(self, held: Open, begin: int, end: int) -> Closed:
        """Those rows into the open buckets."""
        part = slice(begin, end)
        return accumulate(
            self.buckets[part], self.closing[part], self.series[part], self.values[part],
            held, self.until(begin), self.until(end),
        )  # fmt: skip

    def rows(self) -> list[tuple[int, int, float]]:
        return list(zip(self.buckets.tolist(), self.series.tolist(), self.values.tolist(), strict=True))


@st.composite
def uploads(draw: st.DrawFn) -> Upload:
    span, latency = draw(st.sampled_from([1, 3])), draw(st.sampled_from([0, 1, 5]))
    drawn = draw(st.lists(st.tuples(STEPS, st.integers(-1, SERIES - 1), VALUES), max_size=60))
    times = np.cumsum([draw(st.integers(-(10**7), 10**7)), *(step for step, _, _ in drawn)])[1:].tolist()
    status = naive.admit(times, [True] * len(times), -(10**9), latency, -(10**9), 10**9)
    kept = [row for row, (what, _) in enumerate(status) if what == "admitted"]
    return Upload(
        np.array([times[row] // 1000 // span for row in kept], np.int64),
        np.array([status[row][1] // span for row in kept], np.int64),
        np.array([drawn[row][1] for row in kept], np.int64),
        np.array([drawn[row][2] for row in kept], np.float64),
        -(-latency // span) + 2,
    )


def no_rows(slots: int, room: int = SERIES) -> Open:
    count, total, low, high = (np.zeros((slots, room)) for _ in range(4))
    return Open(count, total, low, high, np.zeros((slots, room), np.int64), np.zeros(slots, np.int64))


def entries(closed: Closed, first: int) -> list[naive.Entry]:
    buckets = np.repeat(first + np.arange(len(closed.offsets) - 1), np.diff(closed.offsets))
    columns = (buckets, closed.series, closed.count, closed.total, closed.low, closed.high)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@fixed
@given(
    st.lists(st.tuples(STEPS, st.booleans()), max_size=60),
    st.integers(-(10**9), 10**9),
    st.integers(0, 4),
    st.sampled_from([-(2**62), 0, 3]),
    st.sampled_from([2, 10**9]),
)
def test_rows_are_admitted_as_the_definition_says(
    steps: list[tuple[int, bool]], start: int, latency: int, promised: int, horizon: int
) -> None:
    times = np.cumsum([start, *(step for step, _ in steps)])[1:].astype(np.int64)
    dated, advanced = np.array([known for _, known in steps], np.bool_), start // 1000 + promised
    status, watermark = admit(times, dated, -(2**62), latency, advanced, horizon)
    expected = naive.admit(times.tolist(), dated.tolist(), -(2**62), latency, advanced, horizon)
    assert status.tolist() == [STATUS[what] for what, _ in expected]
    assert watermark.tolist() == [second for _, second in expected]


def test_lateness_is_measured_in_whole_seconds() -> None:
    times = np.array([10_999, 8_000, 7_999, -1, 11_000], np.int64)
    status, watermark = admit(times, np.ones(5, np.bool_), -(2**62), 2, -(2**62), 100)
    assert status.tolist() == [ADMITTED, ADMITTED, LATE, LATE, ADMITTED]
    assert watermark.tolist() == [8, 8, 8, 8, 9]


def test_a_time_beyond_the_horizon_is_a_mistake_and_moves_nothing() -> None:
    times = np.array([10_000, 111_000, 110_000, 10_000], np.int64)
    status, watermark = admit(times, np.ones(4, np.bool_), -(2**62), 100, -(2**62), 100)
    assert status.tolist() == [ADMITTED, UNDATED, ADMITTED, ADMITTED]
    assert watermark.tolist() == [-90, -90, 10, 10]


@fixed
@given(uploads(), st.sampled_from([SERIES, 2 * SORT_COSTS, 100 * SORT_COSTS]))
def test_buckets_close_with_what_the_definition_says(upload: Upload, room: int) -> None:
    # Whether a bucket's series are sorted or looked up depends on how many of those there is room for are in it.
    rows, first, until = len(upload.series), upload.first, upload.until(len(upload.series))
    held = no_rows(upload.slots, room)
    closed = upload.accumulate(held, 0, rows)
    assert entries(closed, first) == naive.accumulate(upload.rows(), first, until)
    rest = peek(held, until, until + upload.slots)
    assert entries(rest, until) == naive.accumulate(upload.rows(), until, until + upload.slots)


@fixed
@given(uploads(), st.lists(st.integers(1, 5), min_size=60, max_size=60))
def test_a_row_that_stands_for_several_counts_as_many_and_adds_its_value_once(
    upload: Upload, weights: list[int]
) -> None:
    rows, first, until = len(upload.series), upload.first, upload.until(len(upload.series))
    weight = np.array(weights[:rows], np.float64)
    held, plain = no_rows(upload.slots), no_rows(upload.slots)
    closed = accumulate(upload.buckets, upload.closing, upload.series, upload.values, held, first, until, weight)
    assert same((*closed[:2], *closed[3:]), (*(single := upload.accumulate(plain, 0, rows))[:2], *single[3:]))
    counted = ~np.isnan(upload.values) & (upload.series >= 0)
    buckets = np.repeat(first + np.arange(len(closed.offsets) - 1), np.diff(closed.offsets))
    for bucket, series, count in zip(buckets.tolist(), closed.series.tolist(), closed.count.tolist(), strict=True):
        assert count == weight[counted & (upload.buckets == bucket) & (upload.series == series)].sum()


@fixed
@given(uploads(), st.integers(0, 60))
def test_rows_can_be_cut_anywhere(upload: Upload, place: int) -> None:
    rows, cut = len(upload.series), min(place, len(upload.series))
    at_once, again = no_rows(upload.slots), no_rows(upload.slots)
    whole = upload.accumulate(at_once, 0, rows)
    head, tail = upload.accumulate(again, 0, cut), upload.accumulate(again, cut, rows)
    offsets = np.append(head.offsets, head.offsets[-1] + tail.offsets[1:])
    joined = (offsets, *(np.concatenate(each) for each in zip(head[1:], tail[1:], strict=True)))
    assert same(whole, joined)
    assert same(at_once, again)


@fixed
@given(uploads())
def test_a_look_at_open_buckets_leaves_them_as_they_are(upload: Upload) -> None:
    rows, until = len(upload.series), upload.until(len(upload.series))
    held = no_rows(upload.slots)
    upload.accumulate(held, 0, rows)
    before = Open._make(part.copy() for part in held)
    seen = peek(held, until, until + upload.slots)
    assert same(held, before)
    none, nothing = np.empty(0, np.int64), np.empty(0)
    assert same(seen, accumulate(none, none, none, nothing, held, until, until + upload.slots))


@fixed
@given(uploads(), st.integers(0, 60))
def test_events_are_rows_of_whatever_series_wherever_they_are_cut(upload: Upload, place: int) -> None:
    rows, cut = len(upload.series), min(place, len(upload.series))
    held, counted = np.zeros(upload.slots, np.int64), []
    for begin, end in ((0, cut), (cut, rows)):
        part = slice(begin, end)
        first, until = upload.until(begin), upload.until(end)
        counted += count_events(upload.buckets[part], upload.closing[part], held, first, until).tolist()
    buckets = upload.buckets.tolist()
    assert counted == [buckets.count(bucket) for bucket in range(upload.first, upload.until(rows))]
    assert sum(counted) + held.sum() == rows


@pytest.mark.parametrize("value", [math.nan, 1.0])
def test_a_gap_of_many_buckets_closes_them_all_empty(value: float) -> None:
    buckets = np.array([5, 10_005], np.int64)
    held = no_rows(2)
    closed = accumulate(buckets, buckets, np.zeros(2, np.int64), np.full(2, value), held, 5, 10_005)
    assert len(closed.offsets) == 10_001
    assert np.diff(closed.offsets).tolist() == [0 if math.isnan(value) else 1] + [0] * 9_999
    assert held.used.sum() == closed.count.sum()
