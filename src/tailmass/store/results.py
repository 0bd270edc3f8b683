"""Pages of buckets, of records and of influencers: filtered, sorted, and the same however often they are asked for."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, and_, func, select

from tailmass.errors import InvalidSortField
from tailmass.results import Bucket, BucketInfluencer, Influencer, Record
from tailmass.store.database import clamped
from tailmass.store.schema import buckets, influencers, records

SORTS: dict[str, Column[Any]] = {
    "timestamp": records.c.timestamp,
    "anomalyScore": records.c.anomaly_score,
    "normalizedProbability": records.c.normalized_probability,
    # Scores are never rewritten, so what was first said is what is said now.
    "initialNormalizedProbability": records.c.normalized_probability,
    "probability": records.c.probability,
    "actual": records.c.actual,
    "typical": records.c.typical,
    "function": records.c.function,
    "functionDescription": records.c.function_description,
    "fieldName": records.c.field_name,
    "byFieldName": records.c.by_field_name,
    "byFieldValue": records.c.by_field_value,
    "overFieldName": records.c.over_field_name,
    "overFieldValue": records.c.over_field_value,
    "partitionFieldName": records.c.partition_field_name,
    "partitionFieldValue": records.c.partition_field_value,
    "correlatedByFieldValue": records.c.correlated_by_field_value,
    "detectorIndex": records.c.detector_index,
    "bucketSpan": records.c.bucket_span,
    "isInterim": records.c.is_interim,
    "kind": records.c.kind,
    "lower": records.c.lower,
    "upper": records.c.upper,
    "largestOf": records.c.largest_of,
    "eventsPerWeek": records.c.events_per_week,
    "multiBucketImpact": records.c.multi_bucket_impact,
}
"""What records can be sorted by, under the names that clients use."""

INFLUENCER_SORTS: dict[str, Column[Any]] = {
    "anomalyScore": influencers.c.anomaly_score,
    "probability": influencers.c.probability,
    "timestamp": influencers.c.timestamp,
    "influencerFieldName": influencers.c.influencer_field_name,
    "influencerFieldValue": influencers.c.influencer_field_value,
    "isInterim": influencers.c.is_interim,
}
"""The same of influencers."""

_OF_BUCKET = "bucket_influencers"
_OF_TIME = [buckets.c.probability, buckets.c.bucket_influencers]
_KEY = list(records.primary_key)
_RECORD = [records.c[field.name] for field in fields(Record)]
_INFLUENCER = [influencers.c[field.name] for field in fields(Influencer)]
_BUCKET = [buckets.c[field.name] for field in fields(Bucket) if field.name in buckets.c and field.name != _OF_BUCKET]

_TIES: list[tuple[Column[Any], bool]] = [
    (records.c.anomaly_score, True),
    (records.c.normalized_probability, True),
    (records.c.probability, False),
    (records.c.timestamp, False),
    (records.c.detector_index, False),
    (records.c.entity, False),
]
"""What decides between records that sort alike, and whether it descends; no two records are equal in all of it."""

_INFLUENCER_TIES: list[tuple[Column[Any], bool]] = [
    (influencers.c.anomaly_score, True),
    (influencers.c.probability, False),
    (influencers.c.timestamp, False),
    (influencers.c.influencer_field_name, False),
    (influencers.c.influencer_field_value, False),
]
"""The same of influencers."""

# Databases limit how many parameters one statement has.
_TIMES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which part of the results is looked at."""

    skip: int = 0
    take: int = 100
    start_ms: int | None = None
    """Inclusive."""
    end_ms: int | None = None
    """Exclusive."""
    include_interim: bool = False

    def conditions(self, job: int, table: Table) -> list[ColumnElement[bool]]:
        """The window, as conditions on the rows of one job."""
        conditions = [table.c.job == job]
        if self.start_ms is not None:
            conditions.append(table.c.timestamp >= _seconds(self.start_ms))
        if self.end_ms is not None:
            conditions.append(table.c.timestamp < _seconds(self.end_ms))
        if not self.include_interim:
            conditions.append(~table.c.is_interim)
        return conditions

    def part(self, query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """The part of a query's rows that the window shows."""
        return query.offset(clamped(self.skip)).limit(clamped(self.take))


def bucket_page(
    connection: Connection,
    job: int,
    window: Window,
    *,
    anomaly_score: float,
    max_normalized_probability: float,
    expand: bool,
) -> tuple[int, list[Bucket]]:
    """How many buckets there are in a window, and the page of them by ascending time."""
    where = window.conditions(job, buckets)
    where += _at_least(buckets.c.anomaly_score, anomaly_score)
    where += _at_least(buckets.c.max_normalized_probability, max_normalized_probability)
    query = window.part(select(*_BUCKET, *_OF_TIME).where(*where).order_by(buckets.c.timestamp))
    found = [_bucket(row) for row in _rows(connection, query)]
    hits = connection.scalar(select(func.count()).select_from(buckets).where(*where)) or 0
    return hits, _expanded(connection, job, found) if expand else found


def bucket_at(
    connection: Connection, job: int, timestamp: int, *, include_interim: bool, expand: bool
) -> Bucket | None:
    """The bucket that starts at a time, if there is one."""
    where = Window(include_interim=include_interim).conditions(job, buckets)
    query = select(*_BUCKET, *_OF_TIME).where(*where, buckets.c.timestamp == clamped(timestamp))
    found = [_bucket(row) for row in _rows(connection, query)]
    found = _expanded(connection, job, found) if expand else found
    return found[0] if found else None


def record_page(
    connection: Connection,
    job: int,
    window: Window,
    *,
    sort: str,
    desc: bool,
    anomaly_score: float,
    normalized_probability: float,
    kind: str | None,
) -> tuple[int, list[Record]]:
    """How many records there are in a window, and the page of them in the order asked for."""
    wanted = _at_least(records.c.anomaly_score, anomaly_score)
    wanted += _at_least(records.c.normalized_probability, normalized_probability)
    wanted += [] if kind is None else [records.c.kind == kind]
    shown = _from_bucket(connection, job, window, desc) if sort == "timestamp" and not wanted else window
    where = shown.conditions(job, records) + wanted
    order = _order(sort_column(sort), desc, _TIES)
    # The page is found among the keys alone, which are in the index, and only its own records are then fetched.
    keys = shown.part(select(*_KEY).where(*where).order_by(*order)).subquery()
    found = select(*_RECORD).join(keys, and_(*(column == keys.c[column.name] for column in _KEY))).order_by(*order)
    if wanted:
        counted = select(func.count()).select_from(records).where(*where)
    else:
        counted = select(func.sum(buckets.c.records_kept)).where(*window.conditions(job, buckets))
    return int(connection.scalar(counted) or 0), [Record(*row) for row in _rows(connection, found)]


def _from_bucket(connection: Connection, job: int, window: Window, desc: bool) -> Window:
    """The same part of the records by time, from the bucket it begins in: what buckets hold is counted, not skipped."""
    if not window.skip:
        return window
    time = buckets.c.timestamp.desc() if desc else buckets.c.timestamp
    upto = func.sum(buckets.c.records_kept).over(order_by=time)
    counted = select(buckets.c.timestamp, (upto - buckets.c.records_kept).label("before"), upto.label("upto"))
    each = counted.where(*window.conditions(job, buckets)).subquery()
    found = (
        select(each.c.timestamp, each.c.before).where(each.c.upto > clamped(window.skip)).order_by(each.c.upto).limit(1)
    )
    first = connection.execute(found).one_or_none()
    if first is None:
        return replace(window, take=0)
    timestamp, before = first
    part = replace(window, skip=window.skip - int(before))
    return replace(part, end_ms=1000 * (timestamp + 1)) if desc else replace(part, start_ms=1000 * timestamp)


def influencer_page(
    connection: Connection, job: int, window: Window, *, sort: str, desc: bool, anomaly_score: float
) -> tuple[int, list[Influencer]]:
    """How many influencers there are in a window, and the page of them in the order asked for."""
    if sort not in INFLUENCER_SORTS:
        names = ", ".join(INFLUENCER_SORTS)
        raise InvalidSortField(f"Influencers cannot be sorted by {sort!r}: they are sorted by one of {names}")
    where = window.conditions(job, influencers) + _at_least(influencers.c.anomaly_score, anomaly_score)
    order = _order(INFLUENCER_SORTS[sort], desc, _INFLUENCER_TIES)
    query = window.part(select(*_INFLUENCER).where(*where).order_by(*order))
    hits = connection.scalar(select(func.count()).select_from(influencers).where(*where)) or 0
    return hits, [Influencer(*row) for row in _rows(connection, query)]


def sort_column(sort: str) -> Column[Any]:
    """The column that a name clients use stands for."""
    if sort not in SORTS:
        raise InvalidSortField(f"Records cannot be sorted by {sort!r}: they are sorted by one of {', '.join(SORTS)}")
    return SORTS[sort]


def _rows(connection: Connection, query: Select[*tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    return connection.execute(query).all()


def _order(column: Column[Any], desc: bool, ties: list[tuple[Column[Any], bool]]) -> list[ColumnElement[Any]]:
    ties = [(tie, descends) for tie, descends in ties if tie is not column]
    order = [each.desc() if descends else each.asc() for each, descends in [(column, desc), *ties]]
    # Said only where something can be missing: where it is said PostgreSQL takes no index.
    return [order[0].nulls_last(), *order[1:]] if column.nullable else list(order)


def _at_least(column: Column[float], least: float) -> list[ColumnElement[bool]]:
    # Nothing scores less than 0, and a condition that always holds would only mislead the planner.
    return [column >= least] if least > 0 else []


def _bucket(row: tuple[Any, ...]) -> Bucket:
    *values, probability, told = row
    bucket = Bucket(*values)
    of_bucket = BucketInfluencer.of_bucket(told, bucket.anomaly_score, probability)
    return replace(bucket, bucket_influencers=of_bucket)


def _expanded(connection: Connection, job: int, found: list[Bucket]) -> list[Bucket]:
    """The buckets with their records and influencers, which are interim together, so that the time is enough."""
    inside: defaultdict[int, list[Record]] = defaultdict(list)
    blamed: defaultdict[int, list[Influencer]] = defaultdict(list)
    times = [bucket.timestamp for bucket in found]
    for first in range(0, len(times), _TIMES_AT_ONCE):
        # In the order they are stored in, and sorted here: asked for a few times by score, SQLite would rather read all
        # records by score than sort these.
        some = records.c.timestamp.in_(times[first : first + _TIMES_AT_ONCE])
        for row in _rows(connection, select(*_RECORD).where(records.c.job == job, some).order_by(*_KEY[1:])):
            record = Record(*row)
            inside[record.timestamp].append(record)
        some = influencers.c.timestamp.in_(times[first : first + _TIMES_AT_ONCE])
        for row in _rows(connection, select(*_INFLUENCER).where(influencers.c.job == job, some)):
            influencer = Influencer(*row)
            blamed[influencer.timestamp].append(influencer)
    return [bucket.expanded(inside[bucket.timestamp], blamed[bucket.timestamp]) for bucket in found]


def _seconds(time_ms: int) -> int:
    """The first second that does not begin before a time."""
    return clamped(-(-time_ms // 1000))
