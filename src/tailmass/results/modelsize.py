"""What a job remembers, as the one who created it finds it."""

from dataclasses import dataclass
from typing import Any

from tailmass.results.times import wire_time


@dataclass(frozen=True, slots=True)
class ModelSize:
    """The model size stats of the API: counted, so that they are the same however the rows were cut.

    >>> ModelSize(model_bytes=4096).document()["memoryStatus"]
    'OK'
    """

    model_bytes: int = 0
    """Names, series and models; not the rows of buckets that are open."""
    total_by_field_count: int = 0
    """By values of each detector and partition, added up."""
    total_over_field_count: int = 0
    """Over values of each detector and partition, added up."""
    total_partition_field_count: int = 0
    """Partitions of each detector, added up."""
    bucket_allocation_failures_count: int = 0
    """Buckets in which something new was refused."""
    memory_status: str = "OK"
    """OK, SOFT_LIMIT once models were forgotten or made coarser, HARD_LIMIT while new things are refused."""
    log_time_ms: int | None = None
    """When this was said, by the clock of the engine."""
    bucket_time: int | None = None
    """Epoch second of the last bucket that had closed."""

    def document(self) -> dict[str, Any]:
        """The stats as clients of version 2 read them."""
        body: dict[str, Any] = {
            "modelBytes": self.model_bytes,
            "totalByFieldCount": self.total_by_field_count,
            "totalOverFieldCount": self.total_over_field_count,
            "totalPartitionFieldCount": self.total_partition_field_count,
            "bucketAllocationFailuresCount": self.bucket_allocation_failures_count,
            "memoryStatus": self.memory_status,
        }
        if self.log_time_ms is not None:
            body["logTime"] = wire_time(self.log_time_ms)
        if self.bucket_time is not None:
            body["timestamp"] = wire_time(1000 * self.bucket_time)
        return body
