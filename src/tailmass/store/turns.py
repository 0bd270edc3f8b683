"""Taking turns, in the order of asking."""

import threading
from collections import deque
from types import TracebackType


class Turns:
    """A lock for one at a time, first come, first served.

    A plain lock goes to whoever is quickest, and that is the thread which has just let go of it: one that writes
    without a pause would keep all others waiting.

    >>> with Turns():
    ...     "mine"
    'mine'
    """

    def __init__(self) -> None:
        self._own = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._own:
            if not self._taken:
                self._taken = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:
            self._give_up(turn)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._own:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().release()
        else:
            self._taken = False

    def _give_up(self, turn: threading.Lock) -> None:
        # An interrupt can come while waiting, and also just when the turn has come.
        with self._own:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self._pass_on()
