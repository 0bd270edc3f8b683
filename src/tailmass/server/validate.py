"""The resource `/validate`: parts of a configuration, looked at before there is a job."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailmass.errors import EngineError, JobConfigParseError
from tailmass.jobs import Detector, Transform
from tailmass.jobs import transforms as pipeline
from tailmass.results import acknowledgement
from tailmass.server import docs
from tailmass.server.body import document
from tailmass.server.dialect import transforms_of_today
from tailmass.server.wire import Json, version

router = APIRouter(prefix="/validate", tags=["validate"])


@router.post(
    "/detector",
    summary="Check a detector",
    response_description="The detector can be part of a job.",
    responses=docs.refused(),
    openapi_extra=docs.json_body("Detector"),
)
async def detector(request: Request) -> Response:
    """Say whether a detector is sound by itself, in a job with neither summaries nor overlapping buckets."""
    Detector.parse(await _document(request, Detector.malformed))
    return Json(acknowledgement())


@router.post(
    "/transform",
    summary="Check a transform",
    response_description="The transform can be part of a job.",
    responses=docs.refused(),
    openapi_extra=docs.json_body("Transform"),
)
async def transform(request: Request) -> Response:
    """Say whether a transform is sound by itself. Whether something uses what it makes is for the job to say."""
    told = await _document(request, Transform.malformed)
    pipeline.verify([Transform.parse(transforms_of_today(told, version(request)))])
    return Json(acknowledgement())


@router.post(
    "/transforms",
    summary="Check transforms together",
    response_description="The transforms can be those of a job.",
    responses=docs.refused(),
    openapi_extra=docs.json_body("Transform", several=True),
)
async def transforms(request: Request) -> Response:
    """Say whether transforms are sound, each by itself and all together: no output twice, and no circle."""
    told = await _document(request, Transform.malformed)
    pipeline.parse(transforms_of_today(told, version(request)))
    return Json(acknowledgement())


async def _document(request: Request, malformed: type[EngineError]) -> bytes:
    try:
        return await document(request)
    except JobConfigParseError as error:
        raise malformed(error.message) from None
