"""`tailmass push`: what a job has found into Elasticsearch or OpenSearch."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from tailmass.cli.complaint import DATA, USAGE, complain, complaining
from tailmass.cli.connect import DEFAULT_URL, JobId, Token, Url, connected
from tailmass.cli.interrupt import INTERRUPTED, stoppable
from tailmass.cli.pull.enginejob import passing
from tailmass.cli.pull.run import again
from tailmass.cli.pull.when import now_ms, shown
from tailmass.cli.results import Every, Follow, LeastScore

if TYPE_CHECKING:
    from tailmass.cli.progress import Report
    from tailmass.client import Client, Document
    from tailmass.feeds.elastic.sink import Place, ResultSink

Done = TypeVar("Done")

PAGE = 100  # buckets, each of which may have hundreds of records
_SILENCE = 60.0  # seconds after which a server that says nothing is not there


def push(
    job_id: JobId,
    es_url: Annotated[
        str,
        typer.Option(metavar="URL", help="Elasticsearch or OpenSearch, with user:password@ before the host if needed."),
    ] = "http://localhost:9200",
    api_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", envvar="TAILMASS_ES_API_KEY", help="API key of Elasticsearch."),
    ] = None,
    index: Annotated[
        str, typer.Option(metavar="NAME", help="What the names of the indices begin with.")
    ] = "tailmass-results",
    since: Annotated[
        str | None,
        typer.Option("--since", "--start", metavar="TIME", help="From here on: ISO 8601, or seconds since 1970."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", "--end", metavar="TIME", help="Until here, which is not included.")
    ] = None,
    min_score: LeastScore = None,
    follow: Follow = False,
    every: Every = 10.0,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Push what a job has found into Elasticsearch or OpenSearch, for Kibana or OpenSearch Dashboards.

    Buckets, records, influencers and categories have an index each. Pushed again they are there once, and those of the
    same time that the job has no more are removed. With --follow it goes on where it was, also after a restart.

    \b
    Examples:
      tailmass push web --es-url http://localhost:9200
      tailmass push web --min-score 25 --since 2026-03-01T00:00:00Z --index team-a
      tailmass push web --es-url https://search.example:9200 --follow --every 60

    Exit codes: 0 done, 2 no such job, or wrong usage, 3 a server does not answer or refuses, 130 interrupted.
    """
    from tailmass.feeds.elastic.server import ElasticServer
    from tailmass.feeds.elastic.sink import ResultSink
    from tailmass.results import parse_time

    if follow and until is not None:
        complain("--follow has no end: leave out --until", USAGE)
    with complaining(USAGE):
        server = ElasticServer(es_url, api_key=api_key, timeout=_SILENCE)
        sink = ResultSink(server, job_id, index=index, min_score=min_score or 0.0)
    with connected(_native(url), token, timeout=_SILENCE) as client, closing(sink), stoppable():
        since_ms, until_ms = (None if text is None else parse_time(text) for text in (since, until))
        pusher = Pusher(client, job_id, sink, live=follow)
        try:
            if follow:
                pusher.follow(since_ms, every)
            else:
                pusher.all(since_ms, until_ms)
        except KeyboardInterrupt:
            if not follow:
                complain("interrupted; the same command pushes all again, and nothing will be there twice", INTERRUPTED)
        pusher.summary()


