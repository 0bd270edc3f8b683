"""Audit messages, activity and usage. They outlive the jobs they are about, and so are kept by the ids of these."""

from dataclasses import asdict

from sqlalchemy import Connection, delete, func, insert, select, update

from tailmass.results import Activity, AuditMessage, Usage
from tailmass.results.text import escaped
from tailmass.store.database import clamped
from tailmass.store.schema import activity, audit, usage

KEPT = 100_000
"""The newest messages; older ones are forgotten."""


def note(connection: Connection, message: AuditMessage) -> None:
    """Keep a message, and no more of the old ones than there shall be."""
    row = {
        "time_ms": message.time_ms,
        "level": message.level,
        "message": escaped(message.message),
        "job_id": message.job_id,
    }
    number = connection.scalar(insert(audit).values(row).returning(audit.c.number))
    assert number is not None, "a row that was inserted has a number"
    connection.execute(delete(audit).where(audit.c.number <= number - KEPT))


def page(connection: Connection, job_id: str | None, skip: int, take: int) -> tuple[int, list[AuditMessage]]:
    """How many messages there are, of a job or of all, and some of them, the newest first."""
    if job_id is not None and not job_id.isprintable():
        return 0, []  # databases fail on some of the characters that no id has
    wanted = [audit.c.job_id == job_id] if job_id is not None else []
    hits = connection.scalar(select(func.count()).select_from(audit).where(*wanted)) or 0
    columns = (audit.c.time_ms, audit.c.level, audit.c.message, audit.c.job_id)
    newest_first = select(*columns).where(*wanted).order_by(audit.c.number.desc())
    rows = connection.execute(newest_first.offset(clamped(skip)).limit(clamped(take)))
    return hits, [AuditMessage(*row) for row in rows]


def forget(connection: Connection, before_ms: int) -> None:
    """Let go of what is from before a time."""
    for column in (audit.c.time_ms, activity.c.time_ms, usage.c.hour_ms):
        connection.execute(delete(column.table).where(column < clamped(before_ms)))


def note_activity(connection: Connection, noted: Activity) -> None:
    """Keep how many jobs there are."""
    connection.execute(delete(activity).where(activity.c.time_ms == noted.time_ms))
    connection.execute(insert(activity).values(asdict(noted)))


def activity_page(
    connection: Connection, start_ms: int | None, end_ms: int | None, skip: int, take: int
) -> tuple[int, list[Activity]]:
    """How often activity was noted in a range, and some of it, the newest first."""
    wanted = [activity.c.time_ms >= clamped(start_ms)] if start_ms is not None else []
    wanted += [activity.c.time_ms < clamped(end_ms)] if end_ms is not None else []
    hits = connection.scalar(select(func.count()).select_from(activity).where(*wanted)) or 0
    newest_first = select(activity).where(*wanted).order_by(activity.c.time_ms.desc())
    rows = connection.execute(newest_first.offset(clamped(skip)).limit(clamped(take)))
    return hits, [Activity(*row) for row in rows]


def use(connection: Connection, job_id: str, used: Usage) -> None:
    """Add to what a job has taken in within the hour."""
    columns = ("input_bytes", "input_field_count", "input_record_count")
    values = {name: usage.c[name] + getattr(used, name) for name in columns}
    of_hour = (usage.c.hour_ms == used.hour_ms, usage.c.job_id == job_id)
    if connection.execute(update(usage).where(*of_hour).values(values)).rowcount == 0:
        row = {name: getattr(used, name) for name in columns} | {"hour_ms": used.hour_ms, "job_id": job_id}
        connection.execute(insert(usage).values(row))


def usage_page(
    connection: Connection, job_id: str | None, start_ms: int | None, end_ms: int | None, skip: int, take: int
) -> tuple[int, list[Usage]]:
    """How many hours with usage there are in a range, of a job or of all together, and some, the newest first."""
    if job_id is not None and not job_id.isprintable():
        return 0, []
    wanted = [usage.c.job_id == job_id] if job_id is not None else []
    wanted += [usage.c.hour_ms >= clamped(start_ms)] if start_ms is not None else []
    wanted += [usage.c.hour_ms < clamped(end_ms)] if end_ms is not None else []
    hits = connection.scalar(select(func.count(usage.c.hour_ms.distinct())).where(*wanted)) or 0
    sums = (func.sum(usage.c[name]) for name in ("input_bytes", "input_field_count", "input_record_count"))
    hours = select(usage.c.hour_ms, *sums).where(*wanted).group_by(usage.c.hour_ms).order_by(usage.c.hour_ms.desc())
    rows = connection.execute(hours.offset(clamped(skip)).limit(clamped(take)))
    return hits, [Usage(*map(int, row)) for row in rows]  # PostgreSQL adds up to decimals
