"""What a file or a data frame looks like it holds, guessed from its head, and why.

A guess is only made for what the caller did not say, and each comes with a sentence that lets a reader disagree.
"""

import csv
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
import polars as pl

from tailmass.columns import Ints
from tailmass.intake.timestamps import Timestamps

HEAD_BYTES = 256 * 1024
HEAD_ROWS = 10_000

DELIMITERS = (",", "\t", ";", "|")

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

SPANS = (1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400)
"""Round bucket spans, in seconds."""

# A mean of eight rows is already close to a bell curve, and it forgets one odd row; more only delays the news.
_ROWS_WANTED = 8
# Fewer buckets than this, and there is nothing to have learned from when the odd one comes.
_BUCKETS_WANTED = 100
# Events are not told apart by the second, however many there are.
_SHORTEST_WANTED = 60
# Nobody wants to hear of an anomaly much later than this, unless rows are rarer still.
_LONGEST_WANTED = 3600
# With more values than this a text column is as likely an identifier or a message as a way to split.
_MOST_SERIES_GUESSED = 24


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
    data, share = _head(path)
    if data.startswith(b"PAR1"):
        return _profile_parquet(path, time_field, time_format, split)
    text = _whole_records(data, share)
    if not text.strip():
        raise ValueError(f"{path.name} is empty: there is nothing to read from it")
    reasons: list[str] = []
    kind = _format(text, format, reasons)
    if kind == "DELIMITED":
        delimiter = delimiter or _delimiter(text, reasons)
        sample = _delimited(text, delimiter)
    else:
        sample = _json(text)
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
    field, found = _time_column(sample, name, time_field, time_format, reasons)
    gaps = np.diff(np.sort(found.times)) / 1000
    gaps = gaps[gaps > 0]
    median_gap = float(np.median(gaps)) if len(gaps) else 0.0
    span = float(np.ptp(found.times)) / 1000 / share
    others = sample.drop(field).filter(found.rows)
    bucket_span = _bucket_span(others, found.times, span, median_gap, split, reasons)
    return Profile(
        kind, delimiter, '"', field, found.pattern, tuple(sample.columns), median_gap, span, bucket_span, tuple(reasons)
    )


# -- the head of a file ------------------------------------------------------------------------------------------------


def _head(path: Path) -> tuple[bytes, float]:
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


def _whole_records(data: bytes, share: float) -> str:
    """The bytes as text, without byte order mark and without a last line that the cut went through."""
    if share < 1 and b"\n" in data:
        data = data[: data.rindex(b"\n") + 1]
    return data.decode("utf-8-sig", errors="replace")


def _format(text: str, said: str | None, reasons: list[str]) -> str:
    if said is not None:
        kind = {"CSV": "DELIMITED", "TSV": "DELIMITED", "DELINEATED": "DELIMITED", "NDJSON": "JSON"}.get(
            said.upper(), said.upper()
        )
        if kind not in ("DELIMITED", "JSON"):
            raise ValueError(f"format {said!r} cannot be read from a file: use DELIMITED or JSON")
        return kind
    # A log line may start with a bracket too, but not with one before an object.
    if re.match(r"\s*(\[\s*)?\{|\s*\[\s*\]", text):
        reasons.append("format=JSON because the file starts with an object or an array of them")
        return "JSON"
    return "DELIMITED"


def _delimiter(text: str, reasons: list[str]) -> str:
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


def _delimited(text: str, delimiter: str) -> pl.DataFrame:
    """Complete rows of delimited text, all columns as text."""
    rows = [row for row in csv.reader(StringIO(text), delimiter=delimiter) if row]
    names = [name.strip() for name in rows[0]]
    cut = [(row + [""] * len(names))[: len(names)] for row in rows[1:]]
    table = pl.DataFrame(cut, schema=[f"c{i}" for i in range(len(names))], orient="row") if cut else pl.DataFrame()
    unique = dict(zip(names, table.get_columns(), strict=False))  # of two columns with one name the last counts
    return pl.DataFrame({name: column.cast(pl.String) for name, column in unique.items()})


def _json(text: str) -> pl.DataFrame:
    """Complete objects of JSON text, one after the other or in an array, flattened, all values as text."""
    rows = [dict(_flat(record)) for record in _objects(text)]
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame({name: pl.Series([row.get(name) for row in rows], dtype=pl.String) for name in names})


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


# -- the column of times -----------------------------------------------------------------------------------------------


class _Times(NamedTuple):
    """The times of a column and how they are written."""

    pattern: str
    times: Ints
    """Epoch milliseconds, of the rows that have one."""
    rows: pl.Series
    """(n,) whether a row has one."""


def _time_column(
    sample: pl.DataFrame, name: str, field: str | None, pattern: str | None, reasons: list[str]
) -> tuple[str, _Times]:
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


