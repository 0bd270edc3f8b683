"""What to pull from Elasticsearch into which job, as a file says it."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tailmass.feeds.rows import DAY_MS, Span

LOGSTASH = "logstash-%Y.%m.%d"
"""The indices that Logstash makes when nobody tells it otherwise."""
PAGE_ROWS = 5000
_PAGE_ROWS_MOST = 10_000  # what a server gives at once unless it was told otherwise
_DAYS_NAMED = 60  # the path of a request has room for 4000 characters
_NOT_ROWS = ("aggs", "aggregations", "collapse", "knn", "pit", "rescore", "search_after", "slice", "suggest")
_OURS = ("from", "size", "sort", "query", "filter", "post_filter", "track_total_hits")


@dataclass(frozen=True, slots=True)
class Indices:
    """Where the rows are: the names of indices, aliases and data streams, in which `%Y.%m.%d` stands for a day."""

    pattern: str

    def __post_init__(self) -> None:
        unknown = [each for each in re.findall("%.?", self.pattern) if each not in ("%Y", "%y", "%m", "%d", "%j")]
        if unknown:
            raise ValueError(f"the index {self.pattern!r} has {unknown[0]}: a day is made of %Y, %m, %d, %y and %j")
        if not self.pattern or re.search(r"[\s/?#]", self.pattern):
            raise ValueError(f"{self.pattern!r} is no name of an index: write it as in {LOGSTASH} or apache-*")

    def all(self) -> str:
        """A pattern for the indices of all days.

        >>> Indices("logstash-%Y.%m.%d").all()
        'logstash-*.*.*'
        """
        return re.sub("%.", "*", self.pattern)

    def of(self, span: Span) -> str:
        """The indices that rows of a time can be in.

        Those of the days before and after are among them, since days may have been counted by another clock.

        >>> Indices("web-%m.%d").of(Span(0, DAY_MS))
        'web-12.31,web-01.01,web-01.02'
        """
        if "%" not in self.pattern:
            return self.pattern
        days = range(span.since_ms // DAY_MS - 1, (span.until_ms - 1) // DAY_MS + 2)
        if len(days) > _DAYS_NAMED:
            return self.all()
        names = (datetime.fromtimestamp(day * DAY_MS // 1000, UTC).strftime(self.pattern) for day in days)
        return ",".join(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Search:
    """Which rows, and what of them."""

    time_field: str
    page_rows: int = PAGE_ROWS
    filters: tuple[dict[str, Any], ...] = ()
    body: dict[str, Any] = field(default_factory=dict)
    """Everything else of the search, such as `_source`, as it was written."""

    @classmethod
    def parse(cls, given: dict[str, Any], *, time_field: str) -> "Search":
        """Read the body of a search; rows come in the order of its `sort`, or else of the time field given here."""
        for name in _NOT_ROWS:
            if name in given:
                raise ValueError(f"'search' has {name!r}, which is not about rows: remove it")
        size = given.get("size", PAGE_ROWS)
        if not (isinstance(size, int) and 0 < size <= _PAGE_ROWS_MOST):
            raise ValueError(f"the 'size' of 'search' is {size!r}: write how many rows to ask for at once, up to 10000")
        # Until version 1 of Elasticsearch `filter` was what is called `post_filter` since.
        filters = tuple(given[name] for name in ("query", "filter", "post_filter") if given.get(name))
        body = {name: value for name, value in given.items() if name not in _OURS}
        return cls(_sorted_by(given.get("sort")) or time_field, size, filters, body)

    def asking(self, span: Span, **how: Any) -> dict[str, Any]:
        """The body of a search for the rows of a time."""
        times = {"gte": span.since_ms, "lt": span.until_ms, "format": "epoch_millis"}
        query = {"bool": {"filter": [*self.filters, {"range": {self.time_field: times}}]}}
        return {**self.body, "query": query, **how}

    def document(self) -> dict[str, Any]:
        """What tells this search from others."""
        return {"time": self.time_field, "filters": list(self.filters), "body": self.body}


@dataclass(frozen=True, slots=True)
class ElkConfig:
    """A job, and the rows that are to come into it."""

    job: dict[str, Any]
    indices: Indices
    search: Search

    @classmethod
    def read(cls, path: Path, *, index: str | None = None) -> "ElkConfig":
        """Read a file; the name of indices given here goes before the one that is written there."""
        try:
            return cls.parse(json.loads(path.read_bytes()), index=index)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def parse(cls, given: Any, *, index: str | None = None) -> "ElkConfig":
        """Read `job_config`, `search` and `index`; a `type`, which indices have no more, may be there."""
        if not isinstance(given, dict):
            raise ValueError("not an object with 'job_config' and 'search'")
        unknown = sorted(given.keys() - {"type", "job_config", "search", "index"})
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not known: there are 'type', 'job_config', 'search' and 'index'")
        job, search = _object(given, "job_config"), _object(given, "search")
        description = job.get("dataDescription") or {}
        if str(description.get("format")).upper() != "JSON":
            raise ValueError(f'the format of the job is {description.get("format")!r}: rows are sent as "json"')
        time_field = description.get("timeField") or "time"
        indices = Indices(index or given.get("index") or LOGSTASH)
        return cls(job, indices, Search.parse(search, time_field=time_field))


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"{name!r} is missing, or not an object")
    return value


def _sorted_by(sort: Any) -> str | None:
    """The field that rows are sorted by; an order other than ascending is refused."""
    first = sort[0] if isinstance(sort, list) and sort else sort
    if not first:
        return None
    name, how = next(iter(first.items())) if isinstance(first, dict) else (first, "asc")
    order = how.get("order", "asc") if isinstance(how, dict) else how
    if not isinstance(name, str) or name.startswith("_") or str(order).lower() != "asc":
        raise ValueError(f"'search' is sorted by {json.dumps(first)}: sort by the time, ascending")
    return name
