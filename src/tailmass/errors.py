"""Everything that is raised on purpose, each with the number that clients of the API know it by.

    EngineError
    ├── UnknownError                                 0
    ├── ConfigurationError                               a job that cannot be created or changed
    │   ├── JobConfigParseError                  10101
    │   ├── JobConfigUnknownField                10102
    │   ├── UnknownJobReference                  10103
    │   ├── InvalidValue                         10104
    │   ├── UnknownFunction                      10105
    │   ├── InvalidFieldSelection                10106
    │   ├── IncompleteConfiguration              10107
    │   ├── InvalidDateFormat                    10108
    │   ├── LicenseViolation                     10109
    │   ├── JobIdTaken                           10110
    │   ├── ProhibitedCharacterInJobId           10111
    │   ├── JobIdTooLong                         10112
    │   ├── ProhibitedCharacterInFieldName       10113
    │   ├── InvalidFunction                      10114
    │   ├── InvalidUpdateKey                     10115
    │   ├── DetectorParseError                   10116
    │   ├── DetectorUnknownField                 10117
    │   ├── EncryptionFailure                    10118
    │   ├── InvalidExcludeFrequent               10119
    │   ├── TransformError                               a transform, or how transforms hang together
    │   │   ├── UnknownTransform                 10201
    │   │   ├── TransformInvalidInputCount       10202
    │   │   ├── TransformOutputsUnused           10203
    │   │   ├── TransformCircularDependency      10204
    │   │   ├── DuplicateTransformOutput         10205
    │   │   ├── TransformInvalidArgumentCount    10206
    │   │   ├── SingleLineWithoutTransforms      10207
    │   │   ├── TransformRequiresCondition       10208
    │   │   ├── UnknownOperator                  10209
    │   │   ├── ConditionInvalidArgument         10210
    │   │   ├── TransformInvalidOutputCount      10211
    │   │   ├── TransformEmptyInput              10212
    │   │   ├── TransformEmptyOutput             10213
    │   │   ├── TransformInvalidArgument         10214
    │   │   ├── TransformParseError              10215
    │   │   └── TransformUnknownField            10216
    │   └── SchedulerError                               where a scheduled job gets its data
    │       ├── SchedulerUnknownDataSource       10301
    │       ├── SchedulerFieldNotSupported       10302
    │       ├── SchedulerInvalidOption           10303
    │       ├── SchedulerRequiresBucketSpan      10304
    │       ├── SchedulerLatencyNotSupported     10305
    │       ├── SchedulerRequiresSummaryCount    10306
    │       ├── SchedulerRequiresFormat          10307
    │       ├── SchedulerIncompleteCredentials   10308
    │       └── SchedulerMultiplePasswords       10309
    ├── StorageError                                     where jobs and results are kept
    │   ├── DataStoreError                       20001
    │   ├── MissingJob                           20101
    │   └── MissingDetectorState                 20102
    ├── UploadError                                      data that was sent
    │   ├── DataError                            30001
    │   ├── MissingField                         30101
    │   ├── UncompressedData                     30102
    │   ├── TooManyBadDates                      30103
    │   ├── TooManyBadRecords                    30104
    │   ├── TooManyOutOfOrder                    30105
    │   ├── TooManyJobsRunning                   30106
    │   └── MalformedJson                        30107
    ├── ProcessError                                     the analysis of one job
    │   ├── AnalysisError                        40001
    │   ├── AnalysisStartError                   40101
    │   ├── AnalysisWriteError                   40102
    │   ├── ConcurrentUse                        40103
    │   └── FlushInterrupted                     40104
    ├── LogError                                         reading logs
    │   ├── CannotOpenDirectory                  50101
    │   ├── MissingLogFile                       50102
    │   └── InvalidLogFilePath                   50103
    ├── RequestError                                     what was asked of a job
    │   ├── UnparseableDate                      60101
    │   ├── InvalidSortField                     60102
    │   ├── JobNotRunning                        60103
    │   ├── InvalidThreshold                     60104
    │   ├── InvalidTimeout                       60105
    │   ├── InvalidFlushParams                   60106
    │   ├── EndBeforeStart                       60107
    │   ├── InvalidResetRange                    60108
    │   ├── ResetNotSupported                    60109
    │   ├── InvalidSkip                          60110
    │   ├── InvalidTake                          60111
    │   ├── UnknownAlertType                     60112
    │   ├── CannotAlertOnProbability             60113
    │   ├── CannotStartScheduler                 60114
    │   ├── CannotStopScheduler                  60115
    │   ├── NoSuchScheduledJob                   60116
    │   ├── NotAllowedForScheduledJob            60117
    │   ├── InvalidRevertParams                  60118
    │   ├── NoSuchModelSnapshot                  60119
    │   ├── JobNotClosed                         60120
    │   ├── InvalidDescription                   60121
    │   ├── DescriptionAlreadyUsed               60122
    │   ├── CannotPauseJob                       60123
    │   ├── CannotResumeJob                      60124
    │   ├── CannotDeleteHighestPriority          60125
    │   └── CannotUpdateScheduler                60126
    └── SupportBundleError                       70101

The names without a number are families, for those who catch; only their numbered descendants are raised.
"""
# ruff: noqa: N818 - the names say what happened; a second "Error" in each would only be longer

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar


