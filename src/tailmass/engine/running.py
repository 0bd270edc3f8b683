"""A job that is open: its pipeline, and what of it the store does not have yet."""

import logging
from collections.abc import Callable
from dataclasses import replace

from tailmass.engine.pipeline import Pipeline
from tailmass.engine.ports import Listener, Store
from tailmass.engine.snapshots import CLOSED, PERIODIC, snapshot_of
from tailmass.errors import DataStoreError
from tailmass.results import Batch

log = logging.getLogger(__name__)


class Running:
    """Carries results from the pipeline to the store. What the store refuses is kept and offered again.

    Parameters
    ----------
    job_id, pipeline : the job
    store : where everything is kept
    clock : epoch seconds now
    persist_interval : seconds after which a snapshot is made while rows come
    listener : told of what the store has taken
    """

    def __init__(
        self,
        job_id: str,
        pipeline: Pipeline,
        store: Store,
        clock: Callable[[], float],
        persist_interval: int,
        listener: Listener | None = None,
    ) -> None:
        self.job_id = job_id
        self.pipeline = pipeline
        self._store = store
        self._clock = clock
        self._listener = listener
        self._told = pipeline.memory.status
        self._waiting: list[Batch] = []
        self._persist_interval = persist_interval
        self._due = clock() + persist_interval
        self._unsaved = False
        self._unlisted = False

    def deliver(self, batch: Batch) -> None:
        """Note that the pipeline has moved on, and keep the results if there are any."""
        self._unsaved = True
        if len(batch.buckets) or len(batch.categories):
            self._waiting.append(batch)
        if self._waiting:
            self._write(Batch.concat(self._waiting))
            self._waiting.clear()
        if self.pipeline.memory.status != self._told:
            self._keep_model_size()
        if self._clock() >= self._due:
            self._persist()

    def report_interim(self, start: int | None, end: int | None) -> None:
        """Replace the results of open buckets by what they are now; the range is in epoch seconds."""
        batch = self.pipeline.interim(start, end)
        if len(batch.buckets):
            self._write(batch)

    def keep_counts(self) -> None:
        """Make the counts available."""
        self._store.update_job(self.job_id, counts=self.pipeline.counts)

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
            log.warning("snapshot not written: job=%s reason=%s cause=%s", self.job_id, error.message, error.cause)

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

    def _keep_model_size(self) -> None:
        size = replace(self.pipeline.model_size, log_time_ms=int(self._clock() * 1000))
        self._store.update_job(self.job_id, model_size=size)
        self._told = size.memory_status
