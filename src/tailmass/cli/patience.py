"""Trying again what may work later."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Done = TypeVar("Done")

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds to wait after one failure after another."""


class Patience:
    """Whoever tries again while there is an OSError, after ever longer pauses.

    What has never worked is not tried again: most likely it is somewhere else.

    Parameters
    ----------
    complain : told what is tried again, and in how many seconds
    endless : whether failures are borne for ever
    """

    def __init__(
        self, complain: Callable[[OSError, float], None], *, endless: bool, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._complain = complain
        self._endless = endless
        self._pauses = pauses
        self._worked = False

    def __call__(self, attempt: Callable[[], Done]) -> Done:
        """What an attempt gives that does not fail."""
        failures = 0
        while True:
            try:
                done = attempt()
                self._worked = True
                return done
            except OSError as error:
                if not self._worked or (failures >= len(self._pauses) and not self._endless):
                    raise
                pause = self._pauses[min(failures, len(self._pauses) - 1)]
                failures += 1
                self._complain(error, pause)
                time.sleep(pause)
