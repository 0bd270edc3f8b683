"""`tailmass elk`: what Elasticsearch or OpenSearch has, into a job."""

import json
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailmass.cli.complaint import DATA, USAGE, complain, complaining

if TYPE_CHECKING:
    from tailmass.client import Client
    from tailmass.feeds.elastic import Elastic
    from tailmass.feeds.elkconfig import ElkConfig
    from tailmass.feeds.journal import Journal, Place

_INTERRUPTED = 130
_SILENCE = 600.0  # seconds after which the server of the job is asked what it has, and given the rest


def elk(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="File with the job and the search, JSON.")],
    es_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Elasticsearch or OpenSearch, with user:password@ before the host if needed."),
    ] = None,
    es_host: Annotated[str, typer.Option(metavar="HOST", help="The same, without a URL.")] = "localhost",
    es_port: Annotated[int, typer.Option(metavar="PORT")] = 9200,
    api_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", envvar="TAILMASS_ES_API_KEY", help="API key of Elasticsearch."),
    ] = None,
    index: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Indices or a data stream; * and, for a day, %Y.%m.%d may be in it. [default: logstash-%Y.%m.%d]",
        ),
    ] = None,
    start_date: Annotated[
        datetime | None,
        typer.Option(
            "--start-date",
            "--start_date",
            metavar="YYYY-MM-DD",
            formats=["%Y-%m-%d"],
            help="First day, UTC. [default: that of the oldest row]",
        ),
    ] = None,
    end_date: Annotated[
        datetime | None,
        typer.Option(
            "--end-date",
            "--end_date",
            metavar="YYYY-MM-DD",
            formats=["%Y-%m-%d"],
            help="Last day. [default: that of the newest row, at most today]",
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", envvar="TAILMASS_URL", help="The server of the job.")
    ] = None,
    api_host: Annotated[str, typer.Option(metavar="HOST", help="The same, without a URL.")] = "localhost",
    api_port: Annotated[int, typer.Option(metavar="PORT")] = 8080,
    job_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Send to this job, which exists, instead of a new one.")
    ] = None,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Go on with what comes in, until Ctrl-C; without a start, from now on.")
    ] = False,
    update_interval: Annotated[int, typer.Option(min=1, metavar="SECONDS", help="How often to ask in real time.")] = 60,
    delay: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="How far behind real time, for rows to have been indexed.")
    ] = 60,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How far it is. [default: name of CONFIG, ending in .state]")
    ] = None,
) -> None:
    """Pull rows from Elasticsearch or OpenSearch into a job.

    Days are pulled one after the other, in the order of time. If it is ended, in any way, the same command goes on
    where it was: no row is sent twice, and none is left out.

    \b
    Examples:
      tailmass elk apache-access.json --start-date 2015-05-17 --end-date 2015-05-20
      tailmass elk web.json --es-url https://search.example:9200 --index "logs-web-*" --url http://localhost:8080
      tailmass elk web.json --start-date 2026-01-01 --realtime --update-interval 30

    Exit codes: 0 done, 2 wrong usage, 3 the rows cannot be read or the job does not take them, 130 interrupted.
    """
    if realtime and end_date is not None:
        complain("--realtime has no end: leave out --end-date", USAGE)
    if start_date is not None and end_date is not None and end_date < start_date:
        complain(f"--end-date {end_date:%Y-%m-%d} is before --start-date {start_date:%Y-%m-%d}", USAGE)
    with complaining(USAGE):
        from tailmass.client import Client
        from tailmass.feeds.elastic import Elastic
        from tailmass.feeds.elkconfig import ElkConfig

        asked = ElkConfig.read(config, index=index)
        source = Elastic(es_url or f"http://{es_host}:{es_port}", asked.indices, asked.search, api_key=api_key)
        client = Client(url or f"{api_host}:{api_port}", timeout=_SILENCE)
    with complaining(DATA), closing(source), _stoppable():
        started = _now_ms() - (update_interval + delay) * 1000 if realtime else None
        begin = partial(_since, source, _ms(start_date) if start_date else started)
        journal = _journal(state or Path(f"{config.stem}.state"), asked, source.url, client, job_id, begin)
        if start_date is not None and journal.since_ms != _ms(start_date):
            complain(f"{journal.path} is of a pull from {_time(journal.since_ms)} on: give another --state", USAGE)
        job = EngineJob(client, journal.job_id, live=realtime)
        try:
            if realtime:
                _follow(source, job, journal, update_interval, delay)
            else:
                _pull(source, job, journal, _until(source, end_date))
        except KeyboardInterrupt:
            if not realtime:
                complain(f"interrupted; the same command goes on, as {journal.path} says", _INTERRUPTED)
        job.close()
        _summary(job, journal)


