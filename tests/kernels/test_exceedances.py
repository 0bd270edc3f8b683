import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Floats
from tailmass.kernels.exceedances import (
    APART,
    GENTLEST,
    HEIGHT,
    MOST,
    NOMINAL,
    PRIOR,
    REACH,
    STEEPEST,
    Exceedances,
    Tilt,
    learn,
    reach,
    read,
    tilt,
)
from tailmass.kernels.surprise import evidence
from tests.kernels import naive
from tests.kernels.streams import fixed

NONE = Exceedances(0.0, 0.0, 0.0, 20_000.0)
PLAIN = Tilt(1.0, 1.0)


def grown(u: Floats | list[float]) -> Exceedances:
    s = NONE
    for each in u:
        s = learn(s, float(each))
    return s


def powers(buckets: int, seed: int = 1) -> Floats:
    """Evidence that is exactly what it says."""
    return np.asarray(-np.log10(np.random.default_rng(seed).random(buckets)))


def test_the_height_is_one_in_ten() -> None:
    assert evidence(REACH) == pytest.approx(HEIGHT, abs=1e-9)


def test_the_nominal_excess_is_that_of_evidence_that_is_what_it_says() -> None:
    u = powers(400_000)
    assert np.minimum(u[u > HEIGHT] - HEIGHT, MOST).mean() == pytest.approx(NOMINAL, rel=0.01)


def test_of_a_series_of_which_nothing_is_known_evidence_is_read_as_it_is() -> None:
    assert tilt(NONE) == pytest.approx(PLAIN)
    assert [read(PLAIN, u) for u in (1.0, 2.5, 30.0)] == [1.0, 2.5, 30.0]


def test_evidence_that_is_what_it_says_goes_on_being_read_as_it_is() -> None:
    # One in ten and two in a run at times: a run counts once, and so do the buckets that belong to it.
    base, slope = tilt(grown(powers(20_000)))
    assert base == pytest.approx(1.0, abs=0.1)
    assert slope == pytest.approx(1.0, abs=0.1)


def test_a_series_that_exceeds_too_often_and_too_far_is_believed_less() -> None:
    heavy = tilt(grown(1.5 * powers(20_000)))
    light = tilt(grown(0.6 * powers(20_000)))
    for u in (1.1, 2.0, 4.0, 8.0):
        assert read(heavy, u) < u < read(light, u)


@fixed
@given(st.lists(st.floats(0.0, 30.0), max_size=60))
def test_a_slope_stays_within_its_bounds_and_nothing_reads_below_nought(u: list[float]) -> None:
    line = tilt(grown(u * 50))
    assert GENTLEST <= line.slope <= STEEPEST
    assert 0.0 <= read(line, HEIGHT) <= read(line, 5.0)


@fixed
@given(st.floats(0.5, 1.5), st.floats(GENTLEST, STEEPEST), st.floats(0.0, 30.0))
def test_reaching_back_undoes_reading(base: float, slope: float, wanted: float) -> None:
    line = Tilt(base, slope)
    u = reach(line, wanted)
    assert u >= 0.0
    if wanted >= base:
        assert read(line, u) == pytest.approx(wanted)
    else:
        assert u < HEIGHT


def test_an_incident_is_one_exceedance_however_long_and_large() -> None:
    short = grown([0.0, 0.0, 3.5, 0.0, 0.0])
    long = grown([0.0, 0.0, *[30.0] * 500, 0.0, 0.0])
    assert long.excess == pytest.approx(MOST, rel=0.01)
    assert long[:3] == pytest.approx(short[:3], rel=0.01)


@pytest.mark.parametrize(("quiet", "runs"), [(0, 1), (int(APART) - 1, 1), (int(APART), 2)])
def test_exceedances_close_to_each_other_are_one_run(quiet: int, runs: int) -> None:
    assert grown([2.0, *[0.0] * quiet, 2.0]).share == pytest.approx(runs, rel=1e-3)


def test_a_prior_of_a_thousand_buckets_gives_way_in_the_end() -> None:
    base = [tilt(grown([0.0] * n)).base for n in (0, int(PRIOR), 9 * int(PRIOR))]
    assert base == pytest.approx([1.0, 1.0 + math.log10(2.0), 2.0], abs=0.03)


def test_exceedances_are_what_their_twin_has() -> None:
    s, twin = NONE, naive.Body()
    for u in 1.3 * powers(600, 4):
        s = learn(Exceedances(*(naive.single(each) for each in s)), u)
        twin.learn(u)
    # The twin keeps 32 bits, as a series does.
    assert s == pytest.approx((twin.runs, twin.watched, twin.excess, twin.since), rel=1e-6)
    assert tilt(s) == pytest.approx(twin.line, rel=1e-6)
    assert [read(tilt(s), u) for u in (1.5, 4.0)] == pytest.approx([twin.read(u) for u in (1.5, 4.0)], rel=1e-6)
