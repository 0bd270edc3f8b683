"""What the series of one feature remember of their forms, as structures of arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.columns import Floats, Ints
from tailmass.kernels import oddness, peaks, shape
from tailmass.kernels.observe import Entries, Unusual
from tailmass.kernels.oddness import Tails, news, weigh
from tailmass.kernels.shape import Memory, recognize
from tailmass.results.evidence import SOURCES

PLACES = 256  # windows a series remembers on each level; 512 measured a little better, for twice the room


class Shapes:
    """The remembered windows of every series of one feature, and how odd it has been; 22 kB each.

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
        self._tails = _no_tails()

    def learn(self, entries: Entries, known: int) -> Floats:
        """Meet the values of closed buckets.

        Parameters
        ----------
        entries : the values
        known : series ids are below this

        Returns
        -------
        evidence : powers of ten, of each value's series with it, as in `kernels.oddness.weigh`
        """
        self._make_room(known)
        offsets, series, values = entries.offsets, entries.series, entries.values
        odd = recognize(self._memory, offsets, series, values, entries.first, known, self.dense)
        return weigh(self._tails, offsets, series, odd, known, self.dense)

    def fused(self, evidence: Floats, found: Unusual, entries: Entries, known: int, least: float) -> Unusual:
        """What was found in the values, with the shapes that are news, as far as there is enough evidence of the two.

        Parameters
        ----------
        evidence : what `learn` told of the same entries
        found : every value with enough evidence of either kind; more, such as nothing but a shape, does no harm
        least : what is enough, powers of ten

        Returns
        -------
        found : with as many signs as there are sources, which add up to the evidence
        """
        fused = news(
            self._tails.told, entries.offsets, entries.series, evidence, entries.first, known, self.dense, least,
            found.bucket, found.series, found.evidence,
        )  # fmt: skip
        signs = np.zeros((len(fused), len(SOURCES)))
        signs[:, : found.signs.shape[1]] = found.signs
        signs[:, SOURCES.index("shape")] = fused - found.evidence
        told = found._replace(evidence=fused, signs=signs)
        return Unusual._make(part[fused >= least] for part in told)

    def state(self, prefix: str, series: int) -> Arrays:
        """The arrays of the first `series` series."""
        self._make_room(series)
        kept = arrays.taken_apart(self._memory, prefix, series, axis=0)
        return kept | arrays.taken_apart(self._tails, f"{prefix}.tails", series, axis=0)

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._memory = arrays.put_together(self._memory, prefix, kept)
        self._tails = arrays.put_together(self._tails, f"{prefix}.tails", kept)
        self._capacity = len(self._memory.exact)

    def only(self, series: Ints) -> None:
        """Keep these series, ascending, as the first ones."""
        self._memory, self._tails = arrays.only(self._memory, series), arrays.only(self._tails, series)
        self._capacity = len(series)

    @property
    def series_bytes(self) -> int:
        """Bytes of one series."""
        return arrays.series_bytes(self._memory, 0) + arrays.series_bytes(self._tails, 0)

    def _make_room(self, series: int) -> None:
        capacity = arrays.room(series, self._capacity)
        if capacity > self._capacity:
            self._memory = arrays.grown(self._memory, capacity, axis=0)
            self._tails = arrays.grown(self._tails, capacity, axis=0)
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


def _no_tails() -> Tails:
    """The tails of no series."""
    return Tails(
        ages=np.zeros((0, oddness.AGES)),
        peaks=np.zeros((0, peaks.FIELDS), np.float32),
        told=np.zeros((0, oddness.TOLD)),
    )
