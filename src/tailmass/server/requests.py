"""What the server was asked: an event of the log for every request that changes something or fails."""

import logging
import time
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

_READING = ("GET", "HEAD", "OPTIONS")


class Logged:
    """Middleware that logs requests with their status, each as an event of the job that it was about."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and log what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        start = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            if scope["method"] not in _READING or status >= 400:
                _log(scope, status, time.perf_counter() - start)


def _log(scope: Scope, status: int, seconds: float) -> None:
    client = scope["client"][0] if scope.get("client") else None
    told = {"status": status, "seconds": round(seconds, 3), "client": client}
    for job in _jobs(scope):
        of_job = {} if job is None else {"job": job}
        log.info("%s %s", scope["method"], scope["path"], extra=told | of_job)


def _jobs(scope: Scope) -> Sequence[str | None]:
    asked = scope.get("path_params", {})
    if "job_ids" in asked:
        return [job_id for job_id in asked["job_ids"].split(",") if job_id] or [None]
    return [asked.get("job_id")]
