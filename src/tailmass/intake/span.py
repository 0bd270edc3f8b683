"""The bucket span that suits the rows of a source."""

from collections.abc import Sequence
from operator import itemgetter

import numpy as np
import polars as pl

from tailmass.columns import Ints

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


def bucket_span_of(
    rows: pl.DataFrame,
    times: Ints,
    span: float,
    median_gap: float,
    split: Sequence[Sequence[str]] | None,
    reasons: list[str],
) -> int:
    """A round span in which a typical series of every detector has several rows, and of which there are many."""
    if median_gap == 0:
        reasons.append("bucket_span=5m because there is only one time to go by")
        return 300
    splits = [_split(rows)] if split is None else [[name for name in each if name in rows.columns] for each in split]
    suiting = [_suiting(times, _codes(rows, names), names, span, median_gap) for names in splits or [[]]]
    chosen, why = max(suiting, key=itemgetter(0))  # what is rarest has enough rows, and nothing else too few
    reasons.append(f"bucket_span={_spoken(chosen)} because {why}")
    return chosen


def _suiting(times: Ints, codes: Ints, names: Sequence[str], span: float, median_gap: float) -> tuple[int, str]:
    """The span that suits series that are told apart by these names, and why."""
    period = _period(times, codes)
    if period is not None:
        chosen = next((candidate for candidate in SPANS if candidate >= period), SPANS[-1])
        return chosen, f"there is a row every {_spoken(period)}"
    longest = max(min(span / _BUCKETS_WANTED, _LONGEST_WANTED), median_gap)
    affordable = [candidate for candidate in SPANS if candidate <= longest] or [SPANS[0]]
    affordable = [candidate for candidate in affordable if candidate >= min(_SHORTEST_WANTED, affordable[-1])]
    chosen = next((s for s in affordable if _rows_in_a_bucket(times, codes, s) >= _ROWS_WANTED), affordable[-1])
    rows_in_it = _rows_in_a_bucket(times, codes, chosen)
    spoken = f"{rows_in_it:.2g}" if rows_in_it < 10 else f"{rows_in_it:,.0f}"
    of = f" of one {' and '.join(names)}" if names else ""
    return chosen, f"a bucket{of} then has {spoken} rows (median gap between rows {_spoken(median_gap)})"


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
