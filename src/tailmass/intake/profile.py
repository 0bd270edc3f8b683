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

from tailmass.columns import Columns
from tailmass.intake.fields import Fields
from tailmass.intake.frames import text
from tailmass.intake.head import (
    HEAD_BYTES,
    delimited_rows,
    delimiter_of,
    format_of,
    json_rows,
    line_rows,
    read_head,
    whole_records,
)
from tailmass.intake.span import bucket_span_of
from tailmass.intake.timecolumn import time_column
from tailmass.intake.timestamps import no_times
from tailmass.intake.transforms.chain import Chain
from tailmass.jobs import Transform
from tailmass.jobs.transforms import ordered

HEAD_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Profile:
    """What was said or guessed about a source, with a sentence for each guess."""

    format: str
    """DELIMITED, JSON or SINGLE_LINE for text, PARQUET for such a file, FRAME for a data frame."""
    delimiter: str
    quote: str
    time_field: str
    time_format: str
    """`epoch`, `epoch_ms` or a Java date pattern; `epoch_ms` also where the column holds dates and times already."""
    fields: tuple[str, ...]
    """All names of columns, in the order of the source; then those that transforms make."""
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
    split: Sequence[Sequence[str]] | None = None,
    transforms: Sequence[Transform] = (),
) -> Profile:
    """The profile of a file, from its first 256 KiB after decompression.

    `split` names the fields that make series (by, partition, over) of each detector; without it the text column that is
    likeliest to be one is taken to size the buckets. What is guessed, is guessed of the rows as the `transforms` leave
    them.
    """
    path = Path(path)
    data, share = read_head(path)
    if data.startswith(b"PAR1"):
        return _profile_parquet(path, time_field, time_format, split, transforms)
    content = whole_records(data, share)
    if not content.strip():
        raise ValueError(f"{path.name} is empty: there is nothing to read from it")
    reasons: list[str] = []
    kind = format_of(content, format, reasons)
    if kind == "DELIMITED":
        delimiter = delimiter or delimiter_of(content, reasons)
        sample = delimited_rows(content, delimiter)
    elif kind == "JSON":
        sample = json_rows(content)
    else:
        sample = line_rows(content)
    if sample.is_empty():
        raise ValueError(
            f"{path.name} has no complete row in its first {HEAD_BYTES // 1024} KiB: "
            "give it a header line and at least one row, or name its format"
        )
    sample = _transformed(sample, path.name, transforms)
    return _profile(sample, path.name, kind, delimiter or ",", time_field, time_format, split, share, reasons)


def profile_frame(
    frame: Any,
    *,
    time_field: str | None = None,
    time_format: str | None = None,
    split: Sequence[Sequence[str]] | None = None,
    transforms: Sequence[Transform] = (),
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
    sample = _transformed(sample, "the data frame", transforms)
    return _profile(sample, "the data frame", "FRAME", ",", time_field, time_format, split, share, [])


def _profile_parquet(
    path: Path,
    time_field: str | None,
    time_format: str | None,
    split: Sequence[Sequence[str]] | None,
    transforms: Sequence[Transform],
) -> Profile:
    try:
        lazy = pl.scan_parquet(path)
        sample, rows = lazy.head(HEAD_ROWS).collect(), lazy.select(pl.len()).collect().item()
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path.name} starts as Parquet does but cannot be read ({error}): write it again") from None
    if sample.is_empty():
        raise ValueError(f"{path.name} has no rows: there is nothing to read from it")
    share = sample.height / rows
    sample = _transformed(sample, path.name, transforms)
    return _profile(sample, path.name, "PARQUET", ",", time_field, time_format, split, share, [])


def _transformed(sample: pl.DataFrame, name: str, transforms: Sequence[Transform]) -> pl.DataFrame:
    """The sample with the fields that the transforms make, and without the rows they exclude."""
    if not transforms:
        return sample
    made = tuple(output for each in transforms for output in each.output_names)
    fields = Fields(None, made, (), ordered(transforms))
    # That a field is not in the data is for the reader to say: here the head of a file may just lack it.
    inputs = {
        each: text(sample[each]) if each in sample.columns else pl.repeat("", sample.height, eager=True)
        for each in fields.source.texts
    }
    rows = Chain(fields, "epoch").apply(Columns(*no_times(sample.height), inputs))
    extended = sample.with_columns(column.alias(output) for output, column in rows.texts.items())
    kept = extended if rows.excluded is None else extended.filter(~pl.Series(rows.excluded))
    if kept.is_empty():
        raise ValueError(
            f"the transforms exclude all {sample.height} rows at the head of {name}: look at the condition"
        )
    return kept


def _profile(
    sample: pl.DataFrame,
    name: str,
    kind: str,
    delimiter: str,
    time_field: str | None,
    time_format: str | None,
    split: Sequence[Sequence[str]] | None,
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
