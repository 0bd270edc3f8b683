"""When an upload is more trouble than data: the share of rows that had to be dropped, looked at ever more rarely."""

import numpy as np

from tailmass.columns import Ints
from tailmass.errors import EngineError, TooManyBadDates, TooManyOutOfOrder
from tailmass.kernels.buckets import LATE, UNDATED

MOST = 0.25
_FIRST_LOOKS = (100, 1_000)
_THEN_EVERY = 10_000


class Acceptance:
    """Follows one upload; what it says depends on the rows alone, not on the pieces they came in."""

    def __init__(self) -> None:
        self._seen = self._undated = self._late = 0

    def look(self, status: Ints) -> tuple[int, EngineError | None]:
        """How many of these rows may be taken in, and the error that keeps the rest out.

        Parameters
        ----------
        status : (n,) what becomes of each row, as `kernels.buckets.admit` tells
        """
        fine = _verdict(self._seen, self._undated, self._late) is None
        if fine and not status.any():  # the rule: all rows are good, and a share that was fine gets better
            self._seen += len(status)
            return len(status), None
        undated = self._undated + np.cumsum(status == UNDATED)
        late = self._late + np.cumsum(status == LATE)
        for seen in _looks(self._seen, self._seen + len(status)):
            row = seen - self._seen - 1
            error = _verdict(seen, int(undated[row]), int(late[row]))
            if error is not None:
                return row + 1, error
        self._undated += int(np.count_nonzero(status == UNDATED))
        self._late += int(np.count_nonzero(status == LATE))
        self._seen += len(status)
        return len(status), None

    def finish(self) -> None:
        """Look once more at the end; raises TooManyBadDates or TooManyOutOfOrder."""
        error = _verdict(self._seen, self._undated, self._late)
        if error is not None:
            raise error


def _looks(after: int, until: int) -> list[int]:
    """The row counts in (after, until] at which to look."""
    first = max(_THEN_EVERY, (after // _THEN_EVERY + 1) * _THEN_EVERY)
    return [n for n in _FIRST_LOOKS if after < n <= until] + list(range(first, until + 1, _THEN_EVERY))


def _verdict(seen: int, undated: int, late: int) -> EngineError | None:
    if undated > MOST * seen:
        return TooManyBadDates(
            f"{undated} of the first {seen} rows have a time that cannot be read: check 'timeField' and 'timeFormat'"
        )
    if late > MOST * seen:
        return TooManyOutOfOrder(
            f"{late} of the first {seen} rows are older than the rows before them allow: send rows in the order of "
            "their time, or set a 'latency'"
        )
    return None
