"""What may stand behind the question mark of a URL, and how forgivingly it is read.

Everything arrives as text and leaves as what it means, or as the error that has a number. An empty value is the same
as none, because some clients always send `start=&end=`; a name that is not known is ignored.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.requests import Request

from tailmass.alerts import TYPES, Condition
from tailmass.engine.detect import UNITS
from tailmass.errors import (
    EndBeforeStart,
    EngineError,
    InvalidResetRange,
    InvalidSkip,
    InvalidTake,
    InvalidThreshold,
    InvalidTimeout,
    InvalidValue,
    UnparseableDate,
)
from tailmass.results import parse_time, wire_time
from tailmass.results.evidence import KINDS
from tailmass.server.context import Reach
from tailmass.server.wire import NATIVE, native, version

LARGEST = 2**31 - 1
"""The largest skip or take; clients read both back into 32 bits."""

PATIENCE = 90.0
"""Seconds to wait for an alert unless told otherwise."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DURATION = re.compile(r"([0-9]{1,12})([smhdw]?)")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def whole(text: str, default: int, error: type[EngineError]) -> int:
    """A count from 0 to `LARGEST`."""
    if not text:
        return default
    if not _WHOLE.fullmatch(text) or not 0 <= int(text) <= LARGEST:
        raise error(f"{text!r} is not a whole number from 0 to {LARGEST}")
    return int(text)


def flag(text: str) -> bool:
    """Whether a switch is on; it is off unless it says true.

    >>> flag("True"), flag("false"), flag(""), flag("1")
    (True, False, False, False)
    """
    return text.casefold() == "true"


def threshold(text: str) -> float:
    """The least score that is asked for."""
    if not text:
        return 0.0
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise InvalidThreshold(f"{text!r} is not a number to compare a score with")
    return float(text)


def patience(text: str) -> float:
    """How long to wait, in seconds.

    >>> patience("30"), patience("")
    (30.0, 90.0)
    """
    if not text:
        return PATIENCE
    if not _NUMBER.fullmatch(text) or not 0 <= float(text) <= LARGEST:
        raise InvalidTimeout(f"'timeout' is {text!r}: write the seconds to wait, from 0 to {LARGEST}")
    return float(text)


def duration(text: str) -> int:
    """A length of time in seconds; a day when none is given.

    >>> duration("1d") == duration("86400") == duration("")
    True
    """
    match = _DURATION.fullmatch(text or "1d")
    if match is None:
        raise InvalidValue(f"'duration' is {text!r}: write seconds, or a whole number and one of s, m, h, d, w")
    return int(match[1]) * UNITS[match[2] or "s"]


