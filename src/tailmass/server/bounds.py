"""The resource `/bounds`: what the models of a job expected, where it was to be kept."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailmass.results import page
from tailmass.server import docs
from tailmass.server.context import Reach
from tailmass.server.debugfiles import document
from tailmass.server.parameters import Between, Page
from tailmass.server.wire import Json, own_url

router = APIRouter(prefix="/bounds", tags=["results"])


@router.get(
    "/{job_id}",
    summary="Read bounds of models",
    response_description="A page of bounds: what a series was expected to be in a bucket, and what it was.",
    responses=docs.errors(400, 404),
)
def bounds(job_id: str, request: Request, context: Reach, between: Between, paging: Page) -> Response:
    """What the models expected of each bucket and series, of a job whose `modelDebugConfig` says DATA_STORE."""
    hits, rows = context.store.bounds(
        job_id, start_ms=between.start_ms, end_ms=between.end_ms, skip=paging.skip, take=paging.take
    )
    documents = [document(row) for row in rows]
    return Json(page(documents, hits, paging.skip, paging.take, own_url(request), between.parameters()))
