"""What counts as rare within each partition, by the past of that partition alone."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels.partitions import (
    KNOWN,
    ONCE,
    PRESENT,
    Histories,
    Present,
    current_rates_of_partitions,
    rates_of_partitions,
)
from tailmass.kernels.rate import BINS
from tailmass.scoring.rate import HALF_LIFE_WEEKS, PRIOR_WEEKS, WEEK

_OF_SERIES = ("last", "height")
COUNTING = {"present": PRESENT, "known": KNOWN, "once": ONCE}


class PartitionCalibration:
    """The calibration of `scoring.rate`, for every partition of a detector, or of a job's buckets.

    Parameters
    ----------
    span : seconds of a bucket
    watching : what is watched in a bucket: the series that are `present`, all that are `known`, or the partition `once`
    """

    def __init__(self, span: int, watching: str) -> None:
        self._per_week = WEEK / span
        self._keep = 0.5 ** (1.0 / (HALF_LIFE_WEEKS * self._per_week))
        self._worth = PRIOR_WEEKS * self._per_week
        self._counting = COUNTING[watching]
        self._partitions = self._series = 0
        none = np.zeros(0, np.int64)
        self._histories = Histories(np.zeros((0, BINS)), none, np.zeros(0), none, none, none, np.zeros(0))

    def learn(
        self, bucket: Ints, partition: Ints, series: Ints, evidence: Floats, present: Present, first: int
    ) -> Floats:
        """Rate of each unusual value a week, by what came before its bucket.

        Parameters
        ----------
        bucket, partition, series, evidence : (found,) position of the bucket, ids, powers of ten; by bucket
        present : the series that have rows in the buckets
        first : number of the first bucket
        """
        self._make_room(present.partition, partition, series)
        found = rates_of_partitions(
            bucket, partition, series, evidence, present, first, self._keep, self._worth, self._counting,
            self._histories,
        )  # fmt: skip
        return found * self._per_week

    def rate(self, number: Ints, partition: Ints, evidence: Floats) -> Floats:
        """The same for buckets by their numbers, by what is known now; nothing is learnt."""
        self._make_room(partition, partition, np.zeros(0, np.int64))
        known = current_rates_of_partitions(
            number, partition, evidence, self._keep, self._worth, self._counting, self._histories
        )
        return known * self._per_week

    def state(self, prefix: str) -> dict[str, np.ndarray[Any, Any]]:
        """The histories as arrays."""
        sizes = dict.fromkeys(Histories._fields, self._partitions) | {"last": self._series, "height": self._series}
        return {f"{prefix}.{name}": getattr(self._histories, name)[:size].copy() for name, size in sizes.items()}

    def restore(self, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the calibration that `state` was taken of."""
        self._histories = Histories(*(np.array(arrays[f"{prefix}.{name}"]) for name in Histories._fields))
        self._partitions, self._series = len(self._histories.known), len(self._histories.last)

    @property
    def size_bytes(self) -> int:
        """Bytes of all partitions, and of the series that were found."""
        return self.partition_bytes * self._partitions + _bytes(self._histories, _OF_SERIES) * self._series

    @property
    def partition_bytes(self) -> int:
        """Bytes of one partition."""
        return _bytes(self._histories, Histories._fields) - _bytes(self._histories, _OF_SERIES)

    def _make_room(self, present: Ints, partition: Ints, series: Ints) -> None:
        self._partitions = max(self._partitions, 1 + int(max(present.max(initial=-1), partition.max(initial=-1))))
        self._series = max(self._series, 1 + int(series.max(initial=-1)))
        sizes = dict.fromkeys(Histories._fields, self._partitions) | {"last": self._series, "height": self._series}
        self._histories = Histories(*(_longer(part, sizes[name]) for name, part in self._histories._asdict().items()))


def _bytes(histories: Histories, names: Iterable[str]) -> int:
    """Bytes of an entry of these arrays."""
    return sum(int(part.itemsize) * math.prod(part.shape[1:]) for part in (getattr(histories, name) for name in names))


def _longer(array: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    """The array with room for so many entries, at least twice of what it had where it grows."""
    if size <= len(array):
        return array
    more = max(size, 2 * len(array)) - len(array)
    return np.concatenate([array, np.zeros((more, *array.shape[1:]), array.dtype)])
