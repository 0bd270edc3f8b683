"""The schedulers of a server: each feeds one job in a thread of its own, for as long as it is started."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from tailmass.engine import Engine, Upload
from tailmass.errors import CannotStartScheduler, CannotStopScheduler, EngineError, MissingJob
from tailmass.feeds.scheduler import Scheduler, Source
from tailmass.results import JobState
from tailmass.server.settings import SchedulerSettings
from tailmass.server.sources import source_of

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that a scheduler may take to stop."""


class Fed:
    """A job, as its scheduler feeds it."""

    def __init__(self, engine: Engine, job_id: str) -> None:
        self._engine = engine
        self._job_id = job_id

    def latest_ms(self) -> int | None:
        """The time of its newest row."""
        return self._engine.job(self._job_id).counts.latest_record_time_ms

    def upload(self, since_ms: int | None, until_ms: int | None) -> Upload:
        """Begin an upload, of which the rows from one moment on and before another are taken."""
        return self._engine.upload(self._job_id, scheduled=True, since_ms=since_ms, until_ms=until_ms)

    def flush(self) -> None:
        """Make results available, those of open buckets too."""
        self._engine.flush(self._job_id, interim=True, scheduled=True)

    def close(self) -> None:
        """Keep what the job has learnt, and let it rest."""
        self._engine.close(self._job_id, scheduled=True)

    def tell(self, level: str, message: str) -> None:
        """Say what happens."""
        self._engine.tell(self._job_id, level, message)


class Scheduling:
    """Starts and stops schedulers. Any thread may call.

    Parameters
    ----------
    engine : whose jobs they feed
    settings : where they may get data from
    unseal : decrypts the passwords they have been given
    clock : epoch seconds now
    """

    def __init__(
        self,
        engine: Engine,
        settings: SchedulerSettings,
        unseal: Callable[[str], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._source = partial(source_of, settings=settings, unseal=unseal)
        self._clock = clock
        self._at_work: dict[str, tuple[Scheduler, threading.Thread]] = {}
        self._guard = threading.Lock()
        self._shut = False

    def start(self, job_id: str, *, start_ms: int | None = None, end_ms: int | None = None) -> None:
        """Begin to feed a job, unless its source cannot be read.

        Raises
        ------
        MissingJob, ConcurrentUse
        NoSuchScheduledJob : the job has no scheduler
        CannotStartScheduler : it is at work already, the job is paused or has failed, or the source cannot be read
        """
        config = self._engine.scheduled(job_id).config
        with ExitStack() as opened:
            try:
                source = self._source(config)
                opened.callback(source.close)
                source.verify()
            except (OSError, EngineError) as error:
                raise CannotStartScheduler(f"The scheduler of job {job_id!r} has nothing to read: {error}") from error
            state = self._engine.start_scheduler(job_id, start_ms=start_ms, end_ms=end_ms)
            opened.pop_all()
        self._run(state, source)

    def resume(self) -> None:
        """Start what was started when the server stopped."""
        total, _ = self._engine.jobs(0, 0)
        for state in self._engine.jobs(0, total)[1]:
            job_id = state.config.id
            try:
                if state.scheduler_status == "STARTED":
                    self._run(state, self._source(state.config))
                elif state.scheduler_status == "STOPPING":
                    self._engine.note_scheduler(job_id, "STOPPED")
            except EngineError as error:
                self._engine.tell(job_id, "ERROR", f"Scheduler could not be started again: {error}")
                self._engine.note_scheduler(job_id, "STOPPED")

    def stop(self, job_id: str) -> None:
        """Stop feeding a job, and wait until that is done.

        Raises
        ------
        MissingJob
        NoSuchScheduledJob : the job has no scheduler
        CannotStopScheduler : it is not at work, or does not stop
        """
        with self._guard:
            status = self._engine.scheduled(job_id).scheduler_status
            if status != "STARTED":
                raise CannotStopScheduler(
                    f"The scheduler of job {job_id!r} is {status}, and only one that is STARTED can be stopped"
                )
            at_work = self._at_work.get(job_id)
            self._engine.note_scheduler(job_id, "STOPPED" if at_work is None else "STOPPING")
        if at_work is None:
            return
        scheduler, thread = at_work
        scheduler.stop()
        thread.join(PATIENCE)
        if thread.is_alive():
            raise CannotStopScheduler(
                f"The scheduler of job {job_id!r} is at work on a batch still, and stops after that: look again later"
            )

    def leave(self, job_id: str) -> None:
        """Stop feeding a job, if anything does, because it is to be deleted."""
        with self._guard:
            at_work = self._at_work.get(job_id)
        if at_work is not None:
            scheduler, thread = at_work
            scheduler.stop()
            thread.join(PATIENCE)

    def shutdown(self) -> None:
        """Stop all, and remember that they were started."""
        with self._guard:
            self._shut = True
            at_work = list(self._at_work.values())
        for scheduler, _ in at_work:
            scheduler.stop()
        for _, thread in at_work:
            thread.join(PATIENCE)

    def _run(self, state: JobState, source: Source) -> None:
        job_id, config = state.config.id, state.config.scheduler_config
        scheduler = Scheduler(
            source,
            Fed(self._engine, job_id),
            frequency=config.interval(state.config.analysis_config.bucket_span),
            delay=config.query_delay or 0,
            start_ms=state.scheduler_start_ms,
            end_ms=state.scheduler_end_ms,
            clock=self._clock,
        )
        thread = threading.Thread(target=self._feed, args=(job_id, scheduler), name=f"scheduler {job_id}", daemon=True)
        with self._guard:
            if not self._shut:
                self._at_work[job_id] = scheduler, thread
                thread.start()

    def _feed(self, job_id: str, scheduler: Scheduler) -> None:
        try:
            scheduler.run()
        except MissingJob:
            log.info("the scheduler of a deleted job has ended", extra={"job": job_id})
        except EngineError as error:
            self._engine.tell(job_id, "ERROR", f"Scheduler stopped: {error}")
        except Exception:
            log.exception("a scheduler broke", extra={"job": job_id})
            self._engine.tell(job_id, "ERROR", "Scheduler stopped: something unexpected went wrong")
        self._ended(job_id)

    def _ended(self, job_id: str) -> None:
        with self._guard:
            del self._at_work[job_id]
            if self._shut:
                return
            try:
                self._engine.note_scheduler(job_id, "STOPPED")
            except MissingJob:
                log.debug("there is no job left to be stopped", extra={"job": job_id})
            except EngineError:
                log.exception("it could not be kept that a scheduler has stopped", extra={"job": job_id})
