"""Records on stdout, for people or for programs."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from tailmass.engine.detect import Results

Record = dict[str, Any]


class Format(StrEnum):
    """How records are written."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


def records_of(results: "Results") -> list[Record]:
    """All records, the highest score first, with their times in epoch seconds."""
    import narwhals as nw

    rows: list[Record] = nw.from_native(results.records, eager_only=True).rows(named=True)
    return [row | {"timestamp": _seconds(row["timestamp"])} for row in rows]


def write(records: Sequence[Record], form: Format, results: "Results") -> None:
    """The records in a form, on stdout."""
    if form is Format.TABLE:
        _table(records, results)
    elif form is Format.JSON:
        typer.echo(json.dumps([_document(record) for record in records], indent=2, allow_nan=False))
    elif form is Format.NDJSON:
        for record in records:
            typer.echo(json.dumps(_document(record), allow_nan=False))
    else:
        names = [*results.records.columns]
        out = csv.DictWriter(sys.stdout, names, lineterminator="\n", extrasaction="ignore")
        out.writeheader()
        out.writerows(record | {"timestamp": _iso(record["timestamp"])} for record in records)


def _table(records: Sequence[Record], results: "Results") -> None:
    if not records:
        return
    from tailmass.cli.table import console, table

    out = console()
    # Score, time, values and the rest need about 86 columns; what a wider terminal has left shows the trend finer.
    trend_width = min(24, max(8, out.width - 86))
    trends = [results.series(record)[1].tolist() for record in records]
    out.print(table(records, trends, trend_width=trend_width))


def _document(record: Mapping[str, Any]) -> Record:
    """A record as JSON has it: the time as ISO 8601, and nothing that does not apply."""
    known = {name: value for name, value in record.items() if value is not None and value == value}
    for name in ("causes", "influencers"):
        if name in known:
            known[name] = json.loads(known[name])
    return known | {"timestamp": _iso(record["timestamp"])}


def _seconds(time: int | datetime) -> int:
    if isinstance(time, datetime):
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    return int(time)


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
