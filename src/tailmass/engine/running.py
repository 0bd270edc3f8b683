"""A job that is open: its pipeline, and what of it the store does not have yet."""

from collections.abc import Callable
from dataclasses import replace

from tailmass.engine.pipeline import Pipeline
from tailmass.engine.ports import Listener, Store
from tailmass.results import Batch


class Running:
    """Carries results from the pipeline to the store. What the store refuses is kept and offered again.

    Parameters
    ----------
    job_id, pipeline : the job
    store : where everything is kept
    clock : epoch seconds now
    listener : told of what the store has taken
    """

    def __init__(
        self,
        job_id: str,
        pipeline: Pipeline,
        store: Store,
        clock: Callable[[], float],
        listener: Listener | None = None,
    ) -> None:
        self.job_id = job_id
        self.pipeline = pipeline
        self._store = store
        self._clock = clock
        self._listener = listener
        self._told = pipeline.memory.status
        self._waiting: list[Batch] = []
        self._unsaved = False

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
        if not self._unsaved:
            return
        self.deliver(Batch.empty())
        header, arrays = self.pipeline.state()
        self._store.save_snapshot(self.job_id, header, arrays, time_ms=int(self._clock() * 1000))
        self.keep_counts()
        self._keep_model_size()
        self._unsaved = False

    def _write(self, batch: Batch) -> None:
        self._store.write(self.job_id, batch, self.pipeline.counts)
        if self._listener is not None:
            self._listener.written(self.job_id, batch)

    def _keep_model_size(self) -> None:
        size = replace(self.pipeline.model_size, log_time_ms=int(self._clock() * 1000))
        self._store.update_job(self.job_id, model_size=size)
        self._told = size.memory_status
