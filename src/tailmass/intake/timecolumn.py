"""The column of times: which one it is, and how its times are written."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import polars as pl

from tailmass.columns import Ints
from tailmass.intake.timestamps import Timestamps

TIME_NAMES = (
    "time", "timestamp", "@timestamp", "_time", "datetime", "date_time", "date", "ts", "epoch", "event_time",
    "eventtime", "created_at", "createdat", "when", "t",
)  # fmt: skip
"""Names that columns of times go by, the likeliest first; compared without case."""

PATTERNS = (
    "yyyy-MM-dd'T'HH:mm:ss.SSSX",
    "yyyy-MM-dd'T'HH:mm:ssX",
    "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "yyyy-MM-dd'T'HH:mm:ss",
    "yyyy-MM-dd'T'HH:mmX",
    "yyyy-MM-dd'T'HH:mm",
    "yyyy-MM-dd HH:mm:ss.SSSX",
    "yyyy-MM-dd HH:mm:ssX",
    "yyyy-MM-dd HH:mm:ss X",
    "yyyy-MM-dd HH:mm:ss z",
    "yyyy-MM-dd HH:mm:ss.SSS",
    "yyyy-MM-dd HH:mm:ss,SSS",
    "yyyy-MM-dd HH:mm:ss",
    "yyyy-MM-dd HH:mm",
    "yyyy/MM/dd HH:mm:ss.SSS",
    "yyyy/MM/dd HH:mm:ss",
    "yyyy/MM/dd HH:mm",
    "yyyy-MM-dd-HH.mm.ss.SSSSSS",
    "yyyyMMdd'T'HHmmssX",
    "yyyyMMddHHmmss",
    "yyyyMMdd HH:mm:ss",
    "dd/MMM/yyyy:HH:mm:ss X",
    "dd/MMM/yyyy HH:mm:ssX",
    "dd/MMM/yyyy HH:mm:ss",
    "EEE MMM dd HH:mm:ss yyyy",
    "EEE MMM dd HH:mm:ss z yyyy",
    "EEE, dd MMM yyyy HH:mm:ss z",
    "EEE, dd MMM yyyy HH:mm:ss X",
    "dd MMM yyyy HH:mm:ss",
    "MMM dd, yyyy HH:mm:ss",
    "MM/dd/yyyy HH:mm:ss",
    "dd/MM/yyyy HH:mm:ss",
    "dd.MM.yyyy HH:mm:ss",
    "MM/dd/yyyy HH:mm",
    "dd/MM/yyyy HH:mm",
    "dd.MM.yyyy HH:mm",
    "MM/dd/yyyy hh:mm:ss a",
    "MM/dd/yy HH:mm:ss",
    "EEE MM/dd/yyyy HH:mm:ss",
    "EEE MM/dd/yyyy HH:mm",
    "EEE dd/MM/yyyy HH:mm:ss",
    "EEE dd/MM/yyyy HH:mm",
)  # fmt: skip
"""The Java date patterns that are tried, in this order."""

# A number is a time if it falls between 1990 and 2100; smaller ones are counts and prices far more often than times.
_EPOCH_SECONDS = (631_152_000, 4_102_444_800)


class Times(NamedTuple):
    """The times of a column and how they are written."""

    pattern: str
    times: Ints
    """Epoch milliseconds, of the rows that have one."""
    rows: pl.Series
    """(n,) whether a row has one."""


def time_column(
    sample: pl.DataFrame, name: str, field: str | None, pattern: str | None, reasons: list[str]
) -> tuple[str, Times]:
    """The column of times, and the times in it."""
    if field is not None and field not in sample.columns:
        raise ValueError(f"{name} has no column {field!r}: it has {_listed(sample.columns)}")
    candidates = [field] if field is not None else _by_likelihood(sample.columns)
    # Numbers too small to be today's seconds are times only if the column is called so: seconds since a start.
    called = [name for name in candidates if field is not None or name.lower() in TIME_NAMES]
    tried = [(name, pattern) for name in candidates] + [(name, "epoch") for name in called if pattern is None]
    for candidate, wanted in tried:
        found = _times(sample[candidate], wanted)
        if found is None:
            continue
        example = _example(sample[candidate])
        if field is None:
            reasons.append(f"time_field={candidate} because its values read as times, such as {example}")
        if pattern is None:
            reasons.append(f"time_format={found.pattern} because that reads {example}")
        return candidate, found
    raise ValueError(_no_time(sample, name, field, pattern))


def _by_likelihood(names: Iterable[str]) -> list[str]:
    def rank(name: str) -> int:
        low = name.lower()
        if low in TIME_NAMES:
            return TIME_NAMES.index(low)
        return len(TIME_NAMES) + (0 if re.search(r"time|date|_at$|_ts$", low) else 1)

    return sorted(names, key=rank)  # stable: of equals the first column of the source


def _times(column: pl.Series, pattern: str | None) -> Times | None:
    """The times of a column if it nearly always has one, else None."""
    if column.dtype in (pl.Datetime, pl.Date):
        times = column.cast(pl.Datetime("ms")).dt.epoch("ms")
        return (
            Times("epoch_ms", times.drop_nulls().to_numpy(), times.is_not_null()) if times.is_not_null().any() else None
        )
    if column.dtype.is_numeric():
        return _numbers(column, pattern)
    if column.dtype != pl.String or not (column != "").any():
        return None
    if pattern is not None:
        return _read(column, pattern)
    head = column.drop_nulls().head(100)
    numbers = head.cast(pl.Float64, strict=False).drop_nulls()
    if len(numbers) > 0.9 * len(head):
        spoken = _epoch(numbers)
        return _read(column, spoken) if spoken is not None else None
    return _best_pattern(column)


def _numbers(column: pl.Series, pattern: str | None) -> Times | None:
    known = column.is_not_null()
    spoken = pattern or _epoch(column.drop_nulls())
    if spoken not in ("epoch", "epoch_ms"):
        return None
    times, good = _timestamps(spoken).parse_numbers(column.drop_nulls().cast(pl.Float64).to_numpy())
    return Times(spoken, times, known) if good.all() else None


def _epoch(numbers: pl.Series) -> str | None:
    """How numbers say a time, if they do."""
    middle = numbers.cast(pl.Float64).median()
    low, high = _EPOCH_SECONDS
    if not isinstance(middle, float):  # there are none
        return None
    if low <= middle < high:
        return "epoch"
    if low * 1000 <= middle < high * 1000:
        return "epoch_ms"
    return "yyyyMMddHHmmss" if 19_900_101_000_000 <= middle < 21_000_101_000_000 else None


def _best_pattern(column: pl.Series) -> Times | None:
    head = column.head(200)
    fits = [pattern for pattern in PATTERNS if _read(head, pattern)]
    found = [read for pattern in fits if (read := _read(column, pattern))]
    if not found:
        return None
    # 03/04 is a day in March or in April: the reading under which the rows cover less time is the right one. Among
    # equals the first: it is the one that says most.
    return min(found, key=lambda read: int(np.ptp(read.times)))


def _read(column: pl.Series, pattern: str) -> Times | None:
    times, good = _timestamps(pattern).parse(column)
    if np.count_nonzero(good) < 0.9 * max(len(column) - column.null_count(), 1):
        return None
    return Times(pattern, times[good], pl.Series(good))


@lru_cache(maxsize=64)
def _timestamps(pattern: str) -> Timestamps:
    return Timestamps(pattern)


def _no_time(sample: pl.DataFrame, name: str, field: str | None, pattern: str | None) -> str:
    if field is not None and pattern is not None:
        return (
            f"{field!r} of {name} does not read as {pattern!r}, for example {_example(sample[field])}: "
            "give the time_format that its values have"
        )
    if field is not None:
        return (
            f"cannot tell how {field!r} of {name} is written, for example {_example(sample[field])}: "
            'give a time_format such as "yyyy-MM-dd HH:mm:ss", epoch or epoch_ms'
        )
    hint = ""
    if any(re.fullmatch(r"-?\d+(\.\d+)?", column) for column in sample.columns):
        hint = "; its first line looks like a row, and a header is needed there"
    return (
        f"no column of {name} reads as times; it has {_listed(sample.columns)}{hint}: "
        "say which one with time_field and how it is written with time_format"
    )


def _example(column: pl.Series) -> str:
    values = column.drop_nulls()
    return repr(str(values[0])) if len(values) else "an empty column"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:12])
    return f"{shown} and {len(names) - 12} more" if len(names) > 12 else shown
