"""`tailmass pull files`: CSV, JSON, lines and Parquet."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailmass.cli.complaint import DATA, USAGE, complain, complaining
from tailmass.cli.connect import Token
from tailmass.cli.pull.options import (
    BucketSpan,
    Config,
    Detectors,
    Endpoint,
    HadoopUser,
    Host,
    JobId,
    LeaveOpen,
    Paths,
    Port,
    State,
    Url,
)

if TYPE_CHECKING:
    from tailmass.cli.pull.filerun import Reading
    from tailmass.feeds.files.locations import Found
    from tailmass.feeds.files.source import Head


def files(
    paths: Paths,
    time_field: Annotated[str | None, typer.Option(metavar="NAME", help="Column of times. [default: guessed]")] = None,
    time_format: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="epoch, epoch_ms or a Java date pattern. [default: guessed]"),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="DELIMITED or JSON. [default: guessed]")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(metavar="CHARACTER", help="Between columns; \\t for TAB. [default: guessed]")
    ] = None,
    endpoint_url: Endpoint = None,
    hadoop_user: HadoopUser = None,
    config: Config = None,
    detectors: Detectors = None,
    bucket_span: BucketSpan = None,
    job_id: JobId = None,
    url: Url = None,
    api_host: Host = "localhost",
    api_port: Port = 8080,
    token: Token = None,
    leave_open: LeaveOpen = False,
    state: State = None,
) -> None:
    """Pull the rows of CSV, NDJSON, JSON or Parquet files into a job.

    Files may be compressed (gzip, bzip2, xz, Zstandard). They are read in the order of their first rows. What they look
    like is said by the job, if there is one, by its configuration, or else guessed from the first of them.

    If it is ended, in any way, the same command goes on where it was: no row is sent twice, and none is left out. What
    has been added to the files since is sent too.

    \b
    Examples:
      tailmass pull files orders.csv --detector "mean(amount) by region"
      tailmass pull files 'logs/**/*.csv.gz' --job job.json --url http://localhost:8080
      tailmass pull files 's3://bucket/2026/*.parquet' --job-id orders
      tailmass pull files webhdfs://namenode:9870/orders --job-id orders
      some-program | tailmass pull files - --job-id orders

    Exit codes: 0 done, 2 wrong usage, 3 the files cannot be read or the job does not take them, 130 interrupted.
    """
    from tailmass.cli.pull.filerun import Reading, one_or_files, run_files, run_stdin, stdin, time_fields
    from tailmass.cli.pull.run import server
    from tailmass.cli.pull.target import Target, configuration, read
    from tailmass.feeds.files.journal import FileJournal
    from tailmass.feeds.files.locations import Found, found, location
    from tailmass.feeds.files.records import records
    from tailmass.feeds.files.source import Head, head
    from tailmass.jobs import DataDescription

    said = {
        "time_field": time_field,
        "time_format": time_format,
        "format": form,
        "delimiter": None if delimiter is None else delimiter.replace("\\t", "\t"),
    }
    with complaining(USAGE):
        piped = one_or_files(paths)
        client = server(url, api_host, api_port, token)
        written = None if config is None else read(config)
        given = job_id or (written or {}).get("id")
        path = state or Path(f"{given or 'files'}.state")

    def prepared(start: Head, file: Found | None) -> "tuple[Target, Reading]":
        """Where to, and how to read what begins like this."""
        name = given
        if name is None and not piped and (journal := FileJournal.read(path)) is not None:
            name = journal.job_id
        there = client.jobs.get(name) if name is not None and client.jobs.exists(name) else None
        described = (there or written or {}).get("dataDescription")
        if described is None:
            with complaining(USAGE):
                described = guessed(start, file, said)
        description = DataDescription.parse(described)
        time = time_fields(there or written, description)
        _check(start, description, time.source.time, file.name if file else "stdin")
        with complaining(USAGE):
            rows: dict[str, str] = (written or {}).get("dataDescription") or described
            target = Target(client, "files", job_id, configuration(config, detectors, bucket_span, rows))
        return target, Reading(description, time, lambda: records(description))

    with complaining(DATA):
        if piped:
            with stdin() as source:
                target, reading = prepared(source.head(), None)
                run_stdin(source, reading, target, leave_open=leave_open, left_out=_tell_broken)
            return
        there = found([location(each, endpoint_url=endpoint_url, hadoop_user=hadoop_user) for each in paths])
        start, first = next(((start, file) for file in there if (start := head(file)).data), (head(there[0]), there[0]))
        target, reading = prepared(start, first)
        run_files(there, reading, paths, target, path, leave_open=leave_open, left_out=_tell_broken)


def guessed(start: "Head", file: "Found | None", said: dict[str, str | None]) -> dict[str, str]:
    """The `dataDescription` of a file that begins like this, but for what was said; why is told."""
    from tailmass.feeds.files.source import here
    from tailmass.intake.profile import profile_path

    guessing: dict[str, Any] = dict(said)
    name = "stdin" if file is None else file.name
    if not start.data:
        complain(f"{name} is empty: there is nothing to guess from; say what it is like with --job", DATA)
    if start.parquet:
        assert file is not None
        with here(file) as path:
            profile = profile_path(path, **guessing)
    else:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / Path(name).name
            whole = start.whole or b"\n" not in start.data
            copy.write_bytes(start.data if whole else start.data[: start.data.rindex(b"\n") + 1])
            profile = profile_path(copy, **guessing)
    for reason in profile.reasons:
        if not reason.startswith("bucket_span"):
            typer.echo(f"guessed {reason}", err=True)
    described = {
        "format": "JSON" if profile.format == "JSON" else "DELIMITED",
        "timeField": profile.time_field,
        "timeFormat": profile.time_format,
    }
    if described["format"] == "DELIMITED":
        described |= {"fieldDelimiter": profile.delimiter, "quoteCharacter": profile.quote}
    return described


def _check(start: "Head", description: Any, time: str | None, name: str) -> None:
    """Exit if a job that is described so would not understand a file that begins like this."""
    import csv

    from tailmass.intake.head import format_of

    text = start.data.decode("utf-8-sig", "replace")
    if start.parquet or not text.strip() or description.format == "SINGLE_LINE":
        return
    looks = format_of(text, None, [])
    if description.format != looks:
        complain(
            f"the job reads {description.format}, and {name} looks like {looks}: send it to another job, or say what "
            "it is in the 'dataDescription'",
            USAGE,
        )
    if looks == "DELIMITED" and time is not None:
        mark = description.field_delimiter
        lines = (line for line in text.splitlines() if line)
        header = next(csv.reader(lines, delimiter=mark, quotechar=description.quote_character))
        if time not in header:
            complain(
                f"{name} has no column {time!r}, which the job takes the time from: its first line, cut at {mark!r}, "
                f"names {', '.join(map(repr, header[:20]))}",
                USAGE,
            )


def _tell_broken(reading: "Reading") -> None:
    """How many objects were left out."""
    from tailmass.feeds.files.records import Json

    count = sum(form.broken for form in reading.forms if isinstance(form, Json))
    if count:
        typer.echo(f"{count:,} records were left out: they cannot be read as JSON objects", err=True)
