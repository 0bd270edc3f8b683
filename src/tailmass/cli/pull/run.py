"""From a source into a job, with what there is to tell of it, once or for as long as rows come in."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from tailmass.cli.complaint import DATA, USAGE, complain
from tailmass.cli.interrupt import INTERRUPTED, stoppable
from tailmass.cli.pull.enginejob import SILENCE, EngineJob
from tailmass.cli.pull.when import now_ms, shown

if TYPE_CHECKING:
    from tailmass.cli.pull.target import Target
    from tailmass.cli.pull.when import When
    from tailmass.client import Client
    from tailmass.feeds.journal import Journal, Place
    from tailmass.feeds.rows import Part, Span

_DAY_MS = 86_400_000
_PATIENCE = 10  # delays after which a row that was late will have come


class Source(Protocol):
    """Where rows come from; an OSError says that it may work again later, a ValueError that it never will."""

    def span(self) -> "Span | None":
        """The times that there are rows of; None if there are none."""

    def count(self, span: "Span") -> int | None:
        """How many rows of a time there are; None if that is hard to say."""

    def parts(self, span: "Span") -> "Iterator[Part]":
        """The rows of a time, always in the same order."""


def server(url: str | None, host: str, port: int, token: str | None) -> "Client":
    """The server of the job, by a URL or else by its parts."""
    from tailmass.client import Client

    return Client(url or f"{host}:{port}", token=token, timeout=SILENCE)


def run(source: Source, named: dict[str, Any], target: "Target", when: "When", state: Path | None) -> None:
    """Pull what was asked for, and close the job.

    Parameters
    ----------
    source : where from; it is not closed
    named : what tells this pull from others
    target, when : where to, and of which times
    state : the file of the journal; None has it named after the job
    """
    with stoppable(), target.alone(target.path(state)):
        journal = target.journal(state, named, lambda: _since(source, when))
        if when.start_ms is not None and journal.since_ms != when.start_ms:
            complain(f"{journal.path} is of a pull from {shown(journal.since_ms)} on: give another --state", USAGE)
        job = EngineJob(target.client, journal.job_id, live=when.realtime)
        try:
            if when.realtime:
                _follow(source, job, journal, when)
            else:
                _pull(source, job, journal, _until(source, when))
        except KeyboardInterrupt:
            if not when.realtime:
                complain(f"interrupted; the same command goes on, as {journal.path} says", INTERRUPTED)
        if not when.leave_open:
            job.close()
        _summary(job, journal)


def _since(source: Source, when: "When") -> int:
    """Where to begin if there is no journal: there, or on the day of the first row."""
    if when.begin_ms is not None:
        return when.begin_ms
    there = source.span()
    if there is None:
        complain("there are no rows: is this where they are?", DATA)
    return there.since_ms // _DAY_MS * _DAY_MS


def _until(source: Source, when: "When") -> int:
    """Where to end: there, or after the newest row; rows of tomorrow would make those of today late."""
    if when.end_ms is not None:
        return when.end_ms
    there, tomorrow = source.span(), (now_ms() // _DAY_MS + 1) * _DAY_MS
    return 0 if there is None else min(there.until_ms, tomorrow)


def _pull(source: Source, job: EngineJob, journal: "Journal", until_ms: int) -> None:
    """All rows until then."""
    from tailmass.feeds.pull import Pull
    from tailmass.feeds.rows import Span

    begin = journal.sent
    left = source.count(Span(begin.until_ms, until_ms)) if begin.until_ms < until_ms else 0
    with _drawn(begin, until_ms, None if left is None else begin.rows + left) as report:
        Pull(source, job, journal, report=report, complain=again).to(until_ms)


def _follow(source: Source, job: EngineJob, journal: "Journal", when: "When") -> None:
    """What comes in, for ever."""
    from tailmass.feeds.late import LateRows
    from tailmass.feeds.pull import Pull
    from tailmass.feeds.rows import Span

    pull, late = Pull(source, job, journal, complain=again, live=True), LateRows(source, _PATIENCE * when.delay * 1000)
    typer.echo(f"Pulling into the job {job.job_id} every {when.interval} s; Ctrl-C stops", err=True)
    try:
        while True:
            before = journal.sent
            pull.to(now_ms() - when.delay * 1000)
            rows = journal.sent.rows - before.rows
            late.note(Span(before.until_ms, journal.sent.until_ms), rows)
            if rows:
                typer.echo(f"{shown(journal.sent.until_ms)}  {rows:,} rows", err=True)
            with suppress(OSError):
                _tell_late(late.look(journal.sent.until_ms), when.delay)
            time.sleep(when.interval - time.time() % when.interval)
    finally:
        with suppress(OSError):
            _tell_late(late.look(), when.delay)


def _tell_late(rows: int, delay: int) -> None:
    if rows:
        typer.echo(f"{rows:,} rows came more than {delay} s after their time and are left out: raise --delay", err=True)


@contextmanager
def _drawn(start: "Place", until_ms: int, total: int | None) -> Iterator[Callable[["Place"], None]]:
    """A bar on a terminal, and a line for every day anywhere: rows, rows a second, and the time that is left."""
    begun, day, at = time.monotonic(), start.until_ms // _DAY_MS, start
    with bar() as (update, say):

        def report(place: "Place") -> None:
            nonlocal day, at
            spent, rows = max(time.monotonic() - begun, 1e-3), place.rows - start.rows
            if total is None:
                done = (place.until_ms - start.until_ms) / max(until_ms - start.until_ms, 1)
                left = timedelta(seconds=round(spent * (1 - done) / done)) if done > 0 else "?"
                told = f"{place.rows:,} rows"
            else:
                done = min(1.0, place.rows / max(total, 1))
                left = timedelta(seconds=round(max(0, total - place.rows) * spent / rows)) if rows else "?"
                told = f"{place.rows:,} of {total:,} rows"
            told = f"{told}  {rows / spent:,.0f} rows/s  {left} left"
            update(done, told)
            if place.until_ms // _DAY_MS > day and place.rows > at.rows:
                say(f"{shown(place.until_ms)}  {told}")
                day, at = place.until_ms // _DAY_MS, place

        yield report


@contextmanager
def bar() -> Iterator[tuple[Callable[[float, str], None], Callable[[str], None]]]:
    """A bar on a terminal: what moves it, to a share of 1 with something told, and what says a line, anywhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as drawn:
        task = drawn.add_task("", total=1.0)
        yield (
            lambda done, told: drawn.update(task, completed=done, description=told),
            lambda told: console.print(told, soft_wrap=True, markup=False),
        )


def again(error: OSError, pause: float) -> None:
    """Say what is tried again."""
    typer.echo(f"{error}; trying again in {pause:g} s", err=True)


def _summary(job: EngineJob, journal: "Journal") -> None:
    typer.echo(f"{journal.sent.rows:,} rows before {shown(journal.sent.until_ms)} are in the job {job.job_id}")
    tell_lost(job, "does the source sort by the 'timeField' of the job?")


def tell_lost(job: EngineJob, order: str) -> None:
    """Say how many rows the job made nothing of, and ask about the order that they came in."""
    if job.invalid:
        typer.echo(f"Of {job.invalid:,} rows the job could not read the time: look at its 'timeFormat'", err=True)
    if job.late:
        typer.echo(f"{job.late:,} rows were out of order: {order}", err=True)
