import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels import discrete
from tailmass.kernels.discrete import HIGHEST, Pool, Quiet, Shape
from tailmass.kernels.jit import kernel
from tests.kernels import naive_discrete as naive
from tests.kernels.streams import fixed

INFINITE = math.inf
POOL = Pool(2.0, 0.99, 3.0)
NEW = Shape(0.0, 0.0, 0.0, 0.0)
NEVER_SILENT = Quiet(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

means = st.floats(math.log(1e-9), math.log(1e6)).map(math.exp)
sizes = st.one_of(st.floats(math.log(1e-3), math.log(1e12)).map(math.exp), st.just(INFINITE))
shares = st.one_of(st.just(1.0), st.floats(0.001, 1.0))
sides = st.sampled_from([-1, 0, 1])
counts = st.one_of(
    st.integers(0, 100).map(float),
    st.floats(0.0, 100.0),
    st.floats(0.0, math.log(1e15)).map(math.exp).map(math.floor).map(float),
    st.floats(0.0, math.log(1e15)).map(math.exp),
)


class Law(NamedTuple):
    """What a stream of counts is drawn from."""

    mean: float
    size: float
    occupied: float

    def drawn(self, buckets: int, seed: int) -> Floats:
        chance = np.random.default_rng(seed)
        rate = np.full(buckets, self.mean)
        if self.size < INFINITE:
            rate = chance.gamma(self.size, self.mean / self.size, buckets)
        return np.asarray(chance.poisson(rate) * (chance.random(buckets) < self.occupied), np.float64)


RARE, SOME, CLUMPED, DEAD = (
    Law(0.3, INFINITE, 1.0),
    Law(5.0, INFINITE, 1.0),
    Law(2.0, 1.0, 1.0),
    Law(4.0, 2.0, 0.7),
)


@kernel
def evidences(values: Floats, mean: float, size: float, occupied: float, side: int) -> Floats:
    out = np.empty(len(values))
    for i in range(len(values)):
        out[i] = discrete.evidence(values[i], mean, size, occupied, side)
    return out


@kernel
def learnt_evidences(values: Floats, pool: Pool) -> tuple[Floats, Shape]:
    """Evidence by what was known before each value, the mean too; and what is known in the end."""
    out = np.empty(len(values))
    s = Shape(0.0, 0.0, 0.0, 0.0)
    mean = max(values[0], 0.1)
    for i in range(len(values)):
        size, occupied = discrete.size(s, pool), discrete.occupied(s, pool)
        out[i] = discrete.evidence(values[i], mean / occupied, size, occupied, 0)
        s = discrete.learn(s, values[i], mean / occupied, pool)
        mean = max(1e-6, mean + (values[i] - mean) / min(i + 2.0, 2000.0))
    return out, s


@kernel
def lulls(values: Floats, mean: Floats, pool: Pool) -> Floats:
    """-log10 of the chance of every gap when it was at its longest."""
    q = Quiet(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    out, gaps, running = np.empty(len(values)), 0, 0.0
    for i in range(len(values)):
        if values[i] > 0.0:
            out[gaps] = running
            gaps, running = gaps + 1, 0.0
        q = discrete.heard(q, values[i], mean[i], pool)
        if values[i] <= 0.0:
            running = -discrete.lull(q, pool)
    return out[:gaps]


def share_beyond(evidence: Floats, u: float) -> float:
    """Share of values with at least this evidence, over what the evidence says it should be."""
    return float(np.mean(evidence >= u) / 10.0**-u)


# Tails


@pytest.mark.parametrize("occupied", [1.0, 0.9, 0.01])
@pytest.mark.parametrize(
    ("mean", "size"),
    [
        (mean, size)
        for mean in (1e-9, 0.01, 0.3, 2.0, 20.0, 300.0)
        for size in (1e-3, 0.1, 1.0, 7.5, 20.0, 300.0, 1e6, 1e12, INFINITE)
        if mean / size <= 300.0  # beyond that the twin would sum for minutes
    ],
)
def test_tails_are_the_sums_of_all_masses(mean: float, size: float, occupied: float) -> None:
    for y in (0, 1, 2, 5, 20, 63, 64, 65, 300, 2000):
        # Rounding of a hundred factors near 1 is 1e-14; a fraction stops at 1e-13.
        assert discrete.tails(float(y), mean, size, occupied) == pytest.approx(
            naive.tails(y, mean, size, occupied), rel=1e-12, abs=1e-12
        )


@pytest.mark.parametrize(("y", "mean"), [(60_000, 20.0), (1_000_000, 1e-9), (20_000, 19_000.0), (18_500, 19_000.0)])
def test_tails_do_not_end_where_a_probability_is_too_small_for_a_number(y: int, mean: float) -> None:
    high = discrete.tails(float(y), mean, INFINITE, 1.0).high
    # Far out the tail is a geometric series to within its own first ratio; near the mean it is a normal one.
    log_mass = y * math.log(mean) - mean - math.lgamma(y + 1.0)
    ratio = mean / (y + 1.0)
    if ratio < 0.9:
        assert high == pytest.approx((log_mass + math.log(0.5 + ratio / (1.0 - ratio))) / math.log(10.0), rel=1e-4)
        assert high < -1e5
    else:
        z = (y - mean) / math.sqrt(mean)
        smaller = high if z > 0.0 else discrete.tails(float(y), mean, INFINITE, 1.0).low
        assert 10.0**smaller == pytest.approx(0.5 * math.erfc(abs(z) / math.sqrt(2.0)), rel=0.2)


def test_no_event_where_a_million_were_expected_is_as_improbable_as_it_is() -> None:
    assert discrete.tails(0.0, 1e6, INFINITE, 1.0).low == pytest.approx(-1e6 / math.log(10.0) - math.log10(2.0))
    assert discrete.tails(0.0, 1e6, 2.0, 1.0).low == pytest.approx(-2.0 * math.log10(1.0 + 5e5) - math.log10(2.0))


def test_a_large_size_is_poisson() -> None:
    for y in (0.0, 3.0, 40.0, 500.0):
        assert discrete.tails(y, 20.0, 1e12, 1.0) == pytest.approx(discrete.tails(y, 20.0, INFINITE, 1.0), rel=1e-7)


@fixed
@given(counts, means, sizes, shares)
def test_tails_are_finite_logarithms_of_probabilities(y: float, mean: float, size: float, occupied: float) -> None:
    low, high = discrete.tails(y, mean, size, occupied)
    assert math.isfinite(low)
    assert math.isfinite(high)
    assert max(low, high) <= 0.0


@pytest.mark.parametrize("y", [1e18, 1e300, 1.7e308])
def test_tails_of_any_finite_number_are_finite(y: float) -> None:
    assert math.isfinite(discrete.tails(y, 3.0, 2.0, 0.9).high)
    assert discrete.evidence(y, 3.0, 2.0, 0.9, 0) == HIGHEST


@fixed
@given(st.integers(0, 10**6), means, sizes, shares)
def test_the_two_tails_of_a_whole_number_are_all_there_is(y: int, mean: float, size: float, occupied: float) -> None:
    low, high = discrete.tails(float(y), mean, size, occupied)
    assert 10.0**low + 10.0**high == pytest.approx(1.0, abs=1e-12)


@fixed
@given(counts, counts, means, sizes, shares)
def test_more_is_never_more_probable_above_nor_less_below(
    one: float, other: float, mean: float, size: float, occupied: float
) -> None:
    few, many = sorted([one, other])
    at_few, at_many = discrete.tails(few, mean, size, occupied), discrete.tails(many, mean, size, occupied)
    # The last digits are lost to rounding where the tail is reached in two ways; 1e-5 in the corner of `MOST_STEPS`.
    slack = 1e-4 if mean / size > 1e6 else 1e-11
    assert at_many.high <= at_few.high + slack * max(1.0, -at_few.high)
    assert at_many.low >= at_few.low - slack * max(1.0, -at_few.low)


@pytest.mark.parametrize("occupied", [1.0, 0.6])
@pytest.mark.parametrize(("mean", "size"), [(0.3, INFINITE), (2.0, 1.0), (19.0, 30.0), (90.0, 4.0)])
def test_the_tails_meet_at_the_seams_between_their_ways(mean: float, size: float, occupied: float) -> None:
    high = [discrete.tails(float(y), mean, size, occupied).high for y in range(130)]
    masses = [10.0**a - 10.0**b for a, b in pairwise(high)]
    expected = [0.5 * (a + b) for a, b in pairwise(naive.first_masses(130, mean, size, occupied))]
    assert masses == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_what_lies_between_two_counts_lies_between_their_logarithms() -> None:
    for y in (0.25, 3.5, 63.9, 64.5, 700.75):
        assert discrete.tails(y, 4.0, 3.0, 0.9) == pytest.approx(naive.between(y, 4.0, 3.0, 0.9), rel=1e-12)


def test_less_than_nothing_is_nothing() -> None:
    assert discrete.tails(-7.5, 4.0, 3.0, 0.9) == discrete.tails(0.0, 4.0, 3.0, 0.9)
    assert discrete.evidence(-7.5, 4.0, 3.0, 0.9, 0) == discrete.evidence(0.0, 4.0, 3.0, 0.9, 0)
    assert discrete.learn(NEW, -7.5, 4.0, POOL) == discrete.learn(NEW, 0.0, 4.0, POOL)
    assert discrete.heard(NEVER_SILENT, -7.5, 4.0, POOL) == discrete.heard(NEVER_SILENT, 0.0, 4.0, POOL)


def test_dead_buckets_make_zero_probable_and_change_nothing_else_of_what_is_above() -> None:
    alive, often_dead = (discrete.tails(9.0, 3.0, INFINITE, share) for share in (1.0, 0.25))
    assert often_dead.high == pytest.approx(alive.high + math.log10(0.25), rel=1e-12)
    assert 10.0 ** discrete.tails(0.0, 1e9, INFINITE, 0.25).low == pytest.approx(0.5 * 0.75)


# Evidence


@fixed
@given(counts, means, sizes, shares, sides)
def test_evidence_is_between_nothing_and_its_highest(
    y: float, mean: float, size: float, occupied: float, side: int
) -> None:
    assert 0.0 <= discrete.evidence(y, mean, size, occupied, side) <= HIGHEST


@pytest.mark.parametrize("side", [0, 1, -1])
@pytest.mark.parametrize("law", [RARE, SOME, CLUMPED, DEAD, Law(20.0, 5.0, 1.0), Law(400.0, 9.0, 0.95)])
def test_evidence_is_the_smaller_tail_twice_or_the_watched_one(law: Law, side: int) -> None:
    for y in (0.0, 1.0, 2.0, 2.5, 7.0, 30.0, 30.5, 64.0, 65.0, 150.0, 1000.0):
        assert discrete.evidence(y, *law, side) == pytest.approx(naive.evidence(y, *law, side), rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("law", [RARE, CLUMPED, DEAD])
@pytest.mark.parametrize("u", [2.0, 3.0])
def test_values_are_as_rare_as_their_evidence_says(law: Law, u: float) -> None:
    assert share_beyond(evidences(law.drawn(1_000_000, 1), *law, 0), u) <= 1.1


@pytest.mark.parametrize("law", [RARE, SOME, CLUMPED, DEAD, Law(20.0, 5.0, 1.0), Law(20.0, INFINITE, 0.9)])
@pytest.mark.parametrize("u", [1.5, 2.0, 2.5, 3.0, 4.0])
def test_values_are_never_twice_as_frequent_as_their_evidence_says(law: Law, u: float) -> None:
    # Half of the mass at y may be missing from the tail, and is at most as much as the tail. Poisson counts of 5 on
    # average come closest at 0.01, with 1.19; others stay below 1.
    masses = naive.first_masses(400, *law)
    beyond = math.fsum(mass for y, mass in enumerate(masses) if discrete.evidence(float(y), *law, 0) >= u)
    assert 0.0 < beyond / 10.0**-u <= 2.0


def test_a_stream_of_noughts_and_ones_is_no_surprise() -> None:
    assert max(discrete.evidence(y, 0.5, INFINITE, 1.0, 0) for y in (0.0, 1.0)) < 0.5


# Learning


@pytest.mark.parametrize("seed", range(3))
def test_size_and_occupancy_are_weighted_means_over_all_values(seed: int) -> None:
    chance = np.random.default_rng(seed)
    mean = chance.uniform(0.01, 8.0, 200)
    values = chance.negative_binomial(1.5, 1.5 / (1.5 + mean)) * (chance.random(200) < 0.8)
    values[100] = 10_000
    s, kept = NEW, []
    for y, each in zip(values.tolist(), mean.tolist(), strict=True):
        s = discrete.learn(s, y, each, POOL)
        kept.append((discrete.size(s, POOL), discrete.occupied(s, POOL)))
    expected = naive.shape(values.tolist(), mean.tolist(), POOL.size, POOL.occupied)
    assert np.array(kept) == pytest.approx(np.array(expected), rel=1e-9)


def test_a_series_nobody_has_seen_is_like_the_others() -> None:
    assert discrete.size(NEW, POOL) == pytest.approx(POOL.size)
    assert discrete.occupied(NEW, POOL) == POOL.occupied
    assert discrete.gap_size(NEVER_SILENT, POOL) == pytest.approx(POOL.gap)


@pytest.mark.parametrize(("law", "least", "most"), [(SOME, 200.0, INFINITE), (CLUMPED, 0.85, 1.2)])
def test_the_size_is_found(law: Law, least: float, most: float) -> None:
    _, s = learnt_evidences(law.drawn(20_000, 2), POOL)
    assert least <= discrete.size(s, POOL) <= most
    assert discrete.occupied(s, POOL) > 0.98


def test_dead_buckets_are_told_from_clumped_ones() -> None:
    _, s = learnt_evidences(Law(9.0, 4.0, 0.7).drawn(20_000, 3), POOL)
    assert discrete.occupied(s, POOL) == pytest.approx(0.7, abs=0.05)
    assert discrete.size(s, POOL) == pytest.approx(4.0, rel=0.25)


def test_one_catastrophe_moves_the_size_by_what_twelve_deviations_and_two_events_do() -> None:
    s = Shape(0.0, 10_000.0, 10_000.0, 0.0)
    after = discrete.learn(s, 1e9, 1.0, POOL)
    bound = 1.0 + 12.0 * math.sqrt(1.0 + 1.0 / discrete.size(s, POOL)) + 2.0
    assert after.excess == pytest.approx((bound - 1.0) ** 2 - bound, rel=0.01)


def test_a_zero_that_had_to_be_says_nothing_of_being_alive_and_one_that_should_not_is_dead() -> None:
    seldom, often = (discrete.learn(NEW, 0.0, mean, Pool(INFINITE, 0.9, 3.0)) for mean in (1e-6, 50.0))
    assert seldom.alive == pytest.approx(0.9, abs=1e-5)
    assert often.dead == pytest.approx(1.0, abs=1e-12)
    assert often.weight == pytest.approx(0.0, abs=1e-12)


@fixed
@given(st.lists(st.tuples(st.one_of(st.just(0.0), st.floats(0.0, 1e12)), means), max_size=60), sizes, shares)
def test_what_is_learnt_stays_within_its_ranges(rows: list[tuple[float, float]], size: float, share: float) -> None:
    pool, s, q = Pool(size, min(share, 0.999), max(1.0, size)), NEW, NEVER_SILENT
    for y, mean in rows:
        s, q = discrete.learn(s, y, mean, pool), discrete.heard(q, y, mean, pool)
        assert 1e-3 * (1.0 - 1e-12) <= discrete.size(s, pool) <= 1e12 * (1.0 + 1e-12)
        assert 1e-3 <= discrete.occupied(s, pool) < 1.0
        assert discrete.gap_size(q, pool) >= 1.0
        assert discrete.lull(q, pool) <= 0.0
        assert all(map(math.isfinite, (*s, *q)))


@pytest.mark.parametrize("law", [RARE, SOME, CLUMPED, DEAD, Law(20.0, 5.0, 1.0)])
@pytest.mark.parametrize("u", [2.0, 3.0])
def test_with_learnt_parameters_values_are_not_twice_as_frequent_as_their_evidence_says(law: Law, u: float) -> None:
    evidence, _ = learnt_evidences(law.drawn(400_000, 4), POOL)
    assert share_beyond(evidence[500:], u) <= 2.0


@pytest.mark.parametrize("law", [RARE, SOME, CLUMPED, Law(20.0, 5.0, 1.0)])
def test_learning_costs_no_more_than_half_of_the_evidence(law: Law) -> None:
    values = law.drawn(400_000, 5)
    known, learnt = evidences(values, *law, 0)[500:], learnt_evidences(values, POOL)[0][500:]
    for u in (2.0, 3.0):
        assert share_beyond(learnt, u) >= 0.5 * share_beyond(known, u)


@pytest.mark.parametrize("seed", range(4))
def test_young_series_are_not_twice_as_surprising_as_they_should_be(seed: int) -> None:
    young = [learnt_evidences(CLUMPED.drawn(500, 1000 * seed + k), POOL)[0][100:] for k in range(500)]
    assert share_beyond(np.concatenate(young), 3.0) <= 2.0


# Silence


@pytest.mark.parametrize("size", [0.5, 20.0, INFINITE])
def test_silence_is_the_product_over_the_buckets(size: float) -> None:
    assert discrete.silence(6 * 0.7, 6 * size) == pytest.approx(naive.silence([0.7] * 6, size), rel=1e-12)


def test_poisson_silence_does_not_care_how_the_expected_events_are_spread() -> None:
    spread = [0.1, 2.0, 0.01, 3.3]
    assert discrete.silence(sum(spread), INFINITE) == pytest.approx(naive.silence(spread, INFINITE), rel=1e-12)


@fixed
@given(st.floats(0.0, 1e9), st.floats(0.0, 1e9), sizes)
def test_a_longer_silence_is_never_more_probable(one: float, other: float, size: float) -> None:
    short, long = sorted([one, other])
    assert 0.0 >= discrete.silence(short, size) >= discrete.silence(long, size) > -INFINITE


@pytest.mark.parametrize("seed", range(3))
def test_a_lull_is_judged_by_the_means_over_all_gaps(seed: int) -> None:
    chance = np.random.default_rng(seed)
    mean = chance.uniform(0.01, 0.5, 900)
    values = chance.poisson(mean).astype(np.float64)
    values[200:500] = 0.0
    q = NEVER_SILENT
    for end, (y, each) in enumerate(zip(values.tolist(), mean.tolist(), strict=True), start=1):
        q = discrete.heard(q, y, each, POOL)
        if end % 45 == 0:
            expected = naive.lull(values[:end].tolist(), mean[:end].tolist(), POOL.gap)
            assert discrete.lull(q, POOL) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_events_expected_since_the_last_one_are_added_up_and_forgotten_with_the_next() -> None:
    q = discrete.heard(discrete.heard(NEVER_SILENT, 0.0, 0.5, POOL), 0.0, 0.25, POOL)
    assert (q.expected, q.buckets) == (0.75, 2.0)
    q = discrete.heard(q, 1.0, 0.5, POOL)
    assert (q.expected, q.buckets, q.gaps, q.first, q.length) == (0.0, 0.0, 1.0, 0.75, 2.0)
    assert discrete.lull(q, POOL) == 0.0


def gamma_gaps(size: float, mean: float, buckets: int) -> Floats:
    """Events whose rate is drawn anew at every one, in proportion to itself."""
    chance = np.random.default_rng(7)
    rates = mean * chance.gamma(size + 1.0, 1.0 / size, buckets)
    last = np.cumsum(np.floor(chance.exponential(1.0 / rates)).astype(np.int64) + 1) - 1
    values = np.zeros(buckets)
    values[last[last < buckets]] = 1.0
    return values


@pytest.mark.parametrize("law", [RARE, Law(0.01, INFINITE, 1.0), Law(0.3, 0.2, 1.0), Law(1.0, INFINITE, 0.5)])
@pytest.mark.parametrize("u", [1.0, 2.0, 3.0])
def test_gaps_are_as_rare_as_their_lulls_say(law: Law, u: float) -> None:
    values = law.drawn(1_500_000, 6)
    gaps = lulls(values, np.full(len(values), law.mean * law.occupied), POOL)[100:]
    noise = 3.0 / math.sqrt(len(gaps) * 10.0**-u)
    assert 0.3 <= share_beyond(gaps, u) <= 1.1 + noise


@pytest.mark.parametrize("size", [1.5, 3.0, 20.0])
def test_gaps_of_a_changing_rate_are_not_twice_as_frequent_as_their_lulls_say(size: float) -> None:
    gaps = lulls(gamma_gaps(size, 0.02, 1_500_000), np.full(1_500_000, 0.02), POOL)[100:]
    assert share_beyond(gaps, 2.0) <= 2.0
    assert share_beyond(gaps, 3.0) <= 2.0


def test_a_series_that_stops_is_noticed_where_no_single_bucket_could_say_so() -> None:
    values, mean = RARE.drawn(3_000, 8), np.full(3_000, RARE.mean)
    q = NEVER_SILENT
    for y, each in zip(values.tolist(), mean.tolist(), strict=True):
        q = discrete.heard(q, y, each, POOL)
    assert discrete.evidence(0.0, *RARE, -1) < 0.5
    waited = 0
    while discrete.lull(q, POOL) > -4.0:
        q, waited = discrete.heard(q, 0.0, RARE.mean, POOL), waited + 1
    assert 20 < waited < 60