class Pusher:
    """What a job has found, on its way.

    Parameters
    ----------
    client, job_id : where it comes from
    sink : where it goes
    live : whether it is waited for ever for servers that are away
    """

    def __init__(self, client: "Client", job_id: str, sink: "ResultSink", *, live: bool) -> None:
        from tailmass.feeds.patience import Patience

        self._client = client
        self._job_id = job_id
        self._sink = sink
        self._removed = 0
        self._newest: Document | None = None
        """The newest bucket that was read."""
        self._here = Patience(self._again, live=live)
        self._there = Patience(again, live=live)

    def all(self, since_ms: int | None, until_ms: int | None) -> None:
        """Push all results of a time, and remove those that are no more."""
        from tailmass.cli.progress import progress

        self._look()
        self._begin()
        with progress(f"pushing {self._job_id}", "buckets") as report:
            self._run(since_ms, until_ms, report)

    def follow(self, since_ms: int | None, every: float) -> NoReturn:
        """Push what there is, then what comes, for ever."""
        self._look()
        self._go_on(since_ms)
        typer.echo(f"Pushing the results of {self._job_id} every {every:g} s; Ctrl-C stops", err=True)
        while True:
            time.sleep(every)
            before = self._newest
            page = self._page(since_ms if before is None else _ms(before), None)["documents"]
            if before is not None and page[:1] != [before]:
                # The job was set back, or rows were replaced, and nobody knows since when.
                typer.echo("Results that were pushed have changed: all are pushed again", err=True)
                self._begin()
                self._run(since_ms, None)
            elif len(page) > (before is not None):
                fresh = self._go_on(since_ms)
                typer.echo(f"{shown(_ms(self._newest or page[-1]))}  {fresh:,} buckets", err=True)

    def summary(self) -> None:
        """Tell what was pushed; exits if not all of it was taken."""
        from tailmass.feeds.elastic.sink import Kind

        told = {kind: f"{self._sink.sent[kind]:,} {kind}" for kind in Kind}
        last = told.pop(Kind.CATEGORY)
        gone = f"; {self._removed:,} that are no more were removed" if self._removed else ""
        typer.echo(f"{', '.join(told.values())} and {last} of the job {self._job_id} -> {self._sink.indices}{gone}")
        if self._sink.refused:
            complain(f"{self._sink.refused:,} of these were refused", DATA)

    def _look(self) -> None:
        """Exit if there is no such job."""
        self._read(lambda: self._client.jobs.get(self._job_id))

    def _begin(self) -> "Place":
        return self._write(lambda: self._sink.begin(now_ms()))

    def _go_on(self, since_ms: int | None) -> int:
        """Push from where the indices end, or, if the job ends before, all of it; how many buckets are new."""
        place = self._begin()
        fresh = self._run(max((ms for ms in (since_ms, place.resume_ms) if ms is not None), default=None), None)
        if self._newest is None and place.newest_ms is not None:
            return self._run(since_ms, None)
        return fresh

    def _run(
        self, since_ms: int | None, until_ms: int | None, report: "Report" = lambda done, total, rows: None
    ) -> int:
        """Push all of a time, a page after the other, and remove what is no more; how many buckets are new."""
        from tailmass.feeds.elastic.sink import TIMED, Kind

        before, self._newest = self._newest, None
        refused, begin_ms, done, fresh = self._sink.refused, since_ms, 0, 0
        while buckets := (page := self._page(begin_ms, until_ms))["documents"]:
            self._write(lambda buckets=buckets: self._sink.write(buckets))  # type: ignore[misc]  # mypy does not infer a lambda with a default
            self._newest = buckets[-1]
            begin_ms = _ms(self._newest) + 1000
            done += len(buckets)
            fresh += sum(before is None or _ms(each) > _ms(before) for each in buckets)
            report(done, done - len(buckets) + page["hitCount"], done)
        categories = self._read(lambda: list(self._client.results.categories(self._job_id)))
        self._write(lambda: self._sink.write_categories(categories))
        self._removed += self._write(lambda: self._sink.remove(TIMED, since_ms, until_ms))
        self._removed += self._write(lambda: self._sink.remove([Kind.CATEGORY]))
        if self._sink.refused > refused:
            typer.echo(f"{self._sink.refused - refused:,} were refused, the last as {self._sink.refusal}", err=True)
        return fresh

    def _page(self, since_ms: int | None, until_ms: int | None) -> "Document":
        """The first buckets of a time, with all that is in them."""
        from tailmass.results import wire_time

        start, end = (None if ms is None else wire_time(ms) for ms in (since_ms, until_ms))
        listing = self._client.results.buckets(self._job_id, start=start, end=end, expand=True)
        return self._read(lambda: listing.page(take=PAGE))

    def _read(self, ask: Callable[[], Done]) -> Done:
        """Ask the server of the job."""

        def attempt() -> Done:
            with passing():
                return ask()

        return self._here(attempt)

    def _write(self, ask: Callable[[], Done]) -> Done:
        """Ask the other server; what it says goes out here, as it is not the server of the job that it is about."""
        with complaining(DATA):
            return self._there(ask)

    def _again(self, error: OSError, pause: float) -> None:
        again(OSError(f"no answer from the server of the job ({error.strerror or error})"), pause)


def _ms(bucket: "Document") -> int:
    """When a bucket begins."""
    return int(datetime.fromisoformat(bucket["timestamp"]).timestamp()) * 1000


def _native(url: str) -> str:
    """Where the server tells of results all that it knows, unless the URL says itself which version of the API to use.

    >>> _native("http://localhost:8080/"), _native("http://localhost:8080/engine/v2")
    ('http://localhost:8080/engine/v3', 'http://localhost:8080/engine/v2')
    """
    bare = url.rstrip("/")
    return bare if "/" in bare.rpartition("://")[2] else f"{bare}/engine/v3"
