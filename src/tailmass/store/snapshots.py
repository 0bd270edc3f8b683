"""Which snapshots there are: a row for each in the database, a file for each in the job's folder.

The file comes first and the row afterwards, so a row always has its file; a file without a row is what a crash left
behind, and goes when the next snapshot comes.

Some snapshots are listed, with an id and a description. The others are there to go on from after a crash.
"""

import json
import logging
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import polars as pl
from sqlalchemy import Column, ColumnElement, Connection, Row, delete, func, insert, select, update

from tailmass.errors import (
    CannotDeleteHighestPriority,
    DataStoreError,
    DescriptionAlreadyUsed,
    InvalidSortField,
    NoSuchModelSnapshot,
)
from tailmass.results import Counts, ModelSize, Snapshot
from tailmass.store import blobs, categories, jobs
from tailmass.store.database import Database, clamped
from tailmass.store.schema import snapshots

_log = logging.getLogger(__name__)

State = tuple[dict[str, Any], dict[str, blobs.Array]]
"""What a job has learnt: a header for JSON, and arrays by name."""

SORTS: dict[str, Column[Any]] = {
    "restorePriority": snapshots.c.restore_priority,
    "timestamp": snapshots.c.time_ms,
    "snapshotId": snapshots.c.snapshot_id,
    "description": snapshots.c.description,
    "latestRecordTimeStamp": snapshots.c.latest_record_time_ms,
    "latestResultTimeStamp": snapshots.c.latest_result_time,
}
"""What snapshots can be sorted by, under the names that clients use."""

_PROBE_BYTES = 4096

# One to go on from and one in case its file is damaged.
_KEPT = 2


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of a job's snapshots are meant: those that all of this is true of."""

    start_ms: int | None = None
    """The earliest time they may have been made at."""
    end_ms: int | None = None
    """The time before which they were made."""
    snapshot_id: str | None = None
    description: str | None = None

    def conditions(self, job: int) -> list[ColumnElement[bool]]:
        """The same, as conditions on the rows of one job."""
        conditions = [snapshots.c.job == job, snapshots.c.snapshot_id.is_not(None)]
        if self.start_ms is not None:
            conditions.append(snapshots.c.time_ms >= clamped(self.start_ms))
        if self.end_ms is not None:
            conditions.append(snapshots.c.time_ms < clamped(self.end_ms))
        if self.snapshot_id is not None:
            conditions.append(snapshots.c.snapshot_id == _held(self.snapshot_id))
        if self.description is not None:
            conditions.append(snapshots.c.description == _held(self.description))
        return conditions


