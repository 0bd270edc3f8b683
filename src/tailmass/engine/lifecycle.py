"""What may be done with a job, by where it stands: a table of operations, statuses, and the errors of what may not."""

from collections.abc import Mapping

from tailmass.errors import (
    AnalysisError,
    AnalysisStartError,
    CannotPauseJob,
    CannotResumeJob,
    CannotStartScheduler,
    CannotUpdateScheduler,
    EngineError,
    JobNotClosed,
    NotAllowedForScheduledJob,
)
from tailmass.results import JobState

Refusal = tuple[type[EngineError], str]

STATUSES = ("RUNNING", "CLOSING", "CLOSED", "FAILED", "PAUSING", "PAUSED")
STARTED = "STARTED"
"""What stands for the status of a job whose scheduler is not stopped, whatever else it is."""

_FAILED = "has failed: close it, then send the data since its last close"
_PAUSED = "is paused already: resume it to have it analyse again"
_NOT_PAUSED = (CannotResumeJob, "is {status}, and only a paused job can be resumed")
_SCHEDULED = (NotAllowedForScheduledJob, "is fed by its scheduler: stop that first")

REFUSED: Mapping[str, Mapping[str, Refusal]] = {
    "upload": {"FAILED": (AnalysisStartError, _FAILED), STARTED: _SCHEDULED},
    "flush": {"FAILED": (AnalysisError, _FAILED), STARTED: _SCHEDULED},
    "close": {STARTED: _SCHEDULED},
    "pause": {
        **dict.fromkeys(("PAUSING", "PAUSED"), (CannotPauseJob, _PAUSED)),
        "FAILED": (CannotPauseJob, "has failed: close it before it is paused"),
        STARTED: _SCHEDULED,
    },
    "resume": {**{each: _NOT_PAUSED for each in STATUSES if each != "PAUSED"}, STARTED: _SCHEDULED},
    "revert": {
        each: (JobNotClosed, "is {status}: close it before reverting")
        for each in (*STATUSES, STARTED)
        if each not in ("CLOSED", "FAILED")
    },
    "start scheduler": {
        **dict.fromkeys(
            ("PAUSING", "PAUSED"), (CannotStartScheduler, "is paused: resume it before its scheduler starts")
        ),
        "FAILED": (CannotStartScheduler, "has failed: close it before its scheduler starts"),
        STARTED: (CannotStartScheduler, "has a scheduler at work already: stop that before it is started anew"),
    },
    "update limits": {
        each: (JobNotClosed, "is {status}: close it before its 'analysisLimits' are changed")
        for each in STATUSES
        if each != "CLOSED"
    },
    "update scheduler": {STARTED: (CannotUpdateScheduler, "has a scheduler at work: stop that before it is changed")},
}
"""For each operation, the statuses in which it is refused. What is not here is always allowed."""


def verify(operation: str, state: JobState, *, scheduled: bool = False) -> None:
    """Raise the error of an operation that is not for a job as it stands; `scheduled` is what its scheduler asks."""
    if not scheduled:
        verify_not_scheduled(operation, state)
    refusal = REFUSED[operation].get(state.status)
    if refusal is not None:
        raise _error(refusal, state)


def verify_not_scheduled(operation: str, state: JobState) -> None:
    """Raise the error of an operation that is not for a job whose scheduler is at work, if this one is."""
    refusal = REFUSED[operation].get(STARTED)
    if refusal is not None and state.config.scheduler_config is not None and state.scheduler_status != "STOPPED":
        raise _error(refusal, state)


def _error(refusal: Refusal, state: JobState) -> EngineError:
    kind, reason = refusal
    return kind(f"Job {state.config.id!r} {reason.format(status=state.status)}")
