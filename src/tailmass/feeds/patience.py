"""How long a failure is borne that may pass: with longer and longer pauses, and for ever in real time."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Done = TypeVar("Done")

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds to wait after one failure after another."""


class Patience:
    """Waits between attempts.

    Parameters
    ----------
    complain : told what is tried again, and in how many seconds
    live : whether failures are borne for ever
    pauses : seconds, one after another; after the last the error is raised
    """

    def __init__(
        self,
        complain: Callable[[OSError, float], None] = lambda error, pause: None,
        *,
        live: bool = False,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._complain = complain
        self._live = live
        self._pauses = pauses
        self._failures = 0
        self._worked = False

    def __call__(self, attempt: Callable[[], Done]) -> Done:
        """What an attempt gives that does not fail; what has never worked is not tried again: it may be elsewhere."""
        while True:
            try:
                done = attempt()
            except OSError as error:
                if not self._worked:
                    raise
                self.wait(error)
            else:
                self.reset()
                return done

    def reset(self) -> None:
        """Note that something went well."""
        self._failures = 0
        self._worked = True

    def wait(self, error: OSError) -> None:
        """Wait after a failure, or raise it if that was the last attempt."""
        last = self._failures >= len(self._pauses)
        if last and not self._live:
            raise error
        pause = self._pauses[-1 if last else self._failures]
        self._failures += 1
        self._complain(error, pause)
        time.sleep(pause)
