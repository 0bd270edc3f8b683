"""The jobs of one process: created, opened, fed, flushed, closed and deleted."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tailmass.columns import Columns
from tailmass.engine import lifecycle
from tailmass.engine.forecast import DAY, forecast
from tailmass.engine.kept import kept
from tailmass.engine.opening import Opener
from tailmass.engine.pipeline import counts_of
from tailmass.engine.ports import Audit, Files, Listener, Store
from tailmass.engine.running import Running
from tailmass.engine.snapshots import forget_results, revert, sweep
from tailmass.engine.turns import Turns
from tailmass.engine.upload import Discard, Intake, Upload
from tailmass.errors import (
    ConcurrentUse,
    EndBeforeStart,
    EngineError,
    InvalidFlushParams,
    JobIdTaken,
    MissingJob,
    NoSuchScheduledJob,
    ResetNotSupported,
    TooManyJobsRunning,
)
from tailmass.intake.limits import USUAL, RecordLimits
from tailmass.jobs import Job, JobUpdate
from tailmass.results import Activity, AuditMessage, Counts, Forecast, JobState, Snapshot

log = logging.getLogger(__name__)

_LOG_LEVELS = {"WARNING": logging.WARNING, "ERROR": logging.ERROR}

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
    limits : how large single things in uploads may be
    audit : who is told what happens to jobs, if anybody is
    files : where bounds of models go that are to be written to a file
    on_deleted : called with the id of a job that is gone, before there can be another of that id
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        max_running: int | None = None,
        listener: Listener | None = None,
        limits: RecordLimits = USUAL,
        audit: Audit | None = None,
        files: Files | None = None,
        on_deleted: Callable[[str], None] | None = None,
    ) -> None:
        self._store = store
        self._audit = audit
        self._on_deleted = on_deleted
        self._clock = clock
        self._max_running = max_running
        self._listener = listener
        self._limits = limits
        self._opener = Opener(store, clock, self._tell, listener, files)
        self._turns = Turns(store.job)
        self._running: dict[str, Running] = {}
        self._guard = threading.Lock()
        self._sequence = 0
        self._recover()
        self._tell(None, "INFO", "System started")

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
                log.debug("there is no job %s to overwrite", job.id)
        self._store.add_job(JobState(config=job, status="CLOSED", create_time_ms=self._now_ms()))
        self._tell(job.id, "INFO", "Job created")
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
            if self._on_deleted is not None:
                self._on_deleted(job_id)
            # The log of the job is gone, and to write to it would bring it back.
            self._tell(job_id, "INFO", "Job deleted", logged=False)
        log.info("job %s deleted", job_id)

    def update(self, job_id: str, update: JobUpdate) -> None:
        """Change the configuration of a job: all of the changes or none. A running job heeds them once it is reopened.

        Raises
        ------
        MissingJob, ConcurrentUse
        InvalidValue : a change is none that this job can have
        JobNotClosed, CannotUpdateScheduler : the change is not for a job as it stands
        """
        with self._exclusive(job_id, None if update.scheduler_config is None else "update scheduler") as state:
            if update.analysis_limits is not None:
                lifecycle.verify("update limits", state)
            self._store.update_job(job_id, config=update.applied(state.config))
            self._tell(job_id, "INFO", f"Job updated: {', '.join(update.named)}")

    def pause(self, job_id: str) -> None:
        """Analyse no more of what a job is sent until it is resumed; the bucket in progress is dropped.

        Raises
        ------
        MissingJob, ConcurrentUse
        CannotPauseJob : the job is paused or has failed
        """
        with self._exclusive(job_id, "pause") as state:
            self._store.update_job(job_id, status="PAUSING")
            try:
                self._rest(job_id, state)
            except Exception:
                self._store.update_job(job_id, status=state.status)
                raise

    def resume(self, job_id: str) -> None:
        """Analyse again, from the first whole bucket of what comes next; CannotResumeJob if it is not paused."""
        with self._exclusive(job_id, "resume"):
            self._store.update_job(job_id, status="CLOSED")
            self._tell(job_id, "INFO", "Job resumed")

    def start_scheduler(self, job_id: str, *, start_ms: int | None = None, end_ms: int | None = None) -> JobState:
        """Leave a job to its scheduler, for the time from one moment on and before another.

        Raises
        ------
        MissingJob, ConcurrentUse
        NoSuchScheduledJob : the job has no scheduler
        CannotStartScheduler : it is at work already, or the job is paused or has failed
        """
        self.scheduled(job_id)
        with self._exclusive(job_id, "start scheduler"):
            self._store.start_scheduler(job_id, start_ms, end_ms)
            return self._store.job(job_id)

    def scheduled(self, job_id: str) -> JobState:
        """One job that has a scheduler; raises MissingJob or NoSuchScheduledJob."""
        state = self.job(job_id)
        if state.config.scheduler_config is None:
            raise NoSuchScheduledJob(f"Job {job_id!r} has no 'schedulerConfig': upload its data, or give it one")
        return state

    def note_scheduler(self, job_id: str, status: str) -> None:
        """Keep where the scheduler of a job stands; one that is STOPPED leaves the job to everybody again."""
        self._store.update_job(job_id, scheduler_status=status)

    def tell(self, job_id: str, level: str, message: str) -> None:
        """Say what happens to a job of which the engine does not know by itself: what its scheduler does."""
        self._tell(job_id, level, message)

    def upload(
        self,
        job_id: str,
        *,
        gzipped: bool = False,
        keep: bool = False,
        ignore_downtime: bool = False,
        reset_ms: tuple[int, int] | None = None,
        scheduled: bool = False,
        since_ms: int | None = None,
        until_ms: int | None = None,
    ) -> Upload:
        """Begin an upload, opening the job where it is closed; what a paused job is sent is taken and dropped.

        Parameters
        ----------
        gzipped : whether the bytes are compressed
        keep : whether the rows it takes in are kept as well
        ignore_downtime : whether buckets without rows between the last data and this are a planned downtime
        reset_ms : first and last epoch millisecond of the buckets that are emptied, because this data replaces theirs
        scheduled : whether it is the scheduler of the job who sends it
        since_ms, until_ms : rows from before the one, or not from before the other, are passed over and not counted

        Raises
        ------
        MissingJob, ConcurrentUse, TooManyJobsRunning
        AnalysisStartError : the job asks for something this version does not analyse, or has failed
        NotAllowedForScheduledJob : the job is fed by its scheduler
        ResetNotSupported, InvalidResetRange : the buckets cannot be emptied
        """
        if self._store.job(job_id).status in ("PAUSING", "PAUSED"):
            return Upload(Discard(), keep_counts=_nothing, fail=_nothing, release=_nothing)
        with ExitStack() as held:
            state = held.enter_context(self._exclusive(job_id, "upload", scheduled=scheduled))
            reset = None if reset_ms is None else _reset(state.config, *reset_ms)
            running = self._opened(job_id, state)
            held.callback(running.fed)
            running.pipeline.begin(gap=ignore_downtime, reset=reset)
            began_ms = self._now_ms()
            description = state.config.data_description
            intake = Intake(
                running.pipeline,
                description.fetched if scheduled else description,
                running.deliver,
                gzipped=gzipped,
                limits=self._limits,
                job_id=job_id,
                keep=self._keeping(job_id, running) if keep else None,
                since_ms=since_ms,
                until_ms=until_ms,
            )
            release = held.pop_all().close

        def keep_counts() -> None:
            log.info("Upload ended", extra={"job": job_id, "counts": intake.counts})
            running.keep_counts(last_data_time_ms=began_ms)

        return Upload(intake, keep_counts=keep_counts, fail=partial(self._fail, job_id), release=release)

    def _keeping(self, job_id: str, running: Running) -> Callable[[Columns], None]:
        """What keeps the rows of an upload. That it fails is told once, and is no failure of the analysis."""
        failed = False

        def keep(columns: Columns) -> None:
            nonlocal failed
            try:
                rows = running.pipeline.counts.processed_record_count
                self._store.keep_input(job_id, kept(columns), last_row=rows)
            except Exception as error:
                if not failed:
                    self._tell(job_id, "WARNING", f"Rows could not be kept: {error}")
                failed = True

        try:
            # Rows that are sent again after a crash are there already.
            self._store.forget_kept_after(job_id, running.pipeline.counts.processed_record_count)
        except EngineError as error:
            self._tell(job_id, "WARNING", f"Kept rows could not be looked through: {error.message}")
        return keep

    def flush(
        self,
        job_id: str,
        *,
        interim: bool = False,
        start_ms: int | None = None,
        end_ms: int | None = None,
        advance_ms: int | None = None,
        scheduled: bool = False,
    ) -> None:
        """Make all that was sent available and safe; on request, results of open buckets, or an advance of time.

        Parameters
        ----------
        interim : whether to report the newest bucket as it stands, or all open ones where the job has a latency
        start_ms, end_ms : report the open buckets from here and up to there instead; `start_ms` alone means one
        advance_ms : promise that no row before this will come
        scheduled : whether it is the scheduler of the job who asks

        Raises
        ------
        InvalidFlushParams : a range without `interim`, or an end without a start
        EndBeforeStart, MissingJob, ConcurrentUse
        """
        _check_flush(interim, start_ms, end_ms)
        with self._exclusive(job_id, "flush", scheduled=scheduled):
            running = self._running.get(job_id)
            if running is None:
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
            pipeline = self._opener.pipeline(state) if running is None else running.pipeline
            return forecast(
                pipeline,
                state.config.analysis_config.bucket_span,
                detector_index=detector_index,
                partition=partition,
                by=by,
                duration=duration,
            )

    def close(self, job_id: str, *, scheduled: bool = False) -> None:
        """Keep what the job has learnt and let it rest; the next upload opens it again. Clears a failure.

        It is refused while the scheduler of the job is at work, unless `scheduled` says that this asks for it.
        """
        with self._exclusive(job_id, "close", scheduled=scheduled) as state:
            running = self._running.get(job_id)
            if running is None:
                if state.status == "FAILED":
                    self._store.update_job(job_id, status="CLOSED", finished_time_ms=self._now_ms())
                    self._tell(job_id, "ACTIVITY", "Job closed")
                elif state.status == "CLOSED" and state.finished_time_ms is None:
                    # It is as new, but no longer waits for its data, which is what clients of version 0.3 are told.
                    self._store.update_job(job_id, finished_time_ms=self._now_ms())
                return
            self._close(running)

    def close_idle(self) -> None:
        """Close the jobs that have been without data for as long as their `timeout` says; meant to be called often."""
        with self._guard:
            idle = [running for running in self._running.values() if running.idle]
        for running in idle:
            try:
                with self._exclusive(running.job_id, briefly=True):
                    if running.idle and self._running.get(running.job_id) is running:
                        self._close(running)
            except (ConcurrentUse, MissingJob):
                log.debug("job is in use or gone, and so not idle", extra={"job": running.job_id})
            except Exception:
                running.fed()  # so that it is tried again, and not at once
                log.exception("idle job could not be closed", extra={"job": running.job_id})

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
        lifecycle.verify("revert", self._store.job(job_id))  # that it runs is what to hear, rather than that it is busy
        with self._exclusive(job_id, "revert") as state:
            return revert(
                self._store,
                state,
                partial(self._tell, job_id),
                time_ms=self._now_ms(),
                until_ms=until_ms,
                snapshot_id=snapshot_id,
                description=description,
                delete_results=delete_results,
            )

    def delete_snapshot(self, job_id: str, snapshot_id: str) -> None:
        """Remove a snapshot of a job, which may be in use.

        Raises
        ------
        MissingJob, NoSuchModelSnapshot
        CannotDeleteHighestPriority : the job goes on from it
        """
        self._store.delete_snapshot(job_id, snapshot_id)
        self._tell(job_id, "INFO", f"Snapshot {snapshot_id} deleted")

    def delete_results(self, job_id: str, before: int) -> int:
        """Remove the buckets of a job that start before an epoch second, with all in them; how many there were.

        The models keep what they have learnt; others may use the job meanwhile.

        Raises
        ------
        MissingJob, DataStoreError
        """
        return sum(forget_results(self._store, job_id, before, partial(self._tell, job_id)))

    def activity(self) -> Activity:
        """How many jobs there are now, and what of them runs."""
        total, _ = self._store.jobs(0, 0)
        detectors = {each.config.id: len(each.config.analysis_config.detectors) for each in self.jobs(0, total)[1]}
        running = [job_id for job_id in list(self._running) if job_id in detectors]
        of_running = sum(detectors[job_id] for job_id in running)
        return Activity(self._now_ms(), len(detectors), sum(detectors.values()), len(running), of_running)

    def sweep(self) -> Iterator[None]:
        """Remove what jobs do not want to keep any more, in steps between which the caller may stop."""
        total, _ = self._store.jobs(0, 0)
        for state in self._store.jobs(0, total)[1]:
            yield from sweep(self._store, state, partial(self._tell, state.config.id), self._clock())

    def shutdown(self) -> None:
        """Close all running jobs; one that is still in use is left as a crash would leave it."""
        for job_id in list(self._running):
            try:
                self.close(job_id, scheduled=True)
            except ConcurrentUse:
                log.warning("job is still in use at shutdown", extra={"job": job_id})
            except Exception:
                log.exception("job could not be closed at shutdown", extra={"job": job_id})
        self._tell(None, "INFO", "System shut down")

    def _close(self, running: Running) -> None:
        self._store.update_job(running.job_id, status="CLOSING")
        try:
            running.close()
        except EngineError:
            self._store.update_job(running.job_id, status="RUNNING")
            raise
        self._forget(running.job_id)
        self._store.update_job(running.job_id, status="CLOSED", finished_time_ms=self._now_ms())
        self._tell(running.job_id, "ACTIVITY", "Job closed")

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
        running = self._opener.open(state)
        with self._guard:
            self._running[job_id] = running
        return running

    def _rest(self, job_id: str, state: JobState) -> None:
        """Let a job that is pausing be paused. One that never learnt anything has nothing to interrupt."""
        running = self._running.get(job_id) or self._opener.saved(state)
        if running is not None:
            running.pause()
            self._forget(job_id)
            self._store.update_job(job_id, finished_time_ms=self._now_ms())
        self._store.update_job(job_id, status="PAUSED")
        self._tell(job_id, "INFO", "Job paused")

    def _fail(self, job_id: str) -> None:
        """Stop a job whose analysis broke; what it had learnt when it was last saved is still there."""
        log.exception("analysis failed", extra={"job": job_id})
        self._forget(job_id)
        self._tell(job_id, "ERROR", f"Job failed: {sys.exception()!r}")
        self._store.update_job(job_id, status="FAILED", finished_time_ms=self._now_ms())

    def _forget(self, job_id: str) -> None:
        with self._guard:
            self._running.pop(job_id, None)

    def _tell(self, job_id: str | None, level: str, message: str, *, logged: bool = True, **fields: Any) -> None:
        """Say what happened, in the log and to the audit, whose failure is no failure of a job."""
        of_job = {} if job_id is None else {"job": job_id}
        if logged:
            log.log(_LOG_LEVELS.get(level, logging.INFO), message, extra=fields | of_job)
        if self._audit is not None:
            try:
                self._audit.note(AuditMessage(self._now_ms(), level, message, job_id))
            except EngineError as error:
                log.warning(
                    "%r could not be audited: %s", message, error.message, extra=of_job | {"cause": error.cause}
                )

    def _recover(self) -> None:
        """Put right what a crash has left: a job that was running stands where it was last saved."""
        total, _ = self._store.jobs(0, 0)
        for state in self._store.jobs(0, total)[1]:
            if state.status in ("CLOSED", "FAILED", "PAUSED"):
                continue
            job_id = state.config.id
            kept = self._store.snapshot(job_id)
            counts = counts_of(kept[0]) if kept is not None else Counts()
            told = "Job was running when the system stopped: send again what came since it was last saved"
            self._tell(job_id, "WARNING", told, counts=counts)
            if state.status != "PAUSING":
                self._store.update_job(job_id, status="CLOSED", finished_time_ms=self._now_ms(), counts=counts)
                continue
            self._store.update_job(job_id, counts=counts)
            try:
                self._rest(job_id, state)
            except EngineError:
                log.exception("job could not be interrupted where it was paused", extra={"job": job_id})
                self._store.update_job(job_id, status="PAUSED")

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
    def _exclusive(
        self, job_id: str, operation: str | None = None, *, scheduled: bool = False, briefly: bool = False
    ) -> Iterator[JobState]:
        """The job, for this caller alone. Others are refused meanwhile, or wait if it is said to be `briefly`.

        So is an operation that is not for a job as it stands (see `engine.lifecycle`).
        """

        def refuse() -> None:
            # Rather than of what its scheduler does, hear that there is one.
            if operation is not None and not scheduled:
                lifecycle.verify_not_scheduled(operation, self._store.job(job_id))

        with self._turns.take(job_id, refuse, briefly=briefly):
            try:
                state = self._store.job(job_id)
                if operation is not None:
                    lifecycle.verify(operation, state, scheduled=scheduled)
                yield state
            finally:
                # Said before anyone else can open it again, and by whoever closed, deleted or broke it.
                if self._listener is not None and job_id not in self._running:
                    self._listener.stopped(job_id)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _nothing() -> None:
    """What is done where there is nothing to do."""


def _reset(config: Job, start_ms: int, end_ms: int) -> tuple[int, int]:
    """First and last epoch second of the buckets to reset in a job that can."""
    analysis = config.analysis_config
    if not analysis.latency:
        raise ResetNotSupported(f"Job {config.id!r} has no latency, so its buckets cannot be reset")
    if analysis.overlapping_buckets:
        raise ResetNotSupported(
            f"Job {config.id!r} has overlapping buckets: what is in two of them cannot be taken out of one"
        )
    return start_ms // 1000, end_ms // 1000


def _check_flush(interim: bool, start_ms: int | None, end_ms: int | None) -> None:
    if not interim and (start_ms is not None or end_ms is not None):
        raise InvalidFlushParams("'start' and 'end' are for interim results: set 'calcInterim' to true as well")
    if end_ms is not None and start_ms is None:
        raise InvalidFlushParams("'end' is given without a 'start': give both, or 'start' alone for one bucket")
    if start_ms is not None and end_ms is not None and end_ms < start_ms:
        raise EndBeforeStart(f"'end' ({end_ms} ms) is before 'start' ({start_ms} ms)")
