"""The resource `/data`: upload to one or more jobs, flush, close."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from tailmass.engine import Engine, Upload
from tailmass.errors import EngineError
from tailmass.results import Counts, acknowledgement
from tailmass.server import docs
from tailmass.server.body import batches, gzipped
from tailmass.server.context import Context, Reach
from tailmass.server.errors import STATUS, document, stopped, surprise
from tailmass.server.linger import STOPPING
from tailmass.server.metrics import CODES, Metrics
from tailmass.server.parameters import DowntimeAsked, FlushAsked, Reset, ResetAsked
from tailmass.server.views import seen
from tailmass.server.wire import Json, version

log = logging.getLogger(__name__)

router = APIRouter(prefix="/data", tags=["data"])
loading = APIRouter(prefix="/dataload", tags=["data"])

JobIds = Annotated[str, Path(description="The id of a job, or several with commas between them.")]


class Recipient:
    """One of the jobs that an upload is for: what goes wrong with it is its own affair, and told in its own entry.

    The calls block, and one waits for the other, so that an upload can be given up while a batch is still analysed.
    """

    def __init__(self, engine: Engine, metrics: Metrics, job_id: str, *, keep: bool) -> None:
        self.engine = engine
        self.metrics = metrics
        self.job_id = job_id
        self.keep = keep
        self.error: EngineError | None = None
        self.counts: Counts | None = None
        self._upload: Upload | None = None
        self._noted = Counts()
        self._abandoned = False
        self._turn = threading.Lock()

    @property
    def listening(self) -> bool:
        """Whether the job still wants data."""
        return self._upload is not None

    @property
    def settled(self) -> bool:
        """Whether it is known what became of the upload."""
        return self.counts is not None or self.error is not None

    def open(self, gzipped: bool, reset: Reset, ignore_downtime: bool) -> None:
        """Begin, which may have to restore the model of the job."""
        with self._settling():
            if self._abandoned:
                return
            range_ms = reset.range_ms()
            self._upload = self.engine.upload(
                self.job_id, gzipped=gzipped, keep=self.keep, ignore_downtime=ignore_downtime, reset_ms=range_ms
            )

    def feed(self, batch: bytes) -> None:
        """Analyse some more."""
        with self._settling():
            if self._upload is not None:
                self._upload.feed(batch)
                self._note(self._upload)

    def finish(self) -> None:
        """Come to the end of the upload."""
        with self._settling():
            if self._upload is not None:
                self.counts = self._upload.finish()
                self._note(self._upload)
                self._upload = None

    def abandon(self, reason: EngineError | None) -> None:
        """Let the job go before the end of the upload; what was analysed stays."""
        with self._turn:
            self._abandoned = True
            self._release()
            if not self.settled:
                self.error = reason

    def entry(self, request: Request) -> dict[str, Any]:
        """What became of the upload in this job, as the client who asked reads it."""
        if self.counts is not None:
            summary = seen("counts", self.counts.document(summary=True), version(request))
            return {"jobId": self.job_id, "uploadSummary": summary}
        assert self.error is not None, "an upload ends with counts or with an error"
        return {"jobId": self.job_id, "error": document(self.error, request)}

    @contextlib.contextmanager
    def _settling(self) -> Iterator[None]:
        with self._turn:
            try:
                yield
            except Exception as error:
                if isinstance(error, EngineError):
                    told = {"job": self.job_id, "code": error.code}
                    log.warning("Upload refused: %s", error.message, extra=told)
                else:
                    log.exception("upload failed", extra={"job": self.job_id})
                self._release()
                self.error = error if isinstance(error, EngineError) else surprise()

    def _release(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            try:
                upload.abort()
            except Exception:
                # What ended the upload is what the client should hear of, not this.
                log.exception("upload could not be ended", extra={"job": self.job_id})
            self._note(upload)

    def _note(self, upload: Upload) -> None:
        """Let the metrics follow a long upload, and one that is refused in the end."""
        before, self._noted = self._noted, upload.counts
        self.metrics.uploaded(before, self._noted)


@router.post(
    "/{job_ids}",
    status_code=202,
    summary="Upload data to one job or several",
    response_description="One entry per job: what became of the data, or why it was refused.",
    responses=docs.uploads(400, 404, 409, 500, 503),
    openapi_extra=docs.data_body(),
)
async def upload(
    job_ids: JobIds, request: Request, context: Reach, reset: ResetAsked, downtime: DowntimeAsked
) -> Response:
    """Analyse data, in the format of the job; several jobs are separated by commas and get the same bytes."""
    return await _uploaded(job_ids, request, context, reset, downtime, keep=False)


@loading.post(
    "/{job_ids}",
    status_code=202,
    summary="Upload data and keep it",
    response_description="One entry per job: what became of the data, or why it was refused.",
    responses=docs.uploads(400, 404, 409, 500, 503),
    openapi_extra=docs.data_body(),
)
async def load(
    job_ids: JobIds, request: Request, context: Reach, reset: ResetAsked, downtime: DowntimeAsked
) -> Response:
    """Analyse data as an upload does, and keep the rows beside the results: their times and the fields analysed."""
    return await _uploaded(job_ids, request, context, reset, downtime, keep=True)


async def _uploaded(
    job_ids: str, request: Request, context: Context, reset: Reset, downtime: bool, *, keep: bool
) -> Response:
    recipients = [Recipient(context.engine, context.metrics, job_id, keep=keep) for job_id in _split(job_ids)]
    reason: EngineError | None = None  # enough for a client that went away: it gets no answer
    with context.uploading():
        try:
            for recipient in recipients:
                await context.work(recipient.open, gzipped(request), reset, downtime)
            await _deliver(batches(request.receive), recipients, context)
        except asyncio.CancelledError:
            reason = stopped()
            request.scope[STOPPING] = True
        finally:
            for recipient in recipients:
                if not recipient.settled:
                    await context.work(recipient.abandon, reason)
    request.scope.setdefault(CODES, []).extend(each.error.code for each in recipients if each.error is not None)
    return _answer(recipients, request)


def _split(job_ids: str) -> list[str]:
    return [job_id for job_id in job_ids.split(",") if job_id] or [job_ids]


async def _deliver(stream: AsyncIterator[bytes], recipients: Sequence[Recipient], context: Context) -> None:
    """Hand the stream to every job; while they analyse one batch the next one arrives, and no more than that."""
    busy: list[asyncio.Future[None]] = []
    if not any(recipient.listening for recipient in recipients):
        return
    async for batch in stream:
        await asyncio.gather(*busy)
        busy = [context.start(recipient.feed, batch) for recipient in recipients if recipient.listening]
        if not busy:
            return
    await asyncio.gather(*busy)
    await asyncio.gather(*(context.start(recipient.finish) for recipient in recipients if recipient.listening))


def _answer(recipients: Sequence[Recipient], request: Request) -> Response:
    errors = [recipient.error for recipient in recipients if recipient.error is not None]
    status = STATUS[errors[0].code] if len(errors) == len(recipients) else 202
    if status != 202 and version(request) == "v0.3":  # it knows no answer for several jobs
        return Json(document(errors[0], request), status)
    return Json({"responses": [recipient.entry(request) for recipient in recipients]}, status)


@router.post(
    "/{job_id}/flush",
    summary="Flush a job",
    response_description="All data sent so far is analysed, and the results can be queried.",
    responses=docs.errors(400, 404, 409),
)
async def flush(job_id: str, context: Reach, asked: FlushAsked) -> Response:
    """Process what is buffered; on request calculate interim results or move the clock of the job on."""
    await context.work(
        context.engine.flush,
        job_id,
        interim=asked.interim,
        start_ms=asked.start_ms,
        end_ms=asked.end_ms,
        advance_ms=asked.advance_ms,
    )
    return Json(acknowledgement())


@router.post(
    "/{job_id}/close",
    status_code=202,
    summary="Close a job",
    response_description="Every complete bucket has its results and the model is saved.",
    responses=docs.errors(404, 409),
)
async def close(job_id: str, request: Request, context: Reach) -> Response:
    """Stop analysing until more data arrives."""
    await context.work(context.engine.close, job_id)
    return Json(acknowledgement(), context.settings.close_status if version(request) == "v2" else 202)
