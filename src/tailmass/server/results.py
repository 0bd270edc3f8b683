"""The resource `/results`: buckets, records, influencers and categories of a job."""

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tailmass.engine.budget import alert_threshold
from tailmass.errors import InvalidSortField, InvalidThreshold, UnparseableDate
from tailmass.results import Bucket, Influencer, JobState, Record, page, parse_time
from tailmass.server import docs
from tailmass.server.context import Context, Reach
from tailmass.server.parameters import (
    Alerts,
    AnomalyScore,
    Before,
    Between,
    Descending,
    Expand,
    IncludeInterim,
    InfluencerScore,
    InfluencerSort,
    Kind,
    MaxNormalizedProbability,
    NormalizedProbability,
    Page,
    Paging,
    Range,
    Sort,
    flag,
)
from tailmass.server.views import seen, single
from tailmass.server.wire import NATIVE, Json, native, own_url, version

router = APIRouter(prefix="/results", tags=["results"])
Timestamp = Annotated[
    str, Path(description="Start of the bucket: ISO 8601, or seconds or milliseconds since the epoch.")
]

CategoryId = Annotated[str, Path(description="The number of the category, as in `prelertcategory`.")]

_NUMBER = re.compile("[0-9]{1,18}")

_COLLECTIONS = frozenset({"buckets", "records", "influencers", "categorydefinitions"})
"""Names below a job's results that are no times."""

_NATIVE_SORTS = frozenset({"kind", "lower", "upper", "largestOf", "eventsPerWeek", "multiBucketImpact"})
"""Fields that only native records have."""


@router.get(
    "/{job_id}/buckets",
    summary="Query buckets",
    response_description="A page of buckets, oldest first.",
    responses=docs.errors(400, 404),
)
def buckets(
    job_id: str,
    request: Request,
    context: Reach,
    paging: Page,
    between: Between,
    expand: Expand,
    include_interim: IncludeInterim,
    anomaly_score: AnomalyScore,
    max_normalized_probability: MaxNormalizedProbability,
    alerts: Alerts,
) -> Response:
    """Buckets in a range of time, at or above the given scores."""
    state = context.engine.job(job_id)
    found = context.store.buckets(
        job_id,
        skip=paging.skip,
        take=paging.take,
        start_ms=between.start_ms,
        end_ms=between.end_ms,
        include_interim=include_interim,
        anomaly_score=max(anomaly_score, _threshold(state)) if alerts else anomaly_score,
        max_normalized_probability=max_normalized_probability,
        expand=expand,
    )
    return _page(
        "bucket",
        request,
        paging,
        between,
        found,
        expand=expand,
        includeInterim=include_interim,
        anomalyScore=anomaly_score,
        maxNormalizedProbability=max_normalized_probability,
        alerts=alerts,
    )


