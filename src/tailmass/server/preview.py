"""The resource `/preview`: data as the analysis of a job would see it."""

from collections.abc import Iterable
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailmass.engine.preview import Preview
from tailmass.errors import DataError
from tailmass.server import docs
from tailmass.server.body import batches, gzipped
from tailmass.server.context import Reach
from tailmass.server.spool import sending

LARGEST_BYTES = 1 << 30
"""The longest answer. It waits in a file until all is read, and a little gzip could fill the disk with it."""

router = APIRouter(prefix="/preview", tags=["data"])


@router.post(
    "/{job_id}",
    status_code=202,
    summary="Preview data",
    response_class=Response,
    response_description="CSV: the time in epoch seconds, then the fields of the analysis, sorted by name.",
    responses={202: {"content": {"text/csv": {}}}, **docs.errors(400, 404)},
    openapi_extra=docs.data_body(),
)
async def preview(job_id: str, request: Request, context: Reach) -> Response:
    """Show data as the job would see it: times read, transforms applied, rows left out that it would not take.

    Nothing is analysed, kept or counted.
    """
    state = await context.work(context.engine.job, job_id)
    limits = context.settings.limits
    looked_through = Preview(state.config, gzipped=gzipped(request), limits=limits.of_records)
    with ExitStack() as held:
        # Many clients send all before they read anything, and an error may come late: the answer has to wait somewhere.
        answer = held.enter_context(TemporaryFile())
        answer.write(looked_through.header())
        async for batch in batches(request.receive):
            await context.work(_keep, answer, looked_through.feed(batch))
        await context.work(_keep, answer, looked_through.finish())
        held.pop_all()  # it is closed when it has been sent
    return sending(answer, "text/csv;charset=UTF-8", status=202, end=answer.tell())


def _keep(answer: IO[bytes], rows: Iterable[bytes]) -> None:
    for some in rows:
        answer.write(some)
        if answer.tell() > LARGEST_BYTES:
            raise DataError(f"A preview has at most {LARGEST_BYTES} bytes: send fewer rows, the beginning is enough")
