"""Results of jobs in Elasticsearch 7.17 and later, or OpenSearch, where Kibana and OpenSearch Dashboards show them.

There is an index for each kind of result. The id of a document says which result it is, so what is written twice is
there once; and it says when it was written, so what has not been written again is known to be gone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec

from tailmass.feeds.elastic.server import ElasticServer
from tailmass.feeds.httpserver import RefusedError
from tailmass.results.evidence import SOURCES

PREFIX = "tailmass-results"
"""What the names of indices begin with when nobody says otherwise."""
AGAIN = 100
"""How many buckets are written anew by a run that goes on after another."""
_BATCH_BYTES = 4 << 20  # what is in between, such as a proxy, may take no more than 10 MB
_REMOVED_AT_ONCE = 5000
_MISSING_IS_EMPTY = {"ignore_unavailable": "true", "allow_no_indices": "true"}

Result = dict[str, Any]


class Kind(StrEnum):
    """The kinds of results, as their indices end."""

    BUCKET = "buckets"
    RECORD = "records"
    INFLUENCER = "influencers"
    CATEGORY = "categories"


TIMED = (Kind.BUCKET, Kind.RECORD, Kind.INFLUENCER)
"""Those that have a time."""


# -- how fields are indexed --------------------------------------------------------------------------------------------

_NAME = {"type": "keyword", "ignore_above": 8191}  # a term has room for that many characters of four bytes
_TEXT, _DATE, _LONG, _DOUBLE = ({"type": kind} for kind in ("text", "date", "long", "double"))


def _properties(**kinds: str) -> dict[str, Any]:
    """Fields by how they are indexed: names of fields, separated by spaces."""
    how = {"names": _NAME, "texts": _TEXT, "dates": _DATE, "longs": _LONG, "doubles": _DOUBLE}
    return {field: how[kind] for kind, fields in kinds.items() for field in fields.split()}


# Lists of objects are not `nested`: Kibana aggregates and filters by what is in objects only.
_SUBJECT = _properties(
    names="function functionDescription fieldName byFieldName byFieldValue overFieldName overFieldValue "
    "partitionFieldName partitionFieldValue correlatedByFieldValue",
    doubles="probability actual typical lower upper",
) | {"influencers": {"properties": _properties(names="influencerFieldName influencerFieldValues")}}
_EVERY = _properties(names="jobId resultType", dates="timestamp pushed", longs="bucketSpan", doubles="anomalyScore") | {
    "isInterim": {"type": "boolean"},
    "fields": {"type": "object", "dynamic": True},
}
PROPERTIES: dict[Kind, dict[str, Any]] = {
    Kind.BUCKET: _EVERY
    | _properties(longs="recordCount eventCount seriesWatched", doubles="initialAnomalyScore maxNormalizedProbability")
    | {
        "bucketInfluencers": {
            "properties": _properties(names="influencerFieldName", doubles="anomalyScore probability")
        }
    },
    Kind.RECORD: _EVERY
    | _SUBJECT
    | _properties(
        names="kind",
        longs="detectorIndex largestOf",
        doubles="normalizedProbability initialNormalizedProbability eventsPerWeek multiBucketImpact",
    )
    | {
        "causes": {"properties": _SUBJECT},
        "contributions": {"properties": _properties(doubles=" ".join(SOURCES))},
    },
    Kind.INFLUENCER: _EVERY | _properties(names="influencerFieldName influencerFieldValue", doubles="probability"),
    Kind.CATEGORY: _properties(
        names="jobId resultType", dates="pushed", longs="categoryId maxMatchingLength", texts="terms regex examples"
    ),
}
"""The fields of each kind, as a mapping has them."""


def _mapping(kind: Kind) -> dict[str, Any]:
    return {
        "dynamic": False,
        "date_detection": False,
        # How the fields of the data are called is known to the jobs only; what they hold are names.
        "dynamic_templates": [{"fields": {"path_match": "fields.*", "mapping": _NAME}}],
        "properties": PROPERTIES[kind],
    }


# -- documents ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A document on its way into the index of its kind."""

    kind: Kind
    id: str
    document: Result


def entries(job_id: str, bucket: Result, min_score: float = 0.0) -> Iterator[Entry]:
    """What is told by a bucket with its records and influencers, from a score upwards; itself the last."""
    at = int(datetime.fromisoformat(bucket["timestamp"]).timestamp())
    seen: Counter[str] = Counter()
    for record in bucket["records"]:
        told = _key(
            record["detectorIndex"],
            record["functionDescription"],
            *(record.get(f"{split}FieldValue") for split in ("by", "over", "partition", "correlatedBy")),
        )
        seen[told] += 1
        if record["normalizedProbability"] >= min_score:
            document = _timed(record) | {"fields": _named(record)}
            yield Entry(Kind.RECORD, f"{job_id}_record_{at}_{told}_{seen[told]}", document)
    for influencer in bucket["influencers"]:
        if influencer["anomalyScore"] >= min_score:
            name, value = influencer["influencerFieldName"], influencer["influencerFieldValue"]
            document = _timed(influencer) | {"fields": {_field(name): [value]}}
            yield Entry(Kind.INFLUENCER, f"{job_id}_influencer_{at}_{_key(name, value)}", document)
    if bucket["anomalyScore"] >= min_score:
        itself = {name: value for name, value in _timed(bucket).items() if name not in ("records", "influencers")}
        yield Entry(Kind.BUCKET, f"{job_id}_bucket_{at}", itself)


