"""Elasticsearch 7 and later, and OpenSearch: rows in the order of time, each once.

Rows of the same millisecond stay together and are put in the order of their index and id. So the order depends on
the rows alone, not on how they lie in shards, and a reader that begins again at a time meets the same rows.
"""

import base64
import json
import logging
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from tailmass.feeds.elkconfig import Indices, Search
from tailmass.feeds.rows import Part, Row, Span

log = logging.getLogger(__name__)

_KEEP = "5m"  # how long the server keeps what a page leads on from
_MISSING_IS_EMPTY = {"ignore_unavailable": "true", "allow_no_indices": "true"}
_WHOLE = {"allow_partial_search_results": "false"}
_PASSING = (404, 429, 500, 502, 503, 504)  # 404: the server has let go of what a page leads on from
_IDLE = 3.0  # after so many seconds the server, or what is in between, may have hung up
_EXCERPT = 300

Hit = dict[str, Any]


class RefusedError(ValueError):
    """What the server will not do, however often it is asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Elastic:
    """What a search finds in a server.

    What keeps the server from answering, if only for now, is an OSError; what it refuses for good is a `RefusedError`.

    Parameters
    ----------
    url : where the server is; a user and a password may stand in it
    indices, search : what to read there
    api_key : what to show the server
    timeout : how many seconds of silence are borne
    scroll : whether to page as servers without points in time want it; None finds out by asking
    """

    def __init__(
        self,
        url: str,
        indices: Indices,
        search: Search,
        *,
        api_key: str | None = None,
        timeout: float = 60.0,
        scroll: bool | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{_shown(url)!r} is no URL of a server: write it as in http://localhost:9200")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self.url = _shown(url)
        self._http = kind(parts.hostname, parts.port, timeout=timeout)
        self._base = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"} | _authorization(parts.username, parts.password, api_key)
        self._used = 0.0
        self._indices = indices
        self._search = search
        self._scroll = scroll
        self._opensearch: bool | None = None

    def span(self) -> Span | None:
        """The times that there are rows of; None if there are none."""
        field = {"field": self._search.time_field}
        query = {"bool": {"filter": list(self._search.filters)}}
        body = {
            **self._search.body,
            "query": query,
            "size": 0,
            "aggs": {"first": {"min": field}, "last": {"max": field}},
        }
        found = self._ask("POST", f"/{_path(self._indices.all())}/_search", body, **_MISSING_IS_EMPTY, **_WHOLE)
        ends = found.get("aggregations", {})
        first, last = (ends.get(name, {}).get("value") for name in ("first", "last"))
        return None if first is None or last is None else Span(int(first // 1), int(last // 1) + 1)

    def count(self, span: Span) -> int:
        """How many rows of a time there are now."""
        body = self._search.asking(span, size=0, track_total_hits=True)
        found = self._ask("POST", f"/{_path(self._indices.of(span))}/_search", body, **_MISSING_IS_EMPTY, **_WHOLE)
        total = found["hits"]["total"]
        return int(total["value"] if isinstance(total, dict) else total)

    def parts(self, span: Span) -> Iterator[Part]:
        """All rows of a time, a page or so at once."""
        held: list[Hit] = []
        for hits in self._pages(span):
            held += hits
            newest = _time(held[-1])
            cut = bisect_left(held, newest, key=_time)  # of the newest millisecond there may be more to come
            if cut:
                yield _part(held[:cut], newest)
                held = held[cut:]
        yield _part(held, span.until_ms)

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _pages(self, span: Span) -> Iterator[list[Hit]]:
        by_time = {self._search.time_field: {"order": "asc", "numeric_type": "date", "unmapped_type": "date"}}
        body = self._search.asking(span, size=self._search.page_rows)
        names = _path(self._indices.of(span))
        if not self._scroll:
            try:
                # Without `_shard_doc` rows of the same time that a page ends among could be left out.
                order = [by_time, {"_shard_doc": "asc"}]
                yield from self._by_point_in_time(names, {**body, "sort": order, "track_total_hits": False})
                return
            except RefusedError as refused:
                if self._scroll is False or refused.status not in (400, 405):
                    raise
                log.info("%s has no points in time with an order of their own, so pages are scrolled", self.url)
            self._scroll = True
        yield from self._by_scroll(names, {**body, "sort": [by_time]})

    def _by_point_in_time(self, names: str, body: dict[str, Any]) -> Iterator[list[Hit]]:
        opensearch = self._is_opensearch()
        path, name = ("_search/point_in_time", "pit_id") if opensearch else ("_pit", "id")
        held = self._ask("POST", f"/{names}/{path}", None, keep_alive=_KEEP, **_MISSING_IS_EMPTY)[name]
        try:
            while True:
                page = self._ask("POST", "/_search", {**body, "pit": {"id": held, "keep_alive": _KEEP}}, **_WHOLE)
                self._scroll = False
                held = page.get("pit_id", held)
                hits = page["hits"]["hits"]
                if not hits:
                    return
                yield hits
                body = {**body, "search_after": hits[-1]["sort"]}
        finally:
            self._let_go(f"/{path}", {name: [held] if opensearch else held})

    def _by_scroll(self, names: str, body: dict[str, Any]) -> Iterator[list[Hit]]:
        page = self._ask("POST", f"/{names}/_search", body, scroll=_KEEP, **_MISSING_IS_EMPTY, **_WHOLE)
        held = page.get("_scroll_id")
        try:
            while hits := page["hits"]["hits"]:
                yield hits
                # Never asked twice: the server would take the second time for the next page.
                page = self._ask("POST", "/_search/scroll", {"scroll": _KEEP, "scroll_id": held})
                held = page.get("_scroll_id", held)
        finally:
            if held is not None:
                self._let_go("/_search/scroll", {"scroll_id": [held]})

    def _is_opensearch(self) -> bool:
        if self._opensearch is None:
            try:
                self._opensearch = self._ask("GET", "/").get("version", {}).get("distribution") == "opensearch"
            except RefusedError:  # who may read some indices need not be let in at the front door
                self._opensearch = False
        return self._opensearch

    def _let_go(self, path: str, body: dict[str, Any]) -> None:
        with suppress(OSError, RefusedError):  # it lets go by itself after a while
            self._ask("DELETE", path, body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
        target = f"{self._base}{path}?{urlencode(query)}" if query else f"{self._base}{path}"
        if time.monotonic() - self._used > _IDLE:
            self._http.close()
        try:
            self._http.request(method, target, None if body is None else json.dumps(body), self._headers)
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

    def _whole(self, text: bytes) -> dict[str, Any]:
        """The answer as a document, unless a part of the server did not take part in it."""
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise RefusedError(200, f"{self.url} is no Elasticsearch or OpenSearch: it answers {_reason(text)}")
        shards = document.get("_shards", {})
        if shards.get("failed") or document.get("timed_out"):
            raise ConnectionError(f"{self.url} did not reach {shards.get('failed', 0)} shards, or not in time")
        return document


def _part(hits: list[Hit], until_ms: int) -> Part:
    ordered = sorted(hits, key=lambda hit: (_time(hit), hit["_index"], hit["_id"]))
    return Part([_row(hit) for hit in ordered], until_ms)


def _time(hit: Hit) -> int:
    time_ms: int = hit["sort"][0]
    return time_ms


def _row(hit: Hit) -> Row:
    """The source of a document, and the fields that were asked for, those with one value without their array.

    >>> _row({"_source": {"a": 1}, "fields": {"b": [2], "c": [3, 4]}})
    {'a': 1, 'b': 2, 'c': [3, 4]}
    """
    fields = {name: values[0] if len(values) == 1 else values for name, values in hit.get("fields", {}).items()}
    return {**hit.get("_source", {}), **fields}


def _path(names: str) -> str:
    return quote(names, safe=",*")


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
