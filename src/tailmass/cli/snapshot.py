"""`tailmass snapshot`: what jobs knew before."""

import json
from typing import Annotated

import typer

from tailmass.cli.complaint import USAGE, complain
from tailmass.cli.connect import DEFAULT_URL, JobId, Token, Url, connected
from tailmass.cli.output import Format

snapshot = typer.Typer(help="Name what a job has learnt, and go back to it.", no_args_is_help=True)

SnapshotId = Annotated[
    str, typer.Argument(metavar="SNAPSHOT", help="Id of the snapshot, of those that tailmass snapshot list tells.")
]


@snapshot.command("list")
def show_all(
    job_id: JobId,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Taken from here on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Taken until here, which is not included.")] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="The description that they have.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write the snapshots.")] = Format.TABLE,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """List the snapshots of a job, the one that it goes on from first.

    \b
    Example:
      tailmass snapshot list web
    """
    from tailmass.cli.columns import SNAPSHOTS
    from tailmass.cli.documents import write

    with connected(url, token) as client:
        found = client.snapshots.all(job_id, start=since, end=until, description=description)
        write((page["documents"] for page in found.pages()), form, SNAPSHOTS)


@snapshot.command()
def revert(
    job_id: JobId,
    snapshot_id: Annotated[str | None, typer.Argument(metavar="SNAPSHOT", help="Id of the snapshot.")] = None,
    time: Annotated[str | None, typer.Option(metavar="TIME", help="The newest one that is not after this.")] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT", help="The one that is called so.")] = None,
    delete_results: Annotated[
        bool, typer.Option("--delete-results", help="Delete the results of what comes after it.")
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Let a closed job go on from a snapshot, as if nothing had been since; prints the snapshot as JSON.

    \b
    Examples:
      tailmass snapshot revert web 1772640000 --delete-results
      tailmass snapshot revert web --time 2026-03-02T00:00:00Z
      tailmass snapshot revert web --description "before the load test"
    """
    if snapshot_id is None and time is None and description is None:
        complain("say which snapshot to go back to: its id, --time or --description", USAGE)
    with connected(url, token) as client:
        chosen = client.snapshots.revert(
            job_id,
            time=time,
            snapshot_id=snapshot_id,
            description=description,
            delete_intervening_results=delete_results,
        )
        typer.echo(json.dumps(chosen, indent=2))


@snapshot.command()
def describe(
    job_id: JobId,
    snapshot_id: SnapshotId,
    description: Annotated[str, typer.Argument(metavar="TEXT", help="What to call it.")],
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Give a snapshot a name to go back to it by.

    \b
    Example:
      tailmass snapshot describe web 1772640000 "before the load test"
    """
    with connected(url, token) as client:
        client.snapshots.describe(job_id, snapshot_id, description)


@snapshot.command()
def delete(job_id: JobId, snapshot_id: SnapshotId, url: Url = DEFAULT_URL, token: Token = None) -> None:
    """Delete a snapshot that the job does not go on from.

    \b
    Example:
      tailmass snapshot delete web 1772640000
    """
    with connected(url, token) as client:
        client.snapshots.delete(job_id, snapshot_id)
