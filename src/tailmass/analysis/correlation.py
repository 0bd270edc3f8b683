"""By values that move together: which of them has left the others, though it may not be odd by itself."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.dictionary import Series
from tailmass.analysis.explanation import SOURCES
from tailmass.columns import Floats
from tailmass.kernels.buckets import Closed
from tailmass.kernels.correlate import FIELDS, PEERS, RING, Broken, Moves, follow
from tailmass.kernels.observe import Unusual, Watch


class Correlations:
    """The series of a detector beside each other.

    Parameters
    ----------
    watch : what to look for
    series : those of the detector
    """

    def __init__(self, watch: Watch, series: Series) -> None:
        self._watch, self._series = watch, series
        self._moves = Moves(
            own=np.zeros((0, 3)),
            last=np.zeros(0, np.int64),
            ring=np.zeros((0, RING), np.int8),
            peer=np.zeros((0, PEERS), np.int32),
            pair=np.zeros((0, PEERS * FIELDS)),
        )

    def follow(self, closed: Closed, values: Floats, first: int, *, learning: bool) -> Broken:
        """Series that left those they move with; `values` are those of the entries of consecutive buckets.

        Where an absent row means 0, nothing is said of open buckets: of two values that still grow, none is late.
        """
        self._make_room()
        watch, known = self._watch, len(self._series)
        partition = self._series.partitions(np.arange(known))
        offsets = closed.offsets[:1] if watch.dense and not learning else closed.offsets
        return follow(
            offsets, closed.series, values, partition, self._moves, first, known, watch.dense, watch.counts, watch.side,
            watch.least, learning,
        )  # fmt: skip

    def state(self, prefix: str) -> Arrays:
        """All that was learnt, as arrays."""
        self._make_room()
        return arrays.taken_apart(self._moves, prefix, len(self._series), axis=0)

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._moves = arrays.put_together(self._moves, prefix, kept)

    def bytes_of(self, series: int) -> int:
        """Bytes of so many series."""
        return arrays.series_bytes(self._moves, 0) * series

    def _make_room(self) -> None:
        capacity = arrays.room(len(self._series), len(self._moves.last))
        if capacity > len(self._moves.last):
            self._moves = arrays.grown(self._moves, capacity, axis=0)


def beside_peers(broken: Broken, signs: int) -> Unusual:
    """What was found, as the models tell of theirs: all of it is surprise."""
    found = len(broken.series)
    all_surprise = np.zeros((found, signs))
    all_surprise[:, SOURCES.index("surprise")] = broken.evidence
    nothing = np.zeros(found, np.int64)
    return Unusual(
        bucket=broken.bucket,
        series=broken.series,
        evidence=broken.evidence,
        actual=broken.actual,
        typical=broken.typical,
        lower=broken.lower,
        upper=broken.upper,
        signs=all_surprise,
        largest_of=nothing,
        moved=nothing,
    )
