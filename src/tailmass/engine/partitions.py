"""Scores of a job whose partitions are normalized apart (`usePerPartitionNormalization`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tailmass.analysis.analyses import Analysis
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import Findings
from tailmass.analysis.dictionary import Dictionary, Pairs, pairs_bytes
from tailmass.analysis.footprint import Cardinalities
from tailmass.analysis.open import OpenPairs, Rows
from tailmass.columns import Floats, Ints
from tailmass.engine.stretch import Stretch
from tailmass.jobs import Detector
from tailmass.kernels.buckets import NEVER
from tailmass.kernels.ids import EMPTY
from tailmass.kernels.partitions import Present
from tailmass.scoring.buckets import bucket_evidence
from tailmass.scoring.partitions import PartitionCalibration

Rates = tuple[list[Floats], Floats]
"""Of the findings of each detector, and (buckets,) of the buckets."""


class Partitions:
    """How rare things are within each value of the partition fields.

    A bucket is as rare as it is to the partition to which it is the rarest. Detectors without a partition field are all
    one partition.

    Parameters
    ----------
    detectors : all of the job
    dictionaries : the values of each split field, shared with the detectors
    span : seconds of a bucket
    """

    def __init__(self, detectors: Sequence[Analysis], dictionaries: Mapping[str, Dictionary], span: int) -> None:
        self._detectors = tuple(detectors)
        self._watched = tuple(_Watched(each.detector, dictionaries) for each in detectors)
        self._calibrations = tuple(PartitionCalibration(span, each.watching) for each in self._watched)
        fields = dict.fromkeys(each.detector.partition_field_name for each in detectors)
        self._groups = tuple(
            [index for index, each in enumerate(detectors) if each.detector.partition_field_name == name]
            for name in fields
        )
        """For each partition field, the detectors that have it."""
        self._of_buckets = tuple(PartitionCalibration(span, "once") for _ in self._groups)

    def learn(self, ids: Mapping[str, Ints], advance: Advance, stretch: Stretch) -> Rates:
        """Take in rows, and rate the findings of buckets, each by what came before.

        Parameters
        ----------
        ids : for each split field, the ids of the rows' values
        advance : what the clock says of the rows
        stretch : the buckets whose results are final by these rows
        """
        first, count = stretch.first, len(stretch.events)
        until = first + count if count else NEVER
        present = [each.add(ids, advance, first if count else NEVER, until) for each in self._watched]
        if not count:
            return [], np.zeros(0)
        found = self._partitions(stretch)
        rates = [
            calibration.learn(each.bucket, partition, _stream(each), each.evidence, there, first)
            for calibration, each, partition, there in zip(
                self._calibrations, stretch.findings, found, present, strict=True
            )
        ]
        of_buckets = np.full(count, np.inf)
        for group, calibration in zip(self._groups, self._of_buckets, strict=True):
            there = _together([present[index] for index in group])
            bucket, partition, evidence = _evidence([(stretch.findings[index], found[index]) for index in group])
            rate = calibration.learn(bucket, partition, partition, evidence, there, first)
            np.minimum.at(of_buckets, bucket, rate)
        return rates, of_buckets

    def current(self, stretch: Stretch) -> Rates:
        """The same for buckets that are not final, by what is known now; nothing is learnt."""
        found = self._partitions(stretch)
        rates = [
            calibration.rate(each.bucket + stretch.first, partition, each.evidence)
            for calibration, each, partition in zip(self._calibrations, stretch.findings, found, strict=True)
        ]
        of_buckets = np.full(len(stretch.events), np.inf)
        for group, calibration in zip(self._groups, self._of_buckets, strict=True):
            bucket, partition, evidence = _evidence([(stretch.findings[index], found[index]) for index in group])
            np.minimum.at(of_buckets, bucket, calibration.rate(bucket + stretch.first, partition, evidence))
        return rates, of_buckets

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        for watched in self._watched:
            watched.clear(first, until)

    def state(self, prefix: str) -> Arrays:
        """What is known, as arrays."""
        kept: Arrays = {}
        for index, (watched, calibration) in enumerate(zip(self._watched, self._calibrations, strict=True)):
            kept |= watched.state(f"{prefix}.{index}.watched") | calibration.state(f"{prefix}.{index}")
        for index, calibration in enumerate(self._of_buckets):
            kept |= calibration.state(f"{prefix}.buckets.{index}")
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        for index, (watched, calibration) in enumerate(zip(self._watched, self._calibrations, strict=True)):
            watched.restore(f"{prefix}.{index}.watched", kept)
            calibration.restore(f"{prefix}.{index}", kept)
        for index, calibration in enumerate(self._of_buckets):
            calibration.restore(f"{prefix}.buckets.{index}", kept)

    @property
    def size_bytes(self) -> int:
        """Bytes of the histories, and of the series that are known."""
        histories = sum(each.size_bytes for each in (*self._calibrations, *self._of_buckets))
        return histories + sum(each.size_bytes for each in self._watched)

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same but for series that were found, once all values that are expected have been met."""
        watched = sum(each.bytes_of(expected) for each in self._watched)
        of_detectors = [(each.partition_bytes, index) for index, each in enumerate(self._calibrations)]
        of_buckets = [
            (each.partition_bytes, group[0]) for each, group in zip(self._of_buckets, self._groups, strict=True)
        ]
        return watched + sum(
            size * expected.of(self._detectors[index].detector.partition_field_name)
            for size, index in of_detectors + of_buckets
        )

    def _partitions(self, stretch: Stretch) -> list[Ints]:
        """(found,) ids of the partitions of each detector's findings."""
        return [
            watched.partitions(detector.names(each.series)[0], len(each.series))
            for watched, detector, each in zip(self._watched, self._detectors, stretch.findings, strict=True)
        ]


