"""From files or a pipe into a job, with what there is to tell of it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tailmass.cli.complaint import complain
from tailmass.cli.interrupt import INTERRUPTED, interrupt, stoppable
from tailmass.cli.pull.enginejob import EngineJob
from tailmass.cli.pull.run import again, bar, tell_lost

if TYPE_CHECKING:
    from tailmass.cli.pull.target import Target
    from tailmass.feeds.files.journal import Stretch
    from tailmass.feeds.files.locations import Found
    from tailmass.feeds.files.records import Records
    from tailmass.feeds.files.stdin import Stdin
    from tailmass.intake.fields import Fields
    from tailmass.jobs import DataDescription

STDIN = "-"


@dataclass(slots=True)
class Reading:
    """How files are read, and what was left out of them.

    Parameters
    ----------
    description : what their rows look like to the job
    time : the field of the time, and the transforms that make it
    form : makes what tells the records of one file apart
    """

    description: "DataDescription"
    time: "Fields"
    form: "Callable[[], Records]"
    forms: "list[Records]" = field(default_factory=list)

    def opened(self) -> "Records":
        """What tells the records of one file apart, to be asked for what it left out."""
        self.forms.append(self.form())
        return self.forms[-1]


def time_fields(document: dict[str, Any] | None, description: "DataDescription") -> "Fields":
    """The field of the time in such a job, and the transforms that may make it."""
    from tailmass.intake.fields import Fields
    from tailmass.jobs import Transform
    from tailmass.jobs.transforms import ordered

    steps = tuple(Transform.parse(each) for each in (document or {}).get("transforms") or ())
    return Fields(description.time_field, transforms=ordered(steps))


def run_files(
    found: "list[Found]",
    reading: Reading,
    paths: list[str],
    target: "Target",
    state: Path,
    *,
    leave_open: bool,
    left_out: Callable[[Reading], None],
) -> None:
    """Pull what files have and was not pulled before, and close the job.

    Parameters
    ----------
    found : what there is
    reading : how it is read
    paths : as they were asked for, which tell this pull from others
    target : where to
    state : the file of the journal
    leave_open : whether the job is not closed
    left_out : tells what was left out of the files
    """
    from tailmass.feeds.files.journal import FileJournal
    from tailmass.feeds.files.pull import FilePull
    from tailmass.feeds.files.source import Files
    from tailmass.feeds.patience import Patience

    with stoppable(), target.alone(state):
        looked = Files(found, reading.description, reading.time, reading.form)
        there = FileJournal.read(state)
        journal = target.progress(
            state,
            {"files": paths},
            there,
            lambda name, before: FileJournal(state, name, {"files": paths}, before, looked.stretches()),
        )
        if there is not None:
            journal.stretches = looked.brought_up_to_date(journal.stretches, lambda told: typer.echo(told, err=True))
        journal.save()
        job = EngineJob(target.client, journal.job_id)
        try:
            with bar() as (update, say):
                drawn = _Drawn(journal.stretches, update, say)
                files = Files(found, reading.description, reading.time, reading.opened, report=drawn.read)
                pull = FilePull(files, job, journal, Patience(again), report=drawn.rows, finished=drawn.finished)
                pull.run()
        except KeyboardInterrupt:
            typer.echo(f"Error: interrupted; the same command goes on, as {state} says", err=True)
            _end(job, leave_open=leave_open)
            raise typer.Exit(INTERRUPTED) from None
        _end(job, leave_open=leave_open)
        files_are = "1 file" if len(found) == 1 else f"{len(found):,} files"
        typer.echo(f"{journal.rows:,} rows of {files_are} are in the job {job.job_id}")
        tell_lost(job, "files are read in the order of their first rows; a 'latency' of the job bears with the rest")
        left_out(reading)


@contextmanager
def stdin() -> "Iterator[Stdin]":
    """What comes through a pipe, until Ctrl-C is pressed."""
    from tailmass.feeds.files.stdin import Stdin

    with interrupt() as interrupted:
        yield Stdin(sys.stdin.fileno(), interrupted)


def run_stdin(
    source: "Stdin", reading: Reading, target: "Target", *, leave_open: bool, left_out: Callable[[Reading], None]
) -> None:
    """Pull what comes through a pipe, until it ends or Ctrl-C is pressed, and close the job."""
    from tailmass.feeds.files.journal import FileJournal, Mark, Stretch
    from tailmass.feeds.files.pull import FilePull
    from tailmass.feeds.files.stdin import EVERY
    from tailmass.feeds.patience import Patience

    stretch = Stretch("stdin", 0, Mark(0, ""))
    with stoppable(), target.alone(None):
        journal = target.progress(None, {}, None, lambda name, before: FileJournal(None, name, {}, before, [stretch]))
        typer.echo(
            f"Reading stdin into the job {journal.job_id}; it cannot be read twice, so what was ended does not go on",
            err=True,
        )
        source.begin(reading.opened)
        job = EngineJob(target.client, journal.job_id)
        try:
            FilePull(source, job, journal, Patience(again), upload_seconds=EVERY).run()
        except KeyboardInterrupt:
            _end(job, leave_open=leave_open)
            complain("stopped", INTERRUPTED)
        _end(job, leave_open=leave_open)
        rows = "1 row of stdin is" if journal.rows == 1 else f"{journal.rows:,} rows of stdin are"
        typer.echo(f"{rows} in the job {job.job_id}")
        tell_lost(job, "a 'latency' of the job bears with them")
        left_out(reading)


def _end(job: EngineJob, *, leave_open: bool) -> None:
    if not leave_open:
        job.close()


class _Drawn:
    """What is seen of a pull: a bar on a terminal, and a line for files anywhere."""

    def __init__(
        self, stretches: "list[Stretch]", update: Callable[[float, str], None], say: Callable[[str], None]
    ) -> None:
        self._total = sum(stretch.size for stretch in stretches if stretch.rows is None)
        self._update = update
        self._say = say
        self._begun = time.monotonic()
        self._read = self._rows = self._told = 0
        self._first: int | None = None
        self._many = len(stretches) > 100

    def read(self, size: int) -> None:
        """Some more bytes of the files have been read."""
        self._read += size
        self._update(self._done, self._state())

    def rows(self, rows: int) -> None:
        """So many rows have been read."""
        self._first = rows if self._first is None else self._first
        self._rows = rows

    def finished(self, stretch: "Stretch", rows: int) -> None:
        """All of a file is in the job; of many files, a hundred are told of."""
        percent = int(100 * self._done)
        if not self._many or percent > self._told:
            self._told = percent
            self._say(f"{stretch.name}  {rows:,} rows  {self._state()}")

    @property
    def _done(self) -> float:
        return min(1.0, self._read / max(self._total, 1))

    def _state(self) -> str:
        spent = max(time.monotonic() - self._begun, 1e-3)
        left = timedelta(seconds=round(spent * (1 - self._done) / self._done)) if self._done else "?"
        return f"{(self._rows - (self._first or 0)) / spent:,.0f} rows/s  {left} left"


def one_or_files(paths: list[str]) -> bool:
    """Whether it is stdin that is asked for, which is nothing beside files."""
    if STDIN in paths and len(paths) > 1:
        raise ValueError("- is stdin, which is read alone: pull the files by another command")
    return paths == [STDIN]
