"""From files into a job, every row once, whatever breaks off in between."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from tailmass.errors import EngineError
from tailmass.feeds.files.journal import FileJournal, Stretch
from tailmass.feeds.files.records import Run
from tailmass.feeds.files.source import Opened
from tailmass.feeds.patience import Patience

UPLOAD_SECONDS = 15.0
"""How long one upload takes, so that a job may be flushed between two of them."""
KEEP_SECONDS = 10.0
"""How much of the work a crash of the server may cost."""
UPLOAD_BYTES = 128 << 20
"""The same for both in bytes, as what came through a pipe is held until it is safe."""


class Source(Protocol):
    """Where stretches are."""

    def open(self, stretch: Stretch) -> Opened:
        """The rows of a stretch, the same every time."""

    def done(self, rows: int) -> None:
        """Be told that this many rows of all are safe, and never needed again."""


class Job(Protocol):
    """Where rows go; an OSError says that it may work again later."""

    def counted(self) -> int:
        """How many rows it has been given, once nothing is on its way."""

    def seen(self) -> int:
        """How many rows it has been given, as it says at the moment."""

    def send(self, rows: Iterable[bytes]) -> None:
        """Give it rows as they come, in its format, and wait until it has them."""

    def keep(self) -> None:
        """Make safe what it has learnt."""


class FilePull:
    """Rows on their way from files into a job.

    Parameters
    ----------
    source, job : from where to where
    journal : how far that is
    patience : what to do about failures that may pass
    report : told how many rows have been read
    finished : told a stretch, and how many rows it has, when all of it is in the job
    upload_seconds : how long rows may be on their way in one upload
    """

    def __init__(
        self,
        source: Source,
        job: Job,
        journal: FileJournal,
        patience: Patience,
        *,
        report: Callable[[int], None] = lambda rows: None,
        finished: Callable[[Stretch, int], None] = lambda stretch, rows: None,
        upload_seconds: float = UPLOAD_SECONDS,
    ) -> None:
        self._source = source
        self._job = job
        self._journal = journal
        self._patience = patience
        self._report = report
        self._finished = finished
        self._upload_seconds = upload_seconds
        self._kept = time.monotonic()
        self._loose = 0
        """Bytes that were sent since."""
        self._rows = 0
        """Rows that were acknowledged."""

    def run(self) -> None:
        """Send all rows that have not been sent, and make them safe."""
        while True:
            try:
                self._go()
                return
            except OSError as error:
                # Something may have arrived all the same: the job is asked, as after a restart.
                self._patience.wait(error)

    def _go(self) -> None:
        there = self._journal.locate(self._job.counted())
        self._rows, skip = 0, there
        self._report(there)
        for index, stretch in enumerate(self._journal.stretches):
            if stretch.rows is not None and skip >= stretch.rows:
                rows = stretch.rows
                self._rows += rows
            else:
                rows = self._through(index, stretch, skip)
            skip = max(0, skip - rows)
        if skip:
            raise self._journal.astray(there)
        if self._rows > there:
            self._keep()

    def _through(self, index: int, stretch: Stretch, skip: int) -> int:
        """Send a stretch but for the first rows; how many it has with them."""
        opened = self._source.open(stretch)
        if skip < opened.passed:
            raise ValueError(f"{opened.passed - skip:,} rows are lost: they came from stdin, and the job has lost them")
        before, size = self._rows, 0
        total = opened.passed

        def fresh() -> Iterator[Run]:
            nonlocal total, size
            left = skip - opened.passed
            for run, taken in opened.runs():
                size += taken
                total += len(run)
                passed = min(left, len(run))
                left -= passed
                self._report(before + max(skip, total))
                yield run.after(passed)

        rows = fresh()
        acknowledged = before + skip
        while (first := _next(rows)) is not None:
            self._journal.expect(self._job.seen(), acknowledged)
            try:
                broken = self._upload(opened, first, rows)
            except EngineError as error:
                error.message = f"{stretch.name}: {error.message}"
                raise
            self._patience.reset()
            if broken is not None:
                raise broken
            self._rows = acknowledged = before + total
            if time.monotonic() - self._kept > KEEP_SECONDS or self._loose >= UPLOAD_BYTES:
                self._keep()
        self._rows = before + total
        if stretch.rows is None and skip <= total:
            self._journal.finish(index, total, stretch.begin + size)
            self._finished(stretch, total)
        return total

    def _upload(self, opened: Opened, first: Run, rows: Iterator[Run]) -> Exception | None:
        """Send rows for some seconds; what kept more of them from being read, once those before it were sent."""
        due = time.monotonic() + self._upload_seconds
        broken: Exception | None = None

        def pieces() -> Iterator[bytes]:
            nonlocal broken
            yield opened.header + first.data
            try:
                while time.monotonic() < due and self._loose < UPLOAD_BYTES:
                    run = next(rows, None)
                    if run is None:
                        return
                    if len(run):
                        self._loose += len(run.data)
                        yield run.data
            except Exception as error:
                broken = error

        self._job.send(pieces())
        return broken

    def _keep(self) -> None:
        self._job.keep()
        self._journal.expect(self._job.seen(), self._rows)
        self._source.done(self._rows)
        self._kept, self._loose = time.monotonic(), 0


def _next(rows: Iterator[Run]) -> Run | None:
    """The next rows, if there are any more."""
    return next((run for run in rows if len(run)), None)