class _Watched:
    """Which series of a detector have rows in buckets that are not final.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field
    """

    def __init__(self, detector: Detector, dictionaries: Mapping[str, Dictionary]) -> None:
        function = detector.definition
        in_population = bool(detector.over_field_name) and function.measures[0] not in ("time_of_day", "time_of_week")
        # A stream of rare values, or of persons, is the partition itself.
        streams = in_population or function.measures == ("rare",)
        self._fields = (
            detector.partition_field_name,
            None if streams else detector.over_field_name or detector.by_field_name,
        )
        self._dictionaries = dictionaries
        self._use_null = bool(detector.use_null)
        self.watching = "known" if function.empty == "zero" and not streams else "present"
        self._open = OpenPairs()
        self._known = Pairs()

    def add(self, ids: Mapping[str, Ints], advance: Advance, first: int, until: int) -> Present:
        """Take in rows; the series that have rows in the buckets `first` to `until - 1`."""
        partition, series = (self._ids(name, ids, len(advance.rows)) for name in self._fields)
        nothing = np.zeros(len(advance.rows), np.int64)
        rows: Rows = self._open.add(advance.rows, partition, series, nothing, first, until)
        before = len(self._known)
        numbers = self._known.ids(rows.left, rows.right)
        fresh = np.zeros(len(numbers), np.bool_)
        fresh[np.unique(numbers, return_index=True)[1]] = True
        return Present(rows.offsets, rows.left, fresh & (numbers >= before))

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self._open.clear(first, until)

    def partitions(self, names: list[str] | None, count: int) -> Ints:
        """(count,) ids of partition values; 0 where the detector has none."""
        field = self._fields[0]
        if field is None or names is None:
            return np.zeros(count, np.int64)
        return self._dictionaries[field].ids(pl.Series(names, dtype=pl.String))

    def state(self, prefix: str) -> Arrays:
        """What is open, and which series are known."""
        return self._open.state(f"{prefix}.open") | {f"{prefix}.known": self._known.both.copy()}

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become what `state` was taken of."""
        self._open.restore(f"{prefix}.open", kept)
        self._known = Pairs()
        both = np.array(kept[f"{prefix}.known"], np.int64).reshape(-1, 2)
        self._known.ids(both[:, 0].copy(), both[:, 1].copy())

    @property
    def size_bytes(self) -> int:
        """Bytes of the series that are known."""
        return self._known.size_bytes

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same of those that are expected."""
        return pairs_bytes(expected.of(*self._fields))

    def _ids(self, name: str | None, ids: Mapping[str, Ints], rows: int) -> Ints:
        """(rows,) ids of the values, 0 where there is no field; negative where the detector passes the row over."""
        if name is None:
            return np.zeros(rows, np.int64)
        empty = self._dictionaries[name].empty
        return ids[name] if self._use_null or empty == EMPTY else np.where(ids[name] == empty, EMPTY, ids[name])


def _stream(found: Findings) -> Ints:
    """(found,) whose events the findings are."""
    return found.series if found.stream is None else found.stream


def _evidence(found: Sequence[tuple[Findings, Ints]]) -> tuple[Ints, Ints, Floats]:
    """Bucket, partition and evidence of all that was found in a partition and bucket; by bucket, then by partition."""
    bucket = np.concatenate([each.bucket for each, _ in found])
    partition = np.concatenate([each for _, each in found])
    evidence = np.concatenate([each.evidence for each, _ in found])
    pairs = int(partition.max(initial=0)) + 1
    keys, place = np.unique(bucket * pairs + partition, return_inverse=True)
    together = bucket_evidence(place, evidence, len(keys))
    told = together > 0.0
    return (keys // pairs)[told], (keys % pairs)[told], together[told]


def _together(present: Sequence[Present]) -> Present:
    """The series of several detectors in the same buckets."""
    bucket = np.concatenate([np.repeat(np.arange(len(each.offsets) - 1), np.diff(each.offsets)) for each in present])
    order = np.argsort(bucket, kind="stable")
    partition = np.concatenate([each.partition for each in present])[order]
    fresh = np.concatenate([each.fresh for each in present])[order]
    return Present(np.sum([each.offsets for each in present], axis=0), partition, fresh)