def _timed(result: Result) -> Result:
    """The result with its time as every version of the server reads it."""
    return result | {"timestamp": result["timestamp"].replace("+0000", "Z")}


def _result(kind: Kind) -> str:
    return kind.name.lower()


def _key(*parts: Any) -> str:
    return blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()


def _named(record: Result) -> dict[str, list[str]]:
    """The values in a record by the fields of the data that they are of.

    >>> _named({"byFieldName": "host", "byFieldValue": "h1", "influencers": [
    ...     {"influencerFieldName": "host", "influencerFieldValues": ["h1", "h2"]}]})
    {'host': ['h1', 'h2']}
    """
    values: dict[str, dict[str, None]] = {}
    for part in (record, *record.get("causes", ())):
        for split in ("by", "over", "partition"):
            name, value = part.get(f"{split}FieldName"), part.get(f"{split}FieldValue")
            if name is not None and value is not None:
                values.setdefault(_field(name), {})[value] = None
        for influence in part.get("influencers", ()):
            given = values.setdefault(_field(influence["influencerFieldName"]), {})
            given.update(dict.fromkeys(influence["influencerFieldValues"]))
    return {name: list(given) for name, given in values.items()}


def _field(name: str) -> str:
    """A field of the data as a field of documents, where a dot would make an object of it."""
    return name.replace(".", "_")


# -- the indices -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """How far the results of a job have been written; None if there are none."""

    newest_ms: int | None
    """The newest bucket there is."""
    resume_ms: int | None
    """The bucket from which on a run that goes on writes anew: what came after it may have been broken off."""


