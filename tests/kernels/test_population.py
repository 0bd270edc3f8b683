import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.columns import Floats, Ints
from tailmass.kernels.population import Members, Populations, Unlike, compare
from tailmass.kernels.tail import K, Tails, chance, fitted
from tests.kernels.naive_population import Compared

SPAN, MEMBERS, GROUPS = 3600, 40, 3
Table = Floats
"""(buckets, MEMBERS) values, NaN where a member is absent."""


class Known:
    """All that a feature knows, and what to look for; member m belongs to the population m mod `groups`."""

    def __init__(
        self, side: int = 0, *, counts: bool = False, most: float = 0.5, groups: int = GROUPS, unit: float = 0.0
    ) -> None:
        whole, real, single = np.zeros(GROUPS, np.int64), np.zeros(GROUPS), np.zeros(MEMBERS, np.float32)
        self.populations = Populations(whole, real, real.copy(), real.copy(), whole.copy())
        self.members = Members(single, single.copy(), np.zeros(MEMBERS, np.int32))
        self.tails = Tails(np.zeros((2, 2, K)), np.zeros((2, 2), np.int64), np.zeros(2), np.zeros(2, np.int64))
        self.side, self.counts, self.most, self.groups = side, counts, most, groups
        self.unit = unit

    def compare(self, table: Table, *, first: int = 0, generation: int = 10**9, learning: bool = True) -> Unlike:
        bucket, member = np.nonzero(~np.isnan(table))
        offsets = np.searchsorted(bucket, np.arange(len(table) + 1))
        return compare(
            offsets, member, member % self.groups, table[bucket, member], self.populations, self.members, self.tails,
            first, SPAN, generation, self.side, self.counts, self.unit, 3, self.most, learning,
        )  # fmt: skip

    def bits(self) -> list[bytes]:
        return [np.asarray(part).tobytes() for part in (*self.populations, *self.members, *self.tails)]


def made(seed: int, buckets: int, kind: str) -> Table:
    chance = np.random.default_rng(seed)
    shape = (buckets, MEMBERS)
    if kind == "normal":
        table = chance.normal(chance.normal(0.0, 3.0, MEMBERS), 1.0, shape)
    elif kind == "counts":
        table = chance.poisson(chance.gamma(0.5, 6.0, MEMBERS), shape).astype(np.float64)
    else:
        table = np.full(shape, 7.0)
    table[chance.random(shape) < 0.3] = np.nan
    table[chance.random(shape) < 0.002] *= 30.0
    return table


TABLES = st.builds(made, st.integers(0, 99), st.integers(1, 160), st.sampled_from(["normal", "counts", "constant"]))


def cells(table: Table) -> tuple[Ints, Ints]:
    bucket, member = np.nonzero(~np.isnan(table))
    return bucket, member


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    TABLES,
    st.sampled_from([-1, 0, 1]),
    st.booleans(),
    st.sampled_from([1, GROUPS]),
    st.sampled_from([70, 10**9]),
    st.sampled_from([0.0, 2.0]),
)
def test_members_are_as_unlike_their_peers_as_the_definition_says(
    table: Table, side: int, counts: bool, groups: int, generation: int, unit: float
) -> None:
    unlike = Known(side, counts=counts, groups=groups, unit=unit).compare(table, generation=generation)
    bucket, member = cells(table)
    keys = zip(bucket[unlike.entry].tolist(), member[unlike.entry].tolist(), strict=True)
    found = dict(zip(keys, zip(unlike.chance.tolist(), unlike.typical.tolist(), strict=True), strict=True))
    slow = Compared(SPAN, side, counts=counts, most=0.5, generation=generation, unit=unit)
    expected: dict[tuple[int, int], list[float]] = {}
    for b, row in enumerate(table):
        values = {i: float(y) for i, y in enumerate(row) if not np.isnan(y)}
        if values:
            expected |= {(b, i): told for b, i, *told in slow.meet(b, values, {i: i % groups for i in values})}
    # Habits are kept in single precision: what is at the height itself may be on either side of it.
    odd = found.keys() ^ expected.keys()
    assert len(odd) <= 0.02 * len(expected) + 1
    both = sorted(found.keys() & expected.keys())
    np.testing.assert_allclose([found[k] for k in both], [expected[k] for k in both], rtol=2e-3, atol=1e-4)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(TABLES, st.integers(0, 160))
def test_buckets_can_be_met_in_two_calls(table: Table, cut: int) -> None:
    whole, parts = Known(), Known()
    at_once = whole.compare(table)
    pieces = [parts.compare(table[:cut]), parts.compare(table[cut:], first=min(cut, len(table)))]
    assert at_once.chance.tolist() == [p for piece in pieces for p in piece.chance.tolist()]
    assert whole.bits() == parts.bits()


def test_a_look_that_does_not_learn_tells_the_same_and_changes_nothing() -> None:
    table = made(1, 120, "normal")
    table[-1, 5] = 500.0
    looked, again = Known(), Known()
    for known in (looked, again):
        known.compare(table[:-1])
    one = looked.compare(table[-1:], first=119, learning=False)
    assert looked.bits() == again.bits()
    assert len(one.entry)
    assert one.chance.tolist() == again.compare(table[-1:], first=119).chance.tolist()


def test_a_population_of_one_member_is_never_unlike_itself() -> None:
    table = np.full((300, MEMBERS), np.nan)
    table[:, 0] = np.random.default_rng(1).normal(0.0, 1.0, 300)
    table[200, 0] = 50.0
    assert len(Known(most=1.0).compare(table).entry) == 0


@pytest.mark.parametrize("kind", ["normal", "heavy"])
def test_the_tail_is_exceeded_as_often_as_it_says(kind: str) -> None:
    chances = np.random.default_rng(3)
    drawn = chances.normal if kind == "normal" else lambda _, __, shape: chances.standard_t(4, shape)
    table = drawn(0.0, 1.0, (1500, MEMBERS))
    unlike = Known(groups=1, most=0.01).compare(table)
    late = unlike.chance[unlike.entry >= 300 * MEMBERS]
    for level in (0.01, 0.001):
        share = np.count_nonzero(late <= level) / (1200 * MEMBERS)
        assert 0.3 * level < share < 2.0 * level


def test_a_chance_falls_with_the_height_and_is_a_probability() -> None:
    known = Known()
    known.compare(made(2, 200, "normal"))
    tail = fitted(known.tails, 0, 0.02)
    chances = [chance(tail, x) for x in np.linspace(tail.height, 19.0, 200)]
    assert chances == sorted(chances, reverse=True)
    assert 0.0 < chances[-1] < 1e-4
    assert chance(tail, tail.height) == 1.0
