"""`tailmass results`: what the jobs of a server have found."""

import sys
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailmass.cli.complaint import USAGE, complain
from tailmass.cli.connect import DEFAULT_URL, JobId, Token, Url, connected

if TYPE_CHECKING:
    from tailmass.cli.documents import Columns, Document, Pages
    from tailmass.client import Listing

results = typer.Typer(help="Read what the jobs of a server have found, and delete what is old.", no_args_is_help=True)

PAGE = 1000


class Form(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


Since = Annotated[str | None, typer.Option(metavar="TIME", help="From here on: ISO 8601, or seconds since 1970.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Until here, which is not included.")]
Interim = Annotated[bool, typer.Option("--interim", help="Those of incomplete buckets, too.")]
Sort = Annotated[str | None, typer.Option(metavar="FIELD", help="Field to sort by. [default: the score]")]
Ascending = Annotated[bool, typer.Option("--ascending", help="The smallest first.")]
Limit = Annotated[int, typer.Option(min=0, metavar="N", help="Most to read; 0 reads all.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is new, until Ctrl-C is pressed.")]
Every = Annotated[float, typer.Option(min=0.01, metavar="SECONDS", help="How often --follow asks for more.")]
Fields = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Fields to write, with commas, in this order. [default: all]")
]
AsForm = Annotated[
    Form | None, typer.Option("--format", help="How to write them. [default: what --output ends in, else table]")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there, not to stdout.")]
LeastScore = Annotated[float | None, typer.Option(min=0, max=100, metavar="SCORE", help="Lowest score, of 100.")]


@results.command()
def buckets(
    job_id: JobId,
    since: Since = None,
    until: Until = None,
    min_score: LeastScore = None,
    min_record_score: Annotated[
        float | None, typer.Option(min=0, max=100, metavar="SCORE", help="Lowest score of the worst record in it.")
    ] = None,
    records: Annotated[bool, typer.Option("--records", help="With their records, but not in tables.")] = False,
    interim: Interim = False,
    limit: Limit = 0,
    follow: Follow = False,
    every: Every = 10.0,
    fields: Fields = None,
    form: AsForm = None,
    output: Output = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Read the buckets of a job, in order of time.

    \b
    Examples:
      tailmass results buckets web --min-score 50
      tailmass results buckets web --since 2026-03-02T00:00:00Z --until 2026-03-03T00:00:00Z --format csv
      tailmass results buckets web --follow
      tailmass results buckets web --output buckets.parquet
    """
    from tailmass.cli.columns import BUCKETS

    with connected(url, token) as client:

        def listing(start: str | None) -> "Listing":
            return client.results.buckets(
                job_id,
                start=start,
                end=until,
                expand=records,
                include_interim=interim,
                anomaly_score=min_score,
                max_normalized_probability=min_record_score,
            )

        pages = _pages(listing, since, limit, follow=follow, every=every, interim=interim)
        _write(pages, BUCKETS, form, output, fields, follow=follow)


@results.command()
def records(
    job_id: JobId,
    since: Since = None,
    until: Until = None,
    min_score: LeastScore = None,
    min_bucket_score: Annotated[
        float | None, typer.Option(min=0, max=100, metavar="SCORE", help="Lowest score of their bucket.")
    ] = None,
    interim: Interim = False,
    sort: Sort = None,
    ascending: Ascending = False,
    limit: Limit = 0,
    follow: Follow = False,
    every: Every = 10.0,
    fields: Fields = None,
    form: AsForm = None,
    output: Output = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Read the records of a job: what was unusual, the most unusual first. With --follow in order of time.

    CSV has all fields that any of the records has, in the order of the alphabet, and JSON in cells that hold several
    values. Named by --fields, rows are written as they come; else they wait until the last of them is known.

    \b
    Examples:
      tailmass results records web --limit 20
      tailmass results records web --min-score 75 --format csv > records.csv
      tailmass results records web --format csv --fields timestamp,normalizedProbability,byFieldValue
      tailmass results records web --sort timestamp --ascending --format ndjson
    """
    from tailmass.cli.columns import RECORDS

    with connected(url, token) as client:

        def listing(start: str | None) -> "Listing":
            return client.results.records(
                job_id,
                start=start,
                end=until,
                include_interim=interim,
                **_order(sort, ascending=ascending, follow=follow),
                anomaly_score=min_bucket_score,
                normalized_probability=min_score,
            )

        pages = _pages(listing, since, limit, follow=follow, every=every, interim=interim)
        _write(pages, RECORDS, form, output, fields, follow=follow)


@results.command()
def influencers(
    job_id: JobId,
    since: Since = None,
    until: Until = None,
    min_score: LeastScore = None,
    interim: Interim = False,
    sort: Sort = None,
    ascending: Ascending = False,
    limit: Limit = 0,
    follow: Follow = False,
    every: Every = 10.0,
    fields: Fields = None,
    form: AsForm = None,
    output: Output = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Read the influencers of a job: who is to blame, the worst first. With --follow in order of time.

    \b
    Examples:
      tailmass results influencers web --min-score 50
      tailmass results influencers web --format csv > influencers.csv
    """
    from tailmass.cli.columns import INFLUENCERS

    with connected(url, token) as client:

        def listing(start: str | None) -> "Listing":
            return client.results.influencers(
                job_id,
                start=start,
                end=until,
                include_interim=interim,
                **_order(sort, ascending=ascending, follow=follow),
                anomaly_score=min_score,
            )

        pages = _pages(listing, since, limit, follow=follow, every=every, interim=interim)
        _write(pages, INFLUENCERS, form, output, fields, follow=follow)


@results.command()
def categories(
    job_id: JobId,
    limit: Limit = 0,
    fields: Fields = None,
    form: AsForm = None,
    output: Output = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Read the categories of messages that a job has found, in the order it found them.

    \b
    Example:
      tailmass results categories web
    """
    from tailmass.cli.columns import CATEGORIES

    with connected(url, token) as client:
        _write(_limited(client.results.categories(job_id), limit), CATEGORIES, form, output, fields)


@results.command()
def delete(
    job_id: JobId,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Buckets that start before: ISO 8601, or seconds since 1970.")
    ] = None,
    older_than: Annotated[int | None, typer.Option(min=0, metavar="DAYS", help="The same in days before now.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-f", help="Do not ask back.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Delete old results of a job: buckets with their records and influencers. What the job has learnt stays.

    A job that sets `resultsRetentionDays` has this done by the server every day.

    \b
    Examples:
      tailmass results delete web --older-than 90
      tailmass results delete web --until 2026-01-01T00:00:00Z --yes
    """
    from datetime import UTC, datetime, timedelta

    if (until is None) == (older_than is None):
        complain("say which results are to go: either --until or --older-than", USAGE)
    end: str | datetime = until if until is not None else datetime.now(UTC) - timedelta(days=older_than or 0)
    if not yes:
        if not sys.stdin.isatty():
            complain(f"the results of {job_id} before {end} would be gone for good: say --yes too", USAGE)
        typer.confirm(f"Delete the results of {job_id} before {end} for good?", abort=True, err=True)
    with connected(url, token) as client:
        typer.echo(f"{client.results.delete(job_id, end=end):,} buckets deleted")


def _order(sort: str | None, *, ascending: bool, follow: bool) -> dict[str, Any]:
    """The order to ask for; what is followed comes by time."""
    if not follow:
        return {"sort": sort, "desc": not ascending if sort or ascending else None}
    if sort or ascending:
        complain("--follow writes in order of time: leave out --sort and --ascending", USAGE)
    return {"sort": "timestamp", "desc": False}


def _pages(
    listing: "Callable[[str | None], Listing]",
    since: str | None,
    limit: int,
    *,
    follow: bool,
    every: float,
    interim: bool,
) -> "Pages":
    if not follow:
        return _limited(listing(since), limit)
    if interim:
        complain("--follow tells of a bucket once, when it is complete: leave out --interim", USAGE)
    return _cut(_followed(listing, since, every), limit)


def _followed(
    listing: "Callable[[str | None], Listing]", since: str | None, every: float
) -> "Iterator[dict[str, list[Document]]]":
    """The results there are, then every so often those after the newest of them, until Ctrl-C is pressed."""
    from datetime import datetime

    from tailmass.cli.interrupt import interrupt, waited

    with interrupt() as interrupted:
        while True:
            newest = None
            for page in listing(since).pages(PAGE):
                yield page
                newest = next((document["timestamp"] for document in reversed(page["documents"])), newest)
            if newest is not None:
                since = str(int(datetime.fromisoformat(newest).timestamp()) + 1)
            if not waited(interrupted, every):
                return


def _limited(listing: "Listing", limit: int) -> "Iterator[list[Document]]":
    return _cut(listing.pages(min(limit or PAGE, PAGE)), limit)


def _cut(pages: "Iterable[dict[str, Any]]", limit: int) -> "Iterator[list[Document]]":
    """The documents of pages, and no more of them than wanted."""
    left = limit or None
    for page in pages:
        documents = list(islice(page["documents"], left))
        yield documents
        if left is not None:
            left -= len(documents)
            if not left:
                return


def _write(
    pages: "Pages",
    columns: "Columns",
    form: Form | None,
    output: Path | None,
    fields: str | None,
    *,
    follow: bool = False,
) -> None:
    from tailmass.cli.documents import parquet, write
    from tailmass.cli.output import Format

    names = fields.split(",") if fields else []
    if form is None:
        ending = output.suffix.removeprefix(".") if output is not None else Form.TABLE
        if ending not in list(Form):
            complain(f"{output} does not say how to write it: give --format, or an ending such as .csv", USAGE)
        form = Form(ending)
    if follow and (form in (Form.PARQUET, Form.JSON) or (form is Form.CSV and not names)):
        way_out = "name the --fields" if form is Form.CSV else "take ndjson, csv or a table"
        complain(f"--follow does not end, and {form} has to know all first: {way_out}", USAGE)
    if form is Form.PARQUET and output is None:
        complain("Parquet is not for a terminal: give --output FILE", USAGE)
    # What the server refuses to answer leaves the file as it was.
    coming = iter(pages)
    pages = chain([next(coming, [])], coming)
    if output is None:
        write(pages, Format(form), columns, names)
    elif form is Form.PARQUET:
        parquet(pages, output, names)
    else:
        with output.open("w", newline="") as file:
            write(pages, Format(form), columns, names, file)
