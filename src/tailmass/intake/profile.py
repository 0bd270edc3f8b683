"""What a file or a data frame looks like it holds, guessed from its head, and why.

A guess is only made for what the caller did not say, and each comes with a sentence that lets a reader disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from tailmass.intake.head import (
    HEAD_BYTES,
    delimited_rows,
    delimiter_of,
    format_of,
    json_rows,
    read_head,
    whole_records,
)
from tailmass.intake.span import bucket_span_of
from tailmass.intake.timecolumn import time_column

HEAD_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Profile:
    """What was said or guessed about a source, with a sentence for each guess."""

    format: str
    """DELIMITED or JSON for text, PARQUET for such a file, FRAME for a data frame."""
    delimiter: str
    quote: str
    time_field: str
    time_format: str
    """`epoch`, `epoch_ms` or a Java date pattern; `epoch_ms` also where the column holds dates and times already."""
    fields: tuple[str, ...]
    """All names of columns, in the order of the source."""
    median_gap_seconds: float
    """Between one row and the next in time, where it is not zero; 0 if there is only one time."""
    span_seconds: float
    """From first to last, for the whole source; an estimate where only the head was read."""
    bucket_span: int
    reasons: tuple[str, ...]


def profile(source: object, **said: Any) -> Profile:
    """The profile of a path or of a data frame, whatever it is; `said` as for those two."""
    if isinstance(source, (str, Path)):
        return profile_path(source, **said)
    return profile_frame(source, **said)


def profile_path(
    path: str | Path,
    *,
    time_field: str | None = None,
    time_format: str | None = None,
    format: str | None = None,
    delimiter: str | None = None,
    split: Sequence[str] | None = None,
) -> Profile:
    """The profile of a file, from its first 256 KiB after decompression.

    `split` names the fields that make series (by, partition, over); without it the text column that is likeliest to be
    one is taken to size the buckets.
    """
    path = Path(path)
    data, share = read_head(path)
    if data.startswith(b"PAR1"):
        return _profile_parquet(path, time_field, time_format, split)
    text = whole_records(data, share)
    if not text.strip():
        raise ValueError(f"{path.name} is empty: there is nothing to read from it")
    reasons: list[str] = []
    kind = format_of(text, format, reasons)
    if kind == "DELIMITED":
        delimiter = delimiter or delimiter_of(text, reasons)
        sample = delimited_rows(text, delimiter)
    else:
        sample = json_rows(text)
    if sample.is_empty():
        raise ValueError(
            f"{path.name} has no complete row in its first {HEAD_BYTES // 1024} KiB: "
            "give it a header line and at least one row, or name its format"
        )
    return _profile(sample, path.name, kind, delimiter or ",", time_field, time_format, split, share, reasons)


def profile_frame(
    frame: Any,
    *,
    time_field: str | None = None,
    time_format: str | None = None,
    split: Sequence[str] | None = None,
    **_: str | None,
) -> Profile:
    """The profile of a Polars, pandas or PyArrow data frame, from its first 10,000 rows."""
    try:
        eager = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise ValueError(
            f"cannot read rows from a {type(frame).__name__}: give a path, or a Polars, pandas or PyArrow data frame"
        ) from None
    sample = eager.head(HEAD_ROWS).to_polars()
    if sample.is_empty():
        raise ValueError("the data frame has no rows: there is nothing to read from it")
    share = sample.height / len(eager)
    return _profile(sample, "the data frame", "FRAME", ",", time_field, time_format, split, share, [])


def _profile_parquet(
    path: Path, time_field: str | None, time_format: str | None, split: Sequence[str] | None
) -> Profile:
    try:
        lazy = pl.scan_parquet(path)
        sample, rows = lazy.head(HEAD_ROWS).collect(), lazy.select(pl.len()).collect().item()
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path.name} starts as Parquet does but cannot be read ({error}): write it again") from None
    if sample.is_empty():
        raise ValueError(f"{path.name} has no rows: there is nothing to read from it")
    share = sample.height / rows
    return _profile(sample, path.name, "PARQUET", ",", time_field, time_format, split, share, [])


def _profile(
    sample: pl.DataFrame,
    name: str,
    kind: str,
    delimiter: str,
    time_field: str | None,
    time_format: str | None,
    split: Sequence[str] | None,
    share: float,
    reasons: list[str],
) -> Profile:
    field, found = time_column(sample, name, time_field, time_format, reasons)
    gaps = np.diff(np.sort(found.times)) / 1000
    gaps = gaps[gaps > 0]
    median_gap = float(np.median(gaps)) if len(gaps) else 0.0
    span = float(np.ptp(found.times)) / 1000 / share
    others = sample.drop(field).filter(found.rows)
    bucket_span = bucket_span_of(others, found.times, span, median_gap, split, reasons)
    return Profile(
        kind, delimiter, '"', field, found.pattern, tuple(sample.columns), median_gap, span, bucket_span, tuple(reasons)
    )
