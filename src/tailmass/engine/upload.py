"""One upload into one job: bytes through a reader into the pipeline, results to whoever wants them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tailmass.engine.acceptance import Acceptance
from tailmass.engine.pipeline import Pipeline
from tailmass.errors import AnalysisError, EngineError
from tailmass.intake.gunzip import Gunzip
from tailmass.intake.piece import Piece
from tailmass.intake.reader import reader
from tailmass.jobs import DataDescription
from tailmass.results import Batch, Counts

Deliver = Callable[[Batch], None]
"""Called with results as soon as there are any."""


class Intake:
    """The rows of one upload on their way into a pipeline. Not for two threads at once.

    Parameters
    ----------
    pipeline : where the rows go
    description : what the data looks like
    deliver : called with the results, if only to note that the counts have changed
    gzipped : whether the bytes are compressed
    """

    def __init__(
        self, pipeline: Pipeline, description: DataDescription, deliver: Deliver, *, gzipped: bool = False
    ) -> None:
        self.counts = Counts()
        """Of this upload so far."""
        self._pipeline = pipeline
        self._deliver = deliver
        self._reader = reader(description, pipeline.fields)
        self._gunzip = Gunzip() if gzipped else None
        self._acceptance = Acceptance()

    def read(self, data: bytes) -> Iterator[Piece]:
        """The records that are complete with the next bytes, cut anywhere; to be handed to `take` in order."""
        for plain in self._gunzip.feed(data) if self._gunzip is not None else [data]:
            yield from self._reader.feed(plain)

    def complete(self) -> Iterator[Piece]:
        """The records that are complete but too few to be worth a call, were more to follow at once."""
        yield from self._reader.complete()

    def rest(self) -> Iterator[Piece]:
        """The records that the end of the data makes complete; raises where it was cut off."""
        if self._gunzip is not None:
            self._gunzip.finish()
        yield from self._reader.finish()

    def take(self, piece: Piece) -> None:
        """Analyse some records; raises where too many of the upload's are unusable."""
        status, watermark = self._pipeline.admit(piece.columns)
        allowed, error = self._acceptance.look(status)
        if error is not None:
            piece = piece.head(allowed)
        batch, counts = self._pipeline.write(piece.columns, status[:allowed], watermark[:allowed])
        self.counts = self.counts + counts + self._pipeline.received(piece.input_bytes, piece.input_field_count)
        self._deliver(batch)
        if error is not None:
            raise error

    def feed(self, data: bytes) -> None:
        """Read and analyse the next bytes, up to the last complete record."""
        for piece in self.read(data):
            self.take(piece)
        for piece in self.complete():
            self.take(piece)

    def finish(self) -> None:
        """The end of the data."""
        for piece in self.rest():
            self.take(piece)
        self.accept()

    def accept(self) -> None:
        """Look at the upload as a whole; raises where too many of its rows were unusable."""
        self._acceptance.finish()


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
        intake: Intake,
        *,
        keep_counts: Callable[[], None],
        fail: Callable[[], None],
        release: Callable[[], None],
    ) -> None:
        self._intake: Intake | None = intake
        self._keep_counts = keep_counts
        self._fail = fail
        self._release = release

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
        if self._intake is None:
            return
        self._intake = None
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
            self._intake = None
            try:
                self._fail()
            finally:
                self._release()
            raise AnalysisError("The analysis broke off: see the log of the server", cause=repr(error)) from error

    def _running(self) -> Intake:
        if self._intake is None:
            raise ValueError("this upload has ended: begin another one")
        return self._intake
