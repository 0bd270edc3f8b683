"""Data frames to columns: Polars, pandas, PyArrow and whatever else narwhals knows."""

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl

from tailmass.columns import Columns, Flags, Floats, Ints
from tailmass.errors import MissingField
from tailmass.intake.fields import Fields
from tailmass.intake.timestamps import Timestamps, no_times
from tailmass.intake.transforms.chain import Chain
from tailmass.kernels.dates import EARLIEST_MS, LATEST_MS

PIECE_ROWS = 250_000


def columns(frame: Any, fields: Fields, time_format: str = "epoch") -> Iterator[Columns]:
    """The wanted fields of a data frame, some rows at a time.

    The time may be a date, a datetime (UTC when it has no zone), a number or text; numbers and text are read by
    `time_format`, numbers as seconds unless it is `epoch_ms`.
    """
    table = nw.from_native(frame, eager_only=True)
    timestamps = Timestamps(time_format)
    source, chain = fields.source, Chain(fields, time_format)
    for name in source.names:
        if name not in table.columns:
            seen = ", ".join(repr(column) for column in table.columns)
            raise MissingField(f"The field {name!r} is not in the data frame, which has the columns {seen}")
    for begin in range(0, len(table), PIECE_ROWS):
        piece = table[begin : begin + PIECE_ROWS]
        series = {name: _series(piece[name]) for name in source.names}
        times, dated = no_times(len(piece)) if source.time is None else _times(series[source.time], timestamps)
        rows = Columns(
            times,
            dated,
            {name: text(series[name]) for name in source.texts},
            {name: _number(series[name]) for name in source.numbers},
        )
        yield chain.apply(rows) if fields.transforms else rows


def _series(column: nw.Series[Any]) -> pl.Series:
    """The same column in Polars."""
    return column.to_polars().rename("")


def _times(series: pl.Series, timestamps: Timestamps) -> tuple[Ints, Flags]:
    if isinstance(series.dtype, pl.Datetime | pl.Date):
        if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        millis = series.cast(pl.Datetime("ms")).dt.epoch("ms").fill_null(LATEST_MS + 1).to_numpy()
        possible = (millis >= EARLIEST_MS) & (millis <= LATEST_MS)
        return np.where(possible, millis, 0), possible
    if series.dtype.is_numeric():
        present = series.is_not_null().to_numpy()
        whole = series.dtype.is_integer() and series.dtype != pl.UInt64
        numbers = series.fill_null(0).cast(pl.Int64 if whole else pl.Float64).to_numpy()
        times, dated = timestamps.parse_numbers(numbers)
        return np.where(present, times, 0), dated & present
    return timestamps.parse(text(series))


def text(series: pl.Series) -> pl.Series:
    """The same values as a String column."""
    if series.dtype.is_float():
        series = series.fill_nan(None)
    if series.dtype == pl.Object:
        return pl.Series([None if value is None else str(value) for value in series], dtype=pl.String)
    return series.cast(pl.String)


def _number(series: pl.Series) -> Floats:
    if not series.dtype.is_numeric() and series.dtype != pl.Boolean:
        series = text(series).str.strip_chars(" \t")
    values = series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().copy()
    values[np.isinf(values)] = np.nan
    return values
