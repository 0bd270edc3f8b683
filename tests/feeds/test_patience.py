"""What may pass is tried again, which a list of outcomes stands for."""

from collections.abc import Callable

import pytest

from tailmass.feeds.patience import Patience


def attempts(*outcomes: bool) -> Callable[[], int]:
    """What fails, or gives how often it was asked."""
    coming = enumerate(outcomes, 1)

    def attempt() -> int:
        number, works = next(coming)
        if not works:
            raise OSError(f"failure {number}")
        return number

    return attempt


def test_what_has_never_worked_is_not_tried_again() -> None:
    with pytest.raises(OSError, match="failure 1"):
        Patience(live=True)(attempts(False, True))


def test_what_has_worked_is_tried_after_longer_and_longer_pauses() -> None:
    told = []
    patience = Patience(lambda error, pause: told.append((str(error), pause)), pauses=(0.0, 0.001))
    attempt = attempts(True, False, False, True, False, False, False)
    assert patience(attempt) == 1
    assert patience(attempt) == 4
    assert told == [("failure 2", 0.0), ("failure 3", 0.001)]
    with pytest.raises(OSError, match="failure 7"):
        patience(attempt)


def test_in_real_time_the_last_pause_is_made_for_ever() -> None:
    told: list[float] = []
    patience = Patience(lambda error, pause: told.append(pause), live=True, pauses=(0.0, 0.001))
    attempt = attempts(True, *(False,) * 9, True)
    assert (patience(attempt), patience(attempt)) == (1, 11)
    assert told == [0.0, *(0.001,) * 8]
