"""An array that grows at its end."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tailmass.analysis.arrays import room


class Column:
    """Values of one type in the order in which they came, with room for more.

    >>> column = Column(np.int64)
    >>> column.extend(np.array([3, 1])); column.extend(np.array([2]))
    >>> column.values.tolist()
    [3, 1, 2]
    """

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._held = np.zeros(0, dtype)
        self._used = 0

    def __len__(self) -> int:
        return self._used

    @property
    def values(self) -> npt.NDArray[Any]:
        """(n,) all values; not to be kept, as the next ones may move them."""
        return self._held[: self._used]

    @property
    def size_bytes(self) -> int:
        """Bytes of the array, with the room for more."""
        return self._held.nbytes

    def extend(self, more: npt.NDArray[Any]) -> None:
        """Put values at the end."""
        used = self._used + len(more)
        capacity = room(used, len(self._held))
        if capacity > len(self._held):
            held = np.zeros(capacity, self._held.dtype)
            held[: self._used] = self.values
            self._held = held
        self._held[self._used : used] = more
        self._used = used

    def replace(self, values: npt.NDArray[Any]) -> None:
        """Hold these values and no others."""
        self._held = np.array(values, self._held.dtype)
        self._used = len(values)
