"""The job that rows are pulled into, which is made where there is none."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tailmass.cli.complaint import DATA, USAGE, complain
from tailmass.cli.pull.enginejob import EngineJob
from tailmass.feeds import statefile

if TYPE_CHECKING:
    from tailmass.client import Client
    from tailmass.feeds.journal import Journal

BUCKET_SPAN = 300


class Progress(Protocol):
    """How far a pull is, on the disk."""

    job_id: str
    source: dict[str, Any]

    @property
    def begun(self) -> bool:
        """Whether the job may have rows of this pull."""

    def save(self) -> None:
        """Write it."""

    def remove(self) -> None:
        """Forget it."""


P = TypeVar("P", bound=Progress)


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go.

    Parameters
    ----------
    client : the server of the job
    kind : of what source it is, for a name where nobody gives one
    job_id : the job that was asked for, which may be there already
    config : the job to make if there is none; None if it has to be there
    rows : the `dataDescription` that a job needs for these rows; None if any will do
    """

    client: "Client"
    kind: str
    job_id: str | None
    config: dict[str, Any] | None
    rows: dict[str, str] | None = None

    def journal(self, path: Path | None, source: dict[str, Any], begin: Callable[[], int]) -> "Journal":
        """The journal of an earlier run of the same pull, or a new one; its job is there afterwards.

        Parameters
        ----------
        path : where it is; None is a file in the working directory, by the name of the job
        source : what tells this pull from others
        begin : says where to begin, if there is no journal
        """
        from tailmass.feeds.journal import Journal

        path = self.path(path)
        return self.progress(
            path, source, Journal.read(path), lambda name, before: Journal.new(path, name, source, begin(), before)
        )

    @contextmanager
    def alone(self, state: Path | None) -> Iterator[None]:
        """Be the only command with a journal, and the only one on this machine that pulls into the job asked for."""
        way_out = "wait for it, or stop it; another pull needs another --state and another job"
        with ExitStack() as stack:
            if state is not None:
                held = statefile.of_state(state)
                stack.enter_context(statefile.alone(held, f"another command pulls with {state}: {way_out}"))
            if self.given is not None:
                held = statefile.of_job(f"{self.client.address.host}:{self.client.address.port}", self.given)
                told = f"another command pulls into the job {self.given!r}: {way_out}"
                stack.enter_context(statefile.alone(held, told))
            yield

    @property
    def given(self) -> str | None:
        """The id that the job has by the command line."""
        return self.job_id or (self.config or {}).get("id")

    def path(self, path: Path | None) -> Path:
        """Where the journal is; None is a file in the working directory, by the name of the job."""
        return path or Path(f"{self.given or self.kind}.state")

    def progress(self, path: Path | None, source: dict[str, Any], there: P | None, new: Callable[[str, int], P]) -> P:
        """What there is of an earlier run of the same pull, or something new; its job is there afterwards.

        Parameters
        ----------
        path : where it is
        source : what tells this pull from others
        there : what there is of an earlier run
        new : makes it, told the id of the job and the rows that this has counted
        """
        journal = there
        if journal is None:
            journal = new(*self._begin())
        elif journal.source != source or self.given not in (None, journal.job_id):
            complain(f"{path} is of another pull: give another --state, or remove it", USAGE)
        if self.client.jobs.exists(journal.job_id):
            self._check(journal.job_id)
        else:
            self._make(journal, path)
        return journal

    def _begin(self) -> tuple[str, int]:
        """The id of the job, and how many rows it has."""
        name = self.given or f"{self.kind}-{datetime.now(UTC):%Y%m%d%H%M%S}"
        there = self.client.jobs.exists(name)
        if there and self.job_id is None:
            complain(f"there is a job {name!r} already: delete it, or send to it with --job-id {name}", DATA)
        before = EngineJob(self.client, name).counted() if there else 0
        return name, before

    def _make(self, journal: Progress, path: Path | None) -> None:
        from tailmass.errors import EngineError

        if journal.begun:
            complain(f"the job {journal.job_id!r} of {path} is gone: remove {path} to begin anew", DATA)
        if self.config is None:
            complain(
                f"there is no job {journal.job_id!r}: say with --job or --detector what to make of it"
                if self.job_id
                else "there is no job to send to: say with --detector what to look for, or name one with --job-id",
                USAGE,
            )
        # Written before the job is made, so that a job without a journal is somebody else's.
        journal.save()
        try:
            self.client.jobs.create({**self.config, "id": journal.job_id})
        except EngineError:
            journal.remove()
            raise

    def _check(self, job_id: str) -> None:
        """Exit if the job would not understand the rows."""
        there = self.client.jobs.get(job_id)["dataDescription"]
        if self.rows is not None and any(there.get(name) != value for name, value in self.rows.items()):
            complain(
                f"the job {job_id!r} does not read these rows: its 'dataDescription' would have to be "
                f"{json.dumps(self.rows)}",
                USAGE,
            )


def configuration(
    file: Path | None,
    detectors: Sequence[str] | None,
    bucket_span: int | None,
    rows: dict[str, str],
    *,
    usual: dict[str, Any] | None = None,
) -> dict[str, Any] | None:
    """The job that a command line describes; None if it describes none.

    Parameters
    ----------
    file : with the whole configuration; its `dataDescription` may be left out
    detectors, bucket_span : the same in short
    rows : the `dataDescription` that the rows need
    usual : the `analysisConfig` if nothing is said
    """
    from tailmass.jobs import grammar

    if file is not None and (detectors or bucket_span):
        complain(f"{file} is the whole job: leave out --detector and --bucket-span", USAGE)
    if file is not None:
        config = read(file)
        described = config.get("dataDescription", rows)
        if any(str(described.get(name)).upper() != value.upper() for name, value in rows.items()):
            raise ValueError(f"the 'dataDescription' of {file} is not that of these rows: leave it out")
        return {**config, "dataDescription": rows}
    if detectors:
        parsed = [grammar.detector(text).document() for text in detectors]
        return {
            "analysisConfig": {"bucketSpan": bucket_span or BUCKET_SPAN, "detectors": parsed},
            "dataDescription": rows,
        }
    if usual is None:
        return None
    span = {} if bucket_span is None else {"bucketSpan": bucket_span}
    return {"analysisConfig": {**usual, **span}, "dataDescription": rows}


def read(file: Path) -> dict[str, Any]:
    """The configuration of a job in a file."""
    try:
        config = json.loads(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file} is no JSON: {error}") from None
    if not isinstance(config, dict):
        raise ValueError(f"{file} is no configuration of a job: write an object with 'analysisConfig'")
    return config
