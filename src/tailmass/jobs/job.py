"""A job: all that a user says about an analysis before there is any data."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ValidationInfo, model_validator

from tailmass.errors import (
    InvalidValue,
    JobIdTooLong,
    ProhibitedCharacterInJobId,
    SchedulerLatencyNotSupported,
    SchedulerRequiresBucketSpan,
    SchedulerRequiresFormat,
    SchedulerRequiresSummaryCount,
    SingleLineWithoutTransforms,
)
from tailmass.jobs import transforms as pipeline
from tailmass.jobs.analysis import AnalysisConfig
from tailmass.jobs.data import DataDescription
from tailmass.jobs.debug import ModelDebugConfig
from tailmass.jobs.limits import AnalysisLimits
from tailmass.jobs.scheduler import SchedulerConfig
from tailmass.jobs.transforms import Transform
from tailmass.jobs.wire import Long, Name, Text, Wire, decode, not_negative, word

_LONGEST_ID = 64
_SHORTEST_PERSIST_INTERVAL = 3600
_PROHIBITED = frozenset('\\/*?"<>| ,')


class Job(Wire):
    """What a user says about an analysis: what to watch, what the data looks like, what to keep.

    A job that exists is sound: making one, in JSON or in Python, raises the error of the first rule it breaks.

    >>> job = Job.parse('{"analysisConfig": {"detectors": [{"function": "count"}]}}')
    >>> job.analysis_config.bucket_span, job.timeout
    (300, 600)
    """

    always = frozenset({"analysis_config", "data_description", "timeout"})

    id: Name = None
    description: Text | None = None
    analysis_config: AnalysisConfig = AnalysisConfig()
    analysis_limits: AnalysisLimits | None = None
    data_description: DataDescription = DataDescription()
    transforms: tuple[Transform, ...] | None = None
    scheduler_config: SchedulerConfig | None = None
    model_debug_config: ModelDebugConfig | None = None
    timeout: Long = 600
    """Seconds without data after which the job closes itself; 0 is never."""
    renormalization_window_days: Long | None = None
    background_persist_interval: Long | None = None
    model_snapshot_retention_days: Long | None = None
    results_retention_days: Long | None = None
    ignore_downtime: Annotated[Literal["NEVER", "ONCE", "ALWAYS"], BeforeValidator(word)] | None = None
    custom_settings: dict[str, Any] | None = None
    """Whatever the user's tools want to remember with the job; returned as it was."""

    @classmethod
    def parse(cls, data: bytes | str | Mapping[str, Any]) -> Self:
        """The job in JSON, as text or already parsed; raises the error of the first rule it breaks."""
        return decode(cls, data, malformed=cls.malformed, unknown=cls.unknown)

    @classmethod
    def restore(cls, document: bytes | str | Mapping[str, Any]) -> Self:
        """A job from its own document, which was verified when the job was made.

        It is not verified again: a document lacks the password, and rules may have become stricter since.
        """
        return decode(cls, document, malformed=cls.malformed, unknown=cls.unknown, context={"verified": True})

    def sealed(self, seal: Callable[[str], str]) -> Self:
        """The same with its secrets encrypted."""
        if self.scheduler_config is None:
            return self
        return self.model_copy(update={"scheduler_config": self.scheduler_config.sealed(seal)})

    @model_validator(mode="after")
    def _sound(self, info: ValidationInfo) -> Self:
        if not (info.context or {}).get("verified"):
            self.verify()
        return self

    def verify(self) -> None:
        """Raise the error of the first rule that the job breaks."""
        if self.id is not None:
            verify_id(self.id)
        self.analysis_config.verify()
        if self.analysis_limits is not None:
            self.analysis_limits.verify()
        self.data_description.verify()
        self._verify_transforms()
        self.verify_scheduler()
        if self.model_debug_config is not None:
            self.model_debug_config.verify()
        self.verify_numbers()

    def _verify_transforms(self) -> None:
        transforms = self.transforms or ()
        if self.data_description.format == "SINGLE_LINE" and not transforms:
            raise SingleLineWithoutTransforms(
                "The data format SINGLE_LINE has no fields: add 'transforms' that find them in the line"
            )
        pipeline.verify(transforms, {*self.analysis_config.analysis_fields, self.data_description.time_field})

    def verify_scheduler(self) -> None:
        """Raise the error of the first rule that the scheduler breaks, by itself or in this job."""
        scheduler, analysis = self.scheduler_config, self.analysis_config
        if scheduler is None:
            return
        scheduler.verify()
        if scheduler.data_source != "ELASTICSEARCH":
            return
        if "bucket_span" not in analysis.model_fields_set:
            raise SchedulerRequiresBucketSpan("A job with an ELASTICSEARCH scheduler needs 'bucketSpan': set it")
        if analysis.latency:
            raise SchedulerLatencyNotSupported(
                f"'latency' is {analysis.latency}: a job with an ELASTICSEARCH scheduler has none, remove it"
            )
        if scheduler.aggregated is not None and analysis.summary_count_field_name is None:
            raise SchedulerRequiresSummaryCount(
                "Aggregated data needs 'summaryCountFieldName', which is usually doc_count: set it"
            )
        if self.data_description.format != "ELASTICSEARCH":
            raise SchedulerRequiresFormat(
                f"'format' of the 'dataDescription' is {self.data_description.format}: a job with an ELASTICSEARCH "
                "scheduler needs ELASTICSEARCH"
            )

    def verify_numbers(self) -> None:
        """Raise when a number is out of range."""
        not_negative(
            timeout=self.timeout,
            renormalization_window_days=self.renormalization_window_days,
            model_snapshot_retention_days=self.model_snapshot_retention_days,
            results_retention_days=self.results_retention_days,
        )
        interval = self.background_persist_interval
        if interval is not None and interval < _SHORTEST_PERSIST_INTERVAL:
            raise InvalidValue(
                f"'backgroundPersistInterval' is {interval}: it cannot be less than {_SHORTEST_PERSIST_INTERVAL}"
            )


def verify_id(job_id: str) -> None:
    """Raise when a job cannot have this id, which has to be a name that indexes and files can have as well."""
    if len(job_id) > _LONGEST_ID:
        raise JobIdTooLong(f"The job id {job_id[:80]!r} has {len(job_id)} characters: use at most {_LONGEST_ID}")
    wrong = next((each for each in job_id if each in _PROHIBITED or each != each.lower() or not each.isprintable()), "")
    if wrong:
        raise ProhibitedCharacterInJobId(
            f"The job id {job_id!r} has {wrong!r}: upper-case letters, spaces, control characters and any of "
            '\\ / * ? " < > | , cannot be in an id'
        )
    if job_id[0] in "_-+" or job_id in (".", ".."):
        raise ProhibitedCharacterInJobId(
            f"The job id {job_id!r} cannot be a file name: start it with a letter or digit"
        )
