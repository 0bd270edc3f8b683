"""A job that is open: its pipeline, and what of it the store does not have yet."""

import logging
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from tailmass.engine.pipeline import Pipeline
from tailmass.engine.ports import Listener, Store
from tailmass.engine.snapshots import CLOSED, PERIODIC, persist_interval, snapshot_of
from tailmass.errors import DataStoreError
from tailmass.jobs import Job
from tailmass.results import Batch, Usage

log = logging.getLogger(__name__)


class Running:
    """Carries results from the pipeline to the store. What the store refuses is kept and offered again.

    Parameters
    ----------
    job : the configuration it was opened with
    pipeline : as it was when it was last saved
    store : where everything is kept
    clock : epoch seconds now
    tell : called with a level and a message when something has happened that people should know of
    listener : told of what the store has taken
    keep_bounds : called with what the models expected of buckets that have closed, if that is asked for
    """

    def __init__(
        self,
        job: Job,
        pipeline: Pipeline,
        store: Store,
        clock: Callable[[], float],
        tell: Callable[[str, str], None],
        listener: Listener | None = None,
        keep_bounds: Callable[[pl.DataFrame], None] | None = None,
    ) -> None:
        assert job.id is not None, "what is stored has an id"
        self.job_id = job.id
        self._patience = job.timeout if job.scheduler_config is None else 0
        self._fed = clock()
        self.pipeline = pipeline
        self._store = store
        self._clock = clock
        self._tell = tell
        self._listener = listener
        self._bounds_sink = keep_bounds
        self._used = pipeline.counts
        self._hour_ms = Usage(self._now_ms()).hour_ms
        self._told = pipeline.memory.status
        self._waiting: list[Batch] = []
        self._persist_interval = persist_interval(job)
        self._due = clock() + self._persist_interval
        self._unsaved = False
        self._unlisted = False

    def deliver(self, batch: Batch) -> None:
        """Note that the pipeline has moved on, and keep the results if there are any."""
        self._unsaved = True
        if Usage(self._now_ms()).hour_ms != self._hour_ms:
            self.keep_counts()
        if len(batch.buckets) or len(batch.categories) or batch.abandoned is not None:
            self._waiting.append(batch)
        if self._waiting:
            self._write(Batch.concat(self._waiting))
            self._waiting.clear()
        if self.pipeline.memory.status != self._told:
            self._keep_model_size()
        self._keep_bounds()
        if self._clock() >= self._due:
            self._persist()

    def fed(self) -> None:
        """Note that an upload has ended."""
        self._fed = self._clock()

    @property
    def idle(self) -> bool:
        """Whether it has been without data for as long as its `timeout` says; one with a scheduler never is."""
        return self._patience > 0 and self._clock() >= self._fed + self._patience

    def expect_gap(self) -> None:
        """Have whole buckets without rows before the next ones count as a downtime."""
        self.pipeline.begin(gap=True)
        self._unsaved = True

    def pause(self) -> None:
        """Have what comes next follow on a break, and make that safe."""
        self.deliver(self.pipeline.pause())
        self.close()

    def report_interim(self, start: int | None, end: int | None) -> None:
        """Replace the results of open buckets by what they are now; the range is in epoch seconds."""
        batch = self.pipeline.interim(start, end)
        if len(batch.buckets):
            self._write(batch)

    def keep_counts(self, *, last_data_time_ms: int | None = None) -> None:
        """Make the counts available, what was used since they last were, and when there was data, if there was."""
        counts, before = self.pipeline.counts, self._used
        used = Usage(
            self._hour_ms,
            counts.input_bytes - before.input_bytes,
            counts.input_field_count - before.input_field_count,
            counts.input_record_count - before.input_record_count,
        )
        self._store.update_job(
            self.job_id,
            counts=counts,
            used=used if used != Usage(self._hour_ms) else None,
            last_data_time_ms=last_data_time_ms,
        )
        self._used, self._hour_ms = counts, Usage(self._now_ms()).hour_ms

    def save(self) -> None:
        """Make results, counts and all that was learnt safe."""
        if self._unsaved:
            self._keep(None)
            self._unlisted = True

    def close(self) -> None:
        """The same, in a snapshot that is listed."""
        if self._unsaved or self._unlisted:
            self._keep(CLOSED)

    def _persist(self) -> None:
        """Make a snapshot between rows, if it is possible: an upload that can go on is not ended by it."""
        try:
            self._keep(PERIODIC)
        except DataStoreError as error:
            log.warning("snapshot not written: %s", error.message, extra={"job": self.job_id, "cause": error.cause})

    def _keep(self, why: str | None) -> None:
        time_ms = int(self._clock() * 1000)
        self._due = self._clock() + self._persist_interval
        self.deliver(Batch.empty())
        header, arrays = self.pipeline.state()
        listed = None if why is None else snapshot_of(self.pipeline, why, time_ms)
        self._store.save_snapshot(self.job_id, header, arrays, time_ms=time_ms, listed=listed)
        self.keep_counts()
        self._keep_model_size()
        self._unsaved = self._unlisted = False

    def _write(self, batch: Batch) -> None:
        self._store.write(self.job_id, batch, self.pipeline.counts)
        if self._listener is not None:
            self._listener.written(self.job_id, batch)

    def _keep_bounds(self) -> None:
        """Hand on what the models expected. That this fails is told once, and is no failure of the analysis."""
        if self.pipeline.bounds is None:
            return
        bounds = self.pipeline.bounds.drain()
        if self._bounds_sink is None or not len(bounds):
            return
        try:
            self._bounds_sink(bounds)
        except Exception as error:
            self._bounds_sink = None
            self._tell("WARNING", f"Bounds of models are not kept until the job is opened again: {error}")

    def _keep_model_size(self) -> None:
        size = replace(self.pipeline.model_size, log_time_ms=self._now_ms())
        self._store.update_job(self.job_id, model_size=size)
        if size.memory_status != self._told:
            told = f"Memory status changed from {self._told} to {size.memory_status}"
            self._tell("INFO" if size.memory_status == "OK" else "WARNING", told)
        self._told = size.memory_status

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
