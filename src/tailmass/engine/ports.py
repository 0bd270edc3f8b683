"""What the engine needs of others, and does not import."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from tailmass.results import Batch, Counts, JobState, ModelSize


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
        status: str | None = None,
        finished_time_ms: int | None = None,
        last_data_time_ms: int | None = None,
        counts: Counts | None = None,
        model_size: ModelSize | None = None,
    ) -> None:
        """Change what is given."""

    def delete_job(self, job_id: str) -> None:
        """Remove a job with its results and snapshots."""

    def write(self, job_id: str, batch: Batch, counts: Counts) -> None:
        """Replace the results of the batch's buckets and its categories, and set the job's counts: one transaction."""

    def save_snapshot(
        self, job_id: str, header: dict[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]], *, time_ms: int
    ) -> None:
        """Keep what a job has learnt."""

    def snapshot(self, job_id: str) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]] | None:
        """What was kept last and can be read."""
