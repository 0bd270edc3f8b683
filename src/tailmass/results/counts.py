"""What became of the rows that were sent."""

from dataclasses import dataclass, fields
from typing import Any

from tailmass.results.times import wire_time


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of one upload, or of all uploads of a job: two of them add up.

    >>> (Counts(processed_record_count=2) + Counts(processed_record_count=3, invalid_date_count=1)).input_record_count
    6
    """

    bucket_count: int = 0
    """Buckets with results; only a job has them, an upload does not."""
    processed_record_count: int = 0
    """Rows the analysis was given, those with missing values included."""
    processed_field_count: int = 0
    """Values the analysis was given, the time not counted."""
    input_bytes: int = 0
    """Bytes received, after decompression, those of dropped rows included."""
    input_field_count: int = 0
    """Values received, those that are not analysed included."""
    invalid_date_count: int = 0
    """Rows dropped because their time is missing, cannot be read, or is impossibly far ahead."""
    missing_field_count: int = 0
    """Values the analysis lacked in rows it was given."""
    out_of_order_time_stamp_count: int = 0
    """Rows dropped because they came too late."""
    failed_transform_count: int = 0
    """Applications of a transform that failed; a row can have several."""
    excluded_record_count: int = 0
    """Rows dropped because the job excludes them."""
    latest_record_time_ms: int | None = None
    """Time of the newest row, None as long as there is none."""

    @property
    def input_record_count(self) -> int:
        """Rows received, whatever became of them."""
        dropped = self.out_of_order_time_stamp_count + self.invalid_date_count + self.excluded_record_count
        return self.processed_record_count + dropped

    def __add__(self, other: "Counts") -> "Counts":
        latest = [each for each in (self.latest_record_time_ms, other.latest_record_time_ms) if each is not None]
        return Counts(
            **{name: getattr(self, name) + getattr(other, name) for name in _SUMMED},
            latest_record_time_ms=max(latest, default=None),
        )

    def document(self, summary: bool) -> dict[str, Any]:
        """The counts of a job as clients read them, or those of one upload when `summary`."""
        body: dict[str, Any] = {} if summary else {"bucketCount": self.bucket_count}
        body |= {
            "processedRecordCount": self.processed_record_count,
            "processedFieldCount": self.processed_field_count,
            "inputBytes": self.input_bytes,
            "inputRecordCount": self.input_record_count,
            "inputFieldCount": self.input_field_count,
            "invalidDateCount": self.invalid_date_count,
            "missingFieldCount": self.missing_field_count,
            "outOfOrderTimeStampCount": self.out_of_order_time_stamp_count,
            "failedTransformCount": self.failed_transform_count,
            "excludedRecordCount": self.excluded_record_count,
        }
        if self.latest_record_time_ms is not None:
            body["latestRecordTimeStamp"] = wire_time(self.latest_record_time_ms)
        return body


_SUMMED = tuple(each.name for each in fields(Counts) if each.name != "latest_record_time_ms")
