"""The store: what the engine needs kept, and the server needs found again."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl

from tailmass.errors import DataStoreError
from tailmass.jobs import Job
from tailmass.results import (
    Activity,
    AuditMessage,
    Batch,
    Bucket,
    Category,
    Counts,
    Influencer,
    JobState,
    ModelSize,
    Record,
    Snapshot,
    Usage,
)
from tailmass.store import audit, batches, categories, jobs, removal, results, runs, snapshots, tokens
from tailmass.store.blobs import Array
from tailmass.store.database import Database
from tailmass.store.snapshots import Selection, Snapshots, State
from tailmass.store.tokens import Token
from tailmass.store.vault import Vault


class Store:
    """Jobs, results and snapshots. Any thread may call it at any time; what it has acknowledged, a crash leaves."""

    def __init__(self, database: Database, snapshots: Snapshots, vault: Vault) -> None:
        self._database = database
        self._snapshots = snapshots
        self.vault = vault
        """What encrypts the secrets of jobs, and tells them to whoever feeds a job."""

    @classmethod
    def open(cls, url: str | None, home: Path) -> "Store":
        """Open the database of the URL, or the one in the home folder, creating what is not there yet.

        Snapshots are in the home folder either way.
        """
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataStoreError(f"The folder {home} could not be created", cause=str(error)) from error
        database = Database.open(url, home)
        return cls(database, Snapshots(database, home / "snapshots"), Vault(home))

    def probe(self) -> None:
        """Write something that changes nothing; raises DataStoreError where nothing can be kept at present."""
        self._database.probe()
        self._snapshots.probe()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def add_job(self, state: JobState) -> None:
        """Keep a new job, its secrets encrypted; its id must not be taken."""
        state = replace(state, config=state.config.sealed(self.vault.seal))
        with self._database.write() as connection:
            jobs.add(connection, state)

    def job(self, job_id: str) -> JobState:
        """One job as it is now."""
        with self._database.read() as connection:
            return jobs.state(connection, job_id)

    def jobs(self, skip: int, take: int) -> tuple[int, list[JobState]]:
        """How many jobs there are, and some of them in the order they were created."""
        with self._database.read() as connection:
            return jobs.page(connection, skip, take)

    def update_job(
        self,
        job_id: str,
        *,
        config: Job | None = None,
        status: str | None = None,
        scheduler_status: str | None = None,
        finished_time_ms: int | None = None,
        last_data_time_ms: int | None = None,
        counts: Counts | None = None,
        model_size: ModelSize | None = None,
        used: Usage | None = None,
    ) -> None:
        """Change what is given of a job, and leave the rest; what it has `used` is added to what it had."""
        values = {
            "status": status,
            "scheduler_status": scheduler_status,
            "finished_time_ms": finished_time_ms,
            "last_data_time_ms": last_data_time_ms,
        }
        given = {name: value for name, value in values.items() if value is not None}
        for part in (counts, model_size):
            if part is not None:
                given |= asdict(part)
        if config is not None:
            given["config"] = jobs.written(config.sealed(self.vault.seal))
        with self._database.write() as connection:
            jobs.change(connection, job_id, given)
            if used is not None:
                audit.use(connection, job_id, used)

    def start_scheduler(self, job_id: str, start_ms: int | None, end_ms: int | None) -> None:
        """Note that the scheduler of a job is started, and for which time."""
        values = {"scheduler_status": "STARTED", "scheduler_start_ms": start_ms, "scheduler_end_ms": end_ms}
        with self._database.write() as connection:
            jobs.change(connection, job_id, values)

    def delete_job(self, job_id: str) -> None:
        """Remove a job with its results and its snapshots."""
        with self._database.write() as connection:
            number = jobs.retire(connection, job_id)
        self._snapshots.remove(job_id, number)
        for _ in self._sweep():
            pass

    def finish_deleting(self) -> Iterator[None]:
        """Remove what is left of jobs whose deletion was interrupted, in steps between which the caller may stop."""
        with self._database.read() as connection:
            retired = jobs.retired(connection)
        for job_id, number in retired:
            self._snapshots.remove(job_id, number)
            yield
        yield from self._sweep()

    def _sweep(self) -> Iterator[None]:
        left = True
        while left:
            with self._database.write() as connection:
                left = jobs.sweep(connection)
            yield

    def write(self, job_id: str, batch: Batch, counts: Counts) -> None:
        """Replace the results of the batch's buckets and its categories, and set the job's counts: all, or nothing."""
        with self._database.write() as connection:
            # The counts come first: changing the job's row makes a second writer of the same job wait.
            number = jobs.change(connection, job_id, asdict(counts))
            batches.write(connection, number, batch)
            categories.write(connection, number, batch.categories)

    def remove_results(self, job_id: str, *, before: int | None = None, after: int | None = None) -> Iterator[int]:
        """Remove the buckets that start before an epoch second and after one, with all that is in them.

        Every step is a transaction, and says how many buckets it has removed.
        """
        left = True
        while left:
            with self._database.write() as connection:
                job = jobs.number(connection, job_id)
                removed, left = removal.remove(connection, job, before=before, after=after)
            yield removed

    def save_snapshot(
        self,
        job_id: str,
        header: dict[str, Any],
        arrays: Mapping[str, Array],
        *,
        time_ms: int,
        listed: Snapshot | None = None,
    ) -> None:
        """Keep what a job has learned; the header is whatever JSON can say.

        It is `listed` with a new id and the highest priority. What is not listed goes when two newer ones are there.
        """
        self._snapshots.save(job_id, header, arrays, time_ms=time_ms, listed=listed)

    def snapshot(self, job_id: str, snapshot_id: str | None = None) -> State | None:
        """What a job had learned in one of its snapshots, or what it is to go on from.

        A damaged file of the latter is passed over for the one before.
        """
        return self._snapshots.newest(job_id) if snapshot_id is None else self._snapshots.read(job_id, snapshot_id)

    def snapshots(
        self,
        job_id: str,
        *,
        skip: int = 0,
        take: int = 100,
        start_ms: int | None = None,
        end_ms: int | None = None,
        snapshot_id: str | None = None,
        description: str | None = None,
        sort: str = "restorePriority",
        desc: bool = True,
    ) -> tuple[int, list[Snapshot]]:
        """How many snapshots match, and the page of them in the order asked for; the range is of their own time."""
        selection = Selection(start_ms=start_ms, end_ms=end_ms, snapshot_id=snapshot_id, description=description)
        with self._database.read() as connection:
            job = jobs.number(connection, job_id)
            return snapshots.page(connection, job, selection, skip=skip, take=take, sort=sort, desc=desc)

    def revert(
        self,
        job_id: str,
        snapshot_id: str,
        header: dict[str, Any],
        arrays: Mapping[str, Array],
        *,
        time_ms: int,
        counts: Counts,
        definitions: pl.DataFrame | None = None,
    ) -> Snapshot:
        """Make a snapshot the active one; a job that is not running is then closed, and goes on from this state.

        Its categories become those of the `definitions`, if there are any of these.
        """
        return self._snapshots.revert(
            job_id, snapshot_id, header, arrays, time_ms=time_ms, counts=counts, definitions=definitions
        )

    def describe_snapshot(self, job_id: str, snapshot_id: str, description: str) -> Snapshot:
        """Give a snapshot a description that no other one of the job has."""
        with self._database.write() as connection:
            return snapshots.describe(connection, job_id, snapshot_id, description)

    def delete_snapshot(self, job_id: str, snapshot_id: str) -> None:
        """Remove a snapshot, unless the job goes on from it."""
        self._snapshots.delete(job_id, snapshot_id)

    def prune_snapshots(self, job_id: str, before_ms: int) -> int:
        """Remove the snapshots made before a time, and say how many; two stay, whatever their age."""
        return self._snapshots.prune(job_id, before_ms)

    def buckets(
        self,
        job_id: str,
        *,
        skip: int = 0,
        take: int = 100,
        start_ms: int | None = None,
        end_ms: int | None = None,
        include_interim: bool = False,
        anomaly_score: float = 0.0,
        max_normalized_probability: float = 0.0,
        expand: bool = False,
    ) -> tuple[int, list[Bucket]]:
        """How many buckets match, and the page of them by ascending time, with records and influencers if `expand`."""
        window = results.Window(skip=skip, take=take, start_ms=start_ms, end_ms=end_ms, include_interim=include_interim)
        with self._database.read() as connection:
            return results.bucket_page(
                connection,
                jobs.number(connection, job_id),
                window,
                anomaly_score=anomaly_score,
                max_normalized_probability=max_normalized_probability,
                expand=expand,
            )

    def bucket(
        self, job_id: str, timestamp: int, *, include_interim: bool = False, expand: bool = False
    ) -> Bucket | None:
        """The bucket that starts at a time, if there is one."""
        with self._database.read() as connection:
            number = jobs.number(connection, job_id)
            return results.bucket_at(connection, number, timestamp, include_interim=include_interim, expand=expand)

    def records(
        self,
        job_id: str,
        *,
        skip: int = 0,
        take: int = 100,
        start_ms: int | None = None,
        end_ms: int | None = None,
        include_interim: bool = False,
        sort: str = "normalizedProbability",
        desc: bool = True,
        anomaly_score: float = 0.0,
        normalized_probability: float = 0.0,
        kind: str | None = None,
    ) -> tuple[int, list[Record]]:
        """How many records match, and the page of them in the order asked for; ties are always decided alike."""
        window = results.Window(skip=skip, take=take, start_ms=start_ms, end_ms=end_ms, include_interim=include_interim)
        with self._database.read() as connection:
            return results.record_page(
                connection,
                jobs.number(connection, job_id),
                window,
                sort=sort,
                desc=desc,
                anomaly_score=anomaly_score,
                normalized_probability=normalized_probability,
                kind=kind,
            )

    def influencers(
        self,
        job_id: str,
        *,
        skip: int = 0,
        take: int = 100,
        start_ms: int | None = None,
        end_ms: int | None = None,
        include_interim: bool = False,
        sort: str = "anomalyScore",
        desc: bool = True,
        anomaly_score: float = 0.0,
    ) -> tuple[int, list[Influencer]]:
        """How many influencers match, and the page of them in the order asked for; ties are always decided alike."""
        window = results.Window(skip=skip, take=take, start_ms=start_ms, end_ms=end_ms, include_interim=include_interim)
        with self._database.read() as connection:
            return results.influencer_page(
                connection,
                jobs.number(connection, job_id),
                window,
                sort=sort,
                desc=desc,
                anomaly_score=anomaly_score,
            )

    def categories(self, job_id: str, *, skip: int = 0, take: int = 100) -> tuple[int, list[Category]]:
        """How many categories of messages a job has, and a page of them in the order of their ids."""
        with self._database.read() as connection:
            return categories.page(connection, jobs.number(connection, job_id), skip, take)

    def category(self, job_id: str, category_id: int) -> Category | None:
        """One category of messages, if there is one of that id."""
        with self._database.read() as connection:
            return categories.one(connection, jobs.number(connection, job_id), category_id)

    def add_token(self, token: Token) -> None:
        """Keep an API token; its name must not be taken."""
        with self._database.write() as connection:
            tokens.add(connection, token)

    def tokens(self) -> list[Token]:
        """All API tokens, oldest first."""
        with self._database.read() as connection:
            return tokens.every(connection)

    def remove_token(self, name: str) -> None:
        """Revoke an API token."""
        with self._database.write() as connection:
            tokens.remove(connection, name)

    def note(self, message: AuditMessage) -> None:
        """Keep a message about what happened."""
        with self._database.write() as connection:
            audit.note(connection, message)

    def audit(self, job_id: str | None = None, *, skip: int = 0, take: int = 100) -> tuple[int, list[AuditMessage]]:
        """How many messages there are, of a job or of all, and a page of them, the newest first."""
        with self._database.read() as connection:
            return audit.page(connection, job_id, skip, take)

    def forget_told(self, before_ms: int) -> None:
        """Let go of messages, activity and usage from before a time."""
        with self._database.write() as connection:
            audit.forget(connection, before_ms)

    def note_activity(self, activity: Activity) -> None:
        """Keep how many jobs there are."""
        with self._database.write() as connection:
            audit.note_activity(connection, activity)

    def activity(
        self, *, start_ms: int | None = None, end_ms: int | None = None, skip: int = 0, take: int = 100
    ) -> tuple[int, list[Activity]]:
        """How often activity was noted in a range, and a page of it, the newest first."""
        with self._database.read() as connection:
            return audit.activity_page(connection, start_ms, end_ms, skip, take)

    def usage(
        self,
        job_id: str | None = None,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        skip: int = 0,
        take: int = 100,
    ) -> tuple[int, list[Usage]]:
        """How many hours with data there are in a range, of a job or of all together, and a page, the newest first."""
        with self._database.read() as connection:
            return audit.usage_page(connection, job_id, start_ms, end_ms, skip, take)

    def keep_input(self, job_id: str, rows: pl.DataFrame, *, last_row: int) -> None:
        """Keep rows that a job has taken in, the last of which has this number among all of them."""
        with self._database.write() as connection:
            runs.keep(connection, jobs.number(connection, job_id), runs.INPUT, rows, last_row)

    def input(
        self,
        job_id: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        skip: int = 0,
        take: int = 100,
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many rows of a range are kept, and a page of them in the order they came."""
        with self._database.read() as connection:
            job = jobs.number(connection, job_id)
            return runs.page(connection, job, runs.INPUT, start_ms, end_ms, skip, take)

    def forget_kept_after(self, job_id: str, row: int) -> None:
        """Let go of kept rows that are numbered above this one, and of the bounds that were seen with them."""
        with self._database.write() as connection:
            runs.forget_after(connection, jobs.number(connection, job_id), row)

    def forget_input(self, job_id: str, before_ms: int) -> Iterator[None]:
        """Let go of kept rows from before a time, but for those kept together with later ones; a transaction a step."""
        return self._forget_runs(job_id, runs.INPUT, before_ms)

    def forget_bounds(self, job_id: str, before_ms: int) -> Iterator[None]:
        """The same of bounds."""
        return self._forget_runs(job_id, runs.BOUNDS, before_ms)

    def _forget_runs(self, job_id: str, kind: str, before_ms: int) -> Iterator[None]:
        left = True
        while left:
            with self._database.write() as connection:
                left = runs.forget_some(connection, jobs.number(connection, job_id), kind, before_ms)
            yield

    def keep_bounds(self, job_id: str, bounds: pl.DataFrame, *, last_row: int) -> None:
        """Keep what the models of a job expected, seen when it had taken in so many rows."""
        with self._database.write() as connection:
            runs.keep(connection, jobs.number(connection, job_id), runs.BOUNDS, bounds, last_row)

    def bounds(
        self,
        job_id: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        skip: int = 0,
        take: int = 100,
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many bounds of a range are kept, and a page of them in the order they came."""
        with self._database.read() as connection:
            job = jobs.number(connection, job_id)
            return runs.page(connection, job, runs.BOUNDS, start_ms, end_ms, skip, take)
