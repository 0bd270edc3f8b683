"""`tailmass pull elk`: what Elasticsearch or OpenSearch has."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from tailmass.cli.complaint import DATA, USAGE, complaining
from tailmass.cli.connect import Token
from tailmass.cli.pull.options import Delay, End, Host, Interval, JobId, LeaveOpen, Port, Realtime, Start, Url


def elk(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="File with the job and the search, JSON.")],
    es_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Elasticsearch or OpenSearch, with user:password@ before the host if needed."),
    ] = None,
    es_host: Host = "localhost",
    es_port: Port = 9200,
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
    job_id: JobId = None,
    url: Url = None,
    api_host: Host = "localhost",
    api_port: Port = 8080,
    token: Token = None,
    start_date: Start = None,
    end_date: End = None,
    realtime: Realtime = False,
    update_interval: Interval = 60,
    delay: Delay = 60,
    leave_open: LeaveOpen = False,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How far it is. [default: name of CONFIG, ending in .state]")
    ] = None,
) -> None:
    """Pull rows from Elasticsearch or OpenSearch into a job.

    Days are pulled one after the other, from the oldest row to the newest (at most to today) or as the options say, in
    the order of time. If it is ended, in any way, the same command goes on where it was: no row is sent twice, and none
    is left out.

    \b
    Examples:
      tailmass pull elk apache-access.json --start-date 2015-05-17 --end-date 2015-05-20
      tailmass pull elk web.json --es-url https://search.example:9200 --index "logs-web-*" --url http://localhost:8080
      tailmass pull elk web.json --start-date 2026-01-01 --realtime --update-interval 30

    Exit codes: 0 done, 2 wrong usage, 3 the rows cannot be read or the job does not take them, 130 interrupted.
    """
    from tailmass.cli.pull.run import run, server
    from tailmass.cli.pull.target import Target
    from tailmass.cli.pull.when import When
    from tailmass.feeds.elastic.config import ElkConfig
    from tailmass.feeds.elastic.server import ElasticServer
    from tailmass.feeds.elastic.source import Elastic

    when = When.asked(
        start_date, end_date, realtime=realtime, interval=update_interval, delay=delay, leave_open=leave_open
    )
    with complaining(USAGE):
        asked = ElkConfig.read(config, index=index)
        searched = ElasticServer(es_url or f"http://{es_host}:{es_port}", api_key=api_key)
        target = Target(server(url, api_host, api_port, token), "elk", job_id, asked.job)
    source = Elastic(searched, asked.indices, asked.search)
    named = {"url": searched.url, "index": asked.indices.pattern, "search": asked.search.document()}
    with complaining(DATA), closing(source):
        run(source, named, target, when, state or Path(f"{config.stem}.state"))
