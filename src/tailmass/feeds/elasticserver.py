"""A server of Elasticsearch 7 and later, or of OpenSearch: requests, answers, and what it refuses."""

import base64
import json
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import msgspec

_PASSING = (404, 429, 500, 502, 503, 504)  # 404: the server has let go of what a page leads on from
_IDLE = 3.0  # after so many seconds the server, or what is in between, may have hung up
_EXCERPT = 300


class RefusedError(ValueError):
    """What the server will not do, however often it is asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ElasticServer:
    """A server that is asked one thing after the other. Not for two threads at once.

    What keeps it from answering, if only for now, is an OSError; what it refuses for good is a `RefusedError`.

    Parameters
    ----------
    url : where it is; a user and a password may stand in it
    api_key : what to show it
    timeout : how many seconds of silence are borne
    """

    def __init__(self, url: str, *, api_key: str | None = None, timeout: float = 60.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{_shown(url)!r} is no URL of a server: write it as in http://localhost:9200")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self.url = _shown(url)
        """Where it is, without who asks."""
        self._http = kind(parts.hostname, parts.port, timeout=timeout)
        self._base = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"} | _authorization(parts.username, parts.password, api_key)
        self._used = 0.0
        self._opensearch: bool | None = None

    def is_opensearch(self) -> bool:
        """Whether it says that it is OpenSearch."""
        if self._opensearch is None:
            try:
                self._opensearch = self.ask("GET", "/").get("version", {}).get("distribution") == "opensearch"
            except RefusedError:  # who may read some indices need not be let in at the front door
                self._opensearch = False
        return self._opensearch

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        """The answer to a request, whose body is sent as JSON."""
        return self.send(method, path, None if body is None else json.dumps(body).encode(), **query)

    def send(self, method: str, path: str, body: bytes | None, **query: str) -> dict[str, Any]:
        """The answer to a request, whose body is sent as it is."""
        target = f"{self._base}{path}?{urlencode(query)}" if query else f"{self._base}{path}"
        if time.monotonic() - self._used > _IDLE:
            self._http.close()
        try:
            self._http.request(method, target, body, self._headers)
            response = self._http.getresponse()
            status, text = response.status, response.read()
            self._used = time.monotonic()
        except (OSError, HTTPException) as error:
            self._http.close()
            raise ConnectionError(f"{self.url} does not answer ({str(error) or type(error).__name__})") from error
        if status >= 300:
            message = f"{self.url} answered {status} to {method} {path}: {_reason(text)}"
            raise ConnectionError(message) if status in _PASSING else RefusedError(status, message)
        return self._whole(text)

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _whole(self, text: bytes) -> dict[str, Any]:
        """The answer as a document, unless a part of the server did not take part in it."""
        try:
            document = msgspec.json.decode(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise RefusedError(200, f"{self.url} is no Elasticsearch or OpenSearch: it answers {_reason(text)}")
        shards = document.get("_shards", {})
        if shards.get("failed") or document.get("timed_out"):
            raise ConnectionError(f"{self.url} did not reach {shards.get('failed', 0)} shards, or not in time")
        return document


def _authorization(user: str | None, password: str | None, api_key: str | None) -> dict[str, str]:
    if api_key is not None:
        return {"Authorization": f"ApiKey {api_key}"}
    if user is None:
        return {}
    secret = base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
    return {"Authorization": f"Basic {secret}"}


def _shown(url: str) -> str:
    """A URL without who asks.

    >>> _shown("https://me:secret@search.example:9200/")
    'https://search.example:9200'
    """
    scheme, separator, rest = url.rstrip("/").rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _reason(text: bytes) -> str:
    """What a server says went wrong, in its own words; else the beginning of what it says."""
    with suppress(ValueError, KeyError, TypeError, IndexError):
        error = json.loads(text)["error"]
        if isinstance(error, str):
            return error
        return str((error.get("root_cause") or [error])[0]["reason"])
    return repr(text[:_EXCERPT].decode("utf-8", "replace"))
