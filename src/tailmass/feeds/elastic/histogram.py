"""The date histogram that aggregations for a scheduler begin with: it gives the rows their times."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tailmass.feeds.rows import DAY_MS, Row

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": DAY_MS, "w": 7 * DAY_MS}
_NAMES = {"second": "1s", "minute": "1m", "hour": "1h", "day": "1d", "week": "1w"}
_MONDAY_MS = 4 * DAY_MS  # the epoch was a Thursday
_INTERVALS = ("fixed_interval", "calendar_interval", "interval")
_OF_NO_EFFECT = {"min_doc_count", "order", "format", "keyed", "extended_bounds"}  # empty buckets are no rows anyway
_UTC = ("UTC", "Etc/UTC", "GMT", "Z", "+00:00")
_USUAL_SIZE = 10  # of what gives no size, which is what servers take for terms


@dataclass(frozen=True, slots=True)
class Histogram:
    """A date histogram in UTC, and what is asked of each of its buckets.

    All its buckets are of one length, so a time can be cut between them.
    """

    name: str
    time_field: str
    interval_ms: int
    offset_ms: int
    below: dict[str, Any]
    """The aggregations within its buckets."""

    @classmethod
    def parse(cls, aggregations: dict[str, Any], *, time_field: str) -> "Histogram":
        """Read the aggregations of a job; a ValueError says what of them cannot be used.

        The interval may be written as before version 8 of Elasticsearch, which did not tell calendars from clocks.
        """
        if len(aggregations) != 1:
            raise ValueError(f"there are {len(aggregations)} aggregations: have one, a date_histogram, with all within")
        [(name, given)] = aggregations.items()
        histogram = given.get("date_histogram") if isinstance(given, dict) else None
        if not isinstance(histogram, dict):
            raise ValueError(f"the aggregation {name!r} is no date_histogram: it has to be one, with all others within")
        unknown = sorted(histogram.keys() - {"field", "offset", "time_zone", *_INTERVALS, *_OF_NO_EFFECT})
        if unknown:
            raise ValueError(
                f"the date_histogram {name!r} has {unknown[0]!r}, which a scheduler cannot heed: remove it"
            )
        if histogram.get("field") != time_field:
            raise ValueError(
                f"the date_histogram {name!r} is of {histogram.get('field')!r}: the time is {time_field!r}"
            )
        if histogram.get("time_zone", "UTC") not in _UTC:
            raise ValueError(
                f"the date_histogram {name!r} has the time_zone {histogram['time_zone']!r}: remove it, or set 'offset'"
            )
        interval_ms, offset_ms = _interval(name, histogram)
        offset_ms += _milliseconds("offset", histogram.get("offset", 0))
        below = given.get("aggs", given.get("aggregations")) or {}
        return cls(name, time_field, interval_ms, offset_ms % interval_ms, below)

    @property
    def asked(self) -> dict[str, Any]:
        """The aggregations as every server since version 7.2 of Elasticsearch understands them."""
        histogram = {
            "field": self.time_field,
            "fixed_interval": f"{self.interval_ms}ms",
            "offset": f"{self.offset_ms}ms",
            "min_doc_count": 1,
        }
        return {self.name: {"date_histogram": histogram, **({"aggs": self.below} if self.below else {})}}

    @property
    def width(self) -> int:
        """About how many rows one of its buckets may become."""
        return max(1, _width(self.below))

    def floor(self, time_ms: int) -> int:
        """Where the bucket begins that a time is in."""
        return time_ms - (time_ms - self.offset_ms) % self.interval_ms

    def ceiling(self, time_ms: int) -> int:
        """Where the first bucket begins that does not begin before a time."""
        return self.floor(time_ms + self.interval_ms - 1)

    def rows(self, answer: dict[str, Any]) -> list[Row]:
        """A row for each bucket with no buckets in it, unless it is empty.

        It has the keys of the buckets around it by the names of their aggregations, its `doc_count`, and its metrics.
        """
        buckets = answer.get(self.name, {}).get("buckets", [])
        return [
            row for each in buckets for row in _leaves(each, {self.name: each["key"], self.time_field: each["key"]})
        ]


def _interval(name: str, histogram: dict[str, Any]) -> tuple[int, int]:
    """The length of a bucket, and by how much buckets are moved because of it."""
    given = [each for each in _INTERVALS if each in histogram]
    if len(given) != 1:
        raise ValueError(f"the date_histogram {name!r} has {len(given)} intervals: set 'fixed_interval' alone")
    interval_ms = _milliseconds(given[0], histogram[given[0]])
    if interval_ms <= 0:
        raise ValueError(f"the {given[0]} of {name!r} is {histogram[given[0]]!r}: it has to be longer than nothing")
    return interval_ms, _MONDAY_MS if histogram[given[0]] in ("week", "1w") else 0


def _milliseconds(name: str, value: Any) -> int:
    """A length of time as servers write it.

    >>> _milliseconds("interval", "5m"), _milliseconds("offset", "-1h"), _milliseconds("interval", "day")
    (300000, -3600000, 86400000)
    """
    text = str(value)
    found = re.fullmatch(r"([+-]?\d+)(ms|[smhdw]|)", _NAMES.get(text, text))
    if found is None:
        raise ValueError(f"{name!r} is {value!r}: write it as in 30s, 5m, 1h or 1d; months and years vary in length")
    return int(found[1]) * _UNITS_MS[found[2] or "ms"]


def _width(aggregations: Any) -> int:
    total = 0
    for each in aggregations.values() if isinstance(aggregations, dict) else ():
        below = each.get("aggs", each.get("aggregations")) if isinstance(each, dict) else None
        terms = each.get("terms") if isinstance(each, dict) else None
        size = terms.get("size", _USUAL_SIZE) if isinstance(terms, dict) else _USUAL_SIZE if below else 0
        total += (size if isinstance(size, int) else _USUAL_SIZE) * max(1, _width(below))
    return total


def _leaves(bucket: dict[str, Any], above: Row) -> Iterator[Row]:
    found = {name: each for name, each in bucket.items() if isinstance(each, dict)}
    deeper = {name: each for name, each in found.items() if "buckets" in each or "doc_count" in each}
    if not deeper and bucket["doc_count"]:
        metrics = {name: _metric(each) for name, each in found.items() if name != "key"}
        yield {**above, "doc_count": bucket["doc_count"], **metrics}
    for name, each in deeper.items():
        if "buckets" not in each:  # such as a filter, which is one bucket
            yield from _leaves(each, above)
            continue
        buckets = each["buckets"]
        named = buckets.items() if isinstance(buckets, dict) else [(one.get("key"), one) for one in buckets]
        for key, one in named:
            yield from _leaves(one, {**above, name: key})


def _metric(found: dict[str, Any]) -> Any:
    """A number, or numbers by their names, which are fields within the field of the metric.

    >>> _metric({"value": 3.5}), _metric({"values": {"95.0": 7}}), _metric({"values": [{"key": 95.0, "value": 7}]})
    (3.5, {'95.0': 7}, {'95.0': 7})
    """
    if "value" in found:
        return found["value"]
    values = found.get("values", found)
    return {str(each["key"]): each["value"] for each in values} if isinstance(values, list) else values
