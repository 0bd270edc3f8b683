import numpy as np
import pytest

from tailmass.kernels.flat import MEMORY, MOST, SHORTEST, Flat, evidence, learn
from tests.kernels.streams import nothing, observed, watch


def met(still: list[bool], n: float = 1.0) -> Flat:
    s = Flat(0.0, 0.0, 0.0)
    for k, each in enumerate(still):
        s = learn(s, each, n + k)
    return s


def test_a_run_is_how_many_values_in_a_row_have_been_the_one_before() -> None:
    assert met([True, True, False, True, True, True])[:2] == (3.0, 2.0)
    assert met([True, True, False])[:2] == (0.0, 2.0)


def test_the_share_is_that_of_all_values_and_then_of_late() -> None:
    assert met([True, False, False, False]).share == pytest.approx(0.25)
    assert met([True], n=1e6).share == pytest.approx(1.0 / MEMORY)


@pytest.mark.parametrize(("run", "longest", "said"), [(5.0, 0.0, False), (SHORTEST, 0.0, True), (12.0, 6.0, False)])
def test_only_a_run_that_is_twice_as_long_as_any_before_is_news(run: float, longest: float, said: bool) -> None:
    assert (evidence(Flat(run, longest, run / MEMORY), 1e4) > 1.0) == said


def test_who_seldom_moves_has_to_stand_still_for_long() -> None:
    lively, lazy = Flat(8.0, 0.0, 0.01), Flat(8.0, 0.0, 0.9)
    assert evidence(lively, 1e4) == MOST
    assert evidence(lazy, 1e4) < 1.0


def test_what_never_moves_is_never_stuck() -> None:
    s = Flat(0.0, 0.0, 0.0)
    for n in range(1, 3000):
        s = learn(s, True, float(n))
        assert evidence(s, float(n)) == 0.0


def test_a_sensor_that_is_stuck_is_told_and_its_twins_are_not() -> None:
    table = 10.0 * np.sin(np.arange(1200) / 23.0)[:, None] + np.random.default_rng(5).normal(size=(1200, 20))
    table[1150:, 0] = table[1149, 0]
    found, _ = observed(nothing(20), watch(least=2.0), table)
    stuck = found.signs[:, 5] > 0.0
    assert set(found.series[stuck].tolist()) == {0}
    assert found.bucket[stuck].min() < 1160
    assert found.signs[stuck].sum(axis=1) == pytest.approx(found.evidence[stuck])
