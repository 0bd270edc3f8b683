"""`tailmass pull accesslog`: the logs of Apache and nginx."""

from typing import TYPE_CHECKING, Any

import typer

from tailmass.cli.complaint import DATA, USAGE, complaining
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
    from tailmass.cli.pull.target import Target


def accesslog(
    paths: Paths,
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
    """Pull the lines of access logs of Apache or nginx into a job.

    Lines are in the combined or the common format, with the virtual host in front or not. Their fields are clientip,
    ident, user, time, request, status, bytes, referer and useragent; method, uri and protocol are made of the request
    where a detector names them. Without --job or --detector the job looks for high_count by status. A job that is made
    by this command, and not by --job, is only sent the fields that it looks at.

    Rotated files are read in the order of their first lines, whatever they are called. The same command goes on where
    it was, with the lines that have come since.

    \b
    Examples:
      tailmass pull accesslog /var/log/nginx/access.log*
      tailmass pull accesslog access.log --detector "high_count by uri over clientip" --bucket-span 600
      tail -F /var/log/nginx/access.log | tailmass pull accesslog -

    Exit codes: 0 done, 2 wrong usage, 3 the files cannot be read or the job does not take them, 130 interrupted.
    """
    from tailmass.cli.pull.filerun import Reading, one_or_files, run_files, run_stdin, stdin, time_fields
    from tailmass.cli.pull.run import server
    from tailmass.cli.pull.target import Target, configuration
    from tailmass.feeds.files.accesslog import DESCRIPTION, AccessLog, has_vhost
    from tailmass.feeds.files.journal import FileJournal
    from tailmass.feeds.files.locations import found, location
    from tailmass.feeds.files.source import Head, head
    from tailmass.jobs import DataDescription

    with complaining(USAGE):
        piped = one_or_files(paths)
        job = configuration(config, detectors, bucket_span, DESCRIPTION, usual=USUAL)
        if job is not None and config is None:
            job = made(job)
        target = Target(server(url, api_host, api_port, token), "accesslog", job_id, job, DESCRIPTION)
    description = DataDescription.parse(DESCRIPTION)

    def reading(start: Head, name: str | None) -> "Reading":
        vhost, wanted = has_vhost(start.data), None if config is not None else _wanted(target, name)
        return Reading(description, time_fields(None, description), lambda: AccessLog(vhost=vhost, wanted=wanted))

    with complaining(DATA):
        if piped:
            with stdin() as source:
                run_stdin(
                    source, reading(source.head(), target.given), target, leave_open=leave_open, left_out=_tell_strange
                )
            return
        files = found([location(path, endpoint_url=endpoint_url, hadoop_user=hadoop_user) for path in paths])
        first = next((start for file in files if (start := head(file)).data), head(files[0]))
        path = target.path(state)
        journal = FileJournal.read(path)
        read = reading(first, target.given if journal is None else journal.job_id)
        run_files(files, read, paths, target, path, leave_open=leave_open, left_out=_tell_strange)


USUAL: dict[str, Any] = {"bucketSpan": 300, "detectors": [{"function": "high_count", "byFieldName": "status"}]}
"""What to look for if nothing is said."""


LATENCY = 300
"""Seconds by which lines are out of order: their time is that of the request, and they are written after the answer."""


def made(job: dict[str, Any]) -> dict[str, Any]:
    """The job for the lines of a log: a little out of order, and with requests taken apart if that is needed."""
    from tailmass.feeds.files.accesslog import REQUEST_PARTS

    job = {**job, "analysisConfig": {"latency": LATENCY, **job["analysisConfig"]}}
    named = {value for each in job["analysisConfig"]["detectors"] for value in each.values() if isinstance(value, str)}
    if named.isdisjoint(REQUEST_PARTS):
        return job
    split = {"transform": "split", "inputs": ["request"], "arguments": [" "], "outputs": list(REQUEST_PARTS)}
    return {**job, "transforms": [split]}


def _wanted(target: "Target", name: str | None) -> set[str] | None:
    """The fields that a job looks at, if it is as this command makes it; None if any may be wanted.

    Most of a line is the rest, which would take most of the time.
    """
    wanted = _named(target.config)
    if name is None or not target.client.jobs.exists(name):
        return wanted
    return wanted if _named(target.client.jobs.get(name)) == wanted else None


def _named(job: dict[str, Any] | None) -> set[str]:
    """All texts in what a job analyses and makes of its fields, of which some are names of fields."""
    texts, left = set(), [(job or {}).get(part) for part in ("analysisConfig", "transforms")]
    while left:
        match left.pop():
            case str(text):
                texts.add(text)
            case dict(document):
                left += document.values()
            case list(values):
                left += values
    return texts


def _tell_strange(reading: "Reading") -> None:
    """How many lines were left out."""
    from tailmass.feeds.files.accesslog import AccessLog

    logs = [form for form in reading.forms if isinstance(form, AccessLog) and form.strange]
    if logs:
        count = sum(log.strange for log in logs)
        lines = "1 line was left out that is" if count == 1 else f"{count:,} lines were left out that are"
        typer.echo(f"{lines} none of an access log, such as {logs[0].example!r}", err=True)
