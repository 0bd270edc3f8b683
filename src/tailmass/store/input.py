"""Rows that were sent, kept in runs as they came: a compressed column is a fraction of as many rows in a table."""

from io import BytesIO
from typing import Any

import polars as pl
from sqlalchemy import Connection, delete, insert, select

from tailmass.errors import DataStoreError
from tailmass.store.database import clamped
from tailmass.store.schema import inputs

TIME = "timestamp"
"""The column with the time of each row, in epoch milliseconds."""

# Runs removed in one transaction; one is a megabyte at most.
_SLICE = 64


def keep(connection: Connection, job: int, rows: pl.DataFrame, last_row: int) -> None:
    """Keep rows in the order they came; the last of them is the job's row of this number."""
    packed = BytesIO()
    rows.write_ipc(packed, compression="zstd")
    times = rows[TIME]
    values = {
        "job": job,
        "last_row": last_row,
        "first_ms": times.min(),
        "last_ms": times.max(),
        "row_count": len(rows),
        "content": packed.getvalue(),
    }
    connection.execute(insert(inputs).values(values))


def page(
    connection: Connection, job: int, start_ms: int | None, end_ms: int | None, skip: int, take: int
) -> tuple[int, list[dict[str, Any]]]:
    """How many rows of a range are kept, and some of them in the order they came; each has what it has."""
    wanted = [inputs.c.job == job]
    wanted += [inputs.c.last_ms >= clamped(start_ms)] if start_ms is not None else []
    wanted += [inputs.c.first_ms < clamped(end_ms)] if end_ms is not None else []
    columns = (inputs.c.number, inputs.c.first_ms, inputs.c.last_ms, inputs.c.row_count)
    runs = connection.execute(select(*columns).where(*wanted).order_by(inputs.c.number)).all()
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
    """Let go of rows that are numbered above this one: the job does not know them any more, and is sent them again."""
    connection.execute(delete(inputs).where(inputs.c.job == job, inputs.c.last_row > row))


def forget_some(connection: Connection, job: int, before_ms: int | None = None) -> bool:
    """Remove some of the runs that end before a time, or of all, and say whether there were any."""
    wanted = [inputs.c.job == job]
    wanted += [inputs.c.last_ms < clamped(before_ms)] if before_ms is not None else []
    some = connection.scalars(select(inputs.c.number).where(*wanted).limit(_SLICE)).all()
    connection.execute(delete(inputs).where(inputs.c.number.in_(some)))
    return bool(some)


def _rows(connection: Connection, number: int) -> pl.DataFrame:
    content = connection.scalar(select(inputs.c.content).where(inputs.c.number == number))
    try:
        return pl.read_ipc(BytesIO(content or b""))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataStoreError(f"Kept rows cannot be read: run {number} is damaged", cause=str(error)) from error


def _between(rows: pl.DataFrame, start_ms: int | None, end_ms: int | None) -> pl.DataFrame:
    if start_ms is not None:
        rows = rows.filter(pl.col(TIME) >= start_ms)
    return rows if end_ms is None else rows.filter(pl.col(TIME) < end_ms)
