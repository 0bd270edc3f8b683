"""Our default as the evaluation kit calls it."""

import numpy as np
import pytest

from benchmarks import quality
from tailmass.columns import Floats


def series(rows: int = 3000) -> tuple[Floats, Floats]:
    """Five-minute rows with a day in them, a gap, and a spike at row 2,500."""
    chance = np.random.default_rng(11)
    times = 1_700_000_100.0 + np.arange(rows + 100.0) * 300.0
    times = np.delete(times, slice(1000, 1100))
    values = 100.0 + 10.0 * np.sin(2.0 * np.pi * times / 86_400.0) + chance.normal(size=rows)
    values[2500] += 60.0
    return times, values


def test_the_score_of_a_spike_is_the_highest() -> None:
    scores = quality.scores(*series())
    assert scores.shape == (3000,)
    assert scores.argmax() == 2500


@pytest.mark.parametrize("rows", [1800, 2501])
def test_scores_do_not_depend_on_later_rows(rows: int) -> None:
    times, values = series()
    whole, part = quality.scores(times, values), quality.scores(times[:rows], values[:rows])
    np.testing.assert_allclose(part, whole[:rows], rtol=1e-6, atol=1e-9)  # the kit's own tolerance
    assert np.count_nonzero(part) > 0


def test_what_was_given_is_not_changed() -> None:
    times, values = series()
    quality.scores(times, values)
    again_times, again_values = series()
    np.testing.assert_array_equal(times, again_times)
    np.testing.assert_array_equal(values, again_values)


def test_rows_that_go_back_in_time_move_no_score_to_another_row() -> None:
    times, values = series()
    back = np.concatenate([np.arange(2000), np.arange(1988, 3000)])  # an hour again, as when clocks change
    scores = quality.scores(times[back], values[back])
    assert scores.argmax() == 2512
    assert scores[2000:2012].max() == 0.0
