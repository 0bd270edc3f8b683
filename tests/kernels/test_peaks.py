import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats, Singles
from tailmass.kernels.peaks import (
    APART,
    BEFORE,
    FIELDS,
    GENERATION,
    LENIENCY,
    LOWEST,
    MOST,
    NOW,
    OBSERVED,
    THRESHOLD,
    WHEN,
    Ages,
    K,
    clear,
    fitted,
    highest,
    log_tail,
    novelty,
    pareto,
    share,
    turn,
)
from tests.kernels import naive
from tests.kernels.streams import fixed

YOUNG = 20


class Channel:
    """One side of a channel, bucket by bucket, as `observe` goes about it."""

    def __init__(self) -> None:
        self.fields: Singles = np.zeros((1, FIELDS), np.float32)
        clear(self.fields, 0, 0)
        self.ages, self.mean, self.n = Ages(0.0, 0.0, 0.0), 0.0, 0

    def meet(self, x: float, *, least: float = 0.0, learning: bool = True) -> float:
        """k of the next value."""
        x = float(np.float32(x))
        k, judged = 0.0, self.n >= YOUNG
        if x > self.fields[0, NOW + K - 1]:
            k = novelty(self.fields, 0, 0, x, self.mean, least, self.ages, judged, learning)
        if learning:
            now, before, expected = self.ages
            self.ages = Ages(now + 1.0, before, expected + (share(self.ages) if judged else 0.0))
            if self.ages.now == GENERATION:
                self.turn()
            self.n += 1
            self.mean += (x - self.mean) / self.n
        return k

    def turn(self) -> None:
        """End the generation, as if it were old enough."""
        turn(self.fields, 0, 0)
        self.ages = Ages(0.0, self.ages.now, self.ages.expected)

    @property
    def weight(self) -> float:
        """What records count, so many as there were until and with the last value."""
        # The last bucket's share came after it was judged.
        expected = self.ages.expected - (share(self.ages._replace(now=self.ages.now - 1.0)) if self.n > YOUNG else 0.0)
        return min(1.0, (expected + LENIENCY) / max(1.0, float(self.fields[0, OBSERVED])))

    @property
    def now(self) -> list[float]:
        return [float(x) for x in self.fields[0, NOW : NOW + K] if x > np.float32(LOWEST)]


def novelties(values: Floats) -> Floats:
    channel = Channel()
    return np.array([channel.meet(x) for x in values])


