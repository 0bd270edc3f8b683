"""Parquet as the text that a job reads: some rows at a time, times as it wants them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from tailmass.jobs import DataDescription

MAGIC = b"PAR1"
SLICE_ROWS = 100_000


def text_of(
    path: Path, description: DataDescription, report: Callable[[], None] = lambda: None, *, rows: int | None = None
) -> Iterator[bytes]:
    """The rows of a file, or the first ones, in the format that is described, without columns of lists and structs.

    A ValueError says that this cannot be.
    """
    try:
        lazy = pl.scan_parquet(path)
        schema = lazy.collect_schema()
        plain = [
            _time(name, kind, description.time_format) if name == description.time_field else pl.col(name)
            for name, kind in schema.items()
            if not kind.is_nested()
        ]
        total = lazy.select(pl.len()).collect().item()
        total = total if rows is None else min(total, rows)
        lazy = lazy.select(plain)
        if description.format == "DELIMITED":
            yield _delimited(lazy.head(0).collect(), description, header=True)
        for begin in range(0, total, SLICE_ROWS):
            frame = lazy.slice(begin, min(SLICE_ROWS, total - begin)).collect()
            report()
            if description.format == "DELIMITED":
                yield _delimited(frame, description)
            else:
                yield frame.write_ndjson().encode()
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path.name} starts as Parquet does but cannot be read ({error}): write it again") from None


def _delimited(frame: pl.DataFrame, description: DataDescription, *, header: bool = False) -> bytes:
    text: str = frame.write_csv(
        include_header=header,
        separator=description.field_delimiter,
        quote_char=description.quote_character,
        datetime_format="%Y-%m-%dT%H:%M:%S%.f",
    )
    return text.encode()


def _time(name: str, kind: pl.DataType, pattern: str) -> pl.Expr:
    """The time as a number, if it is no text or number already."""
    if not isinstance(kind, pl.Datetime | pl.Date):
        return pl.col(name)
    millis = pl.col(name).cast(pl.Datetime("ms", getattr(kind, "time_zone", None))).dt.epoch("ms")
    match pattern:
        case "epoch_ms":
            return millis
        case "epoch":
            return millis / 1000
        case _:
            raise ValueError(f"the column {name!r} holds times: the 'timeFormat' of the job would have to be epoch_ms")
