"""A detector of values that hardly ever occur: each by value is held against the buckets that had it so far."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import LEAST_PROBABILITY, THRESHOLD, Findings, Names
from tailmass.analysis.dictionary import Dictionary, Pairs, Series
from tailmass.analysis.explanation import looking_like
from tailmass.analysis.footprint import Cardinalities, Entities
from tailmass.analysis.open import OpenPairs, Rows
from tailmass.columns import Columns, Ints
from tailmass.jobs import Detector
from tailmass.kernels.rare import BINS, Presence, Streams, Values, meet
from tailmass.kernels.rate import evidence_as_rare

HALF_LIFE_SECONDS = 13 * 604_800.0  # of a bucket with a value, in buckets of its stream
MOST_EXPECTED = -float(np.log1p(-THRESHOLD))


class RareAnalysis:
    """A `rare` detector; its streams are the partitions.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field, shared by the detectors of a job
    span : seconds of a bucket
    """

    def __init__(self, detector: Detector, dictionaries: Mapping[str, Dictionary], span: int) -> None:
        assert detector.by_field_name
        self.detector = detector
        self.measures = detector.definition.measures
        self.series = Series(
            dictionaries[detector.partition_field_name] if detector.partition_field_name else None,
            dictionaries[detector.by_field_name],
            use_null=bool(detector.use_null),
        )
        self._keep = keep(span)
        self._open = OpenPairs()
        self._values = Values(np.zeros(0, np.float32), np.zeros(0, np.int32))
        self._streams = no_streams()

    def advance(self, columns: Columns, ids: Mapping[str, Ints], advance: Advance) -> Findings:
        """Add admitted rows to the open buckets, and judge the buckets that they close; see `DetectorAnalysis`."""
        detector = self.detector
        assert detector.by_field_name
        partition = ids[detector.partition_field_name] if detector.partition_field_name else None
        values = self.series.ids(partition, ids[detector.by_field_name], len(advance.rows))
        nothing = np.zeros(len(values), np.int64)
        rows = self._open.add(advance.rows, values, nothing, nothing, advance.first, advance.until)
        return replace(self._judge(rows, advance.first, learning=True), rows=values)

    def interim(self, first: int, until: int) -> Findings:
        """Judge the open buckets `first` to `until - 1` as they stand."""
        return self._judge(self._open.peek(first, until), first, learning=False)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        self._open.clear(first, until)

    def names(self, series: Ints) -> Names:
        """Partition, by and over values of series; None where the detector does not split."""
        return (*self.series.names(series), None)

    def state(self, prefix: str) -> Arrays:
        """Values, streams and open buckets as arrays."""
        self._make_room()
        kept = self.series.state(prefix) | self._open.state(f"{prefix}.open")
        kept |= arrays.taken_apart(self._values, f"{prefix}.values", len(self.series), axis=0)
        return kept | arrays.taken_apart(self._streams, f"{prefix}.streams", self._known_streams, axis=0)

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the analysis that `state` was taken of."""
        self.series.restore(prefix, kept)
        self._open.restore(f"{prefix}.open", kept)
        self._values = arrays.put_together(self._values, f"{prefix}.values", kept)
        self._streams = arrays.put_together(self._streams, f"{prefix}.streams", kept)

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """All pairs of values that have ids."""
        return (self.series.pairs,)

    @property
    def entities(self) -> Entities:
        """How many values and series there are."""
        return Entities(by=self.series.watched, partitions=self.series.watched_partitions)

    @property
    def size_bytes(self) -> int:
        """Bytes of all that lasts."""
        return self.most_bytes(0)

    def most_bytes(self, more: int) -> int:
        """The same at most, once rows with so many different values have come."""
        return self._bytes(len(self.series) + more, self._known_streams + more)

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same once all values that are expected have been met often."""
        partition = self.detector.partition_field_name
        return self._bytes(expected.of(partition, self.detector.by_field_name), expected.of(partition))

    @property
    def _known_streams(self) -> int:
        return int(self.series.partitions(np.arange(len(self.series))).max(initial=-1)) + 1

    def _bytes(self, values: int, streams: int) -> int:
        models = arrays.series_bytes(self._values, 0) * values + arrays.series_bytes(self._streams, 0) * streams
        return models + self.series.bytes_of(values)

    def _judge(self, rows: Rows, first: int, *, learning: bool) -> Findings:
        self._make_room()
        stream = self.series.partitions(rows.left)
        unusual, present = meet(
            rows.offsets, rows.left, stream, self._values, self._streams, first, self._keep, MOST_EXPECTED, learning
        )
        return self._findings(unusual, present, rows, stream)

    def _findings(self, unusual: Presence, present: Ints, rows: Rows, stream: Ints) -> Findings:
        probability = -np.expm1(-unusual.expected)
        buckets = np.repeat(np.arange(len(present)), np.diff(rows.offsets))
        return Findings(
            bucket=buckets[unusual.entry],
            series=rows.left[unusual.entry],
            evidence=evidence_as_rare(-np.log10(probability)),
            probability=np.clip(probability, LEAST_PROBABILITY, 1.0),
            feature=np.zeros(len(unusual.entry), np.int64),
            actual=np.ones(len(unusual.entry)),
            typical=unusual.share,
            explanation=looking_like(np.where(unusual.share > 0.0, "rare", "new")),
            updates=present,
            closed=None,
            stream=stream[unusual.entry],
        )

    def _make_room(self) -> None:
        capacity = arrays.room(len(self.series), len(self._values.count))
        if capacity > len(self._values.count):
            self._values = arrays.grown(self._values, capacity, axis=0)
        capacity = arrays.room(self._known_streams, len(self._streams.total))
        if capacity > len(self._streams.total):
            self._streams = arrays.grown(self._streams, capacity, axis=0)


def keep(span: int) -> float:
    """Share of a count that is kept from one bucket to the next."""
    return float(0.5 ** (span / HALF_LIFE_SECONDS))


def no_streams() -> Streams:
    """The streams of nothing."""
    return Streams(
        buckets=np.zeros(0, np.int64),
        total=np.zeros(0),
        news=np.zeros(0),
        met=np.zeros(0, np.int64),
        fresh=np.zeros(0),
        mass=np.zeros((0, BINS), np.float32),
        number=np.zeros((0, BINS), np.float32),
    )