class EngineError(Exception):
    """Something the engine refuses or could not do, in words for the one who asked."""

    code: ClassVar[int]

    def __init__(self, message: str, *, cause: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause

    def document(self) -> dict[str, Any]:
        """The error as clients read it.

        >>> MissingJob("job-2").document()
        {'errorCode': 20101, 'message': "No known job with id 'job-2'"}
        """
        body: dict[str, Any] = {"errorCode": self.code, "message": self.message}
        return body if self.cause is None else {**body, "cause": self.cause}


class ConfigurationError(EngineError):
    """A job that cannot be created or changed as it was written."""


class TransformError(ConfigurationError):
    """A transform that cannot work, alone or together with the others."""


class SchedulerError(ConfigurationError):
    """A scheduled job that could not get its data."""


class StorageError(EngineError):
    """Something that is not, or cannot be, kept."""


class UploadError(EngineError):
    """Data that cannot be taken in."""


class ProcessError(EngineError):
    """An analysis that cannot go on, or cannot be spoken to now."""


class LogError(EngineError):
    """A log that cannot be read."""


class RequestError(EngineError):
    """A question or command that does not fit the job it is for."""


class UnknownError(EngineError):
    """Something nobody expected went wrong."""

    code = 0


class JobConfigParseError(ConfigurationError):
    """The configuration is not JSON, or a value has the wrong JSON type."""

    code = 10101


class JobConfigUnknownField(ConfigurationError):
    """The configuration has a field that does not exist."""

    code = 10102


class UnknownJobReference(ConfigurationError):
    """The job whose settings were to be copied does not exist."""

    code = 10103


class InvalidValue(ConfigurationError):
    """A value is outside what is allowed for it."""

    code = 10104


class UnknownFunction(ConfigurationError):
    """No function has this name."""

    code = 10105


class InvalidFieldSelection(ConfigurationError):
    """The function does not go with the fields it was given, or lacks one."""

    code = 10106


class IncompleteConfiguration(ConfigurationError):
    """The job has nothing to detect."""

    code = 10107


class InvalidDateFormat(ConfigurationError):
    """The time format is no date pattern, or leaves part of the date or the time open."""

    code = 10108


class LicenseViolation(ConfigurationError):
    """Reserved: this engine has no licence to violate."""

    code = 10109


class JobIdTaken(ConfigurationError):
    """Another job has this id."""

    code = 10110

    job_id: str | None = None
    """The id, where the one who raised knew it."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"A job with id {job_id!r} exists already: choose another id, or overwrite it")
        self.job_id = job_id


class ProhibitedCharacterInJobId(ConfigurationError):
    """The job id has a character that ids cannot have."""

    code = 10111


class JobIdTooLong(ConfigurationError):
    """The job id is longer than 64 characters."""

    code = 10112


class ProhibitedCharacterInFieldName(ConfigurationError):
    """A field name has a quote or a backslash."""

    code = 10113


class InvalidFunction(ConfigurationError):
    """The function does not go with another setting of the job."""

    code = 10114


class InvalidUpdateKey(ConfigurationError):
    """This part of a job cannot be updated."""

    code = 10115


class DetectorParseError(ConfigurationError):
    """What was to be validated cannot be read as a detector."""

    code = 10116


class DetectorUnknownField(ConfigurationError):
    """The detector to be validated has a field that does not exist."""

    code = 10117


class EncryptionFailure(ConfigurationError):
    """A password could not be encrypted."""

    code = 10118


class InvalidExcludeFrequent(ConfigurationError):
    """What to leave out as frequent is none of all, none, by and over."""

    code = 10119


class UnknownTransform(TransformError):
    """No transform has this name."""

    code = 10201


class TransformInvalidInputCount(TransformError):
    """The transform has too few or too many inputs."""

    code = 10202


class TransformOutputsUnused(TransformError):
    """Nothing uses any output of the transform."""

    code = 10203


class TransformCircularDependency(TransformError):
    """The transform needs, directly or through others, what it makes itself."""

    code = 10204


class DuplicateTransformOutput(TransformError):
    """Two outputs of transforms have the same name."""

    code = 10205


class TransformInvalidArgumentCount(TransformError):
    """The transform has too few or too many arguments."""

    code = 10206


class SingleLineWithoutTransforms(TransformError):
    """Lines without fields need transforms to find the fields in them."""

    code = 10207


class TransformRequiresCondition(TransformError):
    """A transform that excludes rows does not say which."""

    code = 10208


class UnknownOperator(TransformError):
    """A condition compares with an operator that does not exist."""

    code = 10209


class ConditionInvalidArgument(TransformError):
    """A condition compares with something its operator cannot compare with."""

    code = 10210


class TransformInvalidOutputCount(TransformError):
    """The transform has too few or too many outputs."""

    code = 10211


class TransformEmptyInput(TransformError):
    """An input of the transform has no name."""

    code = 10212


class TransformEmptyOutput(TransformError):
    """An output of the transform has no name."""

    code = 10213


class TransformInvalidArgument(TransformError):
    """An argument of the transform cannot be used."""

    code = 10214


class TransformParseError(TransformError):
    """What was to be validated cannot be read as a transform."""

    code = 10215


class TransformUnknownField(TransformError):
    """The transform to be validated has a field that does not exist."""

    code = 10216


class SchedulerUnknownDataSource(SchedulerError):
    """Data cannot be had from this kind of source."""

    code = 10301


class SchedulerFieldNotSupported(SchedulerError):
    """The option belongs to another kind of source."""

    code = 10302


class SchedulerInvalidOption(SchedulerError):
    """An option of the scheduler is missing or cannot be used."""

    code = 10303


class SchedulerRequiresBucketSpan(SchedulerError):
    """A job fed from Elasticsearch has to say its bucket span."""

    code = 10304


class SchedulerLatencyNotSupported(SchedulerError):
    """A job fed from Elasticsearch cannot have latency."""

    code = 10305


class SchedulerRequiresSummaryCount(SchedulerError):
    """Aggregated input needs the name of the field that counts the rows behind each."""

    code = 10306


class SchedulerRequiresFormat(SchedulerError):
    """A job fed from Elasticsearch has to read the format of Elasticsearch."""

    code = 10307


class SchedulerIncompleteCredentials(SchedulerError):
    """There is a user name without a password, or a password without a user name."""

    code = 10308


class SchedulerMultiplePasswords(SchedulerError):
    """There is a password both in clear and encrypted."""

    code = 10309


class DataStoreError(StorageError):
    """The store failed."""

    code = 20001


class MissingJob(StorageError):
    """There is no job with this id."""

    code = 20101

    job_id: str | None = None
    """The id, where the one who raised knew it."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"No known job with id '{job_id}'")
        self.job_id = job_id


class MissingDetectorState(StorageError):
    """The model of a job is gone; only the oldest clients know this one."""

    code = 20102


class DataError(UploadError):
    """The data cannot be used, for a reason without a number of its own."""

    code = 30001


class MissingField(UploadError):
    """The header lacks a field that the job needs."""

    code = 30101


class UncompressedData(UploadError):
    """The data was said to be gzip and is not."""

    code = 30102


class TooManyBadDates(UploadError):
    """Too large a part of the rows has a time that cannot be read."""

    code = 30103


class TooManyBadRecords(UploadError):
    """Too large a part of the rows cannot be used."""

    code = 30104


class TooManyOutOfOrder(UploadError):
    """Too large a part of the rows comes too late."""

    code = 30105


class TooManyJobsRunning(UploadError):
    """No further job can run at the same time, or be kept."""

    code = 30106


class MalformedJson(UploadError):
    """The data was said to be JSON and is not."""

    code = 30107


class AnalysisError(ProcessError):
    """The analysis of the job failed."""

    code = 40001


class AnalysisStartError(ProcessError):
    """The analysis of the job could not be started."""

    code = 40101


class AnalysisWriteError(ProcessError):
    """The analysis of the job does not take data."""

    code = 40102


class ConcurrentUse(ProcessError):
    """The job is busy with another request."""

    code = 40103


class FlushInterrupted(ProcessError):
    """A flush was stopped before it was done."""

    code = 40104


class CannotOpenDirectory(LogError):
    """The directory of the logs cannot be opened."""

    code = 50101


class MissingLogFile(LogError):
    """There is no log with this name."""

    code = 50102


class InvalidLogFilePath(LogError):
    """The name of the log leads out of the directory of the logs."""

    code = 50103


class UnparseableDate(RequestError):
    """A time in the request cannot be read."""

    code = 60101


class InvalidSortField(RequestError):
    """Results cannot be sorted by this field."""

    code = 60102


class JobNotRunning(RequestError):
    """The job is not running, so nothing can be awaited from it."""

    code = 60103


class InvalidThreshold(RequestError):
    """A threshold is outside its range."""

    code = 60104


class InvalidTimeout(RequestError):
    """A timeout is outside its range."""

    code = 60105


class InvalidFlushParams(RequestError):
    """The parameters of a flush do not go together."""

    code = 60106


class EndBeforeStart(RequestError):
    """A range of time ends before it starts."""

    code = 60107


class InvalidResetRange(RequestError):
    """The range of buckets to reset is none."""

    code = 60108


class ResetNotSupported(RequestError):
    """Buckets cannot be reset in a job without latency."""

    code = 60109


class InvalidSkip(RequestError):
    """The number of results to skip is none."""

    code = 60110


class InvalidTake(RequestError):
    """The number of results to take is none."""

    code = 60111


class UnknownAlertType(RequestError):
    """There are no alerts of this type."""

    code = 60112


class CannotAlertOnProbability(RequestError):
    """Alerts of this type have no probability to compare."""

    code = 60113


class CannotStartScheduler(RequestError):
    """The scheduler cannot be started in its present state."""

    code = 60114


class CannotStopScheduler(RequestError):
    """The scheduler cannot be stopped in its present state."""

    code = 60115


class NoSuchScheduledJob(RequestError):
    """The job exists and has no scheduler."""

    code = 60116


class NotAllowedForScheduledJob(RequestError):
    """The job gets its data from its scheduler, and this would interfere."""

    code = 60117


class InvalidRevertParams(RequestError):
    """The snapshot to revert to is not named, or named twice."""

    code = 60118


class NoSuchModelSnapshot(RequestError):
    """There is no such snapshot of the model."""

    code = 60119


class JobNotClosed(RequestError):
    """The job has to be closed for this."""

    code = 60120


class InvalidDescription(RequestError):
    """The new description is none."""

    code = 60121


class DescriptionAlreadyUsed(RequestError):
    """Another snapshot has this description."""

    code = 60122


class CannotPauseJob(RequestError):
    """The job cannot be paused in its present state."""

    code = 60123


class CannotResumeJob(RequestError):
    """Only a paused job can be resumed."""

    code = 60124


class CannotDeleteHighestPriority(RequestError):
    """The snapshot in use cannot be deleted."""

    code = 60125


class CannotUpdateScheduler(RequestError):
    """A scheduler has to be stopped to be updated."""

    code = 60126


class SupportBundleError(EngineError):
    """The support bundle could not be made."""

    code = 70101


def _coded(kind: type[EngineError]) -> Iterator[type[EngineError]]:
    if "code" in vars(kind):
        yield kind
    for child in kind.__subclasses__():
        yield from _coded(child)


by_code: Mapping[int, type[EngineError]] = MappingProxyType({kind.code: kind for kind in _coded(EngineError)})
"""The class that stands for each number."""


def error(code: int, message: str, *, cause: str | None = None) -> EngineError:
    """The error that another engine reported by number and message, as if it had been raised here.

    >>> type(error(20101, "No known job with id 'x'")).__name__
    'MissingJob'
    """
    if code not in by_code:
        return UnknownError(f"{message} (error code {code})", cause=cause)
    # The message was worded by the other side, so the constructors that word their own are passed by.
    reported = by_code[code].__new__(by_code[code], message)
    EngineError.__init__(reported, message, cause=cause)
    return reported
