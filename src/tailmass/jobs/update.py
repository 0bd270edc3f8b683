"""A change to a job that exists: which of its settings may change, and to what."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from tailmass.errors import InvalidUpdateKey, InvalidValue, JobConfigParseError
from tailmass.jobs.analysis import AnalysisConfig
from tailmass.jobs.debug import ModelDebugConfig
from tailmass.jobs.job import Job
from tailmass.jobs.limits import DEFAULT_MB, AnalysisLimits
from tailmass.jobs.scheduler import SchedulerConfig
from tailmass.jobs.wire import Long, Text, Wire, decode, word


class DetectorUpdate(Wire):
    """Which detector gets which description."""

    malformed = unknown = InvalidValue

    index: Long
    """Position of the detector in the job, from 0."""
    description: Text

    @model_validator(mode="before")
    @classmethod
    def _by_other_names(cls, data: Any) -> Any:
        names = {"detectorIndex": "index", "detectorDescription": "description"}
        return {names.get(name, name): each for name, each in data.items()} if isinstance(data, dict) else data


class JobUpdate(Wire):
    """What is to change of a job: a setting that is not named stays as it is, and null takes it back.

    >>> job = Job.parse('{"analysisConfig": {"detectors": [{"function": "count"}]}, "resultsRetentionDays": 7}')
    >>> JobUpdate.parse('{"resultsRetentionDays": 30}').applied(job).results_retention_days
    30
    """

    malformed = unknown = InvalidValue

    description: Text | None = None
    analysis_limits: AnalysisLimits | None = None
    background_persist_interval: Long | None = None
    categorization_filters: tuple[Text, ...] | None = None
    custom_settings: dict[str, Any] | None = None
    detectors: tuple[DetectorUpdate, ...] | None = None
    ignore_downtime: Annotated[Literal["NEVER", "ONCE", "ALWAYS"], BeforeValidator(word)] | None = None
    model_debug_config: ModelDebugConfig | None = None
    model_snapshot_retention_days: Long | None = None
    renormalization_window_days: Long | None = None
    results_retention_days: Long | None = None
    scheduler_config: SchedulerConfig | None = None

    @classmethod
    def parse(cls, data: bytes | str | Mapping[str, Any]) -> Self:
        """The change in JSON, as text or already parsed.

        Raises
        ------
        JobConfigParseError : it is no JSON object, or names nothing
        InvalidUpdateKey : it names what does not exist, or cannot be changed
        InvalidValue : a value is of the wrong kind
        """
        named = decode(dict[str, Any], data, malformed=JobConfigParseError, unknown=JobConfigParseError)
        known = {field.alias: name for name, field in cls.model_fields.items()}
        if not named:
            raise JobConfigParseError(f"There is nothing to change: name any of {', '.join(sorted(map(str, known)))}")
        for name, value in named.items():
            if name not in known:
                raise InvalidUpdateKey(f"{name!r} cannot be changed: use any of {', '.join(sorted(map(str, known)))}")
            if value is None and known[name] in _NEVER_NULL:
                raise InvalidValue(f"'{name}' is null, and cannot be taken back: give it a value")
        return decode(cls, named, malformed=cls.malformed, unknown=cls.unknown)

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_set(cls, data: Any) -> Any:
        return data  # here it is: to nothing

    @property
    def named(self) -> list[str]:
        """What it changes, as clients call it."""
        return sorted(str(type(self).model_fields[name].alias) for name in self.model_fields_set)

    def applied(self, job: Job) -> Job:
        """The job with all of the changes; raises the error of the first rule that one of them breaks."""
        own = self.model_fields_set - {"categorization_filters", "detectors", "model_debug_config"}
        changes = {name: getattr(self, name) for name in own}
        if self.analysis_limits is not None:
            self.analysis_limits.verify()
            _verify_no_less(job.analysis_limits, self.analysis_limits)
        if "model_debug_config" in self.model_fields_set:
            changes["model_debug_config"] = self._debug(job)
        changes["analysis_config"] = self._analysis(job)
        if self.scheduler_config is not None:
            self._verify_scheduler(job)
        changed = job.model_copy(update=changes)
        changed.verify_numbers()
        if self.scheduler_config is not None:
            changed.verify_scheduler()
        return changed

    def _debug(self, job: Job) -> ModelDebugConfig | None:
        debug, before = self.model_debug_config, job.model_debug_config
        if debug is not None:
            debug.verify()
            if before is not None and "write_to" not in debug.model_fields_set:
                return debug.model_copy(update={"write_to": before.write_to})
        return debug

    def _analysis(self, job: Job) -> AnalysisConfig:
        analysis = job.analysis_config
        if self.detectors is not None:
            detectors = list(analysis.detectors)
            for each in self.detectors:
                if not 0 <= each.index < len(detectors):
                    raise InvalidValue(f"There is no detector {each.index}: the job has {len(detectors)}, from 0 on")
                described = {"detector_description": each.description}
                detectors[each.index] = detectors[each.index].model_copy(update=described)
            analysis = analysis.model_copy(update={"detectors": tuple(detectors)})
        if "categorization_filters" in self.model_fields_set:
            analysis = analysis.model_copy(update={"categorization_filters": self.categorization_filters})
            analysis.verify_filters()
        return analysis

    def _verify_scheduler(self, job: Job) -> None:
        if job.scheduler_config is None:
            raise InvalidValue("The job has no 'schedulerConfig' that could change: create it with one")
        before, asked = job.scheduler_config.data_source, self.scheduler_config
        if asked is not None and asked.data_source != before:
            raise InvalidValue(f"'dataSource' is {asked.data_source!r}: the data of this job stays {before!r}")


_NEVER_NULL = frozenset({"description", "analysis_limits", "detectors", "ignore_downtime", "scheduler_config"})


def _verify_no_less(before: AnalysisLimits | None, asked: AnalysisLimits) -> None:
    """A job may already remember what it was allowed to."""
    if before is not None and _megabytes(asked) < _megabytes(before):
        raise InvalidValue(
            f"'modelMemoryLimit' is {asked.model_memory_limit}: it cannot become less than "
            f"{before.model_memory_limit or DEFAULT_MB}"
        )


def _megabytes(limits: AnalysisLimits) -> float:
    return math.inf if limits.model_memory_limit < 0 else limits.model_memory_limit or DEFAULT_MB
