"""Every gatherer, by discovery over the features: what it says is what the definition says, however rows are cut."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.analysis.features import FEATURES
from tailmass.analysis.gatherers import Distinct, Gatherer, Information, Means, Medians, Rows, Variances
from tests.analysis.rows import equal
from tests.kernels import naive_features as naive
from tests.kernels.streams import fixed

MAKERS = {
    f"{name}{', summarised' if summarised else ''}": made
    for name, feature in FEATURES.items()
    for summarised, made in ((False, feature.gatherer), (True, feature.summarised))
    if made is not None
}
Row = tuple[int, int, float, str, int]
"""Bucket, series, value, text and weight."""
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(-1, 2), st.floats(-1e3, 1e3), st.sampled_from(["a", "bc", "é", "bcd"]),
        st.integers(1, 3),
    ),
    max_size=60,
)  # fmt: skip
pytestmark = pytest.mark.parametrize("made", MAKERS.values(), ids=MAKERS)


def columns(rows: Sequence[Row], made: Callable[[], Gatherer]) -> Rows:
    buckets, series = (np.array([row[k] for row in rows], np.int64) for k in range(2))
    weights = np.array([float(row[4]) for row in rows]) if made in (f.summarised for f in FEATURES.values()) else None
    texts = pl.Series([row[3] for row in rows], dtype=pl.String)
    return Rows(buckets, series, np.array([row[2] for row in rows], np.float64), texts, weights)


def in_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row[0])


def closed(gatherer: Gatherer, rows: Sequence[Row], cuts: Sequence[int], made: Callable[[], Gatherer]) -> list[float]:
    """The values of all buckets, rows being handed over in parts, buckets closing as soon as they can."""
    found, first = list[float](), 0
    for begin, end in pairwise([0, *cuts, len(rows)]):
        gatherer.add(columns(rows[begin:end], made))
        until = max([first, *(row[0] for row in rows[begin:end])])
        found += gatherer.close(first, until).tolist()
        first = until
    return [*found, *gatherer.close(first, 4).tolist()]


@fixed
@given(rows=ROWS, cuts=st.lists(st.integers(0, 60), max_size=4).map(sorted))
def test_what_is_gathered_does_not_depend_on_where_rows_are_cut(
    made: Callable[[], Gatherer], rows: list[Row], cuts: list[int]
) -> None:
    rows = in_order(rows)
    cuts = [min(cut, len(rows)) for cut in cuts]
    whole, parts = made(), made()
    at_once, in_parts = closed(whole, rows, [], made), closed(parts, rows, cuts, made)
    assert np.array(at_once).tobytes() == np.array(in_parts).tobytes()
    assert equal(whole.state(""), parts.state(""))


@fixed
@given(rows=ROWS, cut=st.integers(0, 60), until=st.integers(0, 4))
def test_a_gatherer_goes_on_from_what_was_kept_of_it(
    made: Callable[[], Gatherer], rows: list[Row], cut: int, until: int
) -> None:
    gatherer, again = made(), made()
    gatherer.add(columns(rows[:cut], made))
    gatherer.close(0, until)
    again.restore("x", gatherer.state("x"))
    rest = [row for row in rows[cut:] if row[0] >= until]
    found = []
    for each in (gatherer, again):
        each.add(columns(rest, made))
        found.append(each.close(until, 4).tobytes())
    assert found[0] == found[1]


@fixed
@given(rows=ROWS, first=st.integers(0, 4), until=st.integers(0, 4))
def test_a_look_at_open_buckets_shows_what_closing_gives_and_changes_nothing(
    made: Callable[[], Gatherer], rows: list[Row], first: int, until: int
) -> None:
    gatherer = made()
    gatherer.add(columns(rows, made))
    gatherer.close(0, first)
    before = gatherer.state("")
    seen = gatherer.peek(first, until)
    assert equal(before, gatherer.state(""))
    assert gatherer.close(first, until).tobytes() == seen.tobytes()


@fixed
@given(rows=ROWS)
def test_cells_are_told_what_the_definition_says_by_bucket_and_series(
    made: Callable[[], Gatherer], rows: list[Row]
) -> None:
    gatherer = made()
    found = closed(gatherer, in_order(rows), [], made)
    summarised = columns(rows, made).weights is not None
    assert found == pytest.approx(
        list(_expected(gatherer, in_order(rows), summarised)), rel=1e-9, nan_ok=True, abs=1e-9
    )


def _expected(gatherer: Gatherer, rows: Sequence[Row], summarised: bool) -> Iterator[float]:
    cells = sorted({row[:2] for row in rows if row[1] >= 0})
    texts = naive.first_seen((row[0], row[1], row[3]) for row in rows if row[1] >= 0)
    known = naive.Bytes()
    lots = [[(cell, text) for cell, own in texts.items() if cell[0] == bucket for text in own] for bucket in range(4)]
    order = {id(row): place for place, row in enumerate(rows)}
    for lot in lots:  # in the order in which rows brought them
        lot.sort(key=lambda each: min(order[id(row)] for row in rows if row[:2] == each[0] and row[3] == each[1]))
    lengths = iter(known.measure([[text for _, text in lot] for lot in lots]))
    told = {each: next(lengths) for lot in lots for each in lot}
    for cell in cells:
        own = [row for row in rows if row[:2] == cell]
        values, weights = [row[2] for row in own], [row[4] if summarised else 1 for row in own]
        match gatherer:
            case Medians():
                yield naive.weighted_median(values, weights)
            case Means():
                yield naive.variance(values, weights)[0]
            case Variances():
                yield naive.variance(values, weights)[1] if len(own) > 1 else float("nan")
            case Information():
                yield sum(told[cell, text] for text in texts[cell])
            case Distinct():
                yield len(texts[cell])


def test_the_size_grows_with_the_rows_and_shrinks_with_the_buckets(made: Callable[[], Gatherer]) -> None:
    gatherer = made()
    empty = gatherer.size_bytes
    gatherer.add(columns([(n % 2, n, float(n), str(n), 1) for n in range(20_000)], made))
    full = gatherer.size_bytes
    gatherer.close(0, 2)
    assert empty < gatherer.size_bytes + 8192 < full
