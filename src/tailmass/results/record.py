"""One thing that was unusual: a detector, a series, a bucket."""

from dataclasses import dataclass
from typing import Any

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

    def document(self) -> dict[str, Any]:
        """The record as clients read it.

        In a population the numbers belong to the causes. There is one cause, the over value itself; the record keeps
        the by value beside it, as it may when there is exactly one.
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
        if self.over_field_name:
            return own | {"causes": [self._subject() | self._numbers()]}
        return own | self._numbers()

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
        return subject

    def _numbers(self) -> dict[str, Any]:
        numbers = {"typical": feature(self.typical), "actual": feature(self.actual)}
        return {name: value for name, value in numbers.items() if value is not None}
