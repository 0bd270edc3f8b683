"""What feeds a job by itself: first with all there was, then with what comes, until it is told to stop."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol, TypeVar

from tailmass.errors import (
    ConcurrentUse,
    EngineError,
    MissingJob,
    ProcessError,
    SchedulerError,
    TooManyJobsRunning,
    UploadError,
)
from tailmass.results import wire_time

T = TypeVar("T")

QUIET = 10
"""For so many intervals there may be no data before it is said that there is none."""

PATIENCE = 60.0
"""Seconds at most until what failed is tried again."""

_BUSY = 0.1  # seconds until somebody else may have let go of the job


class Source(Protocol):
    """Where rows come from. Not for two threads at once.

    An OSError, or an EngineError, says that it may work again later.
    """

    every: float
    """Seconds from one look for more to the next."""
    finite: bool
    """Whether it is over once it has been read."""

    def batches(self, since_ms: int | None, until_ms: int) -> Iterator[bytes]:
        """Rows in the format of the job and in the order of their times, in batches of whole rows.

        Of a source that can be asked by time they are those from one moment on, or from the earliest, and before
        another; of one that can only be read, those that were not read yet. A batch counts as read when the next one
        is asked for.
        """

    def verify(self) -> None:
        """Raise an OSError or an EngineError if there is nothing to be had as things are."""

    @property
    def head(self) -> bytes:
        """What has to stand before a batch where it begins an upload."""

    def close(self) -> None:
        """Let go of everything."""


class Upload(Protocol):
    """Rows on their way into a job."""

    def feed(self, data: bytes) -> None:
        """Analyse some more; an EngineError ends the upload."""

    def finish(self) -> object:
        """End it."""

    def abort(self) -> None:
        """End it, because something went wrong; does nothing where it has ended."""


class Job(Protocol):
    """Where rows go."""

    def latest_ms(self) -> int | None:
        """The time of its newest row."""

    def upload(self, since_ms: int | None, until_ms: int | None) -> Upload:
        """Begin an upload, of which the rows from one moment on and before another are taken."""

    def flush(self) -> None:
        """Make results available, those of open buckets too."""

    def close(self) -> None:
        """Keep what the job has learnt, and let it rest."""

    def tell(self, level: str, message: str) -> None:
        """Say what happens, at level INFO, WARNING or ERROR."""


class Scheduler:
    """Feeds one job, in the thread that calls `run`.

    Parameters
    ----------
    source, job : from where to where
    frequency : seconds between two flushes; questions end at multiples of the source's `every`
    delay : seconds behind real time up to which there may still be rows to come
    start_ms, end_ms : the rows that are wanted: those from one moment on and before another
    clock : epoch seconds now
    wait : lets so many seconds pass and says whether to stop; without it they pass by themselves, and `stop` says so
    """

    def __init__(
        self,
        source: Source,
        job: Job,
        *,
        frequency: int,
        delay: int = 0,
        start_ms: int | None = None,
        end_ms: int | None = None,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._source = source
        self._job = job
        self._frequency = frequency
        self._delay = delay
        self._start_ms = start_ms
        self._end_ms = end_ms
        self._clock = clock
        self._stopping = threading.Event()
        self._wait = wait if wait is not None else self._stopping.wait
        self._since_ms: int | None = None
        self._upload: Upload | None = None
        self._fresh = self._broken = False
        self._looked_back = False
        self._failure = self._refusal = ""
        self._fed_at = clock()
        self._quiet = False
        self._unflushed = False
        self._flushed_in = -1

    def stop(self) -> None:
        """Ask it to stop, which it does after the batch it is at."""
        self._stopping.set()

    def run(self) -> None:
        """Feed the job until there is no more, or `stop` is called.

        Raises
        ------
        MissingJob : the job was deleted
        ProcessError : the job cannot go on, because its analysis failed
        """
        try:
            self._since_ms = self._next_ms()
            self._job.tell("INFO", f"Scheduler started {_span(self._since_ms, self._end_ms)}")
            while not self._stopping.is_set() and not self._round():
                self._pass(self._pause())
            with suppress(ConcurrentUse):  # what it has analysed is with the job, though it is not flushed
                self._flush()
        finally:
            self._source.close()
        self._job.tell("INFO", "Scheduler stopped")

    def _round(self) -> bool:
        """Read all there is at the moment, and say whether this was the end."""
        until_ms = self._until_ms()
        try:
            if self._pull(until_ms):
                self._note_data()
            if self._stopping.is_set():
                return False
            over = self._source.finite or (self._end_ms is not None and until_ms >= self._end_ms)
            if over or not self._looked_back or self._interval() > self._flushed_in:
                self._patiently(self._flush)
            if over:
                self._patiently(self._job.close)
                if self._stopping.is_set():
                    return False
        except (OSError, EngineError) as error:
            if isinstance(error, MissingJob | ProcessError) and not isinstance(error, ConcurrentUse):
                raise
            self._note_failure(error)
            return False
        self._note_success(over)
        return over

    def _pull(self, until_ms: int) -> bool:
        """Read, and say whether there was anything."""
        fed = False
        try:
            self._begin_anew()
            if not self._looked_back:
                self._begin()  # a job that is fed is open, though there may be nothing to feed it with as yet
            for batch in self._source.batches(self._next_ms(), until_ms):
                self._begin()
                if self._stopping.is_set():
                    break
                self._feed(batch)
                fed = True
            if self._upload is not None:
                self._taking(self._upload.finish)
        except Exception:
            self._broken = True
            raise
        finally:
            self._abort()
        return fed

    def _begin_anew(self) -> None:
        """After a failure, find out which rows of the batch that is tried again have been taken."""
        if self._broken:
            self._begin()
            self._abort()  # where an upload ends, the job knows what it has
            self._since_ms = self._next_ms()
            self._broken = False

    def _begin(self) -> None:
        """Have an upload, unless that is impossible until the stop."""
        if self._upload is None:
            self._upload = self._patiently(lambda: self._job.upload(self._since_ms, self._end_ms))
            self._fresh = True

    def _feed(self, batch: bytes) -> None:
        assert self._upload is not None, "it was begun"
        upload, data = self._upload, self._source.head + batch if self._fresh else batch
        self._fresh = False
        self._unflushed = True
        self._taking(lambda: upload.feed(data))

    def _taking(self, call: Callable[[], object]) -> None:
        """Go on after rows that the job will not have, however often it is sent them."""
        try:
            call()
        except TooManyJobsRunning:
            raise
        except UploadError as error:
            self._upload = None
            if str(error) != self._refusal:
                self._job.tell("ERROR", f"Rows are left out: {error}")
            self._refusal = str(error)

    def _abort(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.abort()

    def _flush(self) -> None:
        if self._unflushed:
            self._job.flush()
            self._unflushed = False
            self._flushed_in = self._interval()

    def _patiently(self, call: Callable[[], T]) -> T | None:
        """What a call returns once nobody else is using the job; None if that is not before the stop."""
        while not self._stopping.is_set():
            try:
                return call()
            except ConcurrentUse:
                self._pass(_BUSY)
        return None

    def _pass(self, seconds: float) -> None:
        if self._wait(seconds):
            self._stopping.set()

    def _pause(self) -> float:
        """Seconds until the next look."""
        every = self._source.every
        rest = every - (self._clock() - self._delay) % every
        return min(rest, PATIENCE) if self._failure else rest

    def _interval(self) -> int:
        """The number of the interval that it is now."""
        return int(self._clock() // self._frequency)

    def _until_ms(self) -> int:
        """Up to when there should be all rows by now."""
        every = self._source.every
        until_ms = int((self._clock() - self._delay) // every * every * 1000)
        return until_ms if self._end_ms is None else min(until_ms, self._end_ms)

    def _next_ms(self) -> int | None:
        """From when on rows are wanted."""
        latest_ms = self._job.latest_ms()
        wanted = [] if self._start_ms is None else [self._start_ms]
        return max(wanted + ([] if latest_ms is None else [latest_ms + 1]), default=None)

    def _note_data(self) -> None:
        self._fed_at = self._clock()
        if self._quiet:
            self._quiet = False
            self._job.tell("INFO", "There is data again")

    def _note_success(self, over: bool) -> None:
        if self._failure:
            self._failure = ""
            self._job.tell("INFO", "Scheduler has recovered")
        if over:
            self._job.tell("INFO", "Scheduler has read all that it was to, and the job is closed")
        elif not self._looked_back:
            self._looked_back = True
            self._job.tell("INFO", "Scheduler has looked back, and continues in real time")
        elif not self._quiet and self._clock() - self._fed_at >= QUIET * self._frequency:
            self._quiet = True
            self._job.tell("WARNING", f"There has been no data for {QUIET * self._frequency} seconds")

    def _note_failure(self, error: OSError | EngineError) -> None:
        of_source = isinstance(error, OSError | SchedulerError)
        failure = f"Data cannot be {'read' if of_source else 'analysed'}, and is tried again: {error}"
        if failure != self._failure:
            self._job.tell("ERROR", failure)
        self._failure = failure


def _span(start_ms: int | None, end_ms: int | None) -> str:
    start = "the earliest data" if start_ms is None else wire_time(start_ms)
    return f"from {start} {'in real time' if end_ms is None else f'to {wire_time(end_ms)}'}"
