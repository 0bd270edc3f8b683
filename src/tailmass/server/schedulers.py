"""The resource `/schedulers`: have a job feed itself, and have it stop."""

from fastapi import APIRouter
from starlette.responses import Response

from tailmass.results import acknowledgement
from tailmass.server import docs
from tailmass.server.context import Reach
from tailmass.server.parameters import Feeding
from tailmass.server.wire import Json

router = APIRouter(prefix="/schedulers", tags=["schedulers"])


@router.post(
    "/{job_id}/start",
    summary="Start a scheduler",
    response_description="The scheduler is started; it reads in the background.",
    responses=docs.errors(400, 404, 409),
)
async def start_scheduler(job_id: str, context: Reach, between: Feeding) -> Response:
    """Feed a job from the source in its `schedulerConfig`, from where it stands on; with an end it stops there."""
    await context.work(context.scheduling.start, job_id, start_ms=between.start_ms, end_ms=between.end_ms)
    return Json(acknowledgement())


@router.post(
    "/{job_id}/stop",
    summary="Stop a scheduler",
    response_description="The scheduler is stopped, and what it has read is analysed.",
    responses=docs.errors(404, 409),
)
async def stop_scheduler(job_id: str, context: Reach) -> Response:
    """Feed a job no more, and wait until that is so."""
    await context.work(context.scheduling.stop, job_id)
    return Json(acknowledgement())
