import pytest

from tailmass.kernels.noise import MOST, PRIOR, STEP, ratio
from tailmass.kernels.season import STEPS, packed
from tests.kernels import naive


def slot(variance: float, passes: float) -> int:
    return packed(variance, passes, STEP)


def test_a_time_of_day_of_which_nothing_is_known_is_like_all_others() -> None:
    assert ratio(0, 0, 6.0) == 1.0


def test_a_time_of_day_is_believed_by_the_buckets_behind_it() -> None:
    known = [ratio(slot(4.0, passes), slot(0.0, 15.0), PRIOR) for passes in (1.0, 3.0, 7.0)]
    assert known == pytest.approx([(1.0 + 4.0) / 2.0, (1.0 + 12.0) / 4.0, (1.0 + 28.0) / 8.0])


def test_the_noisier_of_two_neighbours_speaks_for_both() -> None:
    quiet, busy = slot(0.25, 8.0), slot(3.0, 8.0)
    assert ratio(quiet, busy, 6.0) == ratio(busy, quiet, 6.0) == ratio(busy, busy, 6.0) > 1.0
    assert 0.0 < ratio(quiet, quiet, 6.0) < 1.0


def test_all_that_a_squared_innovation_may_count_fits_into_a_slot() -> None:
    assert MOST / STEP <= STEPS


@pytest.mark.parametrize("hour", [0, 7, 23])
def test_the_ratio_is_that_of_its_twin(hour: int) -> None:
    series = naive.Series(600)
    series.noise.steps = [7 * k for k in range(24)]
    series.noise.passes = [k % 9 for k in range(24)]
    time = 3600 * hour + 600
    near, far = (16 * 7 * k + k % 9 for k in (hour, (hour + 1) % 24))
    assert ratio(near, far, 6.0) == series.busy(time)
