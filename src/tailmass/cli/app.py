"""The command line as a whole: its commands, and how it ends.

Only what `--help` needs is imported here and at the top of the command modules; numba, Polars and the server are
imported by the commands that need them, when they run.
"""

import os
import sys
from typing import Annotated

import typer

from tailmass.cli.alerts import alerts
from tailmass.cli.data import data
from tailmass.cli.demo import demo
from tailmass.cli.detect import detect
from tailmass.cli.estimate import estimate
from tailmass.cli.job import job
from tailmass.cli.logs import logs
from tailmass.cli.pull import pull
from tailmass.cli.push import push
from tailmass.cli.results import results
from tailmass.cli.scheduler import scheduler
from tailmass.cli.server import server
from tailmass.cli.snapshot import snapshot
from tailmass.cli.token import token


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tailmass {version('tailmass')}")
        raise typer.Exit


# Without `rich_markup_mode=None` help is drawn by Rich, which takes longer to import than everything else together.
app = typer.Typer(
    name="tailmass",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def tailmass(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Find what is unusual in time-stamped rows.

    \b
    See it work:          tailmass demo
    Try your own file:    tailmass detect orders.csv "mean(price) by region"
    Run the REST server:  tailmass server
    Give it a job:        tailmass job create web.json
    Send it rows:         tailmass data send web access.csv.gz
    Fetch them:           tailmass pull files 'logs/*.csv.gz' --detector "mean(ms) by host"
    Read what it found:   tailmass results records web
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command()(demo)
app.command(no_args_is_help=True)(detect)
app.command(no_args_is_help=True)(estimate)
app.command()(server)
app.command(no_args_is_help=True)(push)
app.command(no_args_is_help=True)(logs)
app.add_typer(job, name="job")
app.add_typer(data, name="data")
app.add_typer(pull, name="pull")
app.add_typer(results, name="results")
app.add_typer(alerts, name="alerts")
app.add_typer(snapshot, name="snapshot")
app.add_typer(scheduler, name="scheduler")
app.add_typer(token, name="token")


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no sparklines shows question marks instead of a traceback.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # they are text streams of files
    try:
        app()
    finally:
        _leave_quietly()


def _leave_quietly() -> None:
    """Flush, and do not complain if the reader of a pipe, such as `head`, has gone."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
