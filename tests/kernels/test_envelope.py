import numpy as np
import pytest

from tailmass.columns import Singles
from tailmass.kernels.envelope import KEEP, SLOTS, clear, excess, learn


def unknown(series: int = 2) -> Singles:
    envelope = np.zeros((series, 2 * SLOTS), np.float32)
    for i in range(series):
        clear(envelope, i)
    return envelope


def seen(*values: float) -> Singles:
    """What an hour that has seen these values on one day has stayed within."""
    envelope = unknown()
    for k, x in enumerate(values):
        learn(envelope, 0, 5, x, k == 0)
    return envelope


def test_where_nothing_has_been_seen_nothing_is_outside() -> None:
    assert excess(unknown(), 0, 5, 1e9) == 0.0
    assert np.isfinite(unknown()).all()


@pytest.mark.parametrize(("x", "outside"), [(2.0, 0.0), (5.0, 0.0), (-1.0, 0.0), (7.5, 2.5), (-4.0, -3.0)])
def test_what_is_outside_is_so_by_how_far_on_either_side(x: float, outside: float) -> None:
    assert excess(seen(5.0, -1.0, 3.0), 0, 5, x) == outside


def test_hours_and_series_are_apart() -> None:
    envelope = seen(5.0, -1.0)
    assert excess(envelope, 0, 6, 100.0) == 0.0
    assert excess(envelope, 1, 5, 100.0) == 0.0


def test_within_a_day_an_hour_only_widens() -> None:
    envelope = seen(5.0, -1.0)
    learn(envelope, 0, 5, 2.0, False)
    assert [excess(envelope, 0, 5, x) for x in (5.0, -1.0)] == [0.0, 0.0]


def test_a_day_later_it_has_drawn_together_by_a_tenth() -> None:
    envelope = seen(5.0, -1.0)
    learn(envelope, 0, 5, 2.0, True)
    assert excess(envelope, 0, 5, 10.0) == pytest.approx(10.0 - (2.0 + 3.0 * KEEP))
    assert excess(envelope, 0, 5, -10.0) == pytest.approx(-10.0 - (2.0 - 3.0 * KEEP))


def test_what_was_a_record_last_month_is_one_again() -> None:
    envelope = seen(100.0, 0.0)
    for _ in range(30):
        learn(envelope, 0, 5, 0.0, True)
        learn(envelope, 0, 5, 1.0, False)
    assert excess(envelope, 0, 5, 100.0) > 75.0
