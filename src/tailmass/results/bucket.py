"""One time slice of a job: how unusual it was, and why."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from tailmass.results.influencer import Influencer
from tailmass.results.numbers import probability, score
from tailmass.results.record import Record
from tailmass.results.times import wire_time


@dataclass(frozen=True, slots=True)
class BucketInfluencer:
    """How much one field, or the time itself, made a bucket unusual."""

    influencer_field_name: str
    """A field, or `bucketTime` for all records of the bucket together."""
    anomaly_score: float
    probability: float

    @staticmethod
    def of_bucket(told: str | None, anomaly_score: float, probability: float) -> "tuple[BucketInfluencer, ...]":
        """Those of a bucket: a JSON array of name, score and probability, or None where there is but the time.

        >>> [each.influencer_field_name for each in BucketInfluencer.of_bucket(None, 40.0, 0.01)]
        ['bucketTime']
        """
        of_time = [("bucketTime", anomaly_score, probability)]
        return tuple(BucketInfluencer(*each) for each in (of_time if told is None else json.loads(told)))

    def document(self) -> dict[str, Any]:
        """The bucket influencer as clients read it; its initial score is kept from them, they do not know it."""
        return {
            "influencerFieldName": self.influencer_field_name,
            "anomalyScore": score(self.anomaly_score),
            "probability": probability(self.probability),
        }


@dataclass(frozen=True, slots=True)
class Bucket:
    """One time slice [timestamp, timestamp + bucket_span) of a job and how unusual it was as a whole."""

    timestamp: int
    """Start, epoch seconds."""
    bucket_span: int
    anomaly_score: float
    """0 to 100, never rewritten: what was first said is what is still said."""
    max_normalized_probability: float
    """The highest score of its records, 0 to 100."""
    record_count: int
    """Its records, whether they are here or not."""
    event_count: int
    """Rows of input in it."""
    is_interim: bool = False
    """Whether it was not over yet."""
    series_watched: int | None = None
    """Series that met a value in it, over all detectors: the more there are, the more often one of them is odd."""
    bucket_influencers: tuple[BucketInfluencer, ...] = ()
    records: tuple[Record, ...] = ()
    """Its records where they were asked for, the most unusual first."""
    influencers: tuple[Influencer, ...] = ()
    """Who is to blame for them, likewise."""

    def expanded(self, records: Iterable[Record], influencers: Iterable[Influencer]) -> "Bucket":
        """The bucket with its records and influencers, each the most unusual first."""
        return replace(
            self,
            records=tuple(
                sorted(records, key=lambda each: (-each.normalized_probability, -each.anomaly_score, each.probability))
            ),
            influencers=tuple(
                sorted(
                    influencers,
                    key=lambda each: (
                        -each.anomaly_score,
                        each.probability,
                        each.influencer_field_name,
                        each.influencer_field_value,
                    ),
                )
            ),
        )

    def document(self, *, native: bool = False) -> dict[str, Any]:
        """The bucket as clients read it; those of the Engine API know no more than they do unless it is `native`."""
        return {
            "timestamp": wire_time(self.timestamp * 1000),
            "bucketSpan": self.bucket_span,
            "anomalyScore": score(self.anomaly_score),
            "initialAnomalyScore": score(self.anomaly_score),
            "maxNormalizedProbability": score(self.max_normalized_probability),
            "recordCount": self.record_count,
            "eventCount": self.event_count,
            "isInterim": self.is_interim,
            "records": [each.document(native=native) for each in self.records],
            "influencers": [each.document(native=native) for each in self.influencers],
            "bucketInfluencers": [each.document() for each in self.bucket_influencers],
        } | ({"seriesWatched": self.series_watched} if native and self.series_watched is not None else {})
