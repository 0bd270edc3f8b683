import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.columns import Shorts
from tailmass.kernels.season import (
    MOST_VISITS,
    STEPS,
    Gate,
    Pass,
    added,
    compare,
    folded,
    largest,
    mean,
    openness,
    packed,
    read,
    rescaled,
    step_for,
    visits,
)
from tests.kernels.streams import fixed

STEP = 2.0**-10
steps_and_passes = st.tuples(st.integers(-int(STEPS), int(STEPS)), st.integers(0, MOST_VISITS))


def slots(*steps: int) -> Shorts:
    """A series with such means, in steps, and one with none."""
    return np.array([[packed(each * STEP, 3.0, STEP) for each in steps], [0] * len(steps)], np.int16)


def in_steps(table: Shorts) -> list[int]:
    return [int(slot) >> 4 for slot in table[0]]


@fixed
@given(steps_and_passes)
def test_a_slot_holds_its_mean_and_its_passes_in_sixteen_bits(what: tuple[int, int]) -> None:
    steps, passes = what
    slot = packed(steps * STEP, float(passes), STEP)
    assert -(2**15) <= slot < 2**15
    assert (mean(slot, STEP), visits(slot)) == (steps * STEP, passes)


@fixed
@given(st.floats(-1e6, 1e6), st.floats(0.0, 1e6))
def test_a_mean_is_kept_to_half_a_step_of_which_it_has_a_thousand(value: float, step: float) -> None:
    fit = step_for(value, step)
    assert abs(mean(packed(value, 1.0, fit), fit) - value) <= 0.5 * fit
    assert fit >= step
    if fit > step:
        assert STEPS / 2.0 <= abs(value) / fit <= STEPS


def test_what_is_more_than_fits_is_the_most_that_does() -> None:
    assert mean(packed(1e9, 99.0, STEP), STEP) == STEPS * STEP
    assert mean(packed(-1e9, 1.0, STEP), STEP) == -STEPS * STEP
    assert visits(packed(0.0, 99.0, STEP)) == MOST_VISITS
    assert packed(5.0, 1.0, 0.0) == packed(0.0, 1.0, STEP)  # there is no step while all was 0


def test_a_slot_that_was_never_visited_adds_nothing() -> None:
    assert read(packed(10.0, 0.0, STEP), 0, 0.3, STEP) == 0.0


def test_a_slot_is_shrunk_by_how_little_is_known_of_it() -> None:
    assert [read(packed(1.0, n, STEP), 0, 0.0, STEP) for n in (1.0, 3.0, 7.0)] == [0.5, 0.75, 0.875]


def test_between_two_slots_the_season_is_on_the_line_between_them() -> None:
    near, far = packed(0.5, 1.0, STEP), packed(1.0, 1.0, STEP)
    assert read(near, far, 0.25, STEP) == pytest.approx(0.75 * 0.25 + 0.25 * 0.5)


@pytest.mark.parametrize(("error", "open_"), [(0.95, 0.5), (0.8, 1.0), (1.1, 0.0), (1e9, 0.0), (0.0, 1.0)])
def test_a_season_is_used_as_far_as_it_saves_errors(error: float, open_: float) -> None:
    assert openness(Gate(2.0, 2.0 * error, 100.0)) == pytest.approx(open_, abs=1e-5)


def test_a_season_with_nothing_to_save_is_shut() -> None:
    assert openness(Gate(0.0, 0.0, 0.0)) == 0.0


def test_errors_with_and_without_the_season_are_averaged_and_bounded() -> None:
    gate = compare(Gate(1.0, 1.0, 1.0), deviation=5.0, expected=4.0, limit=3.0, memory=300.0)
    assert gate == (2.0, 1.0, 2.0)


def test_a_gate_remembers_no_more_than_it_should() -> None:
    gate = compare(Gate(1.0, 1.0, 1e6), deviation=2.0, expected=0.0, limit=9.0, memory=10.0)
    assert gate[:2] == pytest.approx((1.1, 1.1))


def test_a_pass_is_a_sum_of_bounded_deviations() -> None:
    seen = Pass(0.0, 0.0)
    for deviation in (1.0, -100.0, 2.5):
        seen = added(seen, deviation, 6.0)
    assert seen == (-2.5, 3.0)


def test_a_slot_is_the_mean_of_its_first_passes_and_then_forgets() -> None:
    slot, means = 0, [2.0, -4.0, 8.0]
    for each in means:
        slot = packed(folded(slot, Pass(3.0 * each, 3.0), 2.0**-7, 8.0), visits(slot) + 1.0, 2.0**-7)
    assert mean(slot, 2.0**-7) == pytest.approx(np.mean(means), abs=2.0**-7)
    old = packed(1.0, 8.0, STEP)
    assert folded(old, Pass(0.0, 2.0), STEP, 8.0) == pytest.approx(7.0 / 8.0)
    assert folded(packed(1.0, 15.0, STEP), Pass(0.0, 2.0), STEP, 5.0) == pytest.approx(4.0 / 5.0)


def test_finer_steps_change_no_mean() -> None:
    table = slots(3, -500, 511, 0)
    rescaled(table, 0, 2.0)
    assert in_steps(table) == [6, -1000, 1022, 0]
    assert [visits(int(slot)) for slot in table[0]] == [3.0] * 4
    assert not table[1].any()


def test_coarser_steps_round_to_the_nearest() -> None:
    table = slots(4, -5, 2047, 1)
    rescaled(table, 0, 0.25)
    assert in_steps(table) == [1, -1, 512, 0]


def test_the_largest_slot_is_that_of_either_side() -> None:
    assert largest(slots(3, -500, 400), 0) == 500.0
    assert largest(slots(3, -500, 400), 1) == 0.0
