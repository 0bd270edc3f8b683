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
@pytest.mark.parametrize("shape", [0, 1])
def test_scores_do_not_depend_on_later_rows(rows: int, shape: int) -> None:
    times, values = series()
    whole, part = (quality.scores(times[:n], values[:n], shape=shape) for n in (len(times), rows))
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


def test_a_form_that_is_odd_has_the_highest_score_of_who_watches_for_shapes() -> None:
    times = 300.0 * np.arange(4000.0)
    turns = 2.0 * np.pi * np.arange(4000) / 50.0
    values = np.sin(turns) + 0.6 * np.sin(2.0 * turns + 1.0) + 0.3 * np.random.default_rng(5).normal(size=4000)
    values[3500:3550] = values[3500:3550][::-1]
    assert 3500 <= quality.scores(times, values, shape=1).argmax() < 3550
    assert not 3500 <= quality.scores(times, values).argmax() < 3550
