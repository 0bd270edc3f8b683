"""Rows that are kept in runs, as they came: a compressed column is a fraction of as many rows in a table."""

from io import BytesIO
from typing import Any

import polars as pl
from sqlalchemy import Connection, delete, insert, select

from tailmass.errors import DataStoreError
from tailmass.store.database import clamped
from tailmass.store.schema import runs as table

INPUT, BOUNDS = "input", "bounds"
"""What the rows are: those that were sent to be kept, and what models expected."""

TIME = "timestamp"
"""The column with the time of each row, in epoch milliseconds."""

# Runs removed in one transaction; one is a megabyte at most.
_SLICE = 64


def keep(connection: Connection, job: int, kind: str, rows: pl.DataFrame, last_row: int) -> None:
    """Keep rows in the order they came; when the last of them did, the job had taken in so many."""
    packed = BytesIO()
    rows.write_ipc(packed, compression="zstd")
    times = rows[TIME]
    values = {
        "job": job,
        "kind": kind,
        "last_row": last_row,
        "first_ms": times.min(),
        "last_ms": times.max(),
        "row_count": len(rows),
        "content": packed.getvalue(),
    }
    connection.execute(insert(table).values(values))


def page(
    connection: Connection, job: int, kind: str, start_ms: int | None, end_ms: int | None, skip: int, take: int
) -> tuple[int, list[dict[str, Any]]]:
    """How many rows of a range are kept, and some of them in the order they came; each has what it has."""
    wanted = [table.c.job == job, table.c.kind == kind]
    wanted += [table.c.last_ms >= clamped(start_ms)] if start_ms is not None else []
    wanted += [table.c.first_ms < clamped(end_ms)] if end_ms is not None else []
    columns = (table.c.number, table.c.first_ms, table.c.last_ms, table.c.row_count)
    runs = connection.execute(select(*columns).where(*wanted).order_by(table.c.number)).all()
    hits, found = 0, []
    for number, first_ms, last_ms, count in runs:
        whole = (start_ms is None or first_ms >= start_ms) and (end_ms is None or last_ms < end_ms)
        on_page = hits < skip + take and hits + count > skip  # at most so many, if only a part is wanted
        rows = None if whole and not on_page else _between(_rows(connection, number), start_ms, end_ms)
        if rows is not None:
            begin, end = max(0, skip - hits), max(0, skip + take - hits)
            found += list(rows[begin:end].iter_rows(named=True))
        hits += count if rows is None else len(rows)
    return hits, [{name: value for name, value in row.items() if value is not None} for row in found]


def forget_after(connection: Connection, job: int, row: int) -> None:
    """Let go of what came with rows after so many: the job does not know them any more, and is sent them again."""
    connection.execute(delete(table).where(table.c.job == job, table.c.last_row > row))


def forget_some(connection: Connection, job: int, kind: str | None = None, before_ms: int | None = None) -> bool:
    """Remove some of the runs of a kind that end before a time, or of all, and say whether there were any."""
    wanted = [table.c.job == job]
    wanted += [table.c.kind == kind] if kind is not None else []
    wanted += [table.c.last_ms < clamped(before_ms)] if before_ms is not None else []
    some = connection.scalars(select(table.c.number).where(*wanted).limit(_SLICE)).all()
    connection.execute(delete(table).where(table.c.number.in_(some)))
    return bool(some)


def _rows(connection: Connection, number: int) -> pl.DataFrame:
    content = connection.scalar(select(table.c.content).where(table.c.number == number))
    try:
        return pl.read_ipc(BytesIO(content or b""))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataStoreError(f"Kept rows cannot be read: run {number} is damaged", cause=str(error)) from error


def _between(rows: pl.DataFrame, start_ms: int | None, end_ms: int | None) -> pl.DataFrame:
    if start_ms is not None:
        rows = rows.filter(pl.col(TIME) >= start_ms)
    return rows if end_ms is None else rows.filter(pl.col(TIME) < end_ms)
