"""Rows to buckets: which rows are in time, when a bucket closes, what each series did in it.

Buckets are numbered by `time // span`, so bucket b covers [b * span, (b + 1) * span).
"""

from typing import NamedTuple

import numpy as np

from tailmass.columns import Flags, Floats, Ints
from tailmass.kernels.jit import kernel

ADMITTED, UNDATED, LATE, EXCLUDED = 0, 1, 2, 3
NEVER = -(2**62)  # the newest second before the first row
SORT_COSTS = 20  # looks at a count that sorting one id costs


@kernel
def admit(times: Ints, dated: Flags, newest: int, latency: int, advanced: int, horizon: int) -> tuple[Ints, Ints]:
    """Sort out rows without a time, or with an impossible one, and rows that come too late.

    A row is late when its second is more than `latency` before the newest second seen, or before `advanced`. A time
    more than `horizon` after the newest one is taken for a mistake: to believe it would close every bucket up to it,
    and make every row that follows late.

    Parameters
    ----------
    times : (n,) epoch milliseconds
    dated : (n,) whether the time is known
    newest : newest epoch second admitted before these rows
    latency : seconds
    advanced : epoch second before which nothing is accepted any more
    horizon : seconds

    Returns
    -------
    status : (n,) ADMITTED, UNDATED or LATE
    watermark : (n,) epoch second up to which time is over once the row is in: max(newest - latency, advanced)
    """
    status = np.empty(len(times), np.int64)
    watermark = np.empty(len(times), np.int64)
    for row in range(len(times)):
        second = times[row] // 1000
        if not dated[row] or (newest > NEVER and second > newest + horizon):
            status[row] = UNDATED
        elif second < newest - latency or second < advanced:
            status[row] = LATE
        else:
            status[row] = ADMITTED
            newest = max(newest, second)
        watermark[row] = max(newest - latency, advanced)
    return status, watermark


class Open(NamedTuple):
    """What the series of one detector did in the buckets that are still open, slot b mod R for bucket b."""

    count: Floats  # type: ignore[assignment]  # hides tuple.count, which nobody misses
    """(slot, series) rows."""
    total: Floats
    """(slot, series) sum of the values."""
    low: Floats
    """(slot, series) smallest value; meaningless where count is 0."""
    high: Floats
    """(slot, series) largest value; meaningless where count is 0."""
    touched: Ints
    """(slot, series) the series with rows, in the order of their first one."""
    used: Ints
    """(slot,) how many of `touched` are in use."""


class Closed(NamedTuple):
    """What each series did in consecutive closed buckets; entries by bucket, then by series id."""

    offsets: Ints
    """(buckets + 1,) where each bucket's entries begin."""
    series: Ints
    """(entries,) series ids, ascending within a bucket."""
    count: Floats  # type: ignore[assignment]  # hides tuple.count, which nobody misses
    """(entries,) rows, > 0."""
    total: Floats
    """(entries,) sum of the values."""
    low: Floats
    """(entries,) smallest value."""
    high: Floats
    """(entries,) largest value."""


