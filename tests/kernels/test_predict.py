from collections.abc import Iterable

import numpy as np
import pytest

from tailmass.columns import Floats
from tailmass.kernels.predict import CLIP, Level, begin, learn, predict

PER_DAY = 144.0


def grown(values: Iterable[float], every: int = 1) -> Level:
    """The predictor of a series without seasons, with a value every so many buckets."""
    first, *rest = values
    s = begin(0, first)
    for n, x in enumerate(rest, start=1):
        s, _ = learn(s, n * every, PER_DAY, x, predict(s, n * every, 0.0))
    return s


def noise(n: int) -> Floats:
    return np.random.default_rng(6).normal(size=n)


def test_the_first_value_says_only_where_a_series_is() -> None:
    s = begin(7, -3.0)
    assert (s.updates, s.last, s.level, s.peak, s.scale_e) == (1.0, 7.0, -3.0, 3.0, 0.0)
    assert predict(s, 8, 0.5).mean == -2.5


def test_the_level_of_a_young_series_is_the_mean_of_its_values() -> None:
    values = noise(10)
    assert grown(values).level == pytest.approx(np.mean(values), rel=1e-12)


def test_one_wild_value_moves_a_level_by_no_more_than_its_share_of_six_scales() -> None:
    s = grown(noise(500))
    after, limit = learn(s, 500, PER_DAY, 1e3, predict(s, 500, 0.0))
    assert limit == CLIP * s.scale_r
    assert after.level - s.level == pytest.approx(limit / 501.0, rel=1e-9)


def test_scales_are_those_of_the_noise() -> None:
    s = grown(noise(5000))
    assert s.scale_e == pytest.approx(1.0, abs=0.1)
    assert s.scale_r == pytest.approx(1.0, abs=0.1)


def test_a_value_that_goes_to_and_fro_is_foreseen() -> None:
    s = grown(10.0 + (-1.0) ** n for n in range(1000))
    assert [round(predict(s, 1000, 0.0).mean, 2), round(predict(s, 1000, 0.0).residual_mean, 2)] == [11.0, 10.0]


@pytest.mark.parametrize(("missed", "remembered"), [(0, True), (4, True), (5, False)])
def test_a_gap_makes_the_last_residuals_worthless(missed: int, remembered: bool) -> None:
    s = grown(10.0 + (-1.0) ** n for n in range(1000))
    bucket = int(s.last) + 1 + missed
    expected = predict(s, bucket, 0.0)
    assert (expected.mean != expected.residual_mean) == remembered
    assert any(learn(s, bucket, PER_DAY, 10.0, expected)[0].past[1:]) == remembered


def test_what_the_resolution_hides_is_no_deviation() -> None:
    s = grown([1.0, 1.25, 1.5, 1.25, 2.0])
    assert predict(s, 5, 0.0).floor == 0.125
    assert predict(grown([5e6, 5e6]), 2, 0.0).floor == pytest.approx(500.0)
    assert predict(grown([0.0, 0.0]), 2, 0.0).floor > 0.0
