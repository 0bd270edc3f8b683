"""Which snapshots there are: a row for each in the database, a file for each in the job's folder.

The file comes first and the row afterwards, so a row always has its file; a file without a row is what a crash left
behind, and goes when the next snapshot comes.
"""

import logging
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select

from tailmass.errors import DataStoreError
from tailmass.store import blobs, jobs
from tailmass.store.database import Database
from tailmass.store.schema import snapshots

_log = logging.getLogger(__name__)

# One to go on from and one in case its file is damaged.
_KEPT = 2


class Snapshots:
    """The snapshots of all jobs, in one folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def save(self, job_id: str, header: Mapping[str, Any], arrays: Mapping[str, blobs.Array], *, time_ms: int) -> None:
        """Keep a snapshot, and let go of those it makes superfluous; a job has one writer at a time."""
        with self._database.read() as connection:
            job = jobs.number(connection, job_id)
        file = self._of(job_id, job) / f"{time_ms}-{secrets.token_hex(4)}.snapshot"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataStoreError("The snapshot could not be written", cause=str(error)) from error
        blobs.write(file, header, arrays)
        try:
            kept = self._register(job_id, file.name, time_ms)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        _clear(file.parent, kept)

    def newest(self, job_id: str) -> tuple[dict[str, Any], dict[str, blobs.Array]] | None:
        """The newest snapshot whose file can be read, if there is one."""
        with self._database.read() as connection:
            job = jobs.number(connection, job_id)
            newest_first = select(snapshots.c.file).where(snapshots.c.job == job).order_by(snapshots.c.number.desc())
            files = connection.scalars(newest_first).all()
        for name in files:
            try:
                return blobs.read(self._of(job_id, job) / name)
            except DataStoreError as error:
                _log.warning("snapshot passed over: job=%s reason=%s cause=%s", job_id, error.message, error.cause)
        return None

    def remove(self, job_id: str, job: int) -> None:
        """Remove the files of a job that is gone."""
        folder = self._of(job_id, job)
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            # The job is gone whatever happens to its files, and no other job will ever look for them.
            _log.warning("snapshots left behind: folder=%s cause=%s", folder, error)

    def _of(self, job_id: str, job: int) -> Path:
        # The number makes it unique, also where "a" and "A" are one name; the id is for people who look.
        return self._folder / f"{re.sub('[^a-z0-9_-]', '_', job_id.lower())[:40]}-{job}"

    def _register(self, job_id: str, file: str, time_ms: int) -> set[str]:
        with self._database.write() as connection:
            job = jobs.number(connection, job_id)
            connection.execute(insert(snapshots).values(job=job, time_ms=time_ms, file=file))
            rows = connection.execute(
                select(snapshots.c.number, snapshots.c.file)
                .where(snapshots.c.job == job)
                .order_by(snapshots.c.number.desc())
            ).all()
            old = [number for number, _ in rows[_KEPT:]]
            connection.execute(delete(snapshots).where(snapshots.c.number.in_(old)))
        return {file for _, file in rows[:_KEPT]}


def _clear(folder: Path, kept: set[str]) -> None:
    try:
        for path in folder.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)
    except OSError as error:
        # The new snapshot is safe; what could not be removed is tried again with the next one.
        _log.warning("old snapshots left behind: folder=%s cause=%s", folder, error)
