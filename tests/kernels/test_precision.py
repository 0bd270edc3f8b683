import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.kernels.precision import FEWEST, MOST, Rows, factor, lack, learn
from tests.kernels import naive
from tests.kernels.streams import fixed

NEW = Rows(0.0, 0.0)


def grown(rows: list[float], squares: list[float]) -> Rows:
    s = NEW
    for k, (n, square) in enumerate(zip(rows, squares, strict=True)):
        s = learn(s, n, square, float(k))
    return s


def test_where_nothing_is_known_the_number_of_rows_makes_no_difference() -> None:
    assert factor(NEW, 1.0) == factor(Rows(100.0, 1.0), 0.0) == factor(Rows(100.0, 0.0), 1.0) == 1.0


def test_the_usual_number_of_rows_makes_no_difference() -> None:
    assert factor(Rows(100.0, 1.0), 100.0) == 1.0


@pytest.mark.parametrize(("rows", "variance"), [(50.0, 2.0), (200.0, 0.5), (25.0, 4.0)])
def test_where_all_noise_is_of_the_rows_variance_goes_with_one_over_their_number(rows: float, variance: float) -> None:
    assert factor(Rows(100.0, 1.0), rows) == pytest.approx(variance)
    assert factor(Rows(100.0, 0.5), rows) == pytest.approx(0.5 + 0.5 * variance)


@fixed
@given(st.floats(0.0, 1e9), st.floats(0.0, 1.0), st.floats(0.0, 1e9))
def test_a_variance_is_never_nought_and_never_beyond_bounds(usual: float, theta: float, rows: float) -> None:
    assert FEWEST <= lack(Rows(usual, theta), rows) <= MOST
    assert 0.0 < factor(Rows(usual, theta), rows) <= 1.0 + MOST


@fixed
@given(st.lists(st.tuples(st.floats(0.0, 1e6), st.floats(0.0, 1e6)), max_size=40))
def test_what_is_learnt_stays_within_bounds(seen: list[tuple[float, float]]) -> None:
    s = grown([n for n, _ in seen], [square for _, square in seen])
    assert 0.0 <= s.theta <= 1.0
    assert 0.0 <= s.usual <= 1e6


def test_a_bucket_without_rows_teaches_nothing() -> None:
    s = Rows(30.0, 0.4)
    assert learn(s, 0.0, 50.0, 100.0) == s


def test_the_usual_number_is_the_mean_and_then_that_of_late() -> None:
    assert grown([10.0, 20.0, 60.0], [1.0] * 3).usual == pytest.approx(30.0)
    assert learn(Rows(100.0, 0.0), 200.0, 1.0, 1e6).usual == pytest.approx(101.0)


@pytest.mark.parametrize(("share", "learnt"), [(0.0, 0.0), (1.0, 0.7)])
def test_how_much_of_the_noise_is_of_the_rows_is_learnt(share: float, learnt: float) -> None:
    chance = np.random.default_rng(3)
    rows = chance.uniform(50.0, 150.0, 5000)
    variance = 1.0 - share + share * 100.0 / rows
    squares = chance.normal(size=5000) ** 2 * variance / variance.mean()
    theta = np.mean([grown(rows[:k].tolist(), squares[:k].tolist()).theta for k in range(3000, 5000, 200)])
    # A square is cut off at nine, so that a little of the noise of few rows is not seen.
    assert theta == pytest.approx(learnt, abs=0.3)


@fixed
@given(st.lists(st.tuples(st.floats(1.0, 1e4), st.floats(0.0, 30.0)), min_size=1, max_size=40))
def test_rows_are_learnt_as_their_twin_does(seen: list[tuple[float, float]]) -> None:
    s, twin = NEW, naive.Series(600, means=True)
    for n, square in seen:
        s = Rows(*(naive.single(each) for each in learn(s, n, square, float(twin.n))))
        twin.learn_rows(n, square)
        twin.n += 1
    assert s == pytest.approx((twin.usual_rows, twin.theta), rel=1e-6, abs=1e-9)
    assert factor(s, 5.0) == pytest.approx(1.0 + twin.theta * twin.lack(5.0), rel=1e-6)
