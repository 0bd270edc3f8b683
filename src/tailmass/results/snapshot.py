"""What a job had learnt at some time, as it is listed: whence it can go on, and from which it does."""

from dataclasses import dataclass
from typing import Any

from tailmass.results.modelsize import ModelSize
from tailmass.results.times import wire_time


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model snapshot of the API."""

    time_ms: int
    """When it was made, by the clock of the engine."""
    description: str
    """Why it was made, until someone gives it a name."""
    model_size: ModelSize
    latest_record_time_ms: int | None = None
    """Time of the newest row, None if there was none."""
    latest_result_time: int | None = None
    """Epoch second of the last bucket that had results, None if there was none."""
    snapshot_id: str = ""
    """Unique within the job; the store gives it."""
    restore_priority: int = 0
    """The highest one makes the active snapshot, which the job goes on from; the store gives it."""

    def document(self) -> dict[str, Any]:
        """The snapshot as clients read it; it is one file, and that is the one document it takes."""
        latest = {
            "latestRecordTimeStamp": self.latest_record_time_ms,
            "latestResultTimeStamp": None if self.latest_result_time is None else 1000 * self.latest_result_time,
        }
        return {
            "timestamp": wire_time(self.time_ms),
            "snapshotId": self.snapshot_id,
            "snapshotDocCount": 1,
            "description": self.description,
            "restorePriority": self.restore_priority,
            "modelSizeStats": self.model_size.document(),
        } | {name: wire_time(ms) for name, ms in latest.items() if ms is not None}
