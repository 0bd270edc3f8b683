"""One upload into one job: bytes through a reader into the pipeline, results to whoever wants them."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Protocol

import numpy as np

from tailmass.columns import Columns
from tailmass.engine.acceptance import Acceptance
from tailmass.engine.pipeline import Pipeline
from tailmass.errors import AnalysisError, EngineError
from tailmass.intake.gunzip import Gunzip
from tailmass.intake.limits import USUAL, RecordLimits
from tailmass.intake.piece import Piece
from tailmass.intake.reader import reader
from tailmass.jobs import DataDescription
from tailmass.kernels.buckets import ADMITTED
from tailmass.results import Batch, Counts

log = logging.getLogger(__name__)

LARGE_BYTES = 1 << 20
"""From this size on, reading a chunk beside the analysis of the last one saves more than the thread costs."""
Deliver = Callable[[Batch], None]
"""Called with results as soon as there are any."""


class Taker(Protocol):
    """Takes the bytes of an upload."""

    @property
    def counts(self) -> Counts:
        """What has become of the rows so far."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes, cut anywhere."""

    def finish(self) -> None:
        """Come to the end of the data."""

    def stop(self) -> None:
        """Analyse what has been read, if there is any."""

    def close(self) -> None:
        """Let go of everything."""


class Discard:
    """The way of the rows that are not to be analysed: they are taken, and not even counted."""

    counts = Counts()

    def feed(self, data: bytes) -> None:
        """Let bytes go by."""

    def finish(self) -> None:
        """There is nothing to end."""

    def stop(self) -> None:
        """There is nothing left to analyse."""

    def close(self) -> None:
        """There is nothing to let go of."""


