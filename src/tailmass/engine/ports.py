"""What the engine needs of others, and does not import."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import polars as pl

from tailmass.jobs import Job
from tailmass.results import AuditMessage, Batch, Counts, JobState, ModelSize, Snapshot, Usage

Array = np.ndarray[Any, Any]
State = tuple[dict[str, Any], dict[str, Array]]


class Listener(Protocol):
    """Who is told of results once they are kept; called by the thread that works on the job, so it must not dawdle."""

    def written(self, job_id: str, batch: Batch) -> None:
        """New results, final or interim."""

    def stopped(self, job_id: str) -> None:
        """Nothing more will come of this job until it is opened again; may be said more than once."""


class Store(Protocol):
    """Where jobs, results and snapshots are kept; any thread may call. `tailmass.store.Store` is one."""

    def add_job(self, state: JobState) -> None:
        """Keep a new job; raises JobIdTaken."""

    def job(self, job_id: str) -> JobState:
        """One job; raises MissingJob."""

    def jobs(self, skip: int, take: int) -> tuple[int, list[JobState]]:
        """How many jobs there are, and a page of them in the order they were created."""

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
        """Change what is given, and add what was used to what it was."""

    def start_scheduler(self, job_id: str, start_ms: int | None, end_ms: int | None) -> None:
        """Note that the scheduler of a job is started, and for which time."""

    def delete_job(self, job_id: str) -> None:
        """Remove a job with its results and snapshots."""

    def write(self, job_id: str, batch: Batch, counts: Counts) -> None:
        """Replace the results of the batch's buckets and its categories, and set the job's counts: one transaction."""

    def remove_results(self, job_id: str, *, before: int | None = None, after: int | None = None) -> Iterator[int]:
        """Remove the buckets that start before an epoch second and after one; each step says how many."""

    def save_snapshot(
        self,
        job_id: str,
        header: dict[str, Any],
        arrays: Mapping[str, Array],
        *,
        time_ms: int,
        listed: Snapshot | None = None,
    ) -> None:
        """Keep what a job has learnt; if it is `listed`, as a snapshot with an id and the highest priority."""

    def snapshot(self, job_id: str, snapshot_id: str | None = None) -> State | None:
        """What a job had learnt in one of its snapshots, or what it is to go on from: the last that can be read."""

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
        """How many snapshots match, and a page of them."""

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
        """Make a snapshot the active one; the job is closed, has these counts, and goes on from this state.

        The `definitions` are all its categories, unless they are to stay what they are.
        """

    def delete_snapshot(self, job_id: str, snapshot_id: str) -> None:
        """Remove a snapshot that the job does not go on from."""

    def prune_snapshots(self, job_id: str, before_ms: int) -> int:
        """Remove the snapshots made before a time, but for those that are needed, and say how many."""

    def keep_input(self, job_id: str, rows: pl.DataFrame, *, last_row: int) -> None:
        """Keep rows that a job has taken in, the last of which has this number among all of them."""

    def forget_kept_after(self, job_id: str, row: int) -> None:
        """Let go of kept rows that are numbered above this one, and of the bounds that were seen with them."""

    def forget_input(self, job_id: str, before_ms: int) -> Iterator[None]:
        """Let go of kept rows from before a time, but for those kept together with later ones, in steps."""

    def forget_bounds(self, job_id: str, before_ms: int) -> Iterator[None]:
        """The same of bounds."""

    def keep_bounds(self, job_id: str, bounds: pl.DataFrame, *, last_row: int) -> None:
        """Keep what the models of a job expected, seen when it had taken in so many rows."""


class Files(Protocol):
    """Where bounds go that are to be written to a file."""

    def write(self, job_id: str, bounds: pl.DataFrame) -> None:
        """Append them to the file of a job."""


class Audit(Protocol):
    """Who is told what happens to jobs. `tailmass.store.Store` is one."""

    def note(self, message: AuditMessage) -> None:
        """Keep a message."""
