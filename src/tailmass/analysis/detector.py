"""One detector at work: rows to series, series to features, features to probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tailmass.analysis import arrays
from tailmass.analysis.arrays import Arrays
from tailmass.analysis.clock import Advance
from tailmass.analysis.dictionary import Dictionary, Series
from tailmass.analysis.features import FEATURES
from tailmass.analysis.model import FeatureModel
from tailmass.columns import Columns, Floats, Ints
from tailmass.jobs import Detector
from tailmass.kernels.buckets import Closed, Open, accumulate, peek
from tailmass.kernels.observe import Unusual, Watch
from tailmass.kernels.surprise import probability

THRESHOLD = 0.035  # probability up to which a value becomes a record
SIDES = {"both": 0, "high": 1, "low": -1}


@dataclass(frozen=True, slots=True)
class Findings:
    """What a detector found in consecutive buckets; (found,) arrays, by bucket, then by series.

    The most improbable feature speaks for a series where a function has several.
    """

    bucket: Ints
    """Position of the bucket among those of the call."""
    series: Ints
    probability: Floats
    """Of the series in that bucket, with the number of its features taken into account; in (0, 1]."""
    feature: Ints
    """Position in the function's `measures`."""
    actual: Floats
    typical: Floats
    updates: Ints
    """(buckets,) series that met a value."""
    closed: Closed
    """What all series did in these buckets."""


class DetectorAnalysis:
    """A detector with its series, open buckets and models.

    Parameters
    ----------
    detector : the configuration
    dictionaries : the values of each split field, shared by the detectors of a job
    span : seconds of a bucket
    slots : more than the number of buckets that can be open at once
    """

    def __init__(self, detector: Detector, dictionaries: Mapping[str, Dictionary], span: int, slots: int) -> None:
        function = detector.definition
        self.detector = detector
        self.measures = function.measures
        self.series = Series(
            dictionaries[detector.partition_field_name] if detector.partition_field_name else None,
            dictionaries[detector.by_field_name] if detector.by_field_name else None,
            use_null=bool(detector.use_null),
        )
        watch = Watch(
            span=span,
            side=SIDES[function.side or "both"],
            dense=function.empty == "zero",
            counts=self.measures == ("count",),
            reach=reach(THRESHOLD / len(self.measures), SIDES[function.side or "both"]),
            learning=True,
        )
        self.models = tuple(FeatureModel(watch) for _ in self.measures)
        self._open = _no_series(slots)

    def advance(self, columns: Columns, ids: Mapping[str, Ints], advance: Advance) -> Findings:
        """Add admitted rows to the open buckets, and judge the buckets that they close.

        Parameters
        ----------
        columns : the admitted rows
        ids : for each split field, (n,) ids of the values
        advance : what the clock says of the rows
        """
        detector = self.detector
        series = self.series.ids(
            ids[detector.partition_field_name] if detector.partition_field_name else None,
            ids[detector.by_field_name] if detector.by_field_name else None,
            len(advance.rows),
        )
        values = columns.numbers[detector.field_name] if detector.field_name else np.zeros(len(advance.rows))
        self._make_room(len(self.series))
        closed = accumulate(advance.rows, advance.closing, series, values, self._open, advance.first, advance.until)
        judged = [
            model.learn(closed.offsets, closed.series, FEATURES[measure](closed), advance.first, len(self.series))
            for model, measure in zip(self.models, self.measures, strict=True)
        ]
        return _findings([unusual for unusual, _ in judged], judged[0][1], closed)

    def interim(self, first: int, until: int) -> Findings:
        """Judge the open buckets `first` to `until - 1` as they stand."""
        self._make_room(len(self.series))
        closed = peek(self._open, first, until)
        judged = [
            model.probability(closed.offsets, closed.series, FEATURES[measure](closed), first, len(self.series))
            for model, measure in zip(self.models, self.measures, strict=True)
        ]
        return _findings(judged, np.diff(closed.offsets), closed)

    def state(self, prefix: str) -> Arrays:
        """Series, open buckets and models as arrays."""
        series = len(self.series)
        self._make_room(series)
        kept = self.series.state(prefix) | arrays.taken_apart(self._open._replace(used=_NONE), f"{prefix}.open", series)
        kept[f"{prefix}.open.used"] = self._open.used.copy()
        for model, measure in zip(self.models, self.measures, strict=True):
            kept |= model.state(f"{prefix}.{measure}", series)
        return kept

    def restore(self, prefix: str, kept: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the analysis that `state` was taken of."""
        self.series.restore(prefix, kept)
        self._open = arrays.put_together(self._open, f"{prefix}.open", kept)
        for model, measure in zip(self.models, self.measures, strict=True):
            model.restore(f"{prefix}.{measure}", kept)

    @property
    def size_bytes(self) -> int:
        """Bytes of the models and of the open buckets."""
        return arrays.size_bytes(self._open) + sum(model.size_bytes for model in self.models)

    def _make_room(self, series: int) -> None:
        held = self._open.count.shape[1]
        capacity = arrays.room(series, held)
        if capacity > held:
            self._open = arrays.grown(self._open._replace(used=_NONE), capacity)._replace(used=self._open.used)


def reach(threshold: float, side: int) -> float:
    """How many scales from its prediction a value has the probability `threshold`, by bisection."""
    near, far = 0.0, 100.0
    for _ in range(60):
        middle = 0.5 * (near + far)
        near, far = (middle, far) if probability(middle * (side or 1), side) > threshold else (near, middle)
    return far


_NONE = np.zeros(0, np.int64)


def _no_series(slots: int) -> Open:
    none = np.zeros((slots, 0))
    return Open(none, none, none, none, np.zeros((slots, 0), np.int64), np.zeros(slots, np.int64))


def _findings(features: list[Unusual], updates: Ints, closed: Closed) -> Findings:
    """The features of a function as one finding a series and bucket."""
    if len(features) == 1:
        only = features[0]
        which = np.zeros(len(only.series), np.int64)
        return Findings(only.bucket, only.series, only.probability, which, only.actual, only.typical, updates, closed)
    which = np.repeat(np.arange(len(features)), [len(found.series) for found in features])
    found = Unusual._make(map(np.concatenate, zip(*features, strict=True)))
    order = np.lexsort((which, found.probability, found.series, found.bucket))
    bucket, series = found.bucket[order], found.series[order]
    best = order[np.append(True, (np.diff(bucket) != 0) | (np.diff(series) != 0))[: len(order)]]
    # The best of m features is below p with probability 1 - (1 - p)^m at most (Šidák, for independent ones).
    probability = -np.expm1(len(features) * np.log1p(-np.minimum(found.probability[best], 1.0 - 1e-16)))
    picked = Unusual._make(part[best] for part in found)
    return Findings(
        picked.bucket, picked.series, probability, which[best], picked.actual, picked.typical, updates, closed
    )
