"""A job that is opened: its pipeline as it was last saved, and where its results go from there."""

from collections.abc import Callable
from functools import partial

import polars as pl

from tailmass.engine.pipeline import Pipeline
from tailmass.engine.ports import Files, Listener, Store
from tailmass.engine.running import Running
from tailmass.jobs import Job
from tailmass.results import JobState

Tell = Callable[..., None]
"""Called with the id of a job, a level and a message."""


class Opener:
    """Opens the jobs of a store.

    Parameters
    ----------
    store : where jobs, results and snapshots are kept
    clock : epoch seconds now
    tell : told what people should know of
    listener : told of results as they come
    files : where bounds of models go that are to be written to a file
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        tell: Tell,
        listener: Listener | None,
        files: Files | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell
        self._listener = listener
        self._files = files

    def pipeline(self, state: JobState) -> Pipeline:
        """A job's pipeline as it was last saved."""
        pipeline = Pipeline(state.config)
        kept = self._store.snapshot(state.config.id)
        if kept is not None:
            pipeline.restore(*kept)
        return pipeline

    def open(self, state: JobState) -> Running:
        """A job that takes rows; it passes over the time since its last data, if it is to."""
        job_id, pipeline = state.config.id, self.pipeline(state)
        running = self._running(state.config, pipeline, self._keep_bounds(state.config, pipeline))
        self._ignore_downtime(running, state.config)
        # What was counted is what was learnt: where a damaged snapshot was passed over, both go back.
        self._store.update_job(job_id, status="RUNNING", counts=pipeline.counts)
        self._tell(job_id, "ACTIVITY", "Job opened", model=pipeline.model_size)
        return running

    def saved(self, state: JobState) -> Running | None:
        """A job as it was last saved, which takes no more rows; None if it has never learnt anything."""
        if self._store.snapshot(state.config.id) is None:
            return None
        return self._running(state.config, self.pipeline(state))

    def _running(
        self, config: Job, pipeline: Pipeline, keep_bounds: Callable[[pl.DataFrame], None] | None = None
    ) -> Running:
        tell = partial(self._tell, config.id)
        return Running(config, pipeline, self._store, self._clock, tell, self._listener, keep_bounds)

    def _ignore_downtime(self, running: Running, config: Job) -> None:
        if config.ignore_downtime not in ("ONCE", "ALWAYS"):
            return
        running.expect_gap()
        if config.ignore_downtime == "ONCE":
            running.save()  # that it is to, before it is no longer said
            self._store.update_job(running.job_id, config=config.model_copy(update={"ignore_downtime": None}))

    def _keep_bounds(self, job: Job, pipeline: Pipeline) -> Callable[[pl.DataFrame], None] | None:
        """What keeps the bounds of a job's models, where it asks for any."""
        config, job_id = job.model_debug_config, str(job.id)
        if config is None or pipeline.bounds is None:
            return None
        if config.write_to == "FILE":
            return None if self._files is None else partial(self._files.write, job_id)
        self._store.forget_kept_after(job_id, pipeline.counts.processed_record_count)
        return lambda bounds: self._store.keep_bounds(job_id, bounds, last_row=pipeline.counts.processed_record_count)