class Intake:
    """The rows of one upload on their way into a pipeline. Not for two threads at once.

    Parameters
    ----------
    pipeline : where the rows go
    description : what the data looks like
    deliver : called with the results, if only to note that the counts have changed
    gzipped : whether the bytes are compressed
    limits : how large single things in the data may be
    job_id : whose log has what is odd about the data
    keep : called with the rows that were taken in, if they are to be kept
    since_ms, until_ms : rows from before the one, or not from before the other, are passed over and not counted
    """

    def __init__(
        self,
        pipeline: Pipeline,
        description: DataDescription,
        deliver: Deliver,
        *,
        gzipped: bool = False,
        limits: RecordLimits = USUAL,
        job_id: str | None = None,
        keep: Callable[[Columns], None] | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
    ) -> None:
        self.counts = Counts()
        """Of this upload so far."""
        self._pipeline = pipeline
        self._deliver = deliver
        self._reader = reader(description, pipeline.fields, limits)
        self._job_id = job_id
        self._keep = keep
        self._gunzip = Gunzip() if gzipped else None
        self._acceptance = Acceptance()
        self._since_ms, self._until_ms = since_ms, until_ms
        self._begun = since_ms is None
        self._thread: ThreadPoolExecutor | None = None
        self._coming: Future[Collected] | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes, cut anywhere.

        Of a large chunk only the reading is over when the call returns; it is analysed while the next one is read. Of a
        small one, which may be the last for a while, all complete records are analysed at once.
        """
        # A little gzip can be a lot of data: it is read no faster than it is analysed.
        if len(data) < LARGE_BYTES or self._gunzip is not None:
            self._catch_up()
            for piece in self._read(data):
                self._take(piece)
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="read")
        coming = self._thread.submit(_collected, self._read(data))
        self._catch_up()
        self._coming = coming

    def finish(self) -> None:
        """The end of the data: what is left is a record, or was cut off."""
        self._catch_up()
        if self._gunzip is not None:
            self._gunzip.finish()
        for piece in self._reader.finish():
            self._take(piece)
        self._acceptance.finish()

    def stop(self) -> None:
        """Analyse what has been read, if there is any."""
        try:
            self._catch_up()
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the thread that reads."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None

    def _read(self, data: bytes) -> Iterator[Piece]:
        if self._gunzip is None:
            yield from self._reader.feed(data)
            if len(data) < LARGE_BYTES:
                yield from self._reader.complete()
            return
        pieces = self._gunzip.feed(data)
        while True:
            try:
                plain = next(pieces, None)
            except EngineError:
                yield from self._reader.complete()  # the records before a mistake in the compressed data
                raise
            if plain is None:
                break
            yield from self._reader.feed(plain)
        yield from self._reader.complete()

    def _catch_up(self) -> None:
        """Analyse what was read of the last large chunk."""
        if self._coming is None:
            return
        coming, self._coming = self._coming, None
        pieces, error = coming.result()
        for piece in pieces:
            self._take(piece)
        if error is not None:
            raise error

    def _take(self, piece: Piece) -> None:
        if piece.broken_count:  # the counts of the API have no place for them
            told = {"job": self._job_id}
            log.warning("%d records were skipped: their syntax is broken", piece.broken_count, extra=told)
        piece = self._wanted(piece)
        status, watermark = self._pipeline.admit(piece.columns)
        allowed, error = self._acceptance.look(status)
        if error is not None:
            piece = piece.head(allowed)
        batch, counts = self._pipeline.write(piece.columns, status[:allowed], watermark[:allowed])
        self.counts = self.counts + counts + self._pipeline.received(piece.input_bytes, piece.input_field_count)
        self._deliver(batch)
        admitted = status[:allowed] == ADMITTED
        if self._keep is not None and admitted.any():
            self._keep(piece.columns.take(admitted))
        if error is not None:
            raise error

    def _wanted(self, piece: Piece) -> Piece:
        """The records of the time that is asked for."""
        if self._since_ms is None and self._until_ms is None:
            return piece
        times, dated = piece.columns.times, piece.columns.dated
        wanted = np.ones(len(piece), np.bool_)
        if self._since_ms is not None:
            wanted &= times >= self._since_ms
        if self._until_ms is not None:
            wanted &= times < self._until_ms
        # Records whose time cannot be read are of the time that those around them are of: they were counted before, or
        # will be.
        begun = self._begun | (np.cumsum(wanted & dated) > 0)
        wanted = np.where(dated, wanted, begun)
        self._begun = self._begun or bool(wanted.any())
        return piece if wanted.all() else piece.only(wanted)


Collected = tuple[list[Piece], Exception | None]


def _collected(pieces: Iterator[Piece]) -> Collected:
    """The pieces, and what came after them: records before a mistake in the data are good ones."""
    good: list[Piece] = []
    try:
        good.extend(pieces)
    except Exception as error:
        return good, error
    return good, None


class Upload:
    """An upload as the engine gives it out: it holds its job until it ends, one way or another.

    Parameters
    ----------
    intake : where the bytes go
    keep_counts : makes the counts of the job available
    fail : called while an unforeseen exception is handled: the job cannot go on
    release : lets the job go
    """

    def __init__(
        self,
        intake: Taker,
        *,
        keep_counts: Callable[[], None],
        fail: Callable[[], None],
        release: Callable[[], None],
    ) -> None:
        self._intake = intake
        self._ended = False
        self._keep_counts = keep_counts
        self._fail = fail
        self._release = release

    @property
    def counts(self) -> Counts:
        """What has become of the rows of this upload so far, even if it was refused in the end."""
        return self._intake.counts

    def feed(self, data: bytes) -> None:
        """Analyse the next bytes, cut anywhere; an EngineError ends the upload, what was taken in before stays."""
        intake = self._running()
        with self._ending_on_error():
            intake.feed(data)

    def finish(self) -> Counts:
        """End the upload; what became of its rows."""
        intake = self._running()
        with self._ending_on_error():
            intake.finish()
        self.abort()
        return intake.counts

    def abort(self) -> None:
        """Let the job go, because there will be no more data; what was taken in stays. More than once does nothing."""
        if self._ended:
            return
        self._ended = True
        try:
            self._intake.stop()
        finally:
            try:
                self._keep_counts()
            finally:
                self._release()

    @contextmanager
    def _ending_on_error(self) -> Iterator[None]:
        try:
            yield
        except EngineError:
            with suppress(EngineError):  # the first error is the one to tell
                self.abort()
            raise
        except Exception as error:
            self._ended = True
            try:
                self._intake.close()
                self._fail()
            finally:
                self._release()
            raise AnalysisError("The analysis broke off: see the log of the server", cause=repr(error)) from error

    def _running(self) -> Taker:
        if self._ended:
            raise ValueError("this upload has ended: begin another one")
        return self._intake
