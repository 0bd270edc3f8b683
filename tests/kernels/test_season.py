import pytest

from tailmass.kernels.season import Gate, compare, moved, openness, read


def test_a_slot_that_was_never_visited_adds_nothing() -> None:
    assert read(0.0, 0.0, 0.0, 0.0, 0.3) == 0.0


def test_a_slot_is_shrunk_by_how_little_is_known_of_it() -> None:
    assert [read(10.0, visits, 0.0, 0.0, 0.0) for visits in (1.0, 4.0, 9.0)] == [5.0, 8.0, 9.0]


def test_between_two_slots_the_season_is_on_the_line_between_them() -> None:
    assert read(8.0, 1.0, 16.0, 1.0, 0.25) == pytest.approx(0.75 * 4.0 + 0.25 * 8.0)


@pytest.mark.parametrize(("error", "open_"), [(0.95, 0.5), (0.8, 1.0), (1.1, 0.0), (1e9, 0.0), (0.0, 1.0)])
def test_a_season_is_used_as_far_as_it_saves_errors(error: float, open_: float) -> None:
    assert openness(Gate(2.0, 2.0 * error)) == pytest.approx(open_, abs=1e-5)


def test_a_season_with_nothing_to_save_is_shut() -> None:
    assert openness(Gate(0.0, 0.0)) == 0.0


def test_errors_with_and_without_the_season_are_averaged_and_bounded() -> None:
    gate = compare(Gate(1.0, 1.0), deviation=5.0, expected=4.0, limit=3.0, gain=0.5)
    assert gate == (2.0, 1.0)


def test_a_slot_is_the_mean_of_its_visits() -> None:
    value = 0.0
    for visit, deviation in enumerate([2.0, -4.0, 8.0], start=1):
        value = moved(value, float(visit), deviation, 1e300)
    assert value == pytest.approx(2.0)
    assert moved(0.0, 1.0, -50.0, 6.0) == -6.0