def noise(kind: str, buckets: int = 3000, seed: int = 1) -> Floats:
    chance = np.random.default_rng(seed)
    made = {
        "gaussian": chance.normal(size=buckets),
        "exponential": 1e4 * chance.exponential(size=buckets),
        "heavy": chance.standard_t(3, buckets),
        "walk": np.cumsum(chance.normal(size=buckets)),
        "ties": chance.integers(0, 9, buckets).astype(np.float64),
        "runs": np.repeat(chance.normal(size=buckets // 10 + 1), 10)[:buckets],
    }
    return made[kind].astype(np.float32).astype(np.float64)  # so that nothing is rounded on the way in


KINDS = ["gaussian", "exponential", "heavy", "walk", "ties", "runs"]


@pytest.fixture(scope="module")
def prototype(shared: Path) -> Callable[..., Floats]:
    """`novelty` of the reference that lies beside the design, with its constants but for those that are given."""
    source = (shared / "design" / "reference" / "detector.py").read_text()
    made: dict[str, Any] = {"__name__": "prototype"}
    exec(source.replace("@njit(cache=True)", ""), made)  # as plain Python: nothing is to be compiled or kept
    return lambda values, **given: np.asarray(made["novelty"](values, made["CHANNEL_TAIL"]._replace(**given)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_novelty_is_that_of_the_prototype_but_for_the_weight(
    kind: str, seed: int, prototype: Callable[..., Floats]
) -> None:
    """Below the cap, which the prototype does not have. Peaks of 32 bits are good for seven digits, excesses for six.

    The weight of the records is another one: the prototype counts a record if the last one is more than four buckets
    ago, while here it is the last entry that counts.
    """
    values = noise(kind, seed=seed)
    channel = Channel()
    found = np.array([(channel.meet(x), channel.weight) for x in values])
    theirs = prototype(values, gamma=0.0)
    below = found[:, 0] < MOST
    assert np.count_nonzero(theirs[below]) >= 10
    np.testing.assert_allclose((found[:, 0] / found[:, 1])[below], theirs[below], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("kind", "seed"), [("gaussian", 2), ("exponential", 5), ("heavy", 3), ("ties", 1)])
def test_novelty_is_that_of_the_prototype_where_records_are_few(
    kind: str, seed: int, prototype: Callable[..., Floats]
) -> None:
    """However they are counted, they are no more than expected, so that the weight is 1."""
    values = noise(kind, seed=seed)
    np.testing.assert_allclose(novelties(values), np.minimum(prototype(values), MOST), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_peaks_are_what_their_twin_has(kind: str) -> None:
    values = noise(kind, 1200)
    channel, twin, ages = Channel(), naive.Peaks(), naive.Ages()
    for t, x in enumerate(values):
        if t in (500, 503):  # a generation that is over, and one that was very short
            channel.turn()
            # The twin moves its last entry by a whole generation, whose length is this one's here.
            twin.turn()
            ages.now, ages.before = 0, ages.now
        mean, judged, least = channel.mean, t >= YOUNG, 0.5 if t > 800 else 0.0
        assert channel.meet(x, least=least) == pytest.approx(
            twin.meet(x, mean, least, ages, judged), rel=1e-6, abs=1e-9
        )
        ages.now, ages.expected = ages.now + 1, ages.expected + judged * ages.share
        assert channel.fields[0].tolist() == np.array(twin.packed, np.float32).tolist()


@fixed
@given(st.integers(0, 2**32 - 1), st.sampled_from(KINDS), st.sampled_from([2.0**-30, 4.0, 2.0**40]))
def test_novelty_knows_no_unit(seed: int, kind: str, factor: float) -> None:
    values = noise(kind, 120, seed)
    assert novelties(values).tolist() == novelties(values * factor).tolist()


@fixed
@given(st.lists(st.one_of(st.floats(-1e30, 1e30), st.just(0.0), st.just(7.0)), min_size=40, max_size=120))
def test_evidence_is_between_none_and_ten_and_all_that_is_kept_is_finite(values: list[float]) -> None:
    channel = Channel()
    for x in values:
        threshold = channel.fields[0, THRESHOLD]
        k = channel.meet(x)
        assert 0.0 <= k <= MOST
        assert k == 0.0 or np.float32(x) > threshold
        assert np.isfinite(channel.fields).all()
        assert channel.now == sorted(channel.now, reverse=True)


@fixed
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 50.0), st.floats(0.0, 50.0))
def test_what_is_higher_is_no_less_new(seed: int, one: float, other: float) -> None:
    channel = Channel()
    for x in noise("gaussian", 100, seed):
        channel.meet(x)
    low, high = sorted([one, other])
    assert channel.meet(low, learning=False) <= channel.meet(high, learning=False)


def test_a_look_leaves_no_trace() -> None:
    channel = Channel()
    for x in noise("gaussian", 100):
        channel.meet(x)
    before = channel.fields.copy()
    assert channel.meet(50.0, learning=False) > 3.0
    assert channel.fields.tolist() == before.tolist()


def test_where_large_excesses_are_taken_for_granted_a_little_more_is_not_new() -> None:
    channel = Channel()
    for _ in range(100):
        channel.meet(0.0)
    assert channel.meet(0.1, learning=False) == MOST
    assert channel.meet(0.1, least=1.0, learning=False) < 2.0


def test_a_ceiling_that_is_reached_again_is_no_record() -> None:
    channel = Channel()
    for x in np.minimum(noise("gaussian", 2000), 1.5):
        channel.meet(x)
    assert channel.meet(1.5) == 0.0
    assert channel.meet(1.6) > 0.0


def test_one_catastrophe_does_not_blind_a_channel() -> None:
    channel = Channel()
    for x in noise("gaussian", 500):
        channel.meet(x)
    assert channel.meet(100.0) == MOST
    assert max(channel.now) < 10.0
    assert channel.meet(100.0, learning=False) > 3.0


def test_what_keeps_coming_is_learnt_in_a_few_events() -> None:
    channel = Channel()
    k = []
    for x in noise("gaussian", 500):
        channel.meet(x)
    for _ in range(20):
        k.append(channel.meet(30.0))
        for x in noise("gaussian", 10, 2):
            channel.meet(x)
    assert k[0] == MOST
    assert k == sorted(k, reverse=True)
    assert k[7] < 3.0
    assert k[-1] == 0.0


def test_peaks_close_to_each_other_share_an_entry() -> None:
    channel = Channel()
    for x in noise("gaussian", 100):
        channel.meet(x)
    for _ in range(int(APART) + 1):
        channel.meet(0.0)
    # Rising within the limits of what is learnt, or there would be nothing to raise.
    top = channel.now[0]
    for step in (0.01, 0.02, 0.03):
        channel.meet(top + step)
    assert [x for x in channel.now if x > top] == [np.float32(top + 0.03)]
    for _ in range(int(APART) + 1):
        channel.meet(0.0)
    channel.meet(top + 0.02)
    assert len([x for x in channel.now if x > top]) == 2


def test_records_are_counted_by_event() -> None:
    channel = Channel()
    for x in noise("gaussian", 100):
        channel.meet(x)
    before = channel.fields[0, OBSERVED]
    for x in (10.0, 11.0, 12.0, 0.0, 13.0):
        channel.meet(x)
    assert channel.fields[0, OBSERVED] == before + 1.0


@pytest.mark.parametrize("kind", ["gaussian", "exponential", "heavy"])
def test_new_is_what_comes_as_rarely_as_it_says(kind: str) -> None:
    k = np.concatenate([novelties(noise(kind, 3000, seed))[500:] for seed in range(8)])
    assert 0.5 < (k >= 2.5).mean() / 10.0**-2.5 < 2.0  # 1.0 to 1.1 over more of them


def test_a_channel_that_breaks_records_all_the_time_is_believed_less() -> None:
    walks = [np.cumsum(noise("gaussian", 3000, seed)) for seed in range(8)]
    k = np.concatenate([novelties(walk)[500:] for walk in walks])
    assert (k >= 2.5).mean() / 10.0**-2.5 < 10.0  # 6.8; without the weight it is 25


def test_a_generation_later_what_came_before_is_still_known_and_two_later_it_is_not() -> None:
    channel = Channel()
    for x in 10.0 + noise("gaussian", 300):
        channel.meet(x)
    top, when = channel.now, channel.fields[0, WHEN]
    channel.turn()
    assert channel.now == []
    assert channel.fields[0, BEFORE : BEFORE + K].tolist() == top
    assert channel.fields[0, THRESHOLD] == top[-1]
    assert channel.fields[0, WHEN] == when - GENERATION
    for x in noise("gaussian", 300, 2):
        channel.meet(x)
    assert highest(channel.fields, 0, 0) == top[0]
    channel.turn()
    assert highest(channel.fields, 0, 0) < 5.0


def test_a_generation_ends_by_itself() -> None:
    channel = Channel()
    for x in noise("gaussian", 40):
        channel.meet(x)
    channel.ages = channel.ages._replace(now=GENERATION - 1.0)
    channel.meet(0.0)
    assert channel.ages[:2] == (0.0, GENERATION)
    assert channel.now == []


@pytest.mark.parametrize("xi", [0.0, 0.1, 0.4])
def test_a_pareto_tail_is_found_again_by_its_moments(xi: float) -> None:
    n = 4000  # of so many peaks the prior says little
    beyond = (np.arange(n) + 0.35) / n
    excess = -np.log(beyond) if xi == 0.0 else np.expm1(-xi * np.log(beyond)) / xi
    a0 = float(np.mean(3.0 * excess))
    a1 = float(np.mean(3.0 * excess * beyond))
    shape, scale = fitted(a0, a1, n, 0.1, 0.0)
    assert shape == pytest.approx(xi, abs=0.03)
    assert scale == pytest.approx(3.0, rel=0.05)


def test_without_excesses_the_shape_is_the_prior_and_the_floor_the_scale() -> None:
    assert fitted(0.0, 0.0, K, 0.1, 2.0) == pytest.approx((0.1, 1.8))
    assert fitted(0.0, 0.0, K, 0.1, 0.0)[1] > 0.0


def test_a_shape_is_never_below_nought_nor_the_scale_below_its_floor() -> None:
    shape, scale = fitted(1.0, 0.1, K, 0.0, 5.0)
    assert 0.0 <= shape < 1.0
    assert scale == pytest.approx(5.0 * (1.0 - shape))
    assert fitted(1.0, 1.0 / 3.0 + 0.1, K, 0.0, 0.0)[0] == 0.0


@pytest.mark.parametrize("xi", [0.0, 1e-7, 0.1, 0.45])
@pytest.mark.parametrize("excess", [0.0, 0.5, 20.0, 1e12])
def test_the_tail_is_that_of_pareto(xi: float, excess: float) -> None:
    expected = -excess if xi < 1e-6 else math.log((1.0 + xi * excess) ** (-1.0 / xi))
    assert log_tail(excess, xi) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_excesses_are_those_of_the_eight_highest_of_both_generations() -> None:
    channel = Channel()
    for x in np.arange(8.0) * 10.0:  # more than four buckets apart in age, each an entry of its own
        channel.meet(x)
        for _ in range(int(APART) + 1):
            channel.meet(-1.0)
    channel.turn()
    for x in (35.0, 45.0):
        for _ in range(int(APART) + 1):
            channel.meet(-1.0)
        channel.meet(x)
    top = [70.0, 60.0, 50.0, 45.0, 40.0, 35.0, 30.0, 20.0]
    assert channel.fields[0, THRESHOLD] == 20.0
    assert pareto(channel.fields, 0, 0, 0.0, 0.0) == pytest.approx(naive.pareto(top, 0.1, 0.02 * 20.0))
    assert pareto(channel.fields, 0, 0, 0.0, 1e3) == pytest.approx(naive.pareto(top, 0.1, 1e3))