class Snapshots:
    """The snapshots of all jobs, in one folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def save(
        self,
        job_id: str,
        header: Mapping[str, Any],
        arrays: Mapping[str, blobs.Array],
        *,
        time_ms: int,
        listed: Snapshot | None = None,
    ) -> None:
        """Keep a snapshot, and let go of those it makes superfluous; a job has one writer at a time.

        It is listed as it says, but for the id and the priority, or not at all.
        """

        def register(connection: Connection, job: int, file: str) -> None:
            _insert(connection, job, file, time_ms, listed)

        self._put(job_id, header, arrays, time_ms, register)

    def revert(
        self,
        job_id: str,
        snapshot_id: str,
        header: Mapping[str, Any],
        arrays: Mapping[str, blobs.Array],
        *,
        time_ms: int,
        counts: Counts,
        definitions: pl.DataFrame | None,
    ) -> Snapshot:
        """Make a snapshot the active one, for a closed job to go on from it as the header and the arrays say."""

        def register(connection: Connection, job: int, file: str) -> None:
            row = _one(connection, job_id, job, snapshot_id)
            _set(connection, row, restore_priority=_next_priority(connection, job))
            learnt = {"status": "CLOSED", **asdict(counts), **json.loads(row.model_size)}
            jobs.change(connection, job_id, learnt)
            if definitions is not None:
                categories.replace(connection, job, definitions)
            _insert(connection, job, file, time_ms, None)

        job = self._put(job_id, header, arrays, time_ms, register)
        with self._database.read() as connection:
            return _snapshot(_one(connection, job_id, job, snapshot_id))

    def probe(self) -> None:
        """See whether a file can be written here."""
        try:
            self._folder.mkdir(exist_ok=True)
            with TemporaryFile(dir=self._folder) as file:
                file.write(bytes(_PROBE_BYTES))
                file.flush()
        except OSError as error:
            raise DataStoreError("No snapshot could be written", cause=str(error)) from error

    def newest(self, job_id: str) -> State | None:
        """What the job is to go on from, if there is something; a damaged file is passed over for the one before.

        The one before is the next by priority that is also older: what a revert has turned away from is not it.
        """
        with self._database.read() as connection:
            job = jobs.number(connection, job_id)
            rows = _by_priority(connection, job)
        oldest = rows[0].number if rows else 0
        for row in rows:
            if row.number > oldest:
                continue
            oldest = row.number
            try:
                return self._read(job_id, job, row)
            except DataStoreError as error:
                _log.warning("snapshot passed over: %s", error.message, extra={"job": job_id, "cause": error.cause})
        return None

    def read(self, job_id: str, snapshot_id: str) -> State:
        """What a job had learnt in one of its snapshots; raises NoSuchModelSnapshot."""
        with self._database.read() as connection:
            job = jobs.number(connection, job_id)
            row = _one(connection, job_id, job, snapshot_id)
        return self._read(job_id, job, row)

    def delete(self, job_id: str, snapshot_id: str) -> None:
        """Remove a snapshot that is not the active one."""
        with self._database.write() as connection:
            job = jobs.hold(connection, job_id)
            row = _one(connection, job_id, job, snapshot_id)
            active = _first_listed(_by_priority(connection, job), 1)
            if row.number in active:
                raise CannotDeleteHighestPriority(
                    f"Snapshot {snapshot_id!r} is the active one of job {job_id!r}: revert to another one before "
                    "deleting it"
                )
            _delete(connection, [row.number])
        self._unlink(job_id, job, [row.file])
        _log.info("snapshot deleted", extra={"job": job_id, "snapshot": snapshot_id})

    def prune(self, job_id: str, before_ms: int) -> int:
        """Remove the listed snapshots made before a time, and say how many; two stay, whatever their age."""
        with self._database.write() as connection:
            job = jobs.hold(connection, job_id)
            rows = _by_priority(connection, job)
            stay = {row.number for row in rows[:_KEPT]} | _first_listed(rows, _KEPT)
            old = [row for row in rows if row.time_ms < before_ms and row.number not in stay]
            _delete(connection, [row.number for row in old])
        self._unlink(job_id, job, [row.file for row in old])
        return len(old)

    def remove(self, job_id: str, job: int) -> None:
        """Remove the files of a job that is gone."""
        folder = self._of(job_id, job)
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            # The job is gone whatever happens to its files, and no other job will ever look for them.
            _log.warning("snapshots left behind: %s", folder, extra={"job": job_id, "cause": error})

    def _put(
        self,
        job_id: str,
        header: Mapping[str, Any],
        arrays: Mapping[str, blobs.Array],
        time_ms: int,
        register: Callable[[Connection, int, str], None],
    ) -> int:
        """Write a file, then its row and what goes with that; the number of the job."""
        with self._database.read() as connection:
            job = jobs.number(connection, job_id)
        file = self._of(job_id, job) / f"{time_ms}-{secrets.token_hex(4)}.snapshot"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataStoreError("The snapshot could not be written", cause=str(error)) from error
        blobs.write(file, header, arrays)
        try:
            with self._database.write() as connection:
                job = jobs.hold(connection, job_id)  # it may have been deleted meanwhile
                register(connection, job, file.name)
                kept = _thinned(connection, job)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        _clear(job_id, file.parent, kept)
        return job

    def _of(self, job_id: str, job: int) -> Path:
        # The number makes it unique, also where "a" and "A" are one name; the id is for people who look.
        return self._folder / f"{re.sub('[^a-z0-9_-]', '_', job_id.lower())[:40]}-{job}"

    def _read(self, job_id: str, job: int, row: Row[Any]) -> State:
        return blobs.read(self._of(job_id, job) / row.file)

    def _unlink(self, job_id: str, job: int, files: Iterable[str]) -> None:
        for name in files:
            file = self._of(job_id, job) / name
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                # Without its row it is left behind as by a crash, and goes with the next snapshot.
                _log.warning("old snapshot left behind: %s", file, extra={"job": job_id, "cause": error})


def page(
    connection: Connection, job: int, selection: Selection, *, skip: int, take: int, sort: str, desc: bool
) -> tuple[int, list[Snapshot]]:
    """How many listed snapshots are meant, and a page of them in the order asked for."""
    if sort not in SORTS:
        raise InvalidSortField(f"Snapshots cannot be sorted by {sort!r}: they are sorted by one of {', '.join(SORTS)}")
    where, column = selection.conditions(job), SORTS[sort]
    order = (column.desc() if desc else column.asc()).nulls_last()
    hits = connection.scalar(select(func.count()).select_from(snapshots).where(*where)) or 0
    wanted = select(snapshots).where(*where).order_by(order, snapshots.c.restore_priority.desc())
    found = connection.execute(wanted.offset(clamped(skip)).limit(clamped(take)))
    return hits, [_snapshot(row) for row in found]


def describe(connection: Connection, job_id: str, snapshot_id: str, description: str) -> Snapshot:
    """Give a snapshot another description, which no other one of the job may have."""
    job = jobs.hold(connection, job_id)
    row = _one(connection, job_id, job, snapshot_id)
    same = select(snapshots.c.snapshot_id).where(*Selection(description=description).conditions(job))
    other = connection.scalar(same.where(snapshots.c.number != row.number).limit(1))
    if other is not None:
        raise DescriptionAlreadyUsed(
            f"Snapshot {other!r} of job {job_id!r} has the description {description!r}: choose another"
        )
    _set(connection, row, description=description)
    return _snapshot(_one(connection, job_id, job, snapshot_id))


def _insert(connection: Connection, job: int, file: str, time_ms: int, listed: Snapshot | None) -> None:
    priority = max(_next_priority(connection, job), time_ms // 1000)
    row = {"job": job, "time_ms": time_ms, "file": file, "restore_priority": priority}
    if listed is not None:
        row |= {
            "snapshot_id": str(priority),
            "description": listed.description,
            "latest_record_time_ms": listed.latest_record_time_ms,
            "latest_result_time": listed.latest_result_time,
            "model_size": json.dumps(asdict(listed.model_size)),
        }
    connection.execute(insert(snapshots).values(row))


def _thinned(connection: Connection, job: int) -> set[str]:
    """Remove the rows of a job that newer ones make superfluous, and say which files are left."""
    rows = _by_priority(connection, job)
    _delete(connection, [row.number for row in rows[_KEPT:] if row.snapshot_id is None])
    return {row.file for index, row in enumerate(rows) if index < _KEPT or row.snapshot_id is not None}


def _next_priority(connection: Connection, job: int) -> int:
    # The highest is never deleted, so none is given twice and ids made of them are unique.
    return (connection.scalar(select(func.max(snapshots.c.restore_priority)).where(snapshots.c.job == job)) or 0) + 1


def _by_priority(connection: Connection, job: int) -> Sequence[Row[Any]]:
    found = select(snapshots).where(snapshots.c.job == job).order_by(snapshots.c.restore_priority.desc())
    return connection.execute(found).all()


def _first_listed(rows: Sequence[Row[Any]], count: int) -> set[int]:
    return set([row.number for row in rows if row.snapshot_id is not None][:count])


def _one(connection: Connection, job_id: str, job: int, snapshot_id: str) -> Row[Any]:
    where = Selection(snapshot_id=snapshot_id).conditions(job)
    row = connection.execute(select(snapshots).where(*where)).one_or_none()
    if row is None:
        raise NoSuchModelSnapshot(f"Job {job_id!r} has no snapshot {snapshot_id!r}: list its snapshots to see which")
    return row


def _set(connection: Connection, row: Row[Any], **values: Any) -> None:
    connection.execute(update(snapshots).where(snapshots.c.number == row.number).values(values))


def _delete(connection: Connection, numbers: Sequence[int]) -> None:
    for number in numbers:
        connection.execute(delete(snapshots).where(snapshots.c.number == number))


def _snapshot(row: Row[Any]) -> Snapshot:
    return Snapshot(
        row.time_ms,
        row.description,
        ModelSize(**json.loads(row.model_size)),
        row.latest_record_time_ms,
        row.latest_result_time,
        row.snapshot_id,
        row.restore_priority,
    )


def _held(text: str) -> str:
    # What no column can hold is nobody's id or description, and no question to ask PostgreSQL.
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _clear(job_id: str, folder: Path, kept: set[str]) -> None:
    try:
        for path in folder.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)
    except OSError as error:
        # The new snapshot is safe; what could not be removed is tried again with the next one.
        _log.warning("old snapshots left behind: %s", folder, extra={"job": job_id, "cause": error})