def _times(column: pl.Series, pattern: str | None) -> _Times | None:
    """The times of a column if it nearly always has one, else None."""
    if column.dtype in (pl.Datetime, pl.Date):
        times = column.cast(pl.Datetime("ms")).dt.epoch("ms")
        return (
            _Times("epoch_ms", times.drop_nulls().to_numpy(), times.is_not_null())
            if times.is_not_null().any()
            else None
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


def _numbers(column: pl.Series, pattern: str | None) -> _Times | None:
    known = column.is_not_null()
    spoken = pattern or _epoch(column.drop_nulls())
    if spoken not in ("epoch", "epoch_ms"):
        return None
    times, good = _timestamps(spoken).parse_numbers(column.drop_nulls().cast(pl.Float64).to_numpy())
    return _Times(spoken, times, known) if good.all() else None


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


def _best_pattern(column: pl.Series) -> _Times | None:
    head = column.head(200)
    fits = [pattern for pattern in PATTERNS if _read(head, pattern)]
    found = [read for pattern in fits if (read := _read(column, pattern))]
    if not found:
        return None
    # 03/04 is a day in March or in April: the reading under which the rows cover less time is the right one. Among
    # equals the first: it is the one that says most.
    return min(found, key=lambda read: int(np.ptp(read.times)))


def _read(column: pl.Series, pattern: str) -> _Times | None:
    times, good = _timestamps(pattern).parse(column)
    if np.count_nonzero(good) < 0.9 * max(len(column) - column.null_count(), 1):
        return None
    return _Times(pattern, times[good], pl.Series(good))


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


# -- the bucket span ---------------------------------------------------------------------------------------------------


def _bucket_span(
    rows: pl.DataFrame,
    times: Ints,
    span: float,
    median_gap: float,
    split: Sequence[str] | None,
    reasons: list[str],
) -> int:
    """A round span in which a typical series has several rows, and of which there are many in the source."""
    if median_gap == 0:
        reasons.append("bucket_span=5m because there is only one time to go by")
        return 300
    names = _split(rows) if split is None else [name for name in split if name in rows.columns]
    codes = _codes(rows, names)
    period = _period(times, codes)
    if period is not None:
        chosen = next((candidate for candidate in SPANS if candidate >= period), SPANS[-1])
        why = f"there is a row every {_spoken(period)}"
    else:
        longest = max(min(span / _BUCKETS_WANTED, _LONGEST_WANTED), median_gap)
        affordable = [candidate for candidate in SPANS if candidate <= longest] or [SPANS[0]]
        affordable = [candidate for candidate in affordable if candidate >= min(_SHORTEST_WANTED, affordable[-1])]
        chosen = next((s for s in affordable if _rows_in_a_bucket(times, codes, s) >= _ROWS_WANTED), affordable[-1])
        rows_in_it = _rows_in_a_bucket(times, codes, chosen)
        spoken = f"{rows_in_it:.2g}" if rows_in_it < 10 else f"{rows_in_it:,.0f}"
        of = f" of one {' and '.join(names)}" if names else ""
        why = f"a bucket{of} then has {spoken} rows (median gap between rows {_spoken(median_gap)})"
    reasons.append(f"bucket_span={_spoken(chosen)} because {why}")
    return chosen


def _split(rows: pl.DataFrame) -> list[str]:
    """The text column that is likeliest to make series: the one with the most values, but not very many."""
    counts = {name: rows[name].n_unique() for name in rows.columns if _is_text(rows[name])}
    few = {name: count for name, count in counts.items() if 1 < count <= _MOST_SERIES_GUESSED}
    return [max(few, key=few.__getitem__)] if few else []


def _codes(rows: pl.DataFrame, names: Sequence[str]) -> Ints:
    """(rows,) a number for each series."""
    if not names:
        return np.zeros(rows.height, np.int64)
    return rows.select(pl.struct(names).rank("dense").cast(pl.Int64)).to_series().to_numpy()


def _rows_in_a_bucket(times: Ints, codes: Ints, span: int) -> float:
    """How many rows of a series a bucket has: the median of those with any, or the mean of all if that is less."""
    buckets = times // (span * 1000)
    buckets -= buckets.min()
    series = int(codes.max()) + 1
    counts = np.unique(buckets * series + codes, return_counts=True)[1]
    # Visitors come in bursts of a click a second and then not for hours; the median alone would see only the bursts.
    return min(float(np.median(counts)), len(times) / ((int(buckets.max()) + 1) * series))


def _period(times: Ints, codes: Ints) -> float | None:
    """The gap between the rows of a series in seconds, if nearly all are the same, as in a sampled metric."""
    order = np.lexsort((times, codes))
    gaps = np.diff(times[order])[np.diff(codes[order]) == 0] / 1000
    later = gaps[gaps > 0]
    if len(later) == 0:
        return None
    middle = float(np.median(later))
    alike = int(np.count_nonzero(np.abs(later / middle - 1) <= 0.1)) > 0.8 * len(later)
    steady = float(later.sum()) < 2 * middle * len(later)
    # Samples of several things are taken together, always as many; events of the same second are any number.
    at_once = np.unique(np.stack([times, codes]), axis=1, return_counts=True)[1]
    even = int(np.count_nonzero(at_once == np.median(at_once))) > 0.8 * len(at_once)
    return middle if alike and steady and even else None


def _is_text(column: pl.Series) -> bool:
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return False
    head = column.drop_nulls().head(100).cast(pl.String)
    return head.cast(pl.Float64, strict=False).null_count() > 0.1 * len(head)


def _spoken(seconds: float) -> str:
    """A length of time as one writes it.

    >>> [_spoken(s) for s in (0.25, 5.4, 90, 900, 7200, 43_200, 432_000)]
    ['0.25s', '5.4s', '90s', '15m', '2h', '12h', '5d']
    """
    for length, unit, least in ((86400, "d", 1), (3600, "h", 1), (60, "m", 2)):
        if seconds >= length * least and (seconds % length == 0 or seconds >= 10 * length):
            return f"{seconds / length:.3g}{unit}"
    return f"{seconds:.3g}s"
