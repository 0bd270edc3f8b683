"""A job as the one who created it finds it: what was asked for, where it stands, what it has seen."""

from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from tailmass.results.counts import Counts
from tailmass.results.modelsize import ModelSize
from tailmass.results.numbers import score
from tailmass.results.times import wire_time


class Configuration(Protocol):
    """What a job was created with, as far as its state needs it."""

    @property
    def id(self) -> str | None:
        """The id of the job; one that has a state has one."""

    def document(self, *, native: bool) -> dict[str, Any]:
        """The configuration as clients read it; those of the Engine API know no more than they do unless `native`."""


@dataclass(frozen=True, slots=True)
class JobState:
    """A job together with where it stands."""

    config: Any
    """A `Configuration`: `tailmass.jobs.Job`, which results must not know."""
    status: str
    """RUNNING, CLOSING, CLOSED, FAILED, PAUSING or PAUSED."""
    create_time_ms: int
    finished_time_ms: int | None = None
    """When it was last closed or failed."""
    last_data_time_ms: int | None = None
    """When it was last sent data, by the clock of the engine."""
    counts: Counts = field(default_factory=Counts)
    model_size: ModelSize | None = None
    """What it remembers, as of the last flush, close or change of status; None before there was one."""
    scheduler_status: str = "STOPPED"
    """STARTED, STOPPING or STOPPED; said only of jobs that have a scheduler."""
    scheduler_start_ms: int | None = None
    """From when on it was last to feed the job; None for the earliest data."""
    scheduler_end_ms: int | None = None
    """Up to when; None for ever."""

    def document(self, base_url: str, *, native: bool = False, alert_threshold: float | None = None) -> dict[str, Any]:
        """The job as clients read it.

        Parameters
        ----------
        base_url : how they reached the API, such as http://host:8080/engine/v2
        native : whether they know what the Engine API does not have
        alert_threshold : the score from which on its buckets are alerts, told to those who know it
        """
        config: Configuration = self.config
        asked = config.document(native=native)
        body: dict[str, Any] = {"id": config.id}
        if "description" in asked:
            body["description"] = asked["description"]
        body |= {"status": self.status, "createTime": wire_time(self.create_time_ms)}
        if "schedulerConfig" in asked:
            body["schedulerStatus"] = self.scheduler_status
        if self.finished_time_ms is not None:
            body["finishedTime"] = wire_time(self.finished_time_ms)
        if self.last_data_time_ms is not None:
            body["lastDataTime"] = wire_time(self.last_data_time_ms)
        body |= {name: value for name, value in asked.items() if name not in body}
        if self.model_size is not None:
            body["modelSizeStats"] = self.model_size.document()
        if native and alert_threshold is not None:
            body["alertThreshold"] = score(alert_threshold)
        return body | {"counts": self.counts.document(summary=False)} | _places(base_url, str(config.id), native)


def _places(base_url: str, job_id: str, native: bool) -> dict[str, Any]:
    base, name = base_url.rstrip("/"), quote(job_id, safe="")
    forecast = {"forecast": f"{base}/forecast/{name}"} if native else {}
    return {
        "location": f"{base}/jobs/{name}",
        "endpoints": {
            "data": f"{base}/data/{name}",
            "buckets": f"{base}/results/{name}/buckets",
            "records": f"{base}/results/{name}/records",
            "categoryDefinitions": f"{base}/results/{name}/categorydefinitions",
            "logs": f"{base}/logs/{name}",
            "alertsLongPoll": f"{base}/alerts_longpoll/{name}",
            "modelSnapshots": f"{base}/modelsnapshots/{name}",
            **forecast,
        },
    }
