import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.kernels.surprise import CLIP, MATURE, MOST, Spread, evidence, learn, scale
from tests.kernels import naive
from tests.kernels.streams import fixed

NONE = Spread(0.0, 0.0, 0.0, 0.0)


def grown(innovations: list[float]) -> Spread:
    s = NONE
    for n, e in enumerate(innovations):
        s = learn(s, e, float(n))
    return s


@fixed
@given(st.floats(allow_nan=False))
def test_evidence_is_between_none_and_thirty_powers_of_ten_on_either_side(z: float) -> None:
    assert 0.0 <= evidence(z) <= MOST
    assert evidence(z) == evidence(-z)


@fixed
@given(st.floats(0.0, 1e60), st.floats(0.0, 1e60))
def test_farther_out_is_never_less_evidence(one: float, other: float) -> None:
    near, far = sorted([one, other])
    assert evidence(near) <= evidence(far)


@pytest.mark.parametrize("z", [0.0, 0.7, 2.0, 3.0, 50.0, 1e6])
def test_evidence_is_the_logarithm_of_both_tails(z: float) -> None:
    assert evidence(z) == pytest.approx(min(MOST, -math.log10(2.0 * naive.student_tail(z))), abs=1e-8)


def test_a_series_that_only_ever_jumps_up_has_a_small_scale_downwards() -> None:
    chance = np.random.default_rng(2)
    e = np.where(chance.random(5000) < 0.02, 40.0, chance.normal(size=5000))
    s = grown(e.tolist())
    assert np.sqrt(s.down) == pytest.approx(1.0, abs=0.1)
    assert np.sqrt(s.up) > 5.0


def test_symmetric_noise_has_its_standard_deviation_on_either_side() -> None:
    s = grown(np.random.default_rng(3).normal(scale=2.0, size=20_000).tolist())
    assert np.sqrt([s.up, s.down, s.both]) == pytest.approx(2.0, rel=0.05)


def test_the_slow_scales_see_twelve_scales_of_a_catastrophe_and_the_fast_one_all_of_it() -> None:
    s = Spread(1.0, 1.0, 1.0, 1.0)
    after = learn(s, 1e6, 10_000.0)
    assert after.up == pytest.approx(1.0 + 1e-4 * (2.0 * CLIP**2 - 1.0), rel=1e-3)
    assert after.both == pytest.approx(1.0 + 1e-4 * (CLIP**2 - 1.0), rel=1e-3)
    assert after.fast == pytest.approx(1e12 / 300.0, rel=1e-3)


def test_while_it_is_young_a_scale_sees_everything() -> None:
    s = Spread(1.0, 1.0, 1.0, 1.0)
    assert learn(s, 1e3, MATURE - 1.0).both > 1e4
    assert learn(s, 1e3, MATURE).both < 1e2


def test_the_scale_is_the_largest_that_has_something_to_say() -> None:
    assert scale(Spread(9.0, 4.0, 1.0, 1.0), 1.0, 0.0) == 3.0
    assert scale(Spread(9.0, 4.0, 1.0, 1.0), -1.0, 0.0) == 2.0
    assert scale(Spread(1.0, 4.0, 16.0, 1.0), 1.0, 0.0) == 4.0
    assert scale(Spread(1.0, 1.0, 1.0, 100.0), 1.0, 0.0) == 5.0
    assert scale(NONE, 1.0, 0.25) == 0.25
