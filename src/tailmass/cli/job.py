"""`tailmass job`: the jobs of a server."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailmass.cli.complaint import USAGE, complain
from tailmass.cli.connect import DEFAULT_URL, JobId, Token, Url, connected, exit_code, sentence
from tailmass.cli.output import Format

if TYPE_CHECKING:
    from tailmass.client import Client

job = typer.Typer(help="Make, look at, change and delete the jobs of a server.", no_args_is_help=True)

JobIds = Annotated[list[str], typer.Argument(metavar="JOB...", help="Ids of the jobs.")]


@job.command("list")
def show_all(
    form: Annotated[Format, typer.Option("--format", help="How to write the jobs.")] = Format.TABLE,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """List the jobs of a server, in the order they were created.

    \b
    Examples:
      tailmass job list
      tailmass job list --format ndjson --url https://engine.example
    """
    from tailmass.cli.columns import JOBS
    from tailmass.cli.documents import write

    with connected(url, token) as client:
        write((page["documents"] for page in client.jobs.all().pages()), form, JOBS)


@job.command()
def show(job_id: JobId, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Print the configuration, status and counts of a job, as JSON.

    \b
    Example:
      tailmass job show web
    """
    with connected(url, token) as client:
        typer.echo(json.dumps(client.jobs.get(job_id), indent=2))


@job.command()
def create(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Configuration of the job, JSON; - reads stdin.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Delete a job of the same id first.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Create a job and print its id, which the server makes up when the configuration has none.

    \b
    Examples:
      tailmass job create web.json
      tailmass job show web | jq '{id, analysisConfig, dataDescription}' | tailmass job create - --url http://other:8080

    Exit codes: 0 done, 2 the job cannot be as it is written, 3 the server or the file cannot be read.
    """
    with connected(url, token) as client:
        typer.echo(client.jobs.create(_text(file), overwrite=overwrite))


@job.command()
def update(
    job_id: JobId,
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE...", help="What to change; a VALUE is JSON, or text that is not."),
    ] = None,
    file: Annotated[str | None, typer.Option(metavar="FILE", help="All changes as JSON; - reads stdin.")] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Change what may be changed of a job: all that is asked or, on an error, nothing.

    \b
    Examples:
      tailmass job update web description="The shop" resultsRetentionDays=90
      tailmass job update web analysisLimits='{"modelMemoryLimit": 2048}'
      tailmass job update web --file changes.json
    """
    if (file is None) == (not changes):
        complain("say what to change: either KEY=VALUE or --file", USAGE)
    with connected(url, token) as client:
        asked = _text(file) if file is not None else dict(map(_change, changes or ()))
        client.jobs.update(job_id, asked)


@job.command()
def delete(
    job_ids: Annotated[list[str] | None, typer.Argument(metavar="JOB...", help="Ids of the jobs.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Delete every job of the server.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Delete jobs with their models, results and logs. What cannot be deleted is told, and the others are.

    \b
    Examples:
      tailmass job delete web shop
      tailmass job delete --all --yes
    """
    if everything == bool(job_ids):
        complain("say which jobs to delete: either their ids or --all", USAGE)
    with connected(url, token) as client:
        ids = [each["id"] for each in client.jobs.all()] if everything else job_ids or []
        if everything and ids and not yes:
            if not sys.stdin.isatty():
                complain(f"--all would delete {len(ids)} jobs: say --yes too", USAGE)
            typer.confirm(f"Delete all {len(ids)} jobs of {url}?", abort=True, err=True)
    _each(ids, lambda client: client.jobs.delete, url, token)


@job.command()
def close(job_ids: JobIds, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Analyse what was sent, keep the models, and end the jobs until more is sent.

    \b
    Example:
      tailmass job close web
    """
    _each(job_ids, lambda client: client.data.close, url, token)


@job.command()
def flush(
    job_id: JobId,
    interim: Annotated[bool, typer.Option("--interim", help="Judge buckets that are not complete, too.")] = False,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="First of these to judge.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="End of these, not included.")] = None,
    advance_time: Annotated[
        str | None, typer.Option(metavar="TIME", help="Promise that no row older than this will come.")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Wait until all rows that were sent are analysed, and their results can be read.

    A TIME is ISO 8601, or seconds since 1970.

    \b
    Examples:
      tailmass job flush web
      tailmass job flush web --interim
      tailmass job flush web --advance-time 2026-03-02T12:00:00Z
    """
    with connected(url, token) as client:
        client.data.flush(job_id, calc_interim=interim, start=since, end=until, advance_time=advance_time)


@job.command()
def pause(job_ids: JobIds, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Let jobs accept rows without analysing them.

    \b
    Example:
      tailmass job pause web
    """
    _each(job_ids, lambda client: client.jobs.pause, url, token)


@job.command()
def resume(job_ids: JobIds, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Let jobs that are paused analyse again.

    \b
    Example:
      tailmass job resume web
    """
    _each(job_ids, lambda client: client.jobs.resume, url, token)


def _each(ids: Iterable[str], act: "Callable[[Client], Callable[[str], Any]]", url: str, token: str | None) -> None:
    """Do something to every job; one that refuses keeps the others from nothing."""
    from tailmass.errors import EngineError

    code = 0
    with connected(url, token) as client:
        for each in ids:
            try:
                act(client)(each)
            except EngineError as error:
                typer.echo(f"Error: {each}: {sentence(error)}", err=True)
                code = max(code, exit_code(error))
    if code:
        raise typer.Exit(code)


def _text(file: str) -> str:
    return sys.stdin.read() if file == "-" else Path(file).read_text()


def _change(text: str) -> tuple[str, Any]:
    """A key and its value, which is JSON or else text."""
    key, equals, value = text.partition("=")
    if not equals:
        complain(f"{text} is not a change: write KEY=VALUE, such as description=Shop", USAGE)
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