class EngineJob:
    """A job of a server, as a pull wants it."""

    def __init__(self, client: "Client", job_id: str, *, live: bool = False) -> None:
        self.job_id = job_id
        self._client = client
        self._live = live
        self.invalid = 0
        """Rows of which the job could not read the time."""
        self.late = 0
        """Rows that came too late for the job."""

    def counted(self) -> int:
        """How many rows it has been given, once nothing is on its way."""
        with _passing():
            self._client.data.flush(self.job_id)  # while an upload that was broken off is still analysed, this fails
            return int(self._client.jobs.get(self.job_id)["counts"]["inputRecordCount"])

    def send(self, rows: Sequence[dict[str, Any]]) -> None:
        """Give it rows, and wait until it has them."""
        lines = "".join(f"{json.dumps(row, separators=(',', ':'))}\n" for row in rows)
        with _passing():
            counts = self._client.data.upload(self.job_id, lines)
        self.invalid += counts.get("invalidDateCount", 0)
        self.late += counts.get("outOfOrderTimeStampCount", 0)

    def keep(self, until_ms: int) -> None:
        """Make safe what it has learnt; in real time also tell how late it is, and have the open bucket looked at."""
        advance = until_ms // 1000 if self._live else None
        with _passing():
            self._client.data.flush(self.job_id, calc_interim=self._live, advance_time=advance)

    def close(self) -> None:
        """Let it rest; it may take a moment to let go of an upload that was broken off."""
        from tailmass.errors import ConcurrentUse

        for _ in range(20):
            try:
                return self._client.data.close(self.job_id)
            except ConcurrentUse:
                time.sleep(0.5)
        return self._client.data.close(self.job_id)


