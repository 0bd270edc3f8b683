"""Taking away the results of a part of time, in slices, because others want to write meanwhile."""

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from tailmass.store.database import clamped
from tailmass.store.schema import buckets, influencers, records

# Records removed in one transaction: about half a second, as for jobs that are deleted.
_SLICE = 50_000


def remove(connection: Connection, job: int, *, before: int | None, after: int | None) -> tuple[int, bool]:
    """Remove the oldest results before an epoch second and after one; how many buckets, and whether there may be more.

    A bucket goes with all that is in it.
    """
    times = select(records.c.timestamp).where(*_within(records, job, before, after)).order_by(records.c.timestamp)
    last = connection.scalar(times.offset(_SLICE).limit(1))
    until = before if last is None else last + 1
    removed = 0
    for table in (records, influencers, buckets):
        removed = connection.execute(delete(table).where(*_within(table, job, until, after))).rowcount
    return removed, last is not None


def _within(table: Table, job: int, before: int | None, after: int | None) -> list[ColumnElement[bool]]:
    conditions = [table.c.job == job]
    if before is not None:
        conditions.append(table.c.timestamp < clamped(before))
    if after is not None:
        conditions.append(table.c.timestamp > clamped(after))
    return conditions
