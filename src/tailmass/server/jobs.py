"""The resource `/jobs`: create, list, look at, change, pause, delete."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailmass.engine.budget import alert_threshold
from tailmass.errors import InvalidValue, MissingJob, TooManyJobsRunning
from tailmass.jobs import Job, JobUpdate
from tailmass.results import JobState, acknowledgement, page
from tailmass.server import docs
from tailmass.server.body import document
from tailmass.server.context import Context, Reach
from tailmass.server.dialect import current
from tailmass.server.parameters import Overwrite, Page
from tailmass.server.views import seen, single
from tailmass.server.wire import Json, base_url, native, own_url, version

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.post(
    "",
    status_code=201,
    summary="Create a job",
    response_description="The id of the job, on one line.",
    responses=docs.errors(400, 409, 503),
    openapi_extra=docs.json_body("JobConfiguration"),
)
async def create(request: Request, context: Reach, overwrite: Overwrite) -> Response:
    """Take on a job; it is closed until data arrives. Without an id it is given one."""
    configuration = await document(request)
    job_id = await context.work(_create, context, configuration, version(request), overwrite)
    return Json({"id": job_id}, 201)


def _create(context: Context, configuration: bytes, spoken: str, overwrite: bool) -> str:
    def settings(job_id: str) -> dict[str, Any]:
        known: dict[str, Any] = context.engine.job(job_id).config.document()
        return known

    job = Job.parse(current(configuration, spoken, settings))
    most = context.settings.limits.jobs
    if context.engine.jobs(0, 0)[0] >= most and not (overwrite and _exists(context, job.id)):
        raise TooManyJobsRunning(f"There are {most} jobs, which is the limit: delete one before creating another")
    if overwrite and job.id is not None:
        context.scheduling.leave(job.id)
    return context.engine.create(job, overwrite=overwrite)


def _exists(context: Context, job_id: str | None) -> bool:
    try:
        return job_id is not None and bool(context.engine.job(job_id))
    except MissingJob:
        return False


@router.get("", summary="List jobs", response_description="A page of jobs, oldest first.", responses=docs.errors(400))
def jobs(request: Request, context: Reach, paging: Page) -> Response:
    """All jobs, in the order they were created."""
    hits, states = context.engine.jobs(paging.skip, paging.take)
    documents = [seen("job", _document(state, request), version(request)) for state in states]
    return Json(page(documents, hits, paging.skip, paging.take, own_url(request), {}))


@router.get(
    "/{job_id}",
    summary="Look at a job",
    response_description="The job, with its configuration, status and counts.",
    responses=docs.missing("job"),
)
def job(job_id: str, request: Request, context: Reach) -> Response:
    """One job; a job that does not exist is answered with a document that says so."""
    try:
        state = context.engine.job(job_id)
    except MissingJob:
        return Json(single("job", job_id, None, version(request)), 404)
    return Json(single("job", job_id, _document(state, request), version(request)))


def _document(state: JobState, request: Request) -> dict[str, Any]:
    threshold = alert_threshold(state.config)
    return state.document(base_url(request), native=native(request), alert_threshold=threshold)


@router.put(
    "/{job_id}/update",
    summary="Change a job",
    response_description="The changes are kept.",
    responses=docs.errors(400, 404, 409),
    openapi_extra=docs.json_body("JobUpdate"),
)
async def update(job_id: str, request: Request, context: Reach) -> Response:
    """Change settings, all that are named or none; null takes one back. A running job heeds them once reopened."""
    await context.work(_update, context, job_id, await document(request))
    return Json(acknowledgement())


def _update(context: Context, job_id: str, changes: bytes) -> None:
    context.engine.update(job_id, JobUpdate.parse(changes))


@router.put(
    "/{job_id}/description",
    summary="Describe a job",
    response_description="The description is kept.",
    responses=docs.errors(400, 404, 409),
    openapi_extra=docs.text_body("The new description, as plain text."),
)
async def describe(job_id: str, request: Request, context: Reach) -> Response:
    """Change the description the way of version 1."""
    try:
        text = (await document(request)).decode()
    except UnicodeDecodeError as error:
        raise InvalidValue("The description is no text in UTF-8: send it as that", cause=str(error)) from error
    await context.work(context.engine.update, job_id, JobUpdate(description=text))
    return Json(acknowledgement())


@router.post(
    "/{job_id}/pause",
    summary="Pause a job",
    response_description="The job analyses no more.",
    responses=docs.errors(404, 409),
)
async def pause(job_id: str, context: Reach) -> Response:
    """Take what is sent, and drop it, until the job is resumed. The bucket in progress is dropped as well."""
    await context.work(context.engine.pause, job_id)
    return Json(acknowledgement())


@router.post(
    "/{job_id}/resume",
    summary="Resume a job",
    response_description="The job analyses what is sent from now on.",
    responses=docs.errors(404, 409),
)
async def resume(job_id: str, context: Reach) -> Response:
    """Analyse again, from the first whole bucket of what is sent next; the time between is a planned downtime."""
    await context.work(context.engine.resume, job_id)
    return Json(acknowledgement())


@router.delete(
    "/{job_id}",
    summary="Delete a job",
    response_description="The job is gone.",
    responses=docs.errors(404, 409),
)
async def delete(job_id: str, context: Reach) -> Response:
    """Remove a job with its model and results. Its scheduler is stopped first."""
    await context.work(_delete, context, job_id)
    return Json(acknowledgement())


def _delete(context: Context, job_id: str) -> None:
    context.scheduling.leave(job_id)
    context.engine.delete(job_id)
