"""The jobs of one process: created, opened, fed, flushed, closed and deleted."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

from tailmass.engine.forecast import DAY, forecast
from tailmass.engine.pipeline import Pipeline, counts_of
from tailmass.engine.ports import Listener, Store
from tailmass.engine.running import Running
from tailmass.engine.snapshots import persist_interval, revert, sweep, verify_closed
from tailmass.engine.upload import Intake, Upload
from tailmass.errors import (
    AnalysisError,
    AnalysisStartError,
    ConcurrentUse,
    EndBeforeStart,
    EngineError,
    InvalidFlushParams,
    JobIdTaken,
    MissingJob,
    TooManyJobsRunning,
)
from tailmass.intake.bounds import USUAL, Bounds
from tailmass.jobs import Job
from tailmass.results import Counts, Forecast, JobState, Snapshot

log = logging.getLogger(__name__)

SEQUENCE = 100_000  # ids end in five digits


class Engine:
    """All jobs of a store. Any thread may call; a job serves one caller at a time, a second one gets ConcurrentUse.

    What a flush or a close has acknowledged, a crash does not undo: the job then goes on from there, and rows sent
    since can be sent again. Their results replace those that the crash left.

    Parameters
    ----------
    store : where jobs, results and snapshots are kept; nobody else may write to it
    clock : epoch seconds now
    max_running : jobs that may run at the same time; None for no limit
    listener : told of results as they come
    bounds : how large single things in uploads may be
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        max_running: int | None = None,
        listener: Listener | None = None,
        bounds: Bounds = USUAL,
    ) -> None:
        self._store = store
        self._clock = clock
        self._max_running = max_running
        self._listener = listener
        self._bounds = bounds
        self._running: dict[str, Running] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._sequence = 0
        self._recover()

    def create(self, job: Job, *, overwrite: bool = False) -> str:
        """Keep a new job and return its id, made from the time where the job has none.

        Raises
        ------
        JobIdTaken : unless `overwrite`, which deletes the old job first
        ConcurrentUse : the old job is in use
        """
        if job.id is None:
            return self._create_with_new_id(job)
        if overwrite:
            try:
                self.delete(job.id)
            except MissingJob:
                log.debug("nothing to overwrite", extra={"job": job.id})
        self._store.add_job(JobState(config=job, status="CLOSED", create_time_ms=self._now_ms()))
        return job.id

    def job(self, job_id: str) -> JobState:
        """One job; raises MissingJob."""
        return self._store.job(job_id)

    def jobs(self, skip: int, take: int) -> tuple[int, list[JobState]]:
        """How many jobs there are, and a page of them in the order they were created."""
        return self._store.jobs(skip, take)

    def delete(self, job_id: str) -> None:
        """Remove a job, what it learnt and what it found."""
        with self._exclusive(job_id):
            self._forget(job_id)
            self._store.delete_job(job_id)

    def upload(self, job_id: str, *, gzipped: bool = False) -> Upload:
        """Begin an upload, opening the job where it is closed.

        Raises
        ------
        MissingJob, ConcurrentUse, TooManyJobsRunning
        AnalysisStartError : the job asks for something this version does not analyse, or has failed
        """
        with ExitStack() as held:
            state = held.enter_context(self._exclusive(job_id))
            running = self._opened(job_id, state)
            self._store.update_job(job_id, last_data_time_ms=self._now_ms())
            intake = Intake(
                running.pipeline,
                state.config.data_description,
                running.deliver,
                gzipped=gzipped,
                bounds=self._bounds,
            )
            release = held.pop_all().close
        return Upload(intake, keep_counts=running.keep_counts, fail=partial(self._fail, job_id), release=release)

    def flush(
        self,
        job_id: str,
        *,
        interim: bool = False,
        start_ms: int | None = None,
        end_ms: int | None = None,
        advance_ms: int | None = None,
    ) -> None:
        """Make all that was sent available and safe; on request, results of open buckets, or an advance of time.

        Parameters
        ----------
        interim : whether to report the newest bucket as it stands, or all open ones where the job has a latency
        start_ms, end_ms : report the open buckets from here and up to there instead; `start_ms` alone means one
        advance_ms : promise that no row before this will come

        Raises
        ------
        InvalidFlushParams : a range without `interim`, or an end without a start
        EndBeforeStart, MissingJob, ConcurrentUse
        """
        _check_flush(interim, start_ms, end_ms)
        with self._exclusive(job_id) as state:
            running = self._running.get(job_id)
            if running is None:
                if state.status == "FAILED":
                    raise AnalysisError(f"Job {job_id!r} has failed: close it, then send the data since its last close")
                return
            if advance_ms is not None:
                running.deliver(running.pipeline.advance(advance_ms // 1000))
            if interim:
                start = None if start_ms is None else start_ms // 1000
                end = None if end_ms is None else -(-end_ms // 1000)
                running.report_interim(start, end)
            running.save()

    def forecast(
        self,
        job_id: str,
        *,
        detector_index: int = 0,
        partition: str | None = None,
        by: str | None = None,
        duration: int = DAY,
    ) -> Forecast:
        """What the job expects of one of its series next; a job that is closed stays so, and says what it had learnt.

        Parameters
        ----------
        detector_index, partition, by : which series
        duration : seconds, rounded up to whole buckets

        Raises
        ------
        MissingJob, ConcurrentUse
        AnalysisStartError : the job asks for something this version does not analyse
        InvalidValue : there is no such detector or series, or the duration is none
        """
        with self._exclusive(job_id) as state:
            running = self._running.get(job_id)
            pipeline = self._restored(state) if running is None else running.pipeline
            return forecast(
                pipeline,
                state.config.analysis_config.bucket_span,
                detector_index=detector_index,
                partition=partition,
                by=by,
                duration=duration,
            )

    def close(self, job_id: str) -> None:
        """Keep what the job has learnt and let it rest; the next upload opens it again. Clears a failure."""
        with self._exclusive(job_id) as state:
            running = self._running.get(job_id)
            if running is None:
                if state.status != "CLOSED":
                    self._store.update_job(job_id, status="CLOSED", finished_time_ms=self._now_ms())
                return
            self._store.update_job(job_id, status="CLOSING")
            try:
                running.close()
            except EngineError:
                self._store.update_job(job_id, status="RUNNING")
                raise
            self._forget(job_id)
            self._store.update_job(job_id, status="CLOSED", finished_time_ms=self._now_ms())

    def revert(
        self,
        job_id: str,
        *,
        until_ms: int | None = None,
        snapshot_id: str | None = None,
        description: str | None = None,
        delete_results: bool = False,
    ) -> Snapshot:
        """Let a closed job go on from an earlier snapshot (see `engine.snapshots`). Clears a failure."""
        verify_closed(self._store.job(job_id))
        with self._exclusive(job_id) as state:
            return revert(
                self._store,
                state,
                time_ms=self._now_ms(),
                until_ms=until_ms,
                snapshot_id=snapshot_id,
                description=description,
                delete_results=delete_results,
            )

    def sweep(self) -> Iterator[None]:
        """Remove what jobs do not want to keep any more, in steps between which the caller may stop."""
        total, _ = self._store.jobs(0, 0)
        for state in self._store.jobs(0, total)[1]:
            yield from sweep(self._store, state, self._clock())

    def shutdown(self) -> None:
        """Close all running jobs; one that is still in use is left as a crash would leave it."""
        for job_id in list(self._running):
            try:
                self.close(job_id)
            except ConcurrentUse:
                log.warning("job is still in use at shutdown", extra={"job": job_id})
            except Exception:
                log.exception("job could not be closed at shutdown", extra={"job": job_id})

    def _opened(self, job_id: str, state: JobState) -> Running:
        """The running job, as it was when it was last saved."""
        with self._guard:
            running = self._running.get(job_id)
            if running is not None:
                return running
            if self._max_running is not None and len(self._running) >= self._max_running:
                raise TooManyJobsRunning(
                    f"{len(self._running)} jobs are running, which is the limit: close one before using {job_id!r}"
                )
        if state.status == "FAILED":
            raise AnalysisStartError(f"Job {job_id!r} has failed: close it, then send the data since its last close")
        pipeline = self._restored(state)
        interval = persist_interval(state.config)
        running = Running(job_id, pipeline, self._store, self._clock, interval, self._listener)
        # What was counted is what was learnt: where a damaged snapshot was passed over, both go back.
        self._store.update_job(job_id, status="RUNNING", counts=pipeline.counts)
        with self._guard:
            self._running[job_id] = running
        return running

    def _restored(self, state: JobState) -> Pipeline:
        """A job's pipeline as it was last saved."""
        pipeline = Pipeline(state.config)
        kept = self._store.snapshot(state.config.id)
        if kept is not None:
            pipeline.restore(*kept)
        return pipeline

    def _fail(self, job_id: str) -> None:
        """Stop a job whose analysis broke; what it had learnt when it was last saved is still there."""
        log.exception("analysis failed", extra={"job": job_id})
        self._forget(job_id)
        self._store.update_job(job_id, status="FAILED", finished_time_ms=self._now_ms())

    def _forget(self, job_id: str) -> None:
        with self._guard:
            self._running.pop(job_id, None)

    def _recover(self) -> None:
        """Put right what a crash has left: a job that was running stands where it was last saved."""
        total, _ = self._store.jobs(0, 0)
        for state in self._store.jobs(0, total)[1]:
            if state.status in ("CLOSED", "FAILED"):
                continue
            job_id = state.config.id
            kept = self._store.snapshot(job_id)
            counts = counts_of(kept[0]) if kept is not None else Counts()
            self._store.update_job(job_id, status="CLOSED", finished_time_ms=self._now_ms(), counts=counts)
            log.warning("job was running when the engine stopped", extra={"job": job_id, "counts": counts})

    def _create_with_new_id(self, job: Job) -> str:
        stamp = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y%m%d%H%M%S")
        for _ in range(SEQUENCE):
            with self._guard:
                self._sequence = self._sequence % (SEQUENCE - 1) + 1
                job_id = f"{stamp}-{self._sequence:05d}"
            try:
                return self.create(job.model_copy(update={"id": job_id}))
            except JobIdTaken:
                continue
        raise JobIdTaken(stamp)

    @contextmanager
    def _exclusive(self, job_id: str) -> Iterator[JobState]:
        """The job, for this caller alone."""
        with self._guard:
            lock = self._locks.get(job_id)
        if lock is None:
            self._store.job(job_id)  # only jobs that exist get a lock
            with self._guard:
                lock = self._locks.setdefault(job_id, threading.Lock())
        if not lock.acquire(blocking=False):
            raise ConcurrentUse(
                f"Job {job_id!r} is in use by another upload, flush, close or delete: wait until that has ended"
            )
        try:
            yield self._store.job(job_id)
        finally:
            try:
                # Said before anyone else can open it again, and by whoever closed, deleted or broke it.
                if self._listener is not None and job_id not in self._running:
                    self._listener.stopped(job_id)
            finally:
                lock.release()

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _check_flush(interim: bool, start_ms: int | None, end_ms: int | None) -> None:
    if not interim and (start_ms is not None or end_ms is not None):
        raise InvalidFlushParams("'start' and 'end' are for interim results: set 'calcInterim' to true as well")
    if end_ms is not None and start_ms is None:
        raise InvalidFlushParams("'end' is given without a 'start': give both, or 'start' alone for one bucket")
    if start_ms is not None and end_ms is not None and end_ms < start_ms:
        raise EndBeforeStart(f"'end' ({end_ms} ms) is before 'start' ({start_ms} ms)")
