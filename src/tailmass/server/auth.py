"""Who may do what: the token of a request against those in the store."""

import base64
import binascii
import hmac
import logging
from collections.abc import Iterable
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from tailmass.store import SCOPES, Store, Token, digest

log = logging.getLogger(__name__)

OPEN = ("/healthz", "/readyz")
"""What is told to everyone: whoever watches a server should need no token that could be stolen from there."""

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="tailmass", charset="UTF-8", Bearer realm="tailmass"'}


class Guard:
    """Middleware that lets requests pass whose token is for what they want to do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            store: Store = scope["app"].state.context.store
            # Read each time, so that a token that is revoked opens nothing from that moment on.
            self._admit(scope, await run_in_threadpool(store.tokens))
        await self.app(scope, receive, send)

    def _admit(self, scope: Scope, tokens: Iterable[Token]) -> None:
        headers = dict(scope["headers"])
        secret = presented(headers.get(b"authorization", b""))
        if secret is None:
            raise HTTPException(401, "A token is needed: send 'Authorization: Bearer <token>'", _CHALLENGE)
        token = _recognised(secret, tokens)
        if token is None:
            log.warning("token not recognised", extra={"client": _address(scope), "path": scope["path"]})
            raise HTTPException(401, "This token is not, or no longer, valid: ask for a new one", _CHALLENGE)
        needed = scope_for(scope["method"], scope["path"], scope["query_string"])
        if SCOPES.index(token.scope) < SCOPES.index(needed):
            raise HTTPException(403, f"The token {token.name!r} is for {token.scope}, and this needs one for {needed}")


def presented(authorization: bytes) -> str | None:
    """The secret that a request brings along: as a bearer token, or as the password of clients that only know those.

    >>> presented(b"Bearer tm_abc")
    'tm_abc'
    >>> presented(b"Basic " + base64.b64encode(b"anyone:tm_abc"))
    'tm_abc'
    """
    scheme, _, credentials = authorization.strip().partition(b" ")
    secret = credentials.strip()
    if scheme.lower() == b"basic":
        try:
            secret = base64.b64decode(secret, validate=True).partition(b":")[2]
        except binascii.Error:
            return None
    elif scheme.lower() != b"bearer":
        return None
    return secret.decode("utf-8", "surrogateescape") or None


def scope_for(method: str, path: str, query: bytes = b"") -> str:
    """What a token has to be for: to look, to send data and create jobs, or to undo what others did.

    >>> scope_for("GET", "/engine/v2/jobs"), scope_for("POST", "/engine/v2/data/a"), scope_for("DELETE", "/any")
    ('read', 'write', 'admin')
    """
    resource, _, rest = path.removeprefix("/engine/").partition("/")[2].partition("/")
    if resource == "support" or method == "DELETE" or (resource == "modelsnapshots" and rest.endswith("/revert")):
        return "admin"
    if method in ("GET", "HEAD", "OPTIONS") or resource == "validate":
        return "read"
    # A job that is overwritten is deleted.
    overwrites = parse_qs(query.decode("latin-1")).get("overwrite", ["false"])
    return "admin" if resource == "jobs" and any(each.lower() != "false" for each in overwrites) else "write"


def _recognised(secret: str, tokens: Iterable[Token]) -> Token | None:
    """The token of a secret. All are compared, each in the same time, so that the time tells nothing."""
    found = None
    shown = digest(secret)
    for token in tokens:
        if hmac.compare_digest(token.digest, shown):
            found = token
    return found


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope["client"] else "unknown"
