"""Tolerance for the paths that clients really send: doubled slashes and one at the end."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASHES = re.compile(r"/{2,}")


def tidy(path: str) -> str:
    """The path with repeated slashes collapsed and none at the end.

    >>> tidy("/engine/v2//jobs/")
    '/engine/v2/jobs'
    >>> tidy("//")
    '/'
    """
    path = _SLASHES.sub("/", path)
    return path.removesuffix("/") or "/"


class TidyPaths:
    """Middleware that lets `/engine/v2//jobs/` mean `/engine/v2/jobs`, as base URLs ending in a slash make it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its tidy path."""
        if scope["type"] == "http":
            scope = {**scope, "path": tidy(scope["path"])}
        await self.app(scope, receive, send)