@router.get(
    "/{job_id}/buckets/{timestamp}",
    summary="Look at a bucket",
    response_description="The bucket.",
    responses=docs.errors(400) | docs.missing("bucket", of_job=True),
)
def bucket(
    job_id: str,
    timestamp: Timestamp,
    request: Request,
    context: Reach,
    expand: Expand,
    include_interim: IncludeInterim,
) -> Response:
    """The bucket that starts at a time."""
    context.engine.job(job_id)
    found = bucket_at(job_id, timestamp, context, include_interim=include_interim, expand=expand)
    document = found.document(native=native(request)) if found else None
    key = str(parse_time(timestamp) // 1000)
    return Json(single("bucket", key, document, version(request), expanded=expand), 200 if found else 404)


def bucket_at(job_id: str, timestamp: str, context: Context, *, include_interim: bool, expand: bool) -> Bucket | None:
    """The bucket that starts at a time, in any form a client may write it."""
    seconds, rest_ms = divmod(parse_time(timestamp), 1000)
    if rest_ms:  # buckets start at whole seconds
        return None
    return context.store.bucket(job_id, seconds, include_interim=include_interim, expand=expand)


@router.get(
    "/{job_id}/records",
    summary="Query records",
    response_description="A page of records, the most anomalous first unless asked otherwise.",
    responses=docs.errors(400, 404),
)
def records(
    job_id: str,
    request: Request,
    context: Reach,
    paging: Page,
    between: Between,
    include_interim: IncludeInterim,
    anomaly_score: AnomalyScore,
    normalized_probability: NormalizedProbability,
    kind: Kind,
    sort: Sort = "",
    desc: Descending = "",
) -> Response:
    """Records in a range of time, at or above the given scores, sorted by any of their fields."""
    context.engine.job(job_id)
    sort = sort or "normalizedProbability"
    if sort in _NATIVE_SORTS and not native(request):
        raise InvalidSortField(f"Records are sorted by {sort!r} under /engine/{NATIVE} only")
    descending = flag(desc or "true")
    found = context.store.records(
        job_id,
        skip=paging.skip,
        take=paging.take,
        start_ms=between.start_ms,
        end_ms=between.end_ms,
        include_interim=include_interim,
        sort=sort,
        desc=descending,
        anomaly_score=anomaly_score,
        normalized_probability=normalized_probability,
        kind=kind,
    )
    return _page(
        "record",
        request,
        paging,
        between,
        found,
        includeInterim=include_interim,
        sort=sort,
        desc=descending,
        anomalyScore=anomaly_score,
        normalizedProbability=normalized_probability,
        kind=kind,
    )


@router.get(
    "/{job_id}/influencers",
    summary="Query influencers",
    response_description="A page of influencers, the most anomalous first unless asked otherwise.",
    responses=docs.errors(400, 404),
)
def influencers(
    job_id: str,
    request: Request,
    context: Reach,
    paging: Page,
    between: Between,
    include_interim: IncludeInterim,
    anomaly_score: InfluencerScore,
    sort: InfluencerSort = "",
    desc: Descending = "",
) -> Response:
    """Values of the job's influencers that are to blame for records, one for each bucket they are to blame in."""
    context.engine.job(job_id)
    sort = sort or "anomalyScore"
    descending = flag(desc or "true")
    found = context.store.influencers(
        job_id,
        skip=paging.skip,
        take=paging.take,
        start_ms=between.start_ms,
        end_ms=between.end_ms,
        include_interim=include_interim,
        sort=sort,
        desc=descending,
        anomaly_score=anomaly_score,
    )
    return _page(
        "influencer",
        request,
        paging,
        between,
        found,
        sort=sort,
        desc=descending,
        anomalyScore=anomaly_score,
        includeInterim=include_interim,
    )


@router.get(
    "/{job_id}/categorydefinitions",
    summary="List categories",
    response_description="A page of categories of messages in the order of their ids; none where the job makes none.",
    responses=docs.errors(400, 404),
)
def categories(job_id: str, request: Request, context: Reach, paging: Page) -> Response:
    """What the values of `prelertcategory` stand for: the words of the messages, and some of these."""
    context.engine.job(job_id)
    hits, found = context.store.categories(job_id, skip=paging.skip, take=paging.take)
    documents = [each.document(native=native(request)) for each in found]
    return Json(page(documents, hits, paging.skip, paging.take, own_url(request), {}))


@router.get(
    "/{job_id}/categorydefinitions/{category_id}",
    summary="Look at a category",
    response_description="The category.",
    responses=docs.missing("categoryDefinition", of_job=True),
)
def category(job_id: str, category_id: CategoryId, request: Request, context: Reach) -> Response:
    """One category of messages."""
    context.engine.job(job_id)
    found = context.store.category(job_id, int(category_id)) if _NUMBER.fullmatch(category_id) else None
    document = found.document(native=native(request)) if found else None
    return Json(single("categoryDefinition", category_id, document, version(request)), 200 if found else 404)


@router.get(
    "/{job_id}/{timestamp}",
    summary="Look at a bucket, by the short form of its path",
    response_description="The bucket.",
    responses=docs.errors(400) | docs.missing("bucket", of_job=True),
)
def bucket_in_short(
    job_id: str,
    timestamp: Timestamp,
    request: Request,
    context: Reach,
    expand: Expand,
    include_interim: IncludeInterim,
) -> Response:
    """The bucket that starts at a time."""
    if timestamp in _COLLECTIONS:
        raise HTTPException(404)
    return bucket(job_id, timestamp, request, context, expand, include_interim)


def _threshold(state: JobState) -> float:
    threshold = alert_threshold(state.config)
    if threshold is None:
        raise InvalidThreshold(
            f"Job {state.config.id!r} has no 'alertBudget', so none of its buckets is an alert: create it with one in "
            "its 'analysisConfig', or ask for a least 'anomalyScore'"
        )
    return threshold


def _page(
    noun: str,
    request: Request,
    paging: Paging,
    between: Range,
    found: tuple[int, Sequence[Bucket | Record | Influencer]],
    **asked: str | float | None,
) -> Response:
    """A page of what was found; `asked` is restated in the addresses of the pages around it, in its order."""
    hits, results = found
    expanded = bool(asked.get("expand"))
    documents = [
        seen(noun, result.document(native=native(request)), version(request), expanded=expanded) for result in results
    ]
    parameters = {**between.parameters(), **asked}
    return Json(page(documents, hits, paging.skip, paging.take, own_url(request), parameters))


@router.delete(
    "/{job_id}",
    summary="Delete old results",
    response_description="How many buckets are gone.",
    responses=docs.errors(400, 404),
)
def delete_results(job_id: str, context: Reach, end: Before = "") -> Response:
    """Remove the oldest buckets of a job, with their records and influencers. Its models keep what they have learnt."""
    if not end:
        raise UnparseableDate("Say with 'end' which results are to go: those of buckets that start before it")
    return Json({"deletedBuckets": context.engine.delete_results(job_id, -(-parse_time(end) // 1000))})
