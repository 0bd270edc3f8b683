"""The head of a file: its first bytes, whether they are delimited text or JSON, and the rows in them."""

import csv
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl

from tailmass.intake.lines import RAW

HEAD_BYTES = 256 * 1024

DELIMITERS = (",", "\t", ";", "|")


def read_head(path: Path) -> tuple[bytes, float]:
    """The first bytes, decompressed, and which share of the file they are."""
    size = path.stat().st_size
    with path.open("rb") as file:
        data = file.read(HEAD_BYTES)
    if not data.startswith(b"\x1f\x8b"):
        return data, len(data) / max(size, 1)
    unzip = zlib.decompressobj(wbits=31)
    try:
        head = unzip.decompress(data, HEAD_BYTES)
    except zlib.error as error:
        raise ValueError(f"{path.name} starts as gzip does but cannot be unpacked ({error}): fetch it again") from None
    used = len(data) - len(unzip.unconsumed_tail) - len(unzip.unused_data)
    return head, used / size


def whole_records(data: bytes, share: float) -> str:
    """The bytes as text, without byte order mark and without a last line that the cut went through."""
    if share < 1 and b"\n" in data:
        data = data[: data.rindex(b"\n") + 1]
    return data.decode("utf-8-sig", errors="replace")


def format_of(text: str, said: str | None, reasons: list[str]) -> str:
    """The format that was said, or the one that the text begins like."""
    if said is not None:
        kind = {"CSV": "DELIMITED", "TSV": "DELIMITED", "DELINEATED": "DELIMITED", "NDJSON": "JSON"}.get(
            said.upper(), said.upper()
        )
        if kind not in ("DELIMITED", "JSON", "SINGLE_LINE"):
            raise ValueError(f"format {said!r} cannot be read from a file: use DELIMITED, JSON or SINGLE_LINE")
        return kind
    # A log line may start with a bracket too, but not with one before an object.
    if re.match(r"\s*(\[\s*)?\{|\s*\[\s*\]", text):
        reasons.append("format=JSON because the file starts with an object or an array of them")
        return "JSON"
    return "DELIMITED"


def delimiter_of(text: str, reasons: list[str]) -> str:
    """The character that cuts the header into the most columns, and the lines below it into no fewer."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    columns = {mark: [len(cells) for cells in csv.reader(lines, delimiter=mark)] for mark in DELIMITERS}
    # A comma inside the values of a semicolon file cuts lines too, but not its header into as many pieces.
    agreed = {mark: counts[0] * sum(n >= counts[0] for n in counts) / len(counts) for mark, counts in columns.items()}
    best = max(DELIMITERS, key=lambda mark: agreed[mark])
    if columns[best][0] > 1:
        spoken = {",": "comma", "\t": "TAB", ";": "semicolon", "|": "bar"}[best]
        reasons.append(f"delimiter={spoken} because it cuts the first lines into {columns[best][0]} columns each")
        return best
    return ","


def delimited_rows(text: str, delimiter: str) -> pl.DataFrame:
    """Complete rows of delimited text, all columns as text."""
    rows = [row for row in csv.reader(StringIO(text), delimiter=delimiter) if row]
    names = [name.strip() for name in rows[0]]
    cut = [(row + [""] * len(names))[: len(names)] for row in rows[1:]]
    table = pl.DataFrame(cut, schema=[f"c{i}" for i in range(len(names))], orient="row") if cut else pl.DataFrame()
    unique = dict(zip(names, table.get_columns(), strict=False))  # of two columns with one name the last counts
    return pl.DataFrame({name: column.cast(pl.String) for name, column in unique.items()})


def json_rows(text: str) -> pl.DataFrame:
    """Complete objects of JSON text, one after the other or in an array, flattened, all values as text."""
    rows = [dict(_flat(record)) for record in _objects(text)]
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame({name: pl.Series([row.get(name) for row in rows], dtype=pl.String) for name in names})


def line_rows(text: str) -> pl.DataFrame:
    """Complete lines that are not empty, each as the one field it is."""
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return pl.DataFrame({RAW: pl.Series([line for line in lines if line], dtype=pl.String)})


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    decoder = json.JSONDecoder()
    at = 0
    while (at := text.find("{", at)) >= 0:
        try:
            record, at = decoder.raw_decode(text, at)
        except ValueError:  # the object that the end of the head cuts in two
            return
        yield record


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None and not isinstance(value, list):
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value)
