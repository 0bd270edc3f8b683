"""Documents of a server on their way out: as a table, CSV, NDJSON, JSON or Parquet, page by page."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO, TypeAlias

from tailmass.cli.output import Format

Document: TypeAlias = Mapping[str, Any]
Pages: TypeAlias = Iterable[Sequence[Document]]
Columns: TypeAlias = Mapping[str, Callable[[Document], str]]
"""What a table shows of a document, by its heading; one that begins with a space is set to the right."""

WIDEST = 48  # characters of a cell, but for the last of a line


def write(pages: Pages, form: Format, columns: Columns, fields: Sequence[str] = (), out: TextIO | None = None) -> None:
    """Write the documents as they come, all their fields or the ones that are named, holding a page at a time.

    CSV whose columns are not named has to see all documents before it knows its header; they wait in a file.
    """
    out = out or sys.stdout
    if fields:
        pages = _chosen(pages, fields)
        columns = {name: lambda document, name=name: cell(document.get(name)) for name in fields}  # type: ignore[misc]  # mypy does not infer a lambda with a default
    if form is Format.TABLE:
        _table(pages, columns, out)
    elif form is Format.JSON:
        _json(pages, out)
    elif form is Format.NDJSON:
        for page in pages:
            _lines(page, out)
    elif fields:
        _csv(pages, fields, out)
    else:
        with _kept(pages) as (file, names):
            _csv(_read(file), sorted(names), out)


def parquet(pages: Pages, path: Path, fields: Sequence[str] = ()) -> None:
    """Write the documents to a Parquet file: nested values as JSON, timestamps as such."""
    import polars as pl

    with _kept(_chosen(pages, fields) if fields else pages, cell=_plain) as (file, kinds):
        names = [name for name in fields if name in kinds] if fields else sorted(kinds)
        types = {bool: pl.Boolean, int: pl.Int64, float: pl.Float64, str: pl.String}
        frame = pl.scan_ndjson(file, schema={name: types[kinds[name]] for name in names})
        if "timestamp" in kinds:
            frame = frame.with_columns(pl.col("timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3f%z", time_zone="UTC"))
        frame.sink_parquet(path)


def cell(value: Any) -> str:
    """A value as one cell: text as it is, nothing as nothing, all else as JSON.

    >>> cell("AAL"), cell(None), cell(True), cell([{"a": 1}])
    ('AAL', '', 'true', '[{"a": 1}]')
    """
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _chosen(pages: Pages, fields: Sequence[str]) -> Iterator[list[Document]]:
    for page in pages:
        yield [{name: document[name] for name in fields if name in document} for document in page]


def _table(pages: Pages, columns: Columns, out: TextIO) -> None:
    widths: list[int] = []
    for page in pages:
        rows = [[printable(show(document)) for show in columns.values()] for document in page]
        if rows and not widths:
            # Later pages keep to the widths of the first: what is wider there is out of line rather than late.
            lengths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            widths = [
                max(len(name.strip()), min(length, WIDEST)) for name, length in zip(columns, lengths, strict=True)
            ]
            rows.insert(0, [name.strip() for name in columns])
        for row in rows:
            aligned = (
                text.rjust(width) if name.startswith(" ") else text.ljust(width)
                for name, text, width in zip(columns, row, widths, strict=True)
            )
            print("  ".join(aligned).rstrip(), file=out)
        out.flush()


def printable(text: str) -> str:
    """The text on one line, without what would steer a terminal: rows come from anywhere."""
    line = " ".join(text.split())
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def _json(pages: Pages, out: TextIO) -> None:
    before = "[\n"
    for page in pages:
        for document in page:
            out.write(before + json.dumps(document))
            before = ",\n"
        out.flush()
    out.write("\n]\n" if before != "[\n" else "[]\n")


def _lines(page: Iterable[Document], out: TextIO) -> None:
    for document in page:
        print(json.dumps(document), file=out)
    out.flush()


def _csv(pages: Pages, names: Sequence[str], out: TextIO) -> None:
    if not names:
        return
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(names)
    for page in pages:
        rows.writerows([cell(document.get(name)) for name in names] for document in page)
        out.flush()


@contextmanager
def _kept(pages: Pages, cell: Callable[[Any], Any] = lambda value: value) -> Iterator[tuple[Path, dict[str, type]]]:
    """All documents in a file, and the fields they have with the type that suits all values of each."""
    kinds: dict[str, type] = {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "documents.ndjson"
        with path.open("w") as file:
            for page in pages:
                rows = [{name: cell(value) for name, value in document.items()} for document in page]
                for name, value in (each for row in rows for each in row.items() if each[1] is not None):
                    kinds[name] = _common(kinds.get(name, type(value)), type(value))
                _lines(rows, file)
        yield path, kinds


def _common(one: type, other: type) -> type:
    if one is other:
        return one
    return float if {one, other} == {int, float} else str


def _plain(value: Any) -> Any:
    return cell(value) if isinstance(value, list | dict) else value


def _read(file: Path) -> Iterator[list[Document]]:
    with file.open() as lines:
        for line in lines:
            yield [json.loads(line)]
