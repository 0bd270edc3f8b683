"""`tailmass logs`: what a server wrote about its work."""

from pathlib import Path
from typing import Annotated

import typer

from tailmass.cli.complaint import USAGE, complain
from tailmass.cli.connect import DEFAULT_URL, Token, Url, connected


def logs(
    job_id: Annotated[
        str | None, typer.Argument(metavar="JOB", help="Id of a job; without one it is about the server.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="LOG", help="One log of the job, without its .log. [default: the newest]")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, metavar="N", help="How many of the last lines.")] = 10,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write all logs, zipped.")
    ] = None,
    support: Annotated[
        bool, typer.Option("--support", help="With settings, versions and jobs too: what helps someone to help.")
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Print the end of a log of a job, or fetch all logs, zipped.

    \b
    Examples:
      tailmass logs web
      tailmass logs web --name engine_api --lines 100
      tailmass logs web --output web.zip
      tailmass logs --output server.zip
      tailmass logs --support --output support.zip
    """
    if output is None and (job_id is None or support):
        complain("the logs of a server are a zip: give --output FILE, or a JOB", USAGE)
    if support and job_id is not None:
        complain("--support is about the whole server: leave out the JOB", USAGE)
    if output is not None and name is not None:
        complain("--output takes all logs: leave out --name", USAGE)
    with connected(url, token) as client:
        if output is None:
            assert job_id is not None
            typer.echo(client.logs.tail(job_id, name, lines=lines).rstrip("\n"))
        elif support:
            output.write_bytes(client.logs.support_bundle())
        else:
            output.write_bytes(client.logs.server() if job_id is None else client.logs.zipped(job_id))
