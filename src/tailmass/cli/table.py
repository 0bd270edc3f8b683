"""Records as a ranked table, for people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tailmass.cli.severity import severity
from tailmass.cli.sparkline import sparkline

Record = Mapping[str, Any]

SPLITS = ("partition", "over", "by")
"""What makes a series, in the order in which it is shown."""
CLOCKS = {"time_of_day": "%H:%M", "time_of_week": "%a %H:%M"}
"""How the values of functions that measure a time are written."""
WITHOUT_TIMES = (*CLOCKS, "lat_long", "rare", "freq_rare")
"""Functions of which no actual value is so many times the typical one; what is typical of rare values is a share."""


def table(records: Sequence[Record], trends: Iterable[Sequence[float]], *, trend_width: int = 24) -> Table:
    """The records from the top of the ranking down, each with the values of its series around it."""
    names = split_names(records)
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    drawn.add_column("score", justify="right", no_wrap=True)
    drawn.add_column("when (UTC)", no_wrap=True)
    # Only these and the function give way on a narrow terminal: what is not `no_wrap` is shortened first.
    for name in names or ["series"]:
        drawn.add_column(Text(name), overflow="ellipsis", max_width=32)
    for heading in ("actual", "typical", "×"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    drawn.add_column("trend", no_wrap=True)
    drawn.add_column("function", overflow="ellipsis")
    blamed = [influencers(record) for record in records]
    if any(blamed):
        drawn.add_column("influencers", overflow="ellipsis")
    for record, trend, who in zip(records, trends, blamed, strict=True):
        band = severity(record["normalized_probability"])
        drawn.add_row(
            Text(f"{score(record['normalized_probability'])} {band.mark}", style=band.style),
            when(record["timestamp"]),
            *[Text(value) for value in (_split_values(record, names) if names else ["all rows"])],
            measured(record, "actual"),
            measured(record, "typical"),
            "" if record["function"] in WITHOUT_TIMES else times(record["actual"], record["typical"]),
            sparkline(trend, trend_width),
            Text(function(record)),
            *([Text(who)] if any(blamed) else []),
        )
    return drawn


def console(*, stderr: bool = False) -> Console:
    """The terminal, or the file that stands in for it, wide enough there that nothing is cut off."""
    plain = Console(stderr=stderr, highlight=False)
    return plain if plain.is_terminal else Console(stderr=stderr, highlight=False, width=max(plain.width, 160))


def split_names(records: Iterable[Record]) -> list[str]:
    """The names of the fields that make the series of these records, each once."""
    return list(
        dict.fromkeys(
            name for record in records for split in SPLITS if (name := record.get(f"{split}_field_name")) is not None
        )
    )


def _split_values(record: Record, names: Sequence[str]) -> list[str]:
    values = {record.get(f"{split}_field_name"): record.get(f"{split}_field_value") for split in SPLITS}
    by = record.get("by_field_name")
    if by is not None and values[by] is None:
        values[by] = _caused_by(record)
    return ["" if values.get(name) is None else str(values[name]) for name in names]


def _caused_by(record: Record) -> str | None:
    """The by value of the worst of several causes, and how many more there are."""
    causes = [each["byFieldValue"] for each in json.loads(record.get("causes") or "[]") if each.get("byFieldValue")]
    return f"{causes[0]} and {len(causes) - 1} more" if len(causes) > 1 else next(iter(causes), None)


def function(record: Record) -> str:
    """What was measured, such as mean(responsetime)."""
    described = record.get("function_description") or record["function"]
    return f"{described}({record['field_name']})" if record.get("field_name") else str(described)


def influencers(record: Record) -> str:
    """Who is to blame.

    >>> influencers({"influencers": '[{"influencerFieldName": "user", "influencerFieldValues": ["ann", "bob"]}]'})
    'user=ann,bob'
    """
    told = json.loads(record.get("influencers") or "[]")
    return " ".join(f"{each['influencerFieldName']}={','.join(each['influencerFieldValues'])}" for each in told)


def when(seconds: int) -> str:
    """The start of a bucket.

    >>> when(1772640000)
    'Wed 2026-03-04 16:00'
    """
    start = datetime.fromtimestamp(seconds, UTC)
    return start.strftime("%a %Y-%m-%d %H:%M:%S" if start.second else "%a %Y-%m-%d %H:%M")


def score(value: float) -> str:
    """A score without the digits that mean nothing: rounded down, so that it shows the band it is in.

    >>> score(74.9), score(0.3), score(0)
    ('74', '<1', '0')
    """
    return "<1" if 0 < value < 1 else str(int(value))


def measured(record: Record, name: str) -> str:
    """The actual or typical value of a record as people write it: a number, a time or a place.

    >>> measured({"function": "time_of_week", "actual": 15_941.0}, "actual")  # weeks are counted from a Thursday
    'Thu 04:25'
    >>> measured({"function": "lat_long", "typical": 50.03333, "typical_longitude": 8.570556}, "typical")
    '50.03,8.57'
    """
    value, longitude = record[name], record.get(f"{name}_longitude")
    if value is not None and isfinite(value) and record["function"] in CLOCKS:
        return datetime.fromtimestamp(value, UTC).strftime(CLOCKS[record["function"]])
    if value is not None and longitude is not None:
        return f"{value:.2f},{longitude:.2f}"
    return number(value)


def number(value: float | None) -> str:
    """A value with three or four digits that matter.

    >>> [number(v) for v in (1187.2, 99.84, 0.01234, 12345678.0, 0.0, None)]
    ['1,187', '99.8', '0.0123', '12,345,678', '0', '']
    """
    if value is None or not isfinite(value):
        return ""
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def times(actual: float | None, typical: float | None) -> str:
    """How many times the typical the actual is, where that can be said.

    >>> times(1187.0, 99.8), times(3.0, 0.0), times(-2.0, 4.0), times(50.0, 100.0)
    ('11.9', '', '', '0.5')
    """
    if actual is None or typical is None or not isfinite(actual) or actual < 0 or not typical > 0:
        return ""
    ratio = actual / typical
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"
