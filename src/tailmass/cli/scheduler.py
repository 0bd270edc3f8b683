"""`tailmass scheduler`: jobs that feed themselves."""

from typing import Annotated

import typer

from tailmass.cli.connect import DEFAULT_URL, JobId, Token, Url, connected

scheduler = typer.Typer(help="Let a job feed itself, from what its schedulerConfig names.", no_args_is_help=True)


@scheduler.command()
def start(
    job_id: JobId,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="First rows to read. [default: where it stopped]")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Where to end, not included. [default: never]")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Let a job that has a schedulerConfig feed itself, in the background.

    \b
    Examples:
      tailmass scheduler start web
      tailmass scheduler start web --since 2026-03-01T00:00:00Z --until 2026-03-02T00:00:00Z
    """
    with connected(url, token) as client:
        client.schedulers.start(job_id, start=since, end=until)


@scheduler.command()
def stop(job_id: JobId, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Let a job feed itself no more, and wait until what it has read is analysed.

    \b
    Example:
      tailmass scheduler stop web
    """
    with connected(url, token) as client:
        client.schedulers.stop(job_id)
