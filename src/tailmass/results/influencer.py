"""One value of a field in one bucket, and how much of what was unusual is due to it."""

from dataclasses import dataclass
from typing import Any

from tailmass.results.numbers import probability, score
from tailmass.results.times import wire_time


@dataclass(frozen=True, slots=True)
class Influencer:
    """A value that is to blame for records of a bucket."""

    timestamp: int
    """Start of the bucket, epoch seconds."""
    bucket_span: int
    influencer_field_name: str
    influencer_field_value: str
    probability: float
    """Of the least probable record that it is to blame for."""
    anomaly_score: float
    """0 to 100, never rewritten: all its records of the bucket together, by how often that comes of one value."""
    is_interim: bool = False
    """Whether the bucket was not over yet."""

    def document(self, *, native: bool = False) -> dict[str, Any]:
        """The influencer as clients read it; they do not know its initial score, nor the span unless it is `native`."""
        return {
            "timestamp": wire_time(self.timestamp * 1000),
            "influencerFieldName": self.influencer_field_name,
            "influencerFieldValue": self.influencer_field_value,
            "probability": probability(self.probability),
            "anomalyScore": score(self.anomaly_score),
            "isInterim": self.is_interim,
        } | ({"bucketSpan": self.bucket_span} if native else {})