@kernel
def accumulate(
    buckets: Ints, closing: Ints, series: Ints, values: Floats, held: Open, first: int, until: int,
    weights: Floats | None = None,
) -> Closed:  # fmt: skip
    """Add rows to the open buckets in row order, and hand over the buckets that close on the way.

    One addition a row, in the order of the rows: a sum depends on nothing else, however an upload was cut.

    Parameters
    ----------
    buckets : (n,) bucket number of each row
    closing : (n,) buckets below this number close before the row is added
    series : (n,) series id; the row is passed over where it is negative
    values : (n,) unit of the data; a NaN is passed over
    held : the open buckets, changed in place; more slots than buckets can be open at once
    first : the first bucket that has not been handed over
    until : after the rows, close the buckets below this number too
    weights : (n,) rows that each row stands for, > 0 where it is not passed over; one each where there are none

    Returns
    -------
    closed : buckets first ... until - 1
    """
    closed = _room(len(series) + held.used.sum(), until - first)
    offsets = closed.offsets
    held_count, held_total, held_low, held_high, touched, used = held
    upcoming, filled = first, 0
    bucket, slot = first, first % len(used)
    for row in range(len(series)):
        while upcoming < closing[row]:
            filled = _hand_over(held, upcoming, closed, filled)
            upcoming += 1
            offsets[upcoming - first] = filled
        i, value = series[row], values[row]
        if i < 0 or np.isnan(value):
            continue
        if buckets[row] != bucket:  # a division a row would cost as much as the rest
            bucket, slot = buckets[row], buckets[row] % len(used)
        weight = 1.0 if weights is None else weights[row]  # decided when the kernel is compiled
        if held_count[slot, i] == 0.0:
            touched[slot, used[slot]] = i
            used[slot] += 1
            held_count[slot, i] = weight
            held_total[slot, i] = held_low[slot, i] = held_high[slot, i] = value
        else:
            held_count[slot, i] += weight
            held_total[slot, i] += value
            held_low[slot, i] = min(held_low[slot, i], value)
            held_high[slot, i] = max(held_high[slot, i], value)
    while upcoming < until:
        filled = _hand_over(held, upcoming, closed, filled)
        upcoming += 1
        offsets[upcoming - first] = filled
    return _trimmed(closed, filled)


@kernel
def peek(held: Open, first: int, until: int) -> Closed:
    """Buckets first ... until - 1 as they stand, left open."""
    closed = _room(held.used.sum(), until - first)
    filled = 0
    for bucket in range(first, until):
        filled = _copy(held, bucket, closed, filled)
        closed.offsets[bucket - first + 1] = filled
    return _trimmed(closed, filled)


@kernel
def _room(entries: int, buckets: int) -> Closed:
    """Space for so many entries of so many buckets, none of which has any yet."""
    return Closed(
        np.zeros(max(0, buckets) + 1, np.int64),
        np.empty(entries, np.int64),
        np.empty(entries),
        np.empty(entries),
        np.empty(entries),
        np.empty(entries),
    )


@kernel
def _trimmed(closed: Closed, entries: int) -> Closed:
    """The same without the space that was not needed."""
    offsets, series, count, total, low, high = closed
    return Closed(offsets, series[:entries], count[:entries], total[:entries], low[:entries], high[:entries])


@kernel
def _present(count: Floats, touched: Ints) -> Ints:
    """The touched series in the order of their ids: sorted if they are few, looked up one by one if most are there."""
    if SORT_COSTS * len(touched) < len(count):
        return np.sort(touched)
    present = np.empty(len(touched), np.int64)
    n = 0
    for i in range(len(count)):
        if count[i] > 0.0:
            present[n] = i
            n += 1
    return present


@kernel
def _copy(held: Open, bucket: int, closed: Closed, filled: int) -> int:
    slot = bucket % len(held.used)
    for i in _present(held.count[slot], held.touched[slot, : held.used[slot]]):
        closed.series[filled] = i
        closed.count[filled] = held.count[slot, i]
        closed.total[filled] = held.total[slot, i]
        closed.low[filled] = held.low[slot, i]
        closed.high[filled] = held.high[slot, i]
        filled += 1
    return filled


@kernel
def _hand_over(held: Open, bucket: int, closed: Closed, filled: int) -> int:
    filled = _copy(held, bucket, closed, filled)
    slot = bucket % len(held.used)
    for place in range(held.used[slot]):
        held.count[slot, held.touched[slot, place]] = 0.0
    held.used[slot] = 0
    return filled


@kernel
def count_events(buckets: Ints, closing: Ints, held: Ints, first: int, until: int) -> Ints:
    """Rows of each closed bucket, whatever their series; `held` (slot,) carries those of the open ones.

    The other arguments are those of `accumulate`; the result is (until - first,).
    """
    events = np.zeros(max(0, until - first), np.int64)
    upcoming = first
    for row in range(len(buckets)):
        while upcoming < closing[row]:
            events[upcoming - first] = held[upcoming % len(held)]
            held[upcoming % len(held)] = 0
            upcoming += 1
        held[buckets[row] % len(held)] += 1
    while upcoming < until:
        events[upcoming - first] = held[upcoming % len(held)]
        held[upcoming % len(held)] = 0
        upcoming += 1
    return events
