"""The resource `/support`: all that helps someone to help, and nothing that is secret."""

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailmass.errors import EngineError, SupportBundleError
from tailmass.server import docs
from tailmass.server.context import Context, Reach
from tailmass.server.logfiles import SERVER, STORE
from tailmass.server.redacted import redacted
from tailmass.server.spool import zipped
from tailmass.server.wire import base_url

JOB_LOG_BYTES = 64 << 20
"""How much of the logs of jobs is in a bundle: of ten thousand jobs all of them would be too much."""
MESSAGES = 10_000
"""How many messages of the audit are in a bundle."""
AT_ONCE = 500
"""How many jobs or messages are asked of the store at a time."""

router = APIRouter(prefix="/support", tags=["logs"])


@router.get(
    "",
    summary="Fetch a support bundle",
    response_class=Response,
    response_description="A zip of configuration, versions, jobs, audit, metrics and logs.",
    responses={200: {"content": {"application/octet-stream": {}}}, **docs.errors(500)},
)
def support(request: Request, context: Reach) -> Response:
    """Collect what is needed to find out what is wrong: configuration without secrets, versions, jobs and logs.

    Rows that were sent and results are not in it; the names of fields, and what is in the logs, are.
    """
    try:
        return zipped(
            _logs(context),
            {
                "versions.json": [_json(_versions())],
                "settings.json": [_json(redacted(context.settings.model_dump(mode="json")))],
                "jobs.ndjson": _jobs(context, base_url(request)),
                "audit.ndjson": _audit(context),
                "metrics.txt": [context.metrics.text().decode()],
            },
        )
    except (OSError, EngineError) as error:
        raise SupportBundleError("The support bundle could not be put together", cause=str(error)) from error


def _versions() -> dict[str, Any]:
    return {
        "python": sys.version,
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": dict(sorted((each.name, each.version) for each in distributions())),
    }


def _jobs(context: Context, url: str) -> Iterator[str]:
    skip, hits = 0, 1
    while skip < hits:
        hits, states = context.engine.jobs(skip, AT_ONCE)
        skip += AT_ONCE
        yield from (_json(redacted(state.document(url, native=True))) for state in states)


def _audit(context: Context) -> Iterator[str]:
    for skip in range(0, MESSAGES, AT_ONCE):
        _, messages = context.store.audit(skip=skip, take=AT_ONCE)
        yield from (_json(each.document()) for each in messages)


def _logs(context: Context) -> Iterable[tuple[str, Path]]:
    for name in (SERVER, STORE):
        yield from ((f"logs/{path.name}", path) for path in context.logs.files(name))
    room = JOB_LOG_BYTES
    for path, size in context.logs.newest_of_jobs():
        room -= size
        if room < 0:
            return
        yield f"logs/jobs/{path.parent.name}/{path.name}", path


def _json(document: Any) -> str:
    return msgspec.json.encode(document).decode() + "\n"
