"""`tailmass pull prometheus`: what queries give in Prometheus."""

from contextlib import closing
from typing import Annotated

import typer

from tailmass.cli.complaint import DATA, USAGE, complaining
from tailmass.cli.connect import Token
from tailmass.cli.pull.options import (
    BucketSpan,
    Config,
    Delay,
    Detectors,
    End,
    Host,
    JobId,
    LeaveOpen,
    Port,
    Realtime,
    Start,
    State,
    Url,
)


def prometheus(
    address: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="Prometheus, or what speaks as it does, with user:password@ before the host if needed.",
        ),
    ],
    queries: Annotated[
        list[str],
        typer.Argument(metavar="QUERY...", help="PromQL; several, as NAME=QUERY, give rows with a field for each."),
    ],
    step: Annotated[int, typer.Option(min=1, metavar="SECONDS", help="From one value of a series to the next.")] = 60,
    bearer_token: Annotated[
        str | None,
        typer.Option(
            "--bearer-token", metavar="TOKEN", envvar="TAILMASS_PROMETHEUS_TOKEN", help="What to show Prometheus."
        ),
    ] = None,
    update_interval: Annotated[
        int | None,
        typer.Option(min=1, metavar="SECONDS", help="How often to ask in real time. [default: --step]"),
    ] = None,
    config: Config = None,
    detectors: Detectors = None,
    bucket_span: BucketSpan = None,
    job_id: JobId = None,
    url: Url = None,
    api_host: Host = "localhost",
    api_port: Port = 8080,
    token: Token = None,
    start_date: Start = None,
    end_date: End = None,
    realtime: Realtime = False,
    delay: Delay = 60,
    leave_open: LeaveOpen = False,
    state: State = None,
) -> None:
    """Pull what queries give in Prometheus into a job.

    There is a row for each time and series: 'timestamp', 'value', the labels, and 'series', which has all labels in
    one. Unless something else is said, the job learns the mean of every series, and the last two weeks are pulled. If
    it is ended, in any way, the same command goes on where it was: no row is sent twice, and none is left out.

    \b
    Examples:
      tailmass pull prometheus http://localhost:9090 'sum by (instance) (rate(http_requests_total[5m]))'
      tailmass pull prometheus http://localhost:9090 node_load1 --detector "high_mean(value) by instance" --realtime
      tailmass pull prometheus http://localhost:9090 'up=sum by (job) (up)' 'load=avg by (job) (node_load1)'

    Exit codes: 0 done, 2 wrong usage, 3 the rows cannot be read or the job does not take them, 130 interrupted.
    """
    from dataclasses import replace

    from tailmass.cli.pull.run import run, server
    from tailmass.cli.pull.target import BUCKET_SPAN, Target, configuration
    from tailmass.cli.pull.when import When, now_ms
    from tailmass.feeds.prometheus import SERIES, TIME, Prometheus, PrometheusServer, Query

    when = When.asked(
        start_date,
        end_date,
        realtime=realtime,
        interval=update_interval or step,
        delay=delay,
        leave_open=leave_open,
    )
    if when.end_ms is not None:  # later than now, Prometheus would still give the newest values
        when = replace(when, end_ms=min(when.end_ms, now_ms() - delay * 1000))
    rows = {"format": "JSON", "timeField": TIME, "timeFormat": "epoch"}
    with complaining(USAGE):
        asked = Query.parse(queries)
        usual = [{"function": "mean", "fieldName": query.name, "byFieldName": SERIES} for query in asked]
        whole_steps = -(-BUCKET_SPAN // step) * step  # or there would be buckets of more values than others
        span = bucket_span if config else bucket_span or whole_steps
        job = configuration(config, detectors, span, rows, usual={"detectors": usual})
        searched = PrometheusServer(address, token=bearer_token)
        target = Target(server(url, api_host, api_port, token), "prometheus", job_id, job, rows)
    source = Prometheus(searched, asked, step=step, delay=delay)
    named = {"url": searched.url, "queries": {query.name: query.text for query in asked}, "step": step}
    with complaining(DATA), closing(source):
        source.check()
        run(source, named, target, when, state)
