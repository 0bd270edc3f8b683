"""The resources `/audit`, `/activity` and `/usage`: what happened, how many jobs there were, and what came in."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailmass.results import page
from tailmass.server import docs
from tailmass.server.context import Context, Reach
from tailmass.server.parameters import Between, Page, Paging, Range
from tailmass.server.wire import Json, own_url

router = APIRouter(tags=["audit"])


@router.get(
    "/audit",
    summary="Read what happened",
    response_description="A page of messages, the newest first.",
    responses=docs.errors(400),
)
def audit(request: Request, context: Reach, paging: Page) -> Response:
    """What happened to all jobs, those that are deleted included, and to the system."""
    return _audit(request, context, paging, None)


@router.get(
    "/audit/{job_id}",
    summary="Read what happened to a job",
    response_description="A page of messages, the newest first.",
    responses=docs.errors(400),
)
def audit_of_job(job_id: str, request: Request, context: Reach, paging: Page) -> Response:
    """What happened to a job, and to others that had its id before."""
    return _audit(request, context, paging, job_id)


@router.get(
    "/activity",
    summary="Read how many jobs there were",
    response_description="A page of what was noted every hour, the newest first.",
    responses=docs.errors(400),
)
def activity(request: Request, context: Reach, between: Between, paging: Page) -> Response:
    """How many jobs and detectors there were and ran, at every full hour and when the server started."""
    hits, noted = context.store.activity(
        start_ms=between.start_ms, end_ms=between.end_ms, skip=paging.skip, take=paging.take
    )
    documents = [each.document() for each in noted]
    return Json(page(documents, hits, paging.skip, paging.take, own_url(request), between.parameters()))


@router.get(
    "/usage",
    summary="Read what came in",
    response_description="A page of hours in which there was data, the newest first.",
    responses=docs.errors(400),
)
def usage(request: Request, context: Reach, between: Between, paging: Page) -> Response:
    """How many bytes, values and rows all jobs have taken in, hour by hour."""
    return _usage(request, context, between, paging, None)


@router.get(
    "/usage/{job_id}",
    summary="Read what came in for a job",
    response_description="A page of hours in which there was data, the newest first.",
    responses=docs.errors(400),
)
def usage_of_job(job_id: str, request: Request, context: Reach, between: Between, paging: Page) -> Response:
    """How many bytes, values and rows a job has taken in, hour by hour."""
    return _usage(request, context, between, paging, job_id)


def _audit(request: Request, context: Context, paging: Paging, job_id: str | None) -> Response:
    hits, messages = context.store.audit(job_id, skip=paging.skip, take=paging.take)
    documents = [each.document() for each in messages]
    return Json(page(documents, hits, paging.skip, paging.take, own_url(request), {}))


def _usage(request: Request, context: Context, between: Range, paging: Paging, job_id: str | None) -> Response:
    hits, hours = context.store.usage(
        job_id, start_ms=between.start_ms, end_ms=between.end_ms, skip=paging.skip, take=paging.take
    )
    documents = [each.document() for each in hours]
    return Json(page(documents, hits, paging.skip, paging.take, own_url(request), between.parameters()))
