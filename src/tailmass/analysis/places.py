"""A detector of series at unusual places, or that come there faster than anything travels."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.detector import LEAST_PROBABILITY, THRESHOLD, Findings, Names
from tailmass.analysis.dictionary import Dictionary, Pairs
from tailmass.analysis.footprint import Cardinalities, Entities
from tailmass.analysis.membership import Membership
from tailmass.analysis.onebyone import Told, one_by_one
from tailmass.analysis.rare import keep
from tailmass.columns import Columns, Floats, Ints
from tailmass.jobs import Detector
from tailmass.kernels.rate import evidence_as_rare
from tailmass.kernels.sphere import CLUSTERS, FIELDS, PEER_CLUSTERS, PLACE, Peers, Places, stay

_SPREAD, _FAR, _LOW = np.uint64(0x9E3779B97F4A7C15), np.uint64(32), np.uint64((1 << 63) - 1)
FARTHEST = 180.0  # degrees of either coordinate


class PlaceAnalysis:
    """A `lat_long` detector.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field, shared by the detectors of a job
    span : seconds of a bucket
    """

    def __init__(self, detector: Detector, dictionaries: Mapping[str, Dictionary], span: int) -> None:
        self.detector = detector
        self.measures = detector.definition.measures
        self._members = Membership(detector, dictionaries)
        self._keep = keep(span)
        self._bucket, self._series, self._second = np.zeros((3, 0), np.int64)
        self._degrees = np.zeros((0, 2))
        self._places = Places(
            clusters=np.zeros((0, CLUSTERS * FIELDS)),
            buckets=np.zeros(0, np.int64),
            news=np.zeros((0, 2)),
            last=np.zeros((0, 3)),
            time=np.zeros(0, np.int64),
        )
        self._peers = Peers(
            clusters=np.zeros((0, PEER_CLUSTERS * FIELDS if self._members.compared else 0)),
            buckets=np.zeros(0, np.int64),
            met=np.zeros(0, np.int64),
            visits=np.zeros(0),
            news=np.zeros((0, 2)),
            alone=np.zeros(0, np.int64),
        )

    def advance(self, columns: Columns, ids: Mapping[str, Ints], advance: Advance) -> Findings:
        """Add admitted rows to the open buckets, and judge the buckets that they close; see `DetectorAnalysis`."""
        detector = self.detector
        assert detector.field_name
        series = self._members.ids(ids, len(advance.rows))
        degrees = positions(columns.texts[detector.field_name])
        known = (series >= 0) & ~np.isnan(degrees[:, 0])
        keys = np.where(known, _keys(series, degrees), -1)
        bucket = np.concatenate([self._bucket, advance.rows[known]])
        series = np.concatenate([self._series, series[known]])
        second = np.concatenate([self._second, columns.times[known] // 1000])
        degrees = np.concatenate([self._degrees, degrees[known]])
        still = bucket >= advance.until
        self._bucket, self._series, self._second = bucket[still], series[still], second[still]
        self._degrees = degrees[still]
        closed = ~still
        found = self._judge(
            bucket[closed], series[closed], second[closed], degrees[closed], advance.first, advance.until, learning=True
        )
        return replace(found, rows=keys)

    def interim(self, first: int, until: int) -> Findings:
        """Judge the open buckets `first` to `until - 1` as they stand."""
        asked = (self._bucket >= first) & (self._bucket < until)
        bucket, series, second = self._bucket[asked], self._series[asked], self._second[asked]
        return self._judge(bucket, series, second, self._degrees[asked], first, until, learning=False)

    def clear(self, first: int, until: int) -> None:
        """Forget the rows of the open buckets `first` to `until - 1`."""
        stay = (self._bucket < first) | (self._bucket >= until)
        self._bucket, self._series, self._second = self._bucket[stay], self._series[stay], self._second[stay]
        self._degrees = self._degrees[stay]

    def names(self, series: Ints) -> Names:
        """Partition, by and over values of series; None where the detector does not split."""
        return self._members.names(series)

    def state(self, prefix: str) -> Arrays:
        """Places and open buckets as arrays."""
        self._make_room()
        kept = self._members.state(prefix)
        kept |= arrays.taken_apart(self._places, f"{prefix}.places", len(self._members), axis=0)
        kept |= arrays.taken_apart(self._peers, f"{prefix}.peers", len(self._members.populations), axis=0)
        kept[f"{prefix}.open"] = np.stack([self._bucket, self._series, self._second])
        kept[f"{prefix}.open.degrees"] = self._degrees.copy()
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the analysis that `state` was taken of."""
        self._members.restore(prefix, kept)
        self._places = arrays.put_together(self._places, f"{prefix}.places", kept)
        self._peers = arrays.put_together(self._peers, f"{prefix}.peers", kept)
        self._bucket, self._series, self._second = np.array(kept[f"{prefix}.open"], np.int64).reshape(3, -1)
        self._degrees = np.array(kept[f"{prefix}.open.degrees"]).reshape(-1, 2)

    @property
    def pairs(self) -> tuple[Pairs, ...]:
        """All pairs of values that have ids."""
        return self._members.pairs

    @property
    def entities(self) -> Entities:
        """How many values and series there are."""
        return self._members.entities

    @property
    def size_bytes(self) -> int:
        """Bytes of all that lasts."""
        return self.most_bytes(0)

    def most_bytes(self, more: int) -> int:
        """The same at most, once rows with so many different values have come."""
        return self._bytes(*(each + more for each in self._members.sizes))

    def bytes_of(self, expected: Cardinalities) -> int:
        """The same once all values that are expected have been met often."""
        return self._bytes(*self._members.expected(expected))

    def _bytes(self, populations: int, persons: int, members: int) -> int:
        models = arrays.series_bytes(self._places, 0) * members + arrays.series_bytes(self._peers, 0) * populations
        return models + self._members.bytes_of(populations, persons, members)

    def _judge(
        self, bucket: Ints, series: Ints, second: Ints, degrees: Floats, first: int, until: int, *, learning: bool
    ) -> Findings:
        self._make_room()
        order = np.lexsort((second, series, bucket))
        bucket, series, second, degrees = bucket[order], series[order], second[order], degrees[order]
        offsets = np.searchsorted(bucket, np.arange(first, max(first, until) + 1)).astype(np.int64)
        unusual, present = stay(
            offsets, series, self._members.populations_of(series), second, points(degrees), self._places, self._peers,
            first, self._keep, THRESHOLD, learning,
        )  # fmt: skip
        probability = np.maximum(unusual.chance, LEAST_PROBABILITY)
        found = Told(
            bucket=bucket[unusual.row] - first,
            member=series[unusual.row],
            probability=probability,
            evidence=evidence_as_rare(-np.log10(probability)),
            actual=degrees[unusual.row],
            typical=np.stack([unusual.latitude, unusual.longitude], axis=1),
            kind=np.where(unusual.kind == PLACE, "place", "travel"),
            key=_keys(series[unusual.row], degrees[unusual.row]),
        )
        return one_by_one(found, self._members, bucket, series, present)

    def _make_room(self) -> None:
        capacity = arrays.room(len(self._members), len(self._places.buckets))
        if capacity > len(self._places.buckets):
            self._places = arrays.grown(self._places, capacity, axis=0)
        capacity = arrays.room(len(self._members.populations), len(self._peers.buckets))
        if capacity > len(self._peers.buckets):
            self._peers = arrays.grown(self._peers, capacity, axis=0)