@contextmanager
def _passing() -> Iterator[None]:
    """What a server refuses only for now is an OSError, as what keeps a request from arriving."""
    from http.client import HTTPException

    from tailmass.errors import ConcurrentUse, DataStoreError, TooManyJobsRunning, UnknownError

    try:
        yield
    except (ConcurrentUse, DataStoreError, TooManyJobsRunning, UnknownError) as error:
        raise OSError(error.message) from error
    except HTTPException as error:
        raise OSError(f"the server of the job broke off ({error!r})") from error


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM, by which services are stopped, do what Ctrl-C does."""

    def stop(signal_number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _since(source: "Elastic", start_ms: int | None) -> int:
    """Where to begin if there is no journal: there, or at the first row."""
    from tailmass.feeds.rows import DAY_MS

    if start_ms is not None:
        return start_ms
    there = source.span()
    if there is None:
        complain(f"{source.url} has no rows of this search: look at --index and 'search'", DATA)
    return there.since_ms // DAY_MS * DAY_MS


def _until(source: "Elastic", end: datetime | None) -> int:
    """Where to end: after a day, or after the newest row; rows of tomorrow would make those of today late."""
    if end is not None:
        return _ms(end + timedelta(days=1))
    there, tomorrow = source.span(), _ms(datetime.combine(datetime.now(UTC), datetime.min.time()) + timedelta(days=1))
    return 0 if there is None else min(there.until_ms, tomorrow)


def _journal(
    path: Path, asked: "ElkConfig", url: str, client: "Client", job_id: str | None, begin: Callable[[], int]
) -> "Journal":
    """The journal of an earlier run of the same pull, or a new one; its job is there afterwards."""
    from tailmass.errors import EngineError
    from tailmass.feeds.journal import Journal

    source = {"url": url, "index": asked.indices.pattern, "search": asked.search.document()}
    given = job_id or asked.job.get("id")
    journal = Journal.read(path)
    if journal is None:
        name = given or f"elk-{datetime.now(UTC):%Y%m%d%H%M%S}"
        if job_id is None and client.jobs.exists(name):
            complain(f"there is a job {name!r} already: delete it, or send to it with --job-id {name}", DATA)
        before = 0 if job_id is None else EngineJob(client, name).counted()
        journal = Journal.new(path, name, source, begin(), before)
    elif journal.source != source or given not in (None, journal.job_id):
        complain(f"{path} is of another pull: give another --state, or remove it", USAGE)
    if job_id is None and not client.jobs.exists(journal.job_id):
        if journal.sent.rows:
            complain(f"the job {journal.job_id!r} of {path} is gone: remove {path} to pull into a new one", DATA)
        # Written before the job is made, so that a job without a journal is somebody else's.
        journal.save()
        try:
            client.jobs.create({**asked.job, "id": journal.job_id})
        except EngineError:
            path.unlink()
            raise
    return journal


def _pull(source: "Elastic", job: EngineJob, journal: "Journal", until_ms: int) -> None:
    """All days until then, with what there is to tell of them."""
    from tailmass.feeds.pull import Pull
    from tailmass.feeds.rows import Span

    begin = journal.sent.until_ms
    left = source.count(Span(begin, until_ms)) if begin < until_ms else 0
    with _drawn(journal.sent, journal.sent.rows + left) as report:
        Pull(source, job, journal, report=report, complain=_again).to(until_ms)


def _follow(source: "Elastic", job: EngineJob, journal: "Journal", interval: int, delay: int) -> None:
    """What comes in, for ever."""
    from tailmass.feeds.pull import Pull

    pull = Pull(source, job, journal, complain=_again, live=True)
    typer.echo(f"Pulling into the job {job.job_id} every {interval} s; Ctrl-C stops", err=True)
    while True:
        before = journal.sent.rows
        pull.to(_now_ms() - delay * 1000)
        if journal.sent.rows > before:
            typer.echo(f"{_time(journal.sent.until_ms)}  {journal.sent.rows - before:,} rows", err=True)
        time.sleep(interval - time.time() % interval)


@contextmanager
def _drawn(start: "Place", total: int) -> Iterator[Callable[["Place"], None]]:
    """A bar on a terminal, and a line for every day anywhere: rows, rows a second, and the time that is left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from tailmass.feeds.rows import DAY_MS

    begun, day, at = time.monotonic(), start.until_ms // DAY_MS, start
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=max(total, 1), completed=start.rows)

        def report(place: "Place") -> None:
            nonlocal day, at
            rate = (place.rows - start.rows) / max(time.monotonic() - begun, 1e-3)
            left = timedelta(seconds=round(max(0, total - place.rows) / rate)) if rate > 0 else "?"
            told = f"{place.rows:,} of {total:,} rows  {rate:,.0f} rows/s  {left} left"
            bar.update(task, completed=place.rows, description=told)
            if place.until_ms // DAY_MS > day and place.rows > at.rows:
                bar.console.print(f"{_time(place.until_ms)}  {told}", soft_wrap=True)
                day, at = place.until_ms // DAY_MS, place

        yield report


def _again(error: OSError, pause: float) -> None:
    typer.echo(f"{error}; trying again in {pause:g} s", err=True)


def _summary(job: EngineJob, journal: "Journal") -> None:
    typer.echo(f"{journal.sent.rows:,} rows before {_time(journal.sent.until_ms)} are in the job {job.job_id}")
    if job.invalid:
        typer.echo(f"Of {job.invalid:,} rows the job could not read the time: look at its 'timeFormat'", err=True)
    if job.late:
        typer.echo(f"{job.late:,} rows were out of order: is 'search' sorted by the 'timeField' of the job?", err=True)


def _ms(day: datetime) -> int:
    return int(day.replace(tzinfo=UTC).timestamp() * 1000)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
