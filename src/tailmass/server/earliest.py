"""What only version 0.3 has: results directly below their job, records below their bucket, and names of detectors."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailmass.results import page
from tailmass.server import results
from tailmass.server.context import Context, Reach
from tailmass.server.parameters import Page, Paging
from tailmass.server.views import seen
from tailmass.server.wire import Json, own_url

VERSION = "v0.3"

router = APIRouter(include_in_schema=False)
router.get("/results/{job_id}")(results.buckets)


@router.get("/results/{job_id}/{timestamp}/records")
def records(job_id: str, timestamp: str, request: Request, context: Reach, paging: Page) -> Response:
    """The records of a bucket, the most unusual first."""
    return _page(_records(context, job_id, timestamp, None), paging, request)


@router.get("/results/{job_id}/{timestamp}/records/{detector:path}")
def records_of(job_id: str, timestamp: str, detector: str, request: Request, context: Reach, paging: Page) -> Response:
    """The records of a bucket that one detector has made."""
    return _page(_records(context, job_id, timestamp, detector), paging, request)


@router.get("/detectors/{job_id}")
def detectors(job_id: str, request: Request, context: Reach, paging: Page) -> Response:
    """The names of a job's detectors, in their order."""
    return _page([{"name": name} for name in _names(context, job_id)], paging, request)


def _records(context: Context, job_id: str, timestamp: str, detector: str | None) -> list[dict[str, Any]]:
    names = _names(context, job_id)
    found = results.bucket_at(job_id, timestamp, context, include_interim=False, expand=True)
    if found is None:
        return []
    document = found.document()
    if detector is None:
        shown: list[dict[str, Any]] = seen("bucket", document, VERSION)["records"]
        return shown
    told = (each for each in document["records"] if names[each["detectorIndex"]] == detector)
    return [seen("record", each, VERSION) for each in told]


def _names(context: Context, job_id: str) -> list[str]:
    return [each.label() for each in context.engine.job(job_id).config.analysis_config.detectors]


def _page(documents: list[dict[str, Any]], paging: Paging, request: Request) -> Response:
    shown = documents[paging.skip : paging.skip + paging.take]
    return Json(page(shown, len(documents), paging.skip, paging.take, own_url(request), {}))
