"""The resource `/input`: rows that were sent to be kept."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailmass.results import page, wire_time
from tailmass.server import docs
from tailmass.server.context import Reach
from tailmass.server.parameters import Between, Page
from tailmass.server.wire import Json, own_url

router = APIRouter(prefix="/input", tags=["data"])


@router.get(
    "/{job_id}",
    summary="Read kept rows",
    response_description="A page of rows with their time and the fields of the analysis, in the order they came.",
    responses=docs.errors(400, 404),
)
def kept(job_id: str, request: Request, context: Reach, between: Between, paging: Page) -> Response:
    """Rows that were sent to `/dataload`, as the analysis got them: what is behind a result."""
    hits, rows = context.store.input(
        job_id, start_ms=between.start_ms, end_ms=between.end_ms, skip=paging.skip, take=paging.take
    )
    documents = [_document(job_id, row) for row in rows]
    return Json(page(documents, hits, paging.skip, paging.take, own_url(request), between.parameters()))


def _document(job_id: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"jobId": job_id, **row, "timestamp": wire_time(row["timestamp"])}