def positions(text: pl.Series) -> Floats:
    """(n, 2) latitude and longitude, degrees; NaN where the text is not two numbers from -180 to 180.

    >>> positions(pl.Series(["51.5,-0.1", "51.5", "north, south", None, " 1 , 2 "])).tolist()
    [[51.5, -0.1], [nan, nan], [nan, nan], [nan, nan], [1.0, 2.0]]
    """
    parts = text.str.splitn(",", 2).struct.unnest()
    read = [parts[name].str.strip_chars().cast(pl.Float64, strict=False).fill_null(np.nan) for name in parts.columns]
    degrees = np.stack([each.to_numpy() for each in read], axis=1)
    degrees[~(np.abs(degrees) <= FARTHEST).all(axis=1)] = np.nan
    return degrees


def _keys(series: Ints, degrees: Floats) -> Ints:
    """A number for each series and position, >= 0; two of a million share one with a chance of 5e-8."""
    key = series.astype(np.uint64)
    for part in np.ascontiguousarray(degrees.T).view(np.uint64):
        key = (key ^ (key >> _FAR)) * _SPREAD + part
        key = (key ^ (key >> _FAR)) * _SPREAD
    return (key & _LOW).astype(np.int64)


def points(degrees: Floats) -> Floats:
    """(n, 3) the same on the unit sphere."""
    latitude, longitude = np.radians(degrees).T
    across = np.cos(latitude)
    return np.stack([across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude)], axis=1)
