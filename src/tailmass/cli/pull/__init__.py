"""`tailmass pull`: rows from elsewhere into a job of a server, each once, whatever breaks off in between."""

import typer

from tailmass.cli.pull.accesslog import accesslog
from tailmass.cli.pull.cloudwatch import cloudwatch
from tailmass.cli.pull.elk import elk
from tailmass.cli.pull.files import files
from tailmass.cli.pull.prometheus import prometheus
from tailmass.cli.pull.sql import sql

pull = typer.Typer(help="Bring rows from elsewhere into a job of a server.", no_args_is_help=True)
pull.command(no_args_is_help=True)(cloudwatch)
pull.command(no_args_is_help=True)(elk)
pull.command(no_args_is_help=True)(sql)
pull.command(no_args_is_help=True)(prometheus)
pull.command(no_args_is_help=True)(files)
pull.command(no_args_is_help=True)(accesslog)
