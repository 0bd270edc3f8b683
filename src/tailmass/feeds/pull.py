"""From a source into a job, every row once, whatever breaks off in between."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Protocol

from tailmass.feeds.ahead import ahead
from tailmass.feeds.journal import Journal, Place
from tailmass.feeds.patience import PAUSES, Patience
from tailmass.feeds.rows import Part, Span

log = logging.getLogger(__name__)


class Source(Protocol):
    """Where rows come from; an OSError says that it may work again later.

    Its parts are read in another thread while those before are sent.
    """

    def parts(self, span: Span) -> Iterator[Part]:
        """The rows of a time, always in the same order."""


class Job(Protocol):
    """Where rows go; an OSError says that it may work again later."""

    def counted(self) -> int:
        """How many rows it has been given, once nothing is on its way."""

    def seen(self) -> int:
        """How many rows it has been given, as it says at the moment."""

    def send(self, rows: bytes) -> None:
        """Give it rows, as JSON, one a line, and wait until it has them."""

    def keep(self, until_ms: int) -> None:
        """Make safe what it has learnt; it has all rows before a time."""


class Pull:
    """Rows on their way from a source into a job.

    Parameters
    ----------
    source, job : from where to where
    journal : how far that is
    report : told the place whenever one is reached
    complain : told what is tried again, and in how many seconds
    live : whether this is real time: failures are borne for ever, and the job hears of silence too
    """

    def __init__(
        self,
        source: Source,
        job: Job,
        journal: Journal,
        *,
        report: Callable[[Place], None] = lambda place: None,
        complain: Callable[[OSError, float], None] = lambda error, pause: None,
        live: bool = False,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._source = source
        self._job = job
        self._journal = journal
        self._report = report
        self._live = live
        self._patience = Patience(complain, live=live, pauses=pauses)
        self._place: Place | None = None

    def to(self, until_ms: int) -> None:
        """Send all rows before a time that have not been sent, and make them safe."""
        while True:
            try:
                self._go(until_ms)
                return
            except OSError as error:
                # Something may have arrived all the same: the job is asked, as after a restart.
                self._place = None
                self._patience.wait(error)

    def _go(self, until_ms: int) -> None:
        skip = 0
        if self._place is None:
            self._place, skip = self._journal.locate(self._job.counted())
        for day in Span(self._place.until_ms, until_ms).days():
            with closing(ahead(self._source.parts(day))) as parts:
                for part in parts:
                    self._deliver(part, skip)
                    skip = max(0, skip - len(part.rows))
            self._reach(Place(self._place.rows, day.until_ms), skip)
            if skip:
                continue
            if (self._live and day.until_ms == until_ms) or self._journal.kept.rows != self._place.rows:
                self._job.keep(day.until_ms)
                self._journal.expect(self._job.seen(), self._place.rows)
            self._journal.keep()
        if skip:
            self._place = None  # what is left to pass over is found out anew

    def _deliver(self, part: Part, skip: int) -> None:
        assert self._place is not None
        place = Place(self._place.rows + len(part.rows), part.until_ms)
        if skip < len(part.rows):
            self._journal.expect(self._job.seen(), self._place.rows + skip)
            self._journal.begin(place)
            self._job.send(part.lines(skip))
        self._reach(place, max(0, skip - len(part.rows)))

    def _reach(self, place: Place, more: int) -> None:
        """Be at a place, after which the job has some more rows, or none."""
        if more:
            self._journal.pass_over(place)
        elif place != self._place:
            self._journal.reach(place)
        self._place = place
        self._patience.reset()
        self._report(place)
