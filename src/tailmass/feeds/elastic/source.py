"""Elasticsearch 7 and later, and OpenSearch: rows in the order of time, each once.

Rows of the same millisecond stay together and are put in the order of their index and id. So the order depends on
the rows alone, not on how they lie in shards, and a reader that begins again at a time meets the same rows.
"""

import logging
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from tailmass.feeds.elastic.config import Indices, Search
from tailmass.feeds.elastic.server import ElasticServer
from tailmass.feeds.httpserver import RefusedError
from tailmass.feeds.rows import Part, Row, Span

log = logging.getLogger(__name__)

_KEEP = "5m"  # how long the server keeps what a page leads on from
_MISSING_IS_EMPTY = {"ignore_unavailable": "true", "allow_no_indices": "true"}
_WHOLE = {"allow_partial_search_results": "false"}

Hit = dict[str, Any]


class Elastic:
    """What a search finds in a server.

    What keeps the server from answering, if only for now, is an OSError; what it refuses for good is a `RefusedError`.

    Parameters
    ----------
    server : who is asked
    indices, search : what to read there
    scroll : whether to page as servers without points in time want it; None finds out by asking
    stamp : the field of each row that its time is put into, in milliseconds
    """

    def __init__(
        self,
        server: ElasticServer,
        indices: Indices,
        search: Search,
        *,
        scroll: bool | None = None,
        stamp: str | None = None,
    ) -> None:
        self._server = server
        self._indices = indices
        self._search = search
        self._scroll = scroll
        self._stamp = stamp

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
        found = self._server.ask("POST", f"/{_path(self._indices.all())}/_search", body, **_MISSING_IS_EMPTY, **_WHOLE)
        ends = found.get("aggregations", {})
        first, last = (ends.get(name, {}).get("value") for name in ("first", "last"))
        return None if first is None or last is None else Span(int(first // 1), int(last // 1) + 1)

    def finds(self) -> bool:
        """Whether there is anything, with a time or without one."""
        body = {**self._search.body, "query": {"bool": {"filter": list(self._search.filters)}}, "size": 1}
        found = self._server.ask("POST", f"/{_path(self._indices.all())}/_search", body, **_MISSING_IS_EMPTY, **_WHOLE)
        return bool(found["hits"]["hits"])

    def count(self, span: Span) -> int:
        """How many rows of a time there are now."""
        body = self._search.asking(span, size=0, track_total_hits=True)
        found = self._server.ask(
            "POST", f"/{_path(self._indices.of(span))}/_search", body, **_MISSING_IS_EMPTY, **_WHOLE
        )
        total = found["hits"]["total"]
        return int(total["value"] if isinstance(total, dict) else total)

    def aggregate(self, span: Span, aggregations: dict[str, Any]) -> dict[str, Any]:
        """What aggregations make of the rows of a time; empty where there is not even an index."""
        body = self._search.asking(span, size=0, track_total_hits=False, aggs=aggregations)
        path = f"/{_path(self._indices.of(span))}/_search"
        found: dict[str, Any] = self._server.ask("POST", path, body, **_MISSING_IS_EMPTY, **_WHOLE).get(
            "aggregations", {}
        )
        return found

    def parts(self, span: Span) -> Iterator[Part]:
        """All rows of a time, a page or so at once."""
        held: list[Hit] = []
        if not self.count(span):  # there need not even be an index
            yield Part([], span.until_ms)
            return
        for hits in self._pages(span):
            held += hits
            newest = _time(held[-1])
            cut = bisect_left(held, newest, key=_time)  # of the newest millisecond there may be more to come
            if cut:
                yield self._part(held[:cut], newest)
                held = held[cut:]
        yield self._part(held, span.until_ms)

    def close(self) -> None:
        """Hang up."""
        self._server.close()

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
                log.info("%s has no points in time with an order of their own, so pages are scrolled", self._server.url)
            self._scroll = True
        yield from self._by_scroll(names, {**body, "sort": [by_time]})

    def _by_point_in_time(self, names: str, body: dict[str, Any]) -> Iterator[list[Hit]]:
        opensearch = self._server.is_opensearch()
        path, name = ("_search/point_in_time", "pit_id") if opensearch else ("_pit", "id")
        held = self._server.ask("POST", f"/{names}/{path}", None, keep_alive=_KEEP, **_MISSING_IS_EMPTY)[name]
        try:
            while True:
                page = self._server.ask(
                    "POST", "/_search", {**body, "pit": {"id": held, "keep_alive": _KEEP}}, **_WHOLE
                )
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
        page = self._server.ask("POST", f"/{names}/_search", body, scroll=_KEEP, **_MISSING_IS_EMPTY, **_WHOLE)
        held = page.get("_scroll_id")
        try:
            while hits := page["hits"]["hits"]:
                yield hits
                # Never asked twice: the server would take the second time for the next page.
                page = self._server.ask("POST", "/_search/scroll", {"scroll": _KEEP, "scroll_id": held})
                held = page.get("_scroll_id", held)
        finally:
            if held is not None:
                self._let_go("/_search/scroll", {"scroll_id": [held]})

    def _part(self, hits: list[Hit], until_ms: int) -> Part:
        ordered = sorted(hits, key=lambda hit: (_time(hit), hit["_index"], hit["_id"]))
        if self._stamp is None:
            return Part([_row(hit) for hit in ordered], until_ms)
        return Part([{**_row(hit), self._stamp: _time(hit)} for hit in ordered], until_ms)

    def _let_go(self, path: str, body: dict[str, Any]) -> None:
        with suppress(OSError, RefusedError):  # it lets go by itself after a while
            self._server.ask("DELETE", path, body)


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
