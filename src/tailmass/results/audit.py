"""What happened to jobs and to the system, and what they took in: for those who answer for them."""

from dataclasses import dataclass
from typing import Any

from tailmass.results.times import wire_time

LEVELS = ("INFO", "ACTIVITY", "WARNING", "ERROR")
"""What was decided, what goes on all the time, what to look at, and what has failed."""


@dataclass(frozen=True, slots=True)
class AuditMessage:
    """One thing that happened."""

    time_ms: int
    level: str
    """One of `LEVELS`."""
    message: str
    job_id: str | None = None
    """None for what is about the whole system."""

    def document(self) -> dict[str, Any]:
        """The message as clients read it."""
        of_job = {} if self.job_id is None else {"jobId": self.job_id}
        return of_job | {"level": self.level, "message": self.message, "timestamp": wire_time(self.time_ms)}


@dataclass(frozen=True, slots=True)
class Activity:
    """How many jobs there were at a time, and what of them ran."""

    time_ms: int
    total_jobs: int
    total_detectors: int
    running_jobs: int
    running_detectors: int

    def document(self) -> dict[str, Any]:
        """The activity as clients read it."""
        return {
            "timestamp": wire_time(self.time_ms),
            "totalJobs": self.total_jobs,
            "totalDetectors": self.total_detectors,
            "runningJobs": self.running_jobs,
            "runningDetectors": self.running_detectors,
        }


@dataclass(frozen=True, slots=True)
class Usage:
    """What came in, of one job or of all, since the last time it was noted or within an hour."""

    time_ms: int
    """The hour it was in, or any time in it."""
    input_bytes: int = 0
    input_field_count: int = 0
    input_record_count: int = 0

    @property
    def hour_ms(self) -> int:
        """When the hour began."""
        return self.time_ms // 3_600_000 * 3_600_000

    def document(self) -> dict[str, Any]:
        """The usage of an hour as clients read it."""
        return {
            "timestamp": wire_time(self.hour_ms),
            "inputBytes": self.input_bytes,
            "inputFieldCount": self.input_field_count,
            "inputRecordCount": self.input_record_count,
        }
