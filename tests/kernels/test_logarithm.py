import math

import numpy as np
import pytest

from tailmass.kernels.logarithm import Logs, bias, logarithms


def nothing() -> Logs:
    return Logs(np.zeros(1), np.zeros(1), np.zeros(1))


@pytest.mark.parametrize("n", [2.0, 3.0, 7.5, 20.0, 1e6])
def test_the_bias_is_that_of_gaussian_rows(n: float) -> None:
    x, h = 0.5 * (n - 1.0), 1e-5
    digamma = (math.lgamma(x + h) - math.lgamma(x - h)) / (2.0 * h)  # to 1e-9 for what is near 1, less for a million
    assert bias(n) == pytest.approx(digamma - math.log(0.5 * n), abs=1e-8 if n < 100.0 else 1e-4)


def test_variances_of_few_rows_and_of_many_are_alike_on_average() -> None:
    chance, held = np.random.default_rng(1), nothing()
    sizes = np.tile([3, 30], 4000)
    found = np.array([chance.normal(0.0, 5.0, size).var() for size in sizes])
    logs, shifts = logarithms(np.zeros(len(sizes), np.int64), found, sizes.astype(np.float64), held, True)
    few, many = logs[1000::2].mean(), logs[1001::2].mean()
    assert few == pytest.approx(many, abs=0.1)  # 0.5 apart without; 3500 of either, with deviations of 1.3 and 0.3
    assert np.log(found[1000::2]).mean() - np.log(found[1001::2]).mean() < -0.45
    assert logs + shifts == pytest.approx(np.log(found), abs=1e-6)


def test_nothing_is_taken_off_where_the_number_of_rows_is_the_usual_one() -> None:
    _, shifts = logarithms(np.zeros(50, np.int64), np.ones(50), np.full(50, 7.0), nothing(), True)
    assert (shifts == 0.0).all()


def test_the_unit_of_the_data_moves_logarithms_and_nothing_else() -> None:
    found = np.random.default_rng(2).gamma(3.0, 1.0, 200)
    found[50] = 0.0
    one, other = (
        logarithms(np.zeros(200, np.int64), found * scale, np.full(200, 9.0), nothing(), True)[0]
        for scale in (1.0, 2.0**40)
    )
    assert other - one == pytest.approx(np.full(200, 40.0 * np.log(2.0)), abs=1e-9)
    assert np.median(one) - one[50] == pytest.approx(21.0, abs=2.0)


def test_without_learning_nothing_is_remembered() -> None:
    held = nothing()
    logarithms(np.zeros(3, np.int64), np.ones(3), np.full(3, 4.0), held, False)
    assert not any(part.any() for part in held)
