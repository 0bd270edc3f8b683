"""The resource `/alerts_longpoll`: wait until a job has something unusual to tell."""

import asyncio
import time

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive

from tailmass.alerts import Alert, timed_out
from tailmass.engine import Engine
from tailmass.errors import JobNotRunning
from tailmass.server import docs
from tailmass.server.context import Reach
from tailmass.server.parameters import Awaited, Patience
from tailmass.server.views import seen
from tailmass.server.waiting import Coming
from tailmass.server.wire import Json, base_url, native, version

router = APIRouter(prefix="/alerts_longpoll", tags=["alerts"])


@router.get(
    "/{job_id}",
    summary="Wait for an alert",
    response_description="The alert; or that there was none, when the time is up or the job stops.",
    responses=docs.errors(400, 404),
)
async def alert(job_id: str, request: Request, context: Reach, awaited: Awaited, patience: Patience) -> Response:
    """Wait until the job writes a result from a score or probability upwards; older ones do not count.

    An alert for the `score` holds the `bucket`, one for the `probability` the `records` that reached it. It is about
    the earliest bucket of those that are written together.
    """
    with context.waiting.for_alert(job_id, awaited) as coming:
        await run_in_threadpool(_must_run, context.engine, job_id)
        found = await _first(coming, request.receive, patience)
    if found is None:
        told = timed_out(job_id, awaited.alert_on[0])
    else:
        told = found.document(job_id, base_url(request), int(time.time() * 1000), native=native(request))
    return Json(seen("alert", told, version(request)))


def _must_run(engine: Engine, job_id: str) -> None:
    status = engine.job(job_id).status
    if status != "RUNNING":
        raise JobNotRunning(f"Job {job_id!r} is {status}, so no results come of it: send it data, then wait")


async def _first(coming: Coming, receive: Receive, patience: float) -> Alert | None:
    """The alert, or None when it is given up; a client that goes away ends the wait."""
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((coming, leaving), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            return coming.result()
        if leaving.done():
            raise ClientDisconnect
        return None
    finally:
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
