"""What is asked of a server, before it goes on the wire."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

from tailmass.client.body import Data, body

Document: TypeAlias = dict[str, Any]
Payload: TypeAlias = str | bytes | Mapping[str, Any] | Sequence[Any]
"""A JSON document: as text already, or as what ``json.dumps`` takes."""
Moment: TypeAlias = str | int | float | datetime
"""A point in time: ISO 8601, seconds or (beyond ten digits) milliseconds since the epoch, or a datetime."""
Value: TypeAlias = str | int | float | None


@dataclass(frozen=True, slots=True)
class Request:
    """One request: a method, a place below the base path, parameters and a body."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The path with its parameters, as they stand in the request line."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote, safe='')}" if self.query else self.path

    def page(self, skip: int, take: int) -> "Request":
        """The same list from its ``skip``-th document on, at most ``take`` of them."""
        return replace(self, query={"skip": str(skip), "take": str(take)} | dict(self.query))

    def carrying(self, payload: Payload) -> "Request":
        """The same request with a JSON body."""
        text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        return replace(self, body=body(text), headers={"Content-Type": "application/json"})

    def uploading(self, data: Data, *, gzipped: bool) -> "Request":
        """The same request with rows as its body, which the caller may have compressed already."""
        encoding = {"Content-Encoding": "gzip"} if gzipped else {}
        return replace(self, body=body(data), headers={"Content-Type": "application/octet-stream"} | encoding)


def ask(method: str, *path: object, **query: Value) -> Request:
    """Build a request from the segments of its path; parameters that are None are left out.

    The comma stays as it is: no id contains one, and it separates the jobs of one upload.

    >>> ask("GET", "results", "web logs", "buckets", expand=True, start=None).target
    '/results/web%20logs/buckets?expand=true'
    """
    if not all(str(segment) for segment in path):
        raise ValueError(f"an empty name in the path of {method} {path}")
    segments = "/".join(quote(str(segment), safe=",") for segment in path)
    return Request(method, f"/{segments}", {name: _text(value) for name, value in query.items() if value is not None})


def moment(when: Moment | None) -> str | None:
    """Write a point in time as the server reads it; a datetime without a zone is taken as UTC.

    >>> moment(datetime(2014, 6, 25, 16))
    '2014-06-25T16:00:00.000Z'
    >>> moment(1403712000.0)
    '1403712000'
    """
    if isinstance(when, float):
        # beyond ten digits these are milliseconds, of which the server knows no fractions
        whole = when.is_integer() or abs(when) >= 1e10
        return str(int(when)) if whole else moment(datetime.fromtimestamp(when, UTC))
    if isinstance(when, datetime):
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return None if when is None else str(when)


def _text(value: str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
