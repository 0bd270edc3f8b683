"""Rates of partitions, held to those of a job that has nothing but the one partition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels.partitions import (
    KNOWN,
    ONCE,
    PRESENT,
    Histories,
    Present,
    current_rates_of_partitions,
    rates_of_partitions,
)
from tailmass.kernels.rate import BINS, History, rates
from tests.kernels.streams import fixed

BUCKETS, PARTITIONS, SERIES, WORTH, KEEP = 120, 3, 2, 40.0, 0.97
Cells = set[tuple[int, int, int]]
"""Bucket, partition and number of a series within it."""


def histories() -> Histories:
    none, series = np.zeros(PARTITIONS, np.int64), PARTITIONS * SERIES
    return Histories(
        np.zeros((PARTITIONS, BINS)), none, np.zeros(PARTITIONS), none.copy(), none.copy(), np.zeros(series, np.int64),
        np.zeros(series),
    )  # fmt: skip


def presence(cells: Cells, begin: int, end: int) -> Present:
    """The cells of some of the buckets, each told whether its series is new."""
    inside = sorted(cell for cell in cells if begin <= cell[0] < end)
    firsts = {(p, i): min(b for b, q, j in cells if (q, j) == (p, i)) for _, p, i in cells}
    return Present(
        np.searchsorted([b for b, _, _ in inside], np.arange(begin, end + 1)).astype(np.int64),
        np.array([p for _, p, _ in inside], np.int64),
        np.array([firsts[p, i] == b for b, p, i in inside], np.bool_),
    )


def rated(
    cells: Cells, found: dict[tuple[int, int, int], float], counting: int, cuts: list[int], offset: int = 0
) -> Floats:
    """Rates of findings, by cell, of buckets that come in pieces."""
    known, out = histories(), []
    for begin, end in zip([0, *cuts], [*cuts, BUCKETS], strict=True):
        part = sorted(cell for cell in found if begin <= cell[0] < end)
        bucket, partition, series = np.array(part, np.int64).reshape(-1, 3).T.copy()
        evidence = np.array([found[cell] for cell in part], np.float64)
        ids = partition * SERIES + series
        there = presence(cells, begin, end)
        arguments = (there, offset + begin, KEEP, WORTH, counting, known)
        out.append(rates_of_partitions(bucket - begin, partition, ids, evidence, *arguments))
    return np.concatenate(out)


def alone(cells: Cells, found: dict[tuple[int, int, int], float], counting: int, partition: int) -> Floats:
    """The rates of one partition as a detector of its own has them."""
    mine = sorted(cell for cell in found if cell[1] == partition)
    bucket, _, series = np.array(mine, np.int64).reshape(-1, 3).T.copy()
    firsts = {i: min(b for b, p, j in cells if (p, j) == (partition, i)) for _, p, i in cells if p == partition}
    known = np.array([sum(first <= b for first in firsts.values()) for b in range(BUCKETS)], np.int64)
    present = np.array([sum((b, partition, i) in cells for i in range(SERIES)) for b in range(BUCKETS)], np.int64)
    updates = {PRESENT: present, KNOWN: known, ONCE: np.minimum(known, 1)}[counting]
    family = np.maximum(1.0, known[bucket]) if counting == ONCE else np.ones(len(bucket))
    history = History(np.zeros(BINS), np.zeros(1), np.zeros(SERIES, np.int64), np.zeros(SERIES))
    evidence = np.array([found[cell] for cell in mine])
    return rates(bucket, series, evidence, family, updates, 0, KEEP, WORTH, history, np.zeros(BINS + 1))


@st.composite
def happenings(draw: st.DrawFn) -> tuple[Cells, dict[tuple[int, int, int], float]]:
    """Cells with rows, and those of them that are unusual."""
    chance = np.random.default_rng(draw(st.integers(0, 999)))
    there = chance.random((BUCKETS, PARTITIONS, SERIES)) < draw(st.sampled_from([0.1, 0.6]))
    cells = {(int(b), int(p), int(i)) for b, p, i in zip(*np.nonzero(there), strict=True)}
    share = draw(st.sampled_from([0.05, 0.5]))
    return cells, {cell: 1.5 + chance.exponential(2.0) for cell in sorted(cells) if chance.random() < share}


@fixed
@given(happenings(), st.sampled_from([PRESENT, KNOWN, ONCE]))
def test_each_partition_has_the_rates_it_would_have_alone(
    happened: tuple[Cells, dict[tuple[int, int, int], float]], counting: int
) -> None:
    cells, found = happened
    told = rated(cells, found, counting, [])
    partitions = np.array([p for _, p, _ in sorted(found)], np.int64)
    for partition in range(PARTITIONS):
        assert told[partitions == partition] == pytest.approx(alone(cells, found, counting, partition), rel=1e-9)


@fixed
@given(
    happenings(),
    st.sampled_from([PRESENT, KNOWN, ONCE]),
    st.lists(st.integers(0, BUCKETS), max_size=5),
    st.sampled_from([0, -1000, 10**9]),
)
def test_pieces_and_when_it_was_change_nothing(
    happened: tuple[Cells, dict[tuple[int, int, int], float]], counting: int, cuts: list[int], offset: int
) -> None:
    cells, found = happened
    whole = rated(cells, found, counting, [])
    assert rated(cells, found, counting, sorted(cuts), offset).tolist() == whole.tolist()


@pytest.mark.parametrize("counting", [PRESENT, KNOWN, ONCE])
def test_what_is_asked_for_now_is_what_the_next_bucket_would_have(counting: int) -> None:
    cells = {(b, p, i) for b in range(BUCKETS) for p in range(2) for i in range(SERIES) if (b + p) % 3}
    found = {cell: 3.0 + cell[0] / 10 for cell in cells if cell[0] % 7 == 0}
    known, last = histories(), BUCKETS - 1
    part = sorted(cell for cell in found if cell[0] < last)
    bucket, partition, series = np.array(part, np.int64).T.copy()
    evidence = np.array([found[cell] for cell in part])
    there = presence(cells, 0, last)
    rates_of_partitions(
        bucket, partition, partition * SERIES + series, evidence, there, 0, KEEP, WORTH, counting, known
    )
    asked, number = np.arange(PARTITIONS), np.full(PARTITIONS, last)
    now = current_rates_of_partitions(number, asked, np.full(PARTITIONS, 5.0), KEEP, WORTH, counting, known)
    nobody = Present(np.zeros(2, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_))
    arguments = (nobody, last, KEEP, WORTH, counting, known)
    new = rates_of_partitions(
        np.zeros(PARTITIONS, np.int64), asked, asked * SERIES, np.full(PARTITIONS, 5.0), *arguments
    )
    assert now.tolist() == new.tolist()
