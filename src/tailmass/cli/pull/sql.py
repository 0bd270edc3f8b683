"""`tailmass pull sql`: what is in a database."""

from contextlib import closing
from enum import StrEnum
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
    Interval,
    JobId,
    LeaveOpen,
    Port,
    Realtime,
    Start,
    State,
    Url,
)


class Unit(StrEnum):
    """What times that are numbers count."""

    S = "s"
    MS = "ms"
    US = "us"


def sql(
    database: Annotated[
        str,
        typer.Argument(
            metavar="DATABASE", help="As in postgresql://me@host/shop, mysql://me@host/shop or sqlite:///shop.db."
        ),
    ],
    rows: Annotated[str, typer.Argument(metavar="QUERY", help="What to read: a query, or the name of a table.")],
    time_column: Annotated[
        str, typer.Option(metavar="NAME", help="The column with the times, best one with an index.")
    ] = "time",
    time_unit: Annotated[
        Unit | None, typer.Option(help="What times that are numbers count since 1970. [default: a guess]")
    ] = None,
    time_zone: Annotated[
        str, typer.Option(metavar="NAME", help="Whose clocks show times without a zone, as in Europe/Berlin.")
    ] = "UTC",
    password: Annotated[
        str | None, typer.Option(metavar="TEXT", envvar="TAILMASS_SQL_PASSWORD", help="Password of the database.")
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
    update_interval: Interval = 60,
    delay: Delay = 60,
    leave_open: LeaveOpen = False,
    state: State = None,
) -> None:
    """Pull rows from a table or a query of a database into a job.

    PostgreSQL, MySQL, MariaDB and SQLite are read, and whatever else SQLAlchemy has a driver for. Days are pulled one
    after the other, from the oldest row to the newest (at most to today) or as the options say, in the order of time.
    If it is ended, in any way, the same command goes on where it was: no row is sent twice, and none is left out.

    \b
    Examples:
      tailmass pull sql sqlite:///shop.db orders --time-column placed --detector "sum(price) by country"
      tailmass pull sql postgresql://me@db.example/shop "SELECT placed, price FROM orders WHERE price > 0" \\
        --time-column placed --detector "high_mean(price)" --start-date 2026-01-01 --realtime
      tailmass pull sql mysql://me@db.example/shop orders --time-column placed --job orders.json --job-id orders

    Exit codes: 0 done, 2 wrong usage, 3 the rows cannot be read or the job does not take them, 130 interrupted.
    """
    from tailmass.cli.pull.run import run, server
    from tailmass.cli.pull.target import Target, configuration
    from tailmass.cli.pull.when import When
    from tailmass.feeds.sql.database import Database
    from tailmass.feeds.sql.source import Sql
    from tailmass.feeds.sql.times import zone

    when = When.asked(
        start_date, end_date, realtime=realtime, interval=update_interval, delay=delay, leave_open=leave_open
    )
    described = {"format": "JSON", "timeField": time_column, "timeFormat": "epoch_ms"}
    with complaining(USAGE):
        clocks = zone(time_zone)
        job = configuration(config, detectors, bucket_span, described)
        asked = Database(database, password=password)
        target = Target(server(url, api_host, api_port, token), "sql", job_id, job, described)
    source = Sql(asked, rows, time_column, unit=time_unit, zone=clocks)
    named = {"url": asked.shown, "rows": rows, "time": time_column, "unit": time_unit, "zone": time_zone}
    with complaining(DATA), closing(source):
        run(source, named, target, when, state)
