"""The page that a browser is shown at the root: one static file, which asks the REST API for what it shows."""

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_PAGE = (files("tailmass.dashboard") / "index.html").read_text(encoding="utf-8")


def _policy(page: str) -> str:
    """What the page may do: run the script that is in it, and ask this server."""
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    told = b64encode(sha256(script.encode()).digest()).decode()
    allowed = f"script-src 'sha256-{told}'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


_HEADERS = {"content-security-policy": _policy(_PAGE), "vary": "Accept", "cache-control": "no-cache"}


def wanted(request: Request) -> bool:
    """Whether the client is a browser that would rather see a page than JSON."""
    return "text/html" in request.headers.get("accept", "").lower()


def page() -> Response:
    """The page."""
    return HTMLResponse(_PAGE, headers=_HEADERS)
