from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats, Ints
from tailmass.kernels.crowd import EMPTY, SAMPLE, Crowd, fill, shown
from tests.kernels.streams import fixed

VALUES, PERSONS, STREAMS = 12, 90, 3
Pair = tuple[int, int]
"""Value and person; both belong to the stream that the value modulo STREAMS is."""


class Known:
    """A crowd with its table of pairs."""

    def __init__(self, capacity: int = 1 << 14, persons: int = PERSONS) -> None:
        byte = np.zeros(VALUES, np.int8)
        self.crowd = Crowd(byte, byte.copy(), np.zeros(persons, np.int8), np.zeros(STREAMS, np.int64))
        self.keys: Ints = np.full(capacity, EMPTY, np.int64)

    def meet(self, buckets: list[list[Pair]], *, learning: bool = True) -> Floats:
        pairs = np.array([pair for bucket in buckets for pair in sorted(bucket)], np.int64).reshape(-1, 2)
        offsets = np.cumsum([0, *map(len, buckets)])
        value, person = pairs[:, 0].copy(), pairs[:, 1].copy()
        return shown(offsets, value, person, value % STREAMS, self.crowd, self.keys, learning)[0]

    def bits(self) -> list[bytes]:
        return [part.tobytes() for part in (*map(np.asarray, self.crowd), self.keys)]


def slow(buckets: list[list[Pair]]) -> list[float]:
    """The share of the other persons that have shown a value before, half a person being added."""
    who: defaultdict[int, set[int]] = defaultdict(set)
    persons: defaultdict[int, set[int]] = defaultdict(set)
    out = []
    for bucket in buckets:
        for a, b in sorted(bucket):
            out.append((len(who[a] - {b}) + 0.5) / (len(persons[a % STREAMS] - {b}) + 1.0))
        for a, b in bucket:
            who[a].add(b)
            persons[a % STREAMS].add(b)
    return out


@st.composite
def made(draw: st.DrawFn) -> list[list[Pair]]:
    """A person belongs to the stream of its number modulo STREAMS, and shows values of it; at most 30 a value."""
    chance = np.random.default_rng(draw(st.integers(0, 99)))
    length = draw(st.integers(1, 40))
    buckets = []
    for _ in range(length):
        persons = chance.integers(0, PERSONS, chance.integers(0, 12)).tolist()
        buckets.append(sorted({(int(chance.zipf(1.5)) % 4 * STREAMS + b % STREAMS, b) for b in persons}))
    return buckets


@fixed
@given(made())
def test_shares_are_those_of_the_other_persons_so_far(buckets: list[list[Pair]]) -> None:
    assert Known().meet(buckets).tolist() == pytest.approx(slow(buckets), rel=1e-12)


@fixed
@given(made(), st.integers(0, 40))
def test_buckets_can_be_met_in_two_calls(buckets: list[list[Pair]], cut: int) -> None:
    whole, parts = Known(), Known()
    at_once = whole.meet(buckets)
    assert [*parts.meet(buckets[:cut]), *parts.meet(buckets[cut:])] == at_once.tolist()
    assert whole.bits() == parts.bits()


def test_a_look_that_does_not_learn_changes_nothing() -> None:
    known, again = Known(), Known()
    for each in (known, again):
        each.meet([[(0, 3), (3, 6)]])
    known.meet([[(0, 9)]], learning=False)
    assert known.bits() == again.bits()


def test_many_persons_are_counted_by_a_sample_that_takes_little_room() -> None:
    persons = 20_000
    known = Known(persons=persons)
    known.meet([[(0, person)] for person in range(persons)])
    share = known.meet([[(0, persons - 1), (3, persons - 1)]], learning=False)
    assert share[0] == pytest.approx(1.0, rel=0.4)
    assert share[1] == pytest.approx(0.5 / persons)
    assert np.count_nonzero(known.keys != EMPTY) < 10 * SAMPLE


def test_a_table_filled_anew_knows_the_same_pairs() -> None:
    known, again = Known(), Known(1 << 10)
    known.meet([[(a, b) for a in range(0, VALUES, 3) for b in range(0, PERSONS, 3)]])
    fill(again.keys, known.keys[known.keys != EMPTY])
    again.crowd = known.crowd
    bucket = [(a, b) for a in range(0, VALUES, 3) for b in range(0, PERSONS, 2)]
    assert known.meet([bucket], learning=False).tolist() == again.meet([bucket], learning=False).tolist()