class ResultSink:
    """The results of one job in a server.

    What keeps the server from answering, if only for now, is an OSError, after which the same can be asked again; what
    it refuses for good is a `RefusedError`, but for single documents, which are counted.

    Parameters
    ----------
    server : who keeps them
    job_id : the job
    index : what the names of the indices begin with
    min_score : results with less are not written
    """

    def __init__(self, server: ElasticServer, job_id: str, *, index: str = PREFIX, min_score: float = 0.0) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,199}", index):
            raise ValueError(f"{index!r} does not begin a name of an index: write it as in {PREFIX}")
        self.indices = f"{index}-*"
        """A pattern for all of its indices."""
        self.sent: Counter[Kind] = Counter()
        """How many results of each kind the server was given."""
        self.refused = 0
        """How many of these it has refused."""
        self.refusal = ""
        """Why it has refused the last of them."""
        self._server = server
        self._job_id = job_id
        self._names = {kind: f"{index}-{kind}" for kind in Kind}
        self._min_score = min_score
        self._stamp_ms = 0

    def begin(self, now_ms: int) -> Place:
        """Have all indices there, and begin a run, whose documents are younger than those of all runs before."""
        for kind in Kind:
            self._have(kind)
        every = ",".join(self._names.values())
        self._server.ask("POST", f"/{every}/_refresh")
        body = {
            "query": self._of_job(),
            "aggs": {"pushed": {"max": {"field": "pushed"}}},
            "post_filter": {"term": {"resultType": _result(Kind.BUCKET)}},
            "sort": [{"timestamp": {"order": "desc", "unmapped_type": "date"}}],
            "size": AGAIN,
            "_source": False,
        }
        found = self._server.ask("POST", f"/{every}/_search", body, allow_partial_search_results="false")
        self._stamp_ms = max(now_ms, int(found["aggregations"]["pushed"]["value"] or 0) + 1)
        times = [hit["sort"][0] for hit in found["hits"]["hits"]]
        return Place(times[0], times[-1]) if times else Place(None, None)

    def write(self, buckets: Iterable[Result]) -> None:
        """Write buckets with all their records and influencers, and only then that they are there."""
        told = [entry for bucket in buckets for entry in entries(self._job_id, bucket, self._min_score)]
        first, last = ([each for each in told if (each.kind is Kind.BUCKET) is whole] for whole in (False, True))
        self._put(first, last)

    def write_categories(self, categories: Iterable[Result]) -> None:
        """Write what the categories of messages are."""
        self._put([Entry(Kind.CATEGORY, f"{self._job_id}_category_{each['categoryId']}", each) for each in categories])

    def remove(self, kinds: Sequence[Kind], since_ms: int | None = None, until_ms: int | None = None) -> int:
        """Remove what an earlier run has written of a time and this has not; how many these are."""
        names = ",".join(self._names[kind] for kind in kinds)
        limits = {"gte": since_ms, "lt": until_ms}
        within = {name: limit for name, limit in limits.items() if limit is not None}
        old = [_range("pushed", lt=self._stamp_ms), *([_range("timestamp", **within)] if within else [])]
        # Not by `_delete_by_query`: it may take longer than one waits for an answer, and not every server has it.
        body = {"query": self._of_job(*old), "size": _REMOVED_AT_ONCE, "seq_no_primary_term": True, "_source": False}
        removed = 0
        while True:
            self._server.ask("POST", f"/{names}/_refresh")  # else what was just written anew looked old
            found = self._server.ask("POST", f"/{names}/_search", body, allow_partial_search_results="false")
            gone = self._removed(found["hits"]["hits"])
            removed += gone
            if not gone:
                return removed

    def close(self) -> None:
        """Hang up."""
        self._server.close()

    def _of_job(self, *filters: dict[str, Any]) -> dict[str, Any]:
        return {"bool": {"filter": [{"term": {"jobId": self._job_id}}, *filters]}}

    def _have(self, kind: Kind) -> None:
        """Have an index there, whose fields are those of its kind; it may be older than some of them."""
        name, mapping = self._names[kind], _mapping(kind)
        try:
            self._server.ask("PUT", f"/{name}", {"mappings": mapping})
        except RefusedError as refused:
            if "already exists" not in str(refused):
                raise
            try:
                self._server.ask("PUT", f"/{name}/_mapping", mapping)
            except RefusedError as other:
                if other.status != 400:
                    raise
                raise ValueError(f"{other}; if {name} is of something else, give another --index") from other

    def _put(self, *ordered: list[Entry]) -> None:
        """Write documents, those of one list after those of the one before; all or, on an OSError, some."""
        refused = [reason for each in ordered for batch in self._batches(each) for reason in self._bulk(batch)]
        self.sent.update(entry.kind for each in ordered for entry in each)
        self.refused += len(refused)
        self.refusal = refused[-1] if refused else self.refusal

    def _removed(self, hits: list[Result]) -> int:
        """Remove documents, but for those that somebody else has written meanwhile; how many are gone."""
        if not hits:
            return 0
        actions = [
            {
                "_index": hit["_index"],
                "_id": hit["_id"],
                "if_seq_no": hit["_seq_no"],
                "if_primary_term": hit["_primary_term"],
            }
            for hit in hits
        ]
        lines = b"".join(msgspec.json.encode({"delete": action}) + b"\n" for action in actions)
        answer = self._server.send("POST", "/_bulk", lines, filter_path="items.*.status,items.*.error")
        failed = [each for item in answer["items"] if "error" in (each := item["delete"]) and each["status"] != 409]
        if failed:
            raise ConnectionError(f"{self._server.url} could not remove all documents: {_reason(failed[0]['error'])}")
        return sum(item["delete"]["status"] == 200 for item in answer["items"])

    def _batches(self, entries: list[Entry]) -> Iterator[bytes]:
        """Documents as the server reads many at once."""
        batch = bytearray()
        for entry in entries:
            action = {"index": {"_index": self._names[entry.kind], "_id": entry.id}}
            told = {"jobId": self._job_id, "resultType": _result(entry.kind), "pushed": self._stamp_ms}
            document = told | entry.document
            batch += msgspec.json.encode(action) + b"\n" + msgspec.json.encode(document) + b"\n"
            if len(batch) >= _BATCH_BYTES:
                yield bytes(batch)
                batch.clear()
        if batch:
            yield bytes(batch)

    def _bulk(self, batch: bytes) -> list[str]:
        """Send documents; why some were refused for good."""
        answer = self._server.send("POST", "/_bulk", batch, filter_path="errors,items.*.status,items.*.error")
        if not answer["errors"]:
            return []
        failed = [item["index"] for item in answer["items"] if "error" in item["index"]]
        reasons = [_reason(each["error"]) for each in failed]
        for each, reason in zip(failed, reasons, strict=True):
            if each["status"] == 429 or each["status"] >= 500:
                raise ConnectionError(f"{self._server.url} could not take all documents: {reason}")
        return reasons


def _range(field: str, **limits: int) -> dict[str, Any]:
    return {"range": {field: {**limits, "format": "epoch_millis"}}}


def _reason(error: Any) -> str:
    """What is wrong with a document; what the server says last is what it means."""
    with suppress(TypeError, KeyError):
        return f"{error['reason']}: {error['caused_by']['reason']}" if "caused_by" in error else str(error["reason"])
    return str(error)
