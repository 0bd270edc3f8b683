"""What the series of one feature remember of their forms, as structures of arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.columns import Floats
from tailmass.kernels import shape
from tailmass.kernels.observe import Entries
from tailmass.kernels.shape import Memory, recognize

PLACES = 256  # windows a series remembers on each level; 512 measured a little better, for twice the room


class Shapes:
    """The remembered windows of every series of one feature, 22 kB each.

    Parameters
    ----------
    dense : whether a known series without rows has the value 0; otherwise the bucket passes it by
    places : windows a series remembers on each of its four levels

    Raises
    ------
    ValueError : too few places for anything to be compared
    """

    def __init__(self, *, dense: bool, places: int = PLACES) -> None:
        if places < shape.FEWEST:
            raise ValueError(f"a series must remember at least {shape.FEWEST} windows, not {places}")
        self.dense = dense
        self._capacity = 0
        self._memory = _nothing(places)

    def learn(self, entries: Entries, known: int) -> Floats:
        """Meet the values of closed buckets.

        Parameters
        ----------
        entries : the values
        known : series ids are below this

        Returns
        -------
        oddness : of each value's series with it, as in `kernels.shape.recognize`
        """
        self._make_room(known)
        offsets, series, values = entries.offsets, entries.series, entries.values
        return recognize(self._memory, offsets, series, values, entries.first, known, self.dense)

    def state(self, prefix: str, series: int) -> Arrays:
        """The arrays of the first `series` series."""
        self._make_room(series)
        return arrays.taken_apart(self._memory, prefix, series, axis=0)

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._memory = arrays.put_together(self._memory, prefix, kept)
        self._capacity = len(self._memory.exact)

    @property
    def size_bytes(self) -> int:
        """Bytes of all arrays."""
        return arrays.size_bytes(self._memory)

    def _make_room(self, series: int) -> None:
        capacity = arrays.room(series, self._capacity)
        if capacity > self._capacity:
            self._memory = arrays.grown(self._memory, capacity, axis=0)
            self._capacity = capacity


def _nothing(places: int) -> Memory:
    """The memory of no series."""
    return Memory(
        exact=np.zeros((0, shape.EXACT)),
        blocks=np.zeros((0, shape.LEVELS, shape.RING)),
        levels=np.zeros((0, shape.LEVELS, shape.FIELDS)),
        windows=np.zeros((0, shape.LEVELS, shape.BLOCKS, places), np.int8),
        habits=np.zeros((0, shape.LEVELS, places), np.float32),
    )
