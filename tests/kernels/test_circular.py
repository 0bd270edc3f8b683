import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.kernels.circular import Habits, Unusual, visit
from tests.kernels.naive_circular import Detector, unusual
from tests.kernels.streams import fixed

SLOTS, SERIES = 24, 3
Buckets = list[list[tuple[int, int]]]
"""Series and slot of each entry."""


def nothing() -> Habits:
    single = np.zeros(SERIES, np.float32)
    return Habits(np.zeros((SERIES, SLOTS), np.float32), single, np.zeros(SERIES, np.int32), np.zeros((2, SLOTS)))


def visited(
    habits: Habits, buckets: Buckets, *, keep: float = 1.0, borrowed: float = 20.0, leaning: float = 4.0,
    group: tuple[int, ...] = (0, 0, 0), learning: bool = True,
) -> Unusual:  # fmt: skip
    entries = np.array([entry for bucket in buckets for entry in bucket], np.int64).reshape(-1, 2)
    offsets = np.cumsum([0, *map(len, buckets)])
    series, slot = entries[:, 0].copy(), entries[:, 1].copy()
    of = np.array(group)[series]
    return visit(offsets, series, of, slot, habits, keep, borrowed, leaning, 3.0, 0.3, learning)[0]


def made(seed: int, days: int, wild: float) -> Buckets:
    """A bucket an hour; the first series works from 8 to 18, the second at night, the third whenever it likes."""
    chance = np.random.default_rng(seed)
    buckets: Buckets = []
    for slot in range(days * SLOTS):
        hour = slot % SLOTS
        rates = (0.8 if 8 <= hour < 18 else wild, 0.5 if hour < 6 or hour > 21 else wild, 0.2)
        buckets.append([(i, slot) for i, rate in enumerate(rates) if chance.random() < rate])
    return buckets


BUCKETS = st.builds(made, st.integers(0, 99), st.integers(1, 20), st.sampled_from([0.0, 0.01, 0.1]))


@fixed
@given(
    BUCKETS, st.sampled_from([1.0, 0.9]), st.sampled_from([0.0, 20.0]), st.sampled_from([4.0, np.inf]),
    st.sampled_from([(0, 0, 0), (0, 1, 0)]),
)  # fmt: skip
def test_times_are_as_unusual_as_the_definition_says(
    buckets: Buckets, keep: float, borrowed: float, leaning: float, group: tuple[int, ...]
) -> None:
    found = visited(nothing(), buckets, keep=keep, borrowed=borrowed, leaning=leaning, group=group)
    detector = Detector(SLOTS, keep, borrowed, leaning, 3.0, group=dict(enumerate(group)))
    expected = unusual(detector, buckets, 0.3)
    fast = dict(zip(found.entry.tolist(), found.chance.tolist(), strict=True))
    # Slots are kept in single precision: two that are alike may come to differ, and count together no more.
    both = fast.keys() & expected.keys()
    assert len(fast.keys() ^ expected.keys()) <= 0.1 * len(expected) + 1
    close = [fast[k] == pytest.approx(expected[k], rel=1e-3) for k in both]
    assert sum(close) >= 0.9 * len(close)


@fixed
@given(BUCKETS, st.integers(0, 480))
def test_buckets_can_be_met_in_two_calls(buckets: Buckets, cut: int) -> None:
    whole, parts = nothing(), nothing()
    at_once = visited(whole, buckets)
    pieces = [visited(parts, buckets[:cut]), visited(parts, buckets[cut:])]
    assert at_once.chance.tolist() == [p for piece in pieces for p in piece.chance.tolist()]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(map(np.asarray, whole), map(np.asarray, parts), strict=True))


def test_a_slot_counts_once_a_day_however_many_buckets_it_has() -> None:
    habits = nothing()
    visited(habits, [[(0, 5)], [(0, 5)], [(0, 5)], [(0, 6)], [(0, SLOTS + 5)]])
    assert habits.slots[0, 5:7].tolist() == [2.0, 1.0]
    assert habits.periods[0] == 2.0


def test_midnight_is_next_to_eleven() -> None:
    habits = nothing()
    visited(habits, [[(0, SLOTS * day + hour)] for day in range(30) for hour in (0, 1, 22, 23)])
    near, far = (visited(habits, [[(0, SLOTS * 30 + hour)]], learning=False) for hour in (23, 12))
    assert len(near.entry) == 0
    assert far.chance[0] < 0.01
    assert far.typical[0] == 21  # a neighbour of what is usual, at nine hours; 2 is at ten
