"""What clients of the time before version 2 see of jobs, results and errors: they refuse what they do not know.

Everything is kept and written as version 2 has it; here a document of that is made one of an older version, by leaving
out and by calling otherwise. What a list below does not have, no client of that version is ever sent.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from tailmass import results
from tailmass.results import parse_time
from tailmass.server.wire import OLD

Document = dict[str, Any]

_SEEN = (
    *("function", "fieldName", "byFieldName", "byFieldValue"),
    *("overFieldName", "overFieldValue", "partitionFieldName", "partitionFieldValue"),
    *("probability", "typical", "actual"),
)
_RECORD = {
    "v1": ("timestamp", *_SEEN, "anomalyScore", "normalizedProbability", "isInterim", "causes"),
    "v0.3": (*_SEEN, "anomalyScore", "isOverallResult", "isSimpleCount"),
}
_BUCKET = {
    "v1": (
        *("id", "timestamp", "anomalyScore", "rawAnomalyScore", "maxNormalizedProbability"),
        *("recordCount", "eventCount", "isInterim", "records"),
    ),
    "v0.3": ("id", "timestamp", "anomalyScore", "recordCount", "detectors", "records"),
}
_ALERT = ("jobId", "timestamp", "uri", "anomalyScore", "maxNormalizedProbability", "timeout", "bucket", "records")

_JOB = {
    "v1": (
        *("id", "description", "status", "createTime", "finishedTime", "lastDataTime", "timeout"),
        *("analysisConfig", "analysisLimits", "dataDescription", "transforms", "modelDebugConfig", "counts"),
        *("location", "dataEndpoint", "bucketsEndpoint", "recordsEndpoint", "logsEndpoint"),
    ),
    "v0.3": (
        *("id", "status", "createTime", "finishedTime", "lastDataTime", "timeout"),
        *("analysisConfig", "analysisLimits", "dataDescription"),
        *("location", "dataEndpoint", "resultsEndpoint", "logsEndpoint"),
    ),
}
_ANALYSIS = {
    "v1": (
        *("bucketSpan", "batchSpan", "period", "latency", "summaryCountFieldName", "categorizationFieldName"),
        "detectors",
    ),
    "v0.3": ("bucketSpan", "batchSpan", "period", "detectors"),
}
_DETECTOR = {
    "v1": (
        *("function", "fieldName", "byFieldName", "overFieldName", "partitionFieldName"),
        *("useNull", "excludeFrequent"),
    ),
    "v0.3": ("function", "fieldName", "byFieldName", "overFieldName", "partitionFieldName", "useNull"),
}
_LIMITS = {"v1": ("modelMemoryLimit", "categorizationExamplesLimit"), "v0.3": ("modelMemoryLimit",)}
_COUNTS = (
    *("bucketCount", "processedRecordCount", "processedFieldCount", "inputBytes", "inputRecordCount"),
    *("inputFieldCount", "invalidDateCount", "missingFieldCount", "outOfOrderTimeStampCount"),
)
_COUNTS_IF_ANY = ("failedTransformCount", "excludedRecordCount")

_STATUS = {"CLOSING": "RUNNING", "PAUSING": "RUNNING", "PAUSED": "CLOSED"}
"""What the statuses that came later are to those who know three."""

_KNOWN_CODES = frozenset(
    {0, *range(10101, 10115), *range(10201, 10212), 20001, 20101, 30001, *range(30101, 30108)}
    | {40001, *range(40101, 40105), 50101, 50102, *range(60101, 60110)}
)
"""The errors that clients of version 1.5 know."""
_NEAREST_CODES = {20102: 20001, 50103: 50102, 60110: 60101, 60111: 60101, 70101: 0}
_ILL_CONFIGURED, _NOT_NOW = 10104, 40103


def seen(kind: str, document: Document, version: str, *, expanded: bool = True) -> Document:
    """A document of a kind as clients of a version see it.

    Parameters
    ----------
    kind : `job`, `counts`, `bucket`, `record`, `alert` or `error`; others are the same in all versions
    document : as version 2 has it, or the native one
    expanded : whether the records of a bucket were asked for
    """
    if version not in OLD:
        return document
    if kind == "bucket":
        return _bucket(document, version, expanded)
    view = _VIEWS.get(kind)
    return document if view is None else view(document, version)


def single(kind: str, key: str, document: Document | None, version: str, *, expanded: bool = True) -> Document:
    """The envelope of one document, or of none; older versions say first which one was asked for."""
    about = {"documentId": key} if version in OLD else {}
    return about | results.single(kind, document and seen(kind, document, version, expanded=expanded))


def _record(record: Document, version: str) -> Document:
    told = _measured(record)
    if not record.get("isInterim"):
        told.pop("isInterim", None)
    if version == "v1":
        if "causes" in told:
            told["causes"] = [_only(_SEEN, _measured(cause)) for cause in told["causes"]]
    elif told.get("causes"):
        # The population as a whole; what its worst cause did stands for it.
        worst = _measured(told["causes"][0])
        told |= _only(("typical", "actual"), worst) | {"isOverallResult": True}
    return _only(_RECORD[version], told)


def _measured(record: Document) -> Document:
    """A record, or a cause, by the name of what was measured, without what cannot be said by one number."""
    told = {name: value for name, value in record.items() if name not in ("typical", "actual") or _is_number(value)}
    return told | {"function": record["functionDescription"]}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _bucket(bucket: Document, version: str, expanded: bool) -> Document:
    of_time = next((each for each in bucket["bucketInfluencers"] if each["influencerFieldName"] == "bucketTime"), None)
    told = bucket | {
        "id": str(_seconds(bucket["timestamp"])),
        "rawAnomalyScore": abs(math.log10(of_time["probability"])) if of_time else 0.0,
        "records": [_record(each, version) for each in bucket["records"]],
        "detectors": [],
    }
    if not bucket["isInterim"]:
        del told["isInterim"]
    if version == "v0.3" and expanded:
        told["records"] += [_simple_count(bucket)]
    return _only(_BUCKET[version], told)


def _simple_count(bucket: Document) -> Document:
    """How version 0.3 tells the number of rows in a bucket: as a record of their count, with nothing odd about it."""
    count = {"function": "count", "probability": 1.0, "anomalyScore": 0.0, "actual": bucket["eventCount"]}
    return count | {"isSimpleCount": True}


def _alert(alert: Document, version: str) -> Document:
    told = _only(_ALERT, alert)
    if "bucket" in told:
        told["bucket"] = _bucket(told["bucket"], version, True)
    if "records" in told:
        told["records"] = [_record(each, version) for each in told["records"]]
    return told


def _job(job: Document, version: str) -> Document:
    told = job | {"status": _status(job, version), "counts": _counts(job["counts"], version)}
    endpoints = job["endpoints"]
    told |= {f"{name}Endpoint": endpoints[name] for name in ("data", "buckets", "records", "logs")}
    told["resultsEndpoint"] = endpoints["buckets"].removesuffix("/buckets")
    told["analysisConfig"] = _analysis(job["analysisConfig"], version)
    if "analysisLimits" in job:
        told["analysisLimits"] = _only(_LIMITS[version], job["analysisLimits"])
    described = job["dataDescription"]
    # From 1.4 on clients write DELIMITED, and read both.
    told["dataDescription"] = described | ({"format": "DELINEATED"} if described["format"] == "DELIMITED" else {})
    return _only(_JOB[version], told)


def _status(job: Document, version: str) -> str:
    status: str = job["status"]
    if version == "v0.3" and status == "CLOSED" and "finishedTime" not in job:
        return "RUNNING"  # a new job of that time waited for its data
    return _STATUS.get(status, status)


def _analysis(analysis: Document, version: str) -> Document:
    told = analysis | {"detectors": [_only(_DETECTOR[version], each) for each in analysis["detectors"]]}
    if not analysis["latency"]:
        del told["latency"]
    return _only(_ANALYSIS[version], told)


def _counts(counts: Document, version: str) -> Document:
    return _only(_COUNTS, counts) | {name: counts[name] for name in _COUNTS_IF_ANY if counts.get(name)}


def _error(error: Document, version: str) -> Document:
    code = error["errorCode"]
    if version == "v0.3" or code in _KNOWN_CODES:  # to version 0.3 a code is any number
        return error
    nearest = _NEAREST_CODES.get(code, _ILL_CONFIGURED if code < 20000 else _NOT_NOW)
    return error | {"errorCode": nearest}


_VIEWS: Mapping[str, Callable[[Document, str], Document]] = {
    "job": _job,
    "counts": _counts,
    "record": _record,
    "alert": _alert,
    "error": _error,
}


def _only(names: tuple[str, ...], document: Mapping[str, Any]) -> Document:
    return {name: document[name] for name in names if name in document}


def _seconds(time: str) -> int:
    return parse_time(time) // 1000