def instant(text: str) -> int | None:
    """A time in epoch milliseconds; None when none is given.

    >>> instant("2014-01-22T06:00:00 0000") == instant("2014-01-22T06:00:00Z") == instant("1390370400")
    True
    """
    return parse_time(text) if text else None


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a long list is asked for."""

    skip: int
    take: int


@dataclass(frozen=True, slots=True)
class Range:
    """A range of time, from its start up to before its end, either of which may be open."""

    start_ms: int | None
    end_ms: int | None

    def parameters(self) -> dict[str, str]:
        """The range as the query of the next page states it."""
        given = {"start": self.start_ms, "end": self.end_ms}
        return {name: wire_time(ms) for name, ms in given.items() if ms is not None}


@dataclass(frozen=True, slots=True)
class Flush:
    """What a flush is asked to do beyond processing what is buffered."""

    interim: bool
    start_ms: int | None
    end_ms: int | None
    advance_ms: int | None


@dataclass(frozen=True, slots=True)
class SeriesAsked:
    """Which series of a job is meant."""

    detector_index: int
    partition: str | None
    by: str | None


@dataclass(frozen=True, slots=True)
class Revert:
    """Which snapshot a job is to go back to, and whether its newer results go."""

    until_ms: int | None
    snapshot_id: str | None
    description: str | None
    delete_results: bool


@dataclass(frozen=True, slots=True)
class Reset:
    """The buckets an upload is to replace, as it was written: an error in it belongs into the answer of each job."""

    start: str
    end: str

    def range_ms(self) -> tuple[int, int] | None:
        """A moment of the first and of the last bucket, the same if there is no end; None where none are replaced."""
        if self.end and not self.start:
            raise InvalidResetRange(f"There is a 'resetEnd' {self.end!r} and no 'resetStart'")
        if not self.start:
            return None
        try:
            first, last = parse_time(self.start), parse_time(self.end or self.start)
        except UnparseableDate as error:
            raise InvalidResetRange("The range of buckets to reset cannot be read", cause=error.message) from error
        if last < first:
            raise InvalidResetRange(f"'resetEnd' {self.end!r} is earlier than 'resetStart' {self.start!r}")
        return first, last


def span(start: str, end: str) -> Range:
    """The range between two times."""
    range_ = Range(instant(start), instant(end))
    if range_.start_ms is not None and range_.end_ms is not None and range_.end_ms < range_.start_ms:
        raise EndBeforeStart(f"The end {end!r} is earlier than the start {start!r}")
    return range_


def _text(name: str, description: str, **schema: Any) -> Any:
    # To FastAPI every parameter is a text that may be missing; what it means is said for the description only.
    return Query(alias=name, description=description, json_schema_extra={"x-meaning": schema})


def _native(name: str, description: str, **schema: Any) -> Any:
    # The same for one that only the native API has; to the other versions it is a name that is not known.
    return Query(alias=name, description=description, json_schema_extra={"x-meaning": schema, "x-native": True})


_SKIP = _text("skip", "How many to leave out at the beginning.", type="integer", minimum=0, default=0)
_TAKE = _text("take", "How many to answer at most.", type="integer", minimum=0, default=100)
_DATE = "ISO 8601, or seconds or milliseconds since the epoch."
_INTERIM = "Whether to include interim results."
_START = _text("start", f"Earliest time, itself included. {_DATE}")
_END = _text("end", f"Latest time, itself excluded. {_DATE}")


async def _paging(
    request: Request, context: Reach, skip: Annotated[str, _SKIP] = "", take: Annotated[str, _TAKE] = ""
) -> Paging:
    paging = Paging(whole(skip, 0, InvalidSkip), whole(take, 100, InvalidTake))
    bound = context.settings.max_take
    if bound is not None and paging.skip + paging.take > bound and version(request) in ("v2", NATIVE):
        raise InvalidTake(f"skip + take is {paging.skip + paging.take}, and this server answers up to {bound}")
    return paging


async def _range(start: Annotated[str, _START] = "", end: Annotated[str, _END] = "") -> Range:
    return span(start, end)


async def _feeding(
    start: Annotated[
        str, _text("start", f"Earliest time, itself included; without one, the earliest data. {_DATE}")
    ] = "",
    end: Annotated[
        str, _text("end", f"Latest time, itself excluded; without one, in real time for ever. {_DATE}")
    ] = "",
) -> Range:
    return span(start, end)


def _switch(name: str, description: str, *aliases: str) -> Callable[..., Any]:
    described = _text(name, description, type="boolean", default=False)

    async def switch(request: Request, value: Annotated[str, described] = "") -> bool:
        return flag(value or _first(request, aliases))

    return switch


def _at_least(name: str, description: str, *aliases: str) -> Callable[..., Any]:
    described = _text(name, description, type="number", default=0.0)

    async def at_least(request: Request, value: Annotated[str, described] = "") -> float:
        return threshold(value or _first(request, aliases))

    return at_least


def _first(request: Request, names: tuple[str, ...]) -> str:
    return next(filter(None, (request.query_params.get(name) for name in names)), "")


async def _flush(
    interim: Annotated[
        str,
        _text("calcInterim", "Whether to calculate interim results of unfinished buckets.", type="boolean"),
    ] = "",
    start: Annotated[str, _text("start", f"With calcInterim: the first bucket to calculate. {_DATE}")] = "",
    end: Annotated[str, _text("end", f"With calcInterim and start: where to end, excluded. {_DATE}")] = "",
    advance: Annotated[str, _text("advanceTime", f"Nothing older than this will come. {_DATE}")] = "",
) -> Flush:
    return Flush(flag(interim), instant(start), instant(end), instant(advance))


async def _reset(
    start: Annotated[str, _text("resetStart", f"First bucket to reset, itself included. {_DATE}")] = "",
    end: Annotated[str, _text("resetEnd", f"Last bucket to reset, itself included. {_DATE}")] = "",
) -> Reset:
    return Reset(start, end)


async def _revert(
    time: Annotated[str, _text("time", f"The newest snapshot that is not after this time. {_DATE}")] = "",
    snapshot_id: Annotated[str, _text("snapshotId", "The snapshot of this id.")] = "",
    description: Annotated[str, _text("description", "The snapshot of this description.")] = "",
    delete: Annotated[
        str,
        _text(
            "deleteInterveningResults",
            "Whether to delete the results after those of the snapshot, so that their time can be sent again.",
            type="boolean",
            default=False,
        ),
    ] = "",
) -> Revert:
    return Revert(instant(time), snapshot_id or None, description or None, flag(delete))


async def _downtime(
    request: Request,
    value: Annotated[
        str,
        _text(
            "ignoreDowntime", "Whether buckets without rows before this data are a planned downtime.", type="boolean"
        ),
    ] = "",
) -> bool:
    return flag(value) or (not value and "ignoreDowntime" in request.query_params)


async def _kind(
    request: Request,
    value: Annotated[str, _native("kind", "What the records look like.", type="string", enum=list(KINDS))] = "",
) -> str | None:
    if not value or not native(request):
        return None
    if value not in KINDS:
        raise InvalidValue(f"'kind' is {value!r}: records are one of {', '.join(KINDS)}")
    return value


async def _alerts(
    request: Request,
    value: Annotated[
        str,
        _native(
            "alerts", "Whether to leave out buckets below the job's alertThreshold.", type="boolean", default=False
        ),
    ] = "",
) -> bool | None:
    return flag(value) if native(request) else None


async def _condition(
    include_interim: Annotated[bool, Depends(_switch("includeInterim", _INTERIM, "includeinterim"))],
    score: Annotated[
        str, _text("score", "Least anomalyScore to wait for.", type="number", minimum=0, maximum=100)
    ] = "",
    probability: Annotated[
        str,
        _text("probability", "Least normalizedProbability to wait for.", type="number", minimum=0, maximum=100),
    ] = "",
    alert_on: Annotated[
        str, _text("alertOn", f"Whose score to look at, any of {', '.join(TYPES)}, with commas.", default="bucket")
    ] = "",
) -> Condition:
    kinds = tuple(dict.fromkeys(filter(None, (each.strip().lower() for each in alert_on.split(",")))))
    return Condition(
        score=threshold(score) if score else None,
        probability=threshold(probability) if probability else None,
        alert_on=kinds or ("bucket",),
        include_interim=include_interim,
    )


async def _patience(
    value: Annotated[
        str, _text("timeout", "How long to wait, in seconds.", type="number", minimum=0, default=PATIENCE)
    ] = "",
) -> float:
    return patience(value)


async def _series(
    index: Annotated[
        str, _text("detectorIndex", "Position of the detector in the job.", type="integer", default=0)
    ] = "",
    partition: Annotated[str, _text("partitionFieldValue", "Which series, where the detector has partitions.")] = "",
    by: Annotated[str, _text("byFieldValue", "Which series, where the detector has a by field.")] = "",
) -> SeriesAsked:
    if index and not _WHOLE.fullmatch(index):
        raise InvalidValue(f"'detectorIndex' is {index!r}: it is the position of a detector in the job, from 0")
    return SeriesAsked(int(index or 0), partition or None, by or None)


async def _lines(
    value: Annotated[str, _text("lines", "How many lines.", type="integer", minimum=0, default=10)] = "",
) -> int:
    return whole(value, 10, InvalidValue)


async def _duration(
    value: Annotated[
        str, _text("duration", "How far to look ahead: seconds, or a whole number and s, m, h, d or w.", default="1d")
    ] = "",
) -> int:
    return duration(value)


Page = Annotated[Paging, Depends(_paging)]
Between = Annotated[Range, Depends(_range)]
Feeding = Annotated[Range, Depends(_feeding)]
Before = Annotated[str, _text("end", f"Time before which buckets start that are to go. {_DATE}")]
FlushAsked = Annotated[Flush, Depends(_flush)]
DowntimeAsked = Annotated[bool, Depends(_downtime)]
ResetAsked = Annotated[Reset, Depends(_reset)]
RevertAsked = Annotated[Revert, Depends(_revert)]
Overwrite = Annotated[bool, Depends(_switch("overwrite", "Whether to delete a job of the same id first."))]
Expand = Annotated[bool, Depends(_switch("expand", "Whether to nest the records and influencers of a bucket."))]
IncludeInterim = Annotated[bool, Depends(_switch("includeInterim", _INTERIM, "includeinterim"))]
Descending = Annotated[str, _text("desc", "Whether to sort from high to low.", type="boolean", default=True)]
Sort = Annotated[str, _text("sort", "The field of a record to sort by.", default="normalizedProbability")]
InfluencerSort = Annotated[str, _text("sort", "The field of an influencer to sort by.", default="anomalyScore")]
SnapshotSort = Annotated[str, _text("sort", "The field of a snapshot to sort by.", default="restorePriority")]
SnapshotDescription = Annotated[str, _text("description", "The description that snapshots have.")]
InfluencerScore = Annotated[float, Depends(_at_least("anomalyScore", "Least anomalyScore of the influencer."))]
AnomalyScore = Annotated[float, Depends(_at_least("anomalyScore", "Least anomalyScore of the bucket."))]
MaxNormalizedProbability = Annotated[
    float,
    Depends(
        _at_least(
            "maxNormalizedProbability", "Least maxNormalizedProbability.", "normalizedProbability", "unusualScore"
        )
    ),
]
NormalizedProbability = Annotated[
    float, Depends(_at_least("normalizedProbability", "Least normalizedProbability.", "unusualScore"))
]
Kind = Annotated[str | None, Depends(_kind)]
Alerts = Annotated[bool | None, Depends(_alerts)]
Awaited = Annotated[Condition, Depends(_condition)]
Patience = Annotated[float, Depends(_patience)]
OfSeries = Annotated[SeriesAsked, Depends(_series)]
Lines = Annotated[int, Depends(_lines)]
Duration = Annotated[int, Depends(_duration)]
