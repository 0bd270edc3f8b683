from itertools import product
from typing import Any

import polars as pl
import pytest
from sqlalchemy import update

from tailmass.errors import DataStoreError, MissingJob
from tailmass.store import Store
from tailmass.store.schema import runs


def run(*times: int) -> pl.DataFrame:
    return pl.DataFrame({"timestamp": times, "host": [f"h{time}" for time in times]})


@pytest.fixture
def filled(store: Store) -> Store:
    """A store that keeps three runs of rows, of which two overlap."""
    for last_row, rows in ((3, run(0, 10, 20)), (6, run(30, 50, 40)), (8, run(45, 60))):
        store.keep_input("job", rows, last_row=last_row)
    return store


def times(found: tuple[int, list[dict[str, Any]]]) -> tuple[int, list[int]]:
    return found[0], [row["timestamp"] for row in found[1]]


def test_rows_come_back_in_the_order_they_came(filled: Store) -> None:
    assert times(filled.input("job")) == (8, [0, 10, 20, 30, 50, 40, 45, 60])
    assert filled.input("job", take=1) == (8, [{"timestamp": 0, "host": "h0"}])


def test_a_page_of_a_range_is_that_part_of_all(filled: Store) -> None:
    bounds, pages = (None, 0, 15, 20, 45, 46, 61), ((0, 100), (0, 0), (2, 3), (4, 1), (7, 5), (100, 1))
    for start, end, (skip, take) in product(bounds, bounds, pages):
        wanted = [
            time
            for time in (0, 10, 20, 30, 50, 40, 45, 60)
            if (start is None or time >= start) and (end is None or time < end)
        ]
        found = filled.input("job", start_ms=start, end_ms=end, skip=skip, take=take)
        assert times(found) == (len(wanted), wanted[skip : skip + take])


def test_what_a_row_does_not_have_is_left_out(store: Store) -> None:
    rows = pl.DataFrame({"timestamp": [1, 2], "a": [None, "x"], "b": [1.5, None], "c": [None, None]})
    store.keep_input("job", rows, last_row=2)
    assert store.input("job")[1] == [{"timestamp": 1, "b": 1.5}, {"timestamp": 2, "a": "x"}]


def test_old_rows_are_forgotten_by_the_run(filled: Store) -> None:
    filled.keep_bounds("job", run(0, 10), last_row=8)
    list(filled.forget_input("job", 51))
    assert times(filled.input("job")) == (2, [45, 60])
    list(filled.forget_input("job", 0))
    assert filled.input("job")[0] == 2
    assert filled.bounds("job")[0] == 2
    list(filled.forget_bounds("job", 51))
    assert (filled.input("job")[0], filled.bounds("job")[0]) == (2, 0)


def test_rows_that_a_job_has_not_taken_in_are_forgotten(filled: Store) -> None:
    filled.forget_kept_after("job", 6)
    assert filled.input("job")[0] == 6


def test_kept_rows_go_with_their_job(filled: Store) -> None:
    filled.delete_job("job")
    with filled._database.read() as connection:
        assert connection.execute(runs.select()).all() == []
    with pytest.raises(MissingJob):
        filled.input("job")


def test_rows_that_are_damaged_are_named(filled: Store) -> None:
    with filled._database.write() as connection:
        connection.execute(update(runs).values(content=b"nothing"))
    with pytest.raises(DataStoreError, match="damaged"):
        filled.input("job")
