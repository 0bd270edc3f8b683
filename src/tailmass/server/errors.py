"""How what went wrong is told over HTTP: one table of statuses, one body."""

import asyncio
import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailmass.errors import EngineError, UnknownError
from tailmass.server.limits import Refusal
from tailmass.server.metrics import CODES
from tailmass.server.views import seen
from tailmass.server.wire import NATIVE, Json, version

log = logging.getLogger(__name__)

_CODES: Mapping[int, tuple[int, ...]] = {
    400: (
        *(10101, 10102, 10103, 10104, 10105, 10106, 10107, 10108, 10109),
        *(10111, 10112, 10113, 10114, 10115, 10116, 10117, 10119),
        *(10201, 10202, 10203, 10204, 10205, 10206, 10207, 10208),
        *(10209, 10210, 10211, 10212, 10213, 10214, 10215, 10216),
        *(10301, 10302, 10303, 10304, 10305, 10306, 10307, 10308, 10309),
        *(30001, 30101, 30102, 30103, 30104, 30105, 30107),
        50103,
        *(60101, 60102, 60103, 60104, 60105, 60106, 60107, 60108, 60109, 60110, 60111, 60112, 60113),
        *(60117, 60118, 60121, 60122, 60125),
    ),
    404: (20101, 50102, 60116, 60119),
    409: (10110, 40103, 60114, 60115, 60120, 60123, 60124, 60126),
    500: (0, 10118, 20001, 20102, 40001, 40101, 40102, 40104, 50101, 70101),
    503: (30106,),
}

STATUS: Mapping[int, int] = MappingProxyType({code: status for status, codes in _CODES.items() for code in codes})
"""The HTTP status of each error code."""

CLIENT_LEFT = 499
"""The status of an answer that nobody is there to read; it shows in the metrics only."""


async def answer(request: Request, error: Exception) -> Response:
    """What the client is told about an error: the document of one of ours, and little about a surprise."""
    code = error.code if isinstance(error, EngineError) else error.error.code if isinstance(error, Refusal) else 0
    if not isinstance(error, ClientDisconnect):
        request.scope.setdefault(CODES, []).append(code)
    match error:
        case EngineError():
            if STATUS[error.code] == 500:
                log.error("%s %s failed", request.method, request.scope["path"], exc_info=error, extra=_of_job(request))
            return Json(document(error, request), STATUS[error.code])
        case Refusal():
            return Json(document(error.error, request), error.status_code)
        case HTTPException():
            # The router's own: no such route, or not with this method.
            told = UnknownError(f"{error.detail}: {request.method} {request.scope['path']}")
            headers = error.headers if error.status_code != 405 else {"Allow": ", ".join(_methods(request))}
            return Json(document(told, request), error.status_code, headers)
        case ClientDisconnect():
            return Response(status_code=CLIENT_LEFT)
        case _:
            log.error("%s %s failed", request.method, request.scope["path"], exc_info=error, extra=_of_job(request))
            return Json(surprise().document(), 500)


def _of_job(request: Request) -> dict[str, str]:
    # Of an upload to several jobs each has its own error; what is told here is of one.
    job_id = request.scope.get("path_params", {}).get("job_id")
    return {} if job_id is None else {"job": job_id}


def _methods(request: Request) -> list[str]:
    """The methods that the resource asked for has; the router knows of them one by one."""

    def served(method: str) -> bool:
        asked = {**request.scope, "method": method}
        return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)

    return [method for method in ("DELETE", "GET", "POST", "PUT") if served(method)]


def document(error: EngineError, request: Request) -> dict[str, Any]:
    """An error as the client who asked reads it."""
    of_api = request.scope["path"].startswith("/engine/")
    return seen("error", error.document(), version(request) if of_api else NATIVE)


def surprise() -> UnknownError:
    """What a client may know of an error that nobody expected: where to read about it, and nothing of the inside."""
    return UnknownError("Something unexpected went wrong in the server; its log has the details")


def stopped() -> UnknownError:
    """What a client is told whose request was not done when the server stopped, and had waited for it long enough."""
    return UnknownError("The server stopped before this was done")


class Unexpected:
    """Middleware that answers for exceptions nobody handles, and leaves the connection usable."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer for it if need be."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except (Exception, asyncio.CancelledError) as error:
            if scope["type"] != "http" or started:
                raise
            told = error if isinstance(error, Exception) else stopped()
            response = await answer(Request(scope), told)
            await response(scope, receive, send)


def install(app: FastAPI) -> None:
    """Let the app tell every error in the one way."""
    for kind in (EngineError, HTTPException, ClientDisconnect):
        app.add_exception_handler(kind, answer)
    app.add_middleware(Unexpected)
