"""The rows that jobs are: their configuration, their status and their counts."""

import json
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from tailmass.errors import DataStoreError, EngineError, JobIdTaken, MissingJob
from tailmass.jobs import Job
from tailmass.results import Counts, JobState, ModelSize
from tailmass.store import runs
from tailmass.store.database import clamped
from tailmass.store.schema import jobs, records

_COUNTS = tuple(field.name for field in fields(Counts))
_MODEL_SIZE = tuple(field.name for field in fields(ModelSize))

# Records removed in one transaction: about half a second. Smaller slices take longer together, as each of them changes
# nearly all pages of the index by score.
_SLICE = 50_000


def add(connection: Connection, state: JobState) -> None:
    """Keep a new job."""
    row = {
        "id": state.config.id,
        "config": written(state.config),
        "status": state.status,
        "create_time_ms": state.create_time_ms,
        "finished_time_ms": state.finished_time_ms,
        "last_data_time_ms": state.last_data_time_ms,
    }
    size = {} if state.model_size is None else asdict(state.model_size)
    try:
        connection.execute(insert(jobs).values(row | asdict(state.counts) | size))
    except IntegrityError as error:
        raise JobIdTaken(state.config.id) from error


def written(config: Job) -> str:
    """A configuration as it is kept."""
    return json.dumps(config.document())


def number(connection: Connection, job_id: str) -> int:
    """The number a job's rows and files are kept under."""
    return _found(job_id, connection.scalar(select(jobs.c.number).where(jobs.c.id == _known(job_id))))


def hold(connection: Connection, job_id: str) -> int:
    """The same; no one else who asks like this gets an answer until the transaction ends."""
    # SQLite has one writer at a time anyway. Rows that refer to the job can still be inserted.
    found = select(jobs.c.number).where(jobs.c.id == _known(job_id)).with_for_update(key_share=True)
    return _found(job_id, connection.scalar(found))


def state(connection: Connection, job_id: str) -> JobState:
    """One job as it is now."""
    row = connection.execute(select(jobs).where(jobs.c.id == _known(job_id))).one_or_none()
    if row is None:
        raise MissingJob(job_id)
    return _state(row)


def page(connection: Connection, skip: int, take: int) -> tuple[int, list[JobState]]:
    """How many jobs there are, and some of them in the order they were created."""
    living = select(jobs).where(jobs.c.id.is_not(None)).order_by(jobs.c.number)
    hits = connection.scalar(select(func.count(jobs.c.id))) or 0
    return hits, [_state(row) for row in connection.execute(living.offset(clamped(skip)).limit(clamped(take)))]


def change(connection: Connection, job_id: str, values: dict[str, Any]) -> int:
    """Set some columns of a job, and say its number. No one else changes the job until the transaction ends."""
    if not values:
        return number(connection, job_id)
    changed = update(jobs).where(jobs.c.id == _known(job_id)).values(values).returning(jobs.c.number)
    return _found(job_id, connection.scalar(changed))


def retire(connection: Connection, job_id: str) -> int:
    """Take a job's id away, so that no one finds it any more, and say the number it has."""
    return change(connection, job_id, {"id": None})


def retired(connection: Connection) -> list[tuple[str, int]]:
    """The jobs of which something is left, by the ids they had and their numbers."""
    rows = connection.execute(select(jobs.c.config, jobs.c.number).where(jobs.c.id.is_(None)))
    return [(json.loads(config)["id"], number) for config, number in rows]


def sweep(connection: Connection) -> bool:
    """Remove some of what is left of retired jobs, and say whether there was any.

    In slices, because to delete a million records takes as long as to write them, and others want to write meanwhile.
    """
    job = connection.scalar(select(jobs.c.number).where(jobs.c.id.is_(None)).limit(1))
    if job is None:
        return False
    if runs.forget_some(connection, job):
        return True
    times = select(records.c.timestamp).where(records.c.job == job).order_by(records.c.timestamp)
    last = connection.scalar(times.offset(_SLICE).limit(1))
    if last is None:
        connection.execute(delete(jobs).where(jobs.c.number == job))
    else:
        connection.execute(delete(records).where(records.c.job == job, records.c.timestamp <= last))
    return True


def _found(job_id: str, number: int | None) -> int:
    if number is None:
        raise MissingJob(job_id)
    return number


def _known(job_id: str) -> str:
    # No id has such characters, and the databases fail on some of them (NUL, half a surrogate pair).
    if not job_id.isprintable():
        raise MissingJob(job_id)
    return job_id


def _state(row: Row[Any]) -> JobState:
    values = row._mapping
    try:
        config = Job.restore(values["config"])
    except EngineError as error:
        raise DataStoreError(
            f"The configuration of job {values['id']!r} as stored is not one this version of tailmass understands",
            cause=error.message,
        ) from error
    return JobState(
        config=config,
        status=values["status"],
        create_time_ms=values["create_time_ms"],
        finished_time_ms=values["finished_time_ms"],
        last_data_time_ms=values["last_data_time_ms"],
        scheduler_status=values["scheduler_status"] or "STOPPED",
        scheduler_start_ms=values["scheduler_start_ms"],
        scheduler_end_ms=values["scheduler_end_ms"],
        counts=Counts(**{name: values[name] for name in _COUNTS}),
        model_size=None if values["model_bytes"] is None else ModelSize(**{name: values[name] for name in _MODEL_SIZE}),
    )
