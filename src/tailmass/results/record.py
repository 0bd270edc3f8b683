"""One thing that was unusual: a detector, a series, a bucket."""

import json
from dataclasses import dataclass
from typing import Any

from tailmass.results.evidence import SOURCES
from tailmass.results.numbers import feature, probability, score
from tailmass.results.times import wire_time


@dataclass(frozen=True, slots=True)
class Record:
    """One unusual series in one bucket, as one detector saw it."""

    timestamp: int
    """Start of the bucket, epoch seconds."""
    bucket_span: int
    detector_index: int
    """Position of the detector in the job."""
    function: str
    """The function as the user wrote it, alias and all."""
    function_description: str
    """The short name of what was measured, e.g. `mean`."""
    probability: float
    anomaly_score: float
    """The score of the bucket, 0 to 100."""
    normalized_probability: float
    """The record's own score, 0 to 100. The name is the API's; it never was a probability."""
    field_name: str | None = None
    by_field_name: str | None = None
    by_field_value: str | None = None
    over_field_name: str | None = None
    over_field_value: str | None = None
    partition_field_name: str | None = None
    partition_field_value: str | None = None
    actual: float | tuple[float, ...] | None = None
    """What was seen; several numbers where the function has several, as a position has."""
    typical: float | tuple[float, ...] | None = None
    """What would have been usual."""
    is_interim: bool = False
    """Whether the bucket was not over yet."""
    correlated_by_field_value: str | None = None
    """The by value that this one moves with, and has left."""
    kind: str | None = None
    """What it looks like, one of `results.evidence.KINDS`."""
    lower: float | None = None
    """The lower of the bounds between which 95 % of values were expected in that bucket, unit of the data."""
    upper: float | None = None
    """The upper of these bounds."""
    largest_of: int | None = None
    """Of how many buckets of its series up to this one it is the most extreme on its side, if it is."""
    events_per_week: float | None = None
    """How many events at least this odd are expected a week and series; the score is made of it."""
    multi_bucket_impact: float | None = None
    """From -5, when only this bucket is odd, to 5, when only several together are."""
    evidence_surprise: float | None = None
    """How far the value is from what was predicted, in scales of the series; evidence is in powers of ten."""
    evidence_window: float | None = None
    """The mean of the last few buckets, against its own records."""
    evidence_raw: float | None = None
    """The value as such, against the records of the series."""
    evidence_envelope: float | None = None
    """How far the value is outside of all that was seen at this time of day."""
    evidence_variance: float | None = None
    """How restless or how quiet the last buckets were."""
    evidence_shape: float | None = None
    """How little the course of the last buckets is like any before."""
    evidence_recalibration: float | None = None
    """What is added, or taken away, because so much evidence in sum is rarer, or more frequent, than it claims."""
    causes: str | None = None
    """What a record of a population is made of: JSON, a list of what each by value of it did, the worst first."""
    actual_longitude: float | None = None
    """The second number of a position, of which `actual` has the latitude; degrees."""
    typical_longitude: float | None = None
    """The same of the `typical` position."""
    influencers: str | None = None
    """Who is to blame for it: JSON, a list of what clients read; None where nobody is, or nobody was asked for."""

    @property
    def contributions(self) -> dict[str, Any] | None:
        """What each source adds to the evidence, those that add nothing left out; None where it is not known."""
        found = {source: feature(getattr(self, f"evidence_{source}")) for source in SOURCES}
        if all(value is None for value in found.values()):
            return None
        return {source: value for source, value in found.items() if value}

    def document(self, *, native: bool = False) -> dict[str, Any]:
        """The record as clients read it; those of the Engine API know no more than they do unless it is `native`.

        In a population the numbers belong to the causes, which repeat whom the record is about. The record keeps the by
        value beside it where there is exactly one.
        """
        own: dict[str, Any] = {
            "timestamp": wire_time(self.timestamp * 1000),
            "bucketSpan": self.bucket_span,
            "detectorIndex": self.detector_index,
            **self._subject(),
            "anomalyScore": score(self.anomaly_score),
            "normalizedProbability": score(self.normalized_probability),
            "initialNormalizedProbability": score(self.normalized_probability),
            "isInterim": self.is_interim,
        }
        if self.influencers is not None:
            own["influencers"] = json.loads(self.influencers)
        if native:
            own |= self._explanation()
        if self.over_field_name:
            return own | {"causes": self._causes(native)}
        return own | self._numbers(native)

    def _subject(self) -> dict[str, Any]:
        subject: dict[str, Any] = {
            "probability": probability(self.probability),
            "function": self.function,
            "functionDescription": self.function_description,
        }
        if self.field_name:
            subject["fieldName"] = self.field_name
        for split, name, value in (
            ("by", self.by_field_name, self.by_field_value),
            ("over", self.over_field_name, self.over_field_value),
            ("partition", self.partition_field_name, self.partition_field_value),
        ):
            # Clients dereference the value of a name they were given, so a name without a value is not written; a
            # value may well be "", that of rows which lack the field.
            if name and value is not None:
                subject |= {f"{split}FieldName": name, f"{split}FieldValue": value}
        if self.correlated_by_field_value is not None:
            subject["correlatedByFieldValue"] = self.correlated_by_field_value
        return subject

    def _causes(self, native: bool) -> list[dict[str, Any]]:
        subject = self._subject()
        if self.causes is None:
            return [subject | self._numbers(native)]
        told = [subject | cause for cause in json.loads(self.causes)]
        if self.by_field_name:
            told = [{"byFieldName": self.by_field_name} | cause if "byFieldValue" in cause else cause for cause in told]
        return told

    def _numbers(self, native: bool) -> dict[str, Any]:
        actual, typical = self.actual, self.typical
        if self.actual_longitude is not None:
            actual = (float(actual or 0.0), self.actual_longitude)  # type: ignore[arg-type]
        if self.typical_longitude is not None:
            typical = (float(typical or 0.0), self.typical_longitude)  # type: ignore[arg-type]
        numbers = {"typical": feature(typical), "actual": feature(actual)}
        if native:
            numbers |= {"lower": feature(self.lower), "upper": feature(self.upper)}
        return {name: value for name, value in numbers.items() if value is not None}

    def _explanation(self) -> dict[str, Any]:
        told = {
            "kind": self.kind,
            "largestOf": self.largest_of,
            "eventsPerWeek": feature(self.events_per_week),
            "multiBucketImpact": feature(self.multi_bucket_impact),
            "contributions": self.contributions,
        }
        return {name: value for name, value in told.items() if value is not None}
