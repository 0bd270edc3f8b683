"""How an answer looks on the wire: its JSON, and the URLs it refers the client to."""

import re
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

NATIVE = "v3"
"""The version of the API that is our own; the others are those of the Engine API, whose clients refuse fields they do
not know."""

OLD = ("v1", "v0.3")
"""The versions whose clients know less than those of v2."""

_BASE = re.compile(r".*?/engine/(?P<version>[^/]+)")


class Json(Response):
    """A JSON answer, dense on one line, because shell clients cut the reply of a create with awk.

    What is not a number is written as null: `NaN` would not be JSON.
    """

    media_type = "application/json;charset=UTF-8"

    def render(self, content: Any) -> bytes:
        """The document as UTF-8 JSON."""
        return msgspec.json.encode(content)


def origin(request: Request) -> str:
    """Scheme, host and port as the client used them; a client without a Host header gets those of the socket."""
    host = request.headers.get("host")
    if not host:
        name, port = request.scope["server"]
        host = f"{name}:{port}"
    return f"{request.scope['scheme']}://{host}"


def base_url(request: Request) -> str:
    """The URL that the paths of the API are relative to, of the version the client speaks."""
    return origin(request) + _base(request).group()


def version(request: Request) -> str:
    """The version of the API that the client speaks: v3, v2, v1 or v0.3."""
    return _base(request)["version"]


def native(request: Request) -> bool:
    """Whether the client knows what the Engine API does not have."""
    return version(request) == NATIVE


def own_url(request: Request) -> str:
    """The URL of the resource that was asked for, without its query."""
    return origin(request) + quote(request.scope["path"])


def _base(request: Request) -> re.Match[str]:
    base = _BASE.match(request.scope["path"])
    assert base is not None, "every resource of the API is below a base path"
    return base
