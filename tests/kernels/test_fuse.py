import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Singles
from tailmass.kernels.fuse import MOST, USUAL, USUAL_BUCKETS, K, begin, enter, novelty
from tests.kernels import naive
from tests.kernels.streams import fixed

onsets = st.lists(st.floats(0.1, 20.0), min_size=K, max_size=60)


def entered(values: list[float]) -> Singles:
    sums = np.zeros((2, K), np.float32)
    for each in values:
        enter(sums, 1, each)
    return sums


@fixed
@given(onsets)
def test_the_eight_highest_onsets_are_kept_in_order(values: list[float]) -> None:
    sums = entered(values)
    assert sums[1].tolist() == np.array(sorted(values, reverse=True)[:K], np.float32).tolist()
    assert not sums[0].any()


@fixed
@given(onsets, st.floats(0.0, 30.0), st.floats(0.0, 30.0))
def test_a_higher_sum_is_no_less_new_and_none_of_the_usual_ones_is(
    values: list[float], one: float, other: float
) -> None:
    sums = entered(values)
    low, high = sorted([one, other])
    assert 0.0 <= novelty(sums, 1, low, 0.1, 1000.0) <= novelty(sums, 1, high, 0.1, 1000.0) <= MOST
    assert novelty(sums, 1, float(sums[1, -1]), 0.1, 1000.0) == 0.0


@fixed
@given(onsets, st.floats(0.5, 30.0), st.floats(100.0, 20_000.0))
def test_a_sum_is_as_new_as_its_twin_says(values: list[float], onset: float, n: float) -> None:
    sums = entered(values)
    series = naive.Series(600, n=int(n), sums=sums[1].tolist(), onset_mean=0.05)
    assert novelty(sums, 1, onset, 0.05, float(int(n))) == pytest.approx(series.again(onset), rel=1e-9, abs=1e-12)


def test_sums_of_noise_are_as_new_as_they_are_rare() -> None:
    chance = np.random.default_rng(5)
    sums, told, mean = np.zeros((1, K), np.float32), [], 0.0
    for n, onset in enumerate(chance.exponential(size=20_000) * (chance.random(20_000) < 0.1)):
        told.append(novelty(sums, 0, float(onset), mean, float(n)))
        enter(sums, 0, float(onset))
        mean += (onset - mean) / (n + 1.0)
    assert 0.3 < (np.array(told[1000:]) >= 2.5).mean() / 10.0**-2.5 < 3.0


def test_more_buckets_without_its_like_make_a_sum_newer() -> None:
    sums = entered([1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7])
    few, many = 991.0 - USUAL_BUCKETS, 9991.0 - USUAL_BUCKETS
    rarer = novelty(sums, 1, 3.0, 0.1, many) - novelty(sums, 1, 3.0, 0.1, few)
    assert rarer == pytest.approx(math.log10(10.0), rel=1e-9)


def test_a_new_series_is_taken_to_have_had_what_others_have() -> None:
    sums = np.zeros((2, K), np.float32)
    begin(sums, 1)
    assert sums[1].tolist() == np.array(USUAL, np.float32).tolist() == sorted(sums[1].tolist(), reverse=True)
    assert not sums[0].any()
    assert novelty(sums, 1, USUAL[-1] - 1e-6, 0.0, 20.0) == 0.0
    assert 2.0 < novelty(sums, 1, 2.0 * USUAL[0], 0.0, 20.0) < 5.0
