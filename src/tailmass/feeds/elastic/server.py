"""A server of Elasticsearch 7 and later, or of OpenSearch: requests, answers, and what it refuses."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import msgspec

from tailmass.feeds.httpserver import PASSING, HttpServer, RefusedError, basic, excerpt

_PASSING = (404, *PASSING)  # 404: the server has let go of what a page leads on from


class ElasticServer:
    """A server that is asked one thing after the other. Not for two threads at once.

    What keeps it from answering, if only for now, is an OSError; what it refuses for good is a `RefusedError`.

    Parameters
    ----------
    url : where it is; a user and a password may stand in it
    api_key : what to show it
    login : a user and a password that do not stand in the URL
    timeout : how many seconds of silence are borne
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        login: tuple[str, str] | None = None,
        timeout: float = 60.0,
    ) -> None:
        shown = None if login is None else basic(*login)
        self._http = HttpServer(
            url,
            example="http://localhost:9200",
            authorization=shown if api_key is None else f"ApiKey {api_key}",
            content_type="application/json",
            timeout=timeout,
        )
        self.url = self._http.url
        """Where it is, without who asks."""
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
        target = f"{path}?{urlencode(query)}" if query else path
        status, text = self._http.answer(method, target, body)
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
            if not text or text.startswith(b"{"):
                raise ConnectionError(f"{self.url} broke off in its answer: {excerpt(text[-80:])}") from None
            document = None
        if not isinstance(document, dict):
            raise RefusedError(200, f"{self.url} is no Elasticsearch or OpenSearch: it answers {_reason(text)}")
        shards = document.get("_shards", {})
        if shards.get("failed") or document.get("timed_out"):
            raise ConnectionError(f"{self.url} did not reach {shards.get('failed', 0)} shards, or not in time")
        return document


def _reason(text: bytes) -> str:
    """What a server says went wrong, in its own words; else the beginning of what it says."""
    with suppress(ValueError, KeyError, TypeError, IndexError):
        error = json.loads(text)["error"]
        if isinstance(error, str):
            return error
        reason = (error.get("root_cause") or [error])[0]["reason"]
        return str(reason or error["caused_by"]["reason"])
    return excerpt(text)
