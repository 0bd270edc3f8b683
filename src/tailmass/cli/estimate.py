"""`tailmass estimate`: what a job is going to take of memory."""

import re
from pathlib import Path
from typing import Annotated

import typer

from tailmass.cli.complaint import DATA, USAGE, complain, complaining


def estimate(
    job: Annotated[
        str, typer.Argument(metavar="JOB", help="File of a job configuration, JSON; or a detector in its short form.")
    ],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=N...", help="How many values a field has, such as host=5000."),
    ] = None,
    name_length: Annotated[int, typer.Option(min=0, metavar="BYTES", help="Of a value, on average.")] = 12,
) -> None:
    """Say how much memory a job takes once it knows all its series.

    Every field that splits a detector, and every influencer, needs its number of values. Of combinations there are as
    many as there can be, unless FIELD,FIELD=N says how many.

    \b
    Examples:
      tailmass estimate job.json host=5000 site=12
      tailmass estimate job.json host=5000 site=12 host,site=6000
      tailmass estimate "mean(responsetime) by airline" airline=200

    Exit codes: 0 done, 2 wrong usage, 3 the job cannot be read.
    """
    numbers = {}
    for text in values or []:
        read = re.fullmatch(r"(.+)=([0-9]+)", text)
        if read is None:
            complain(f"{text} is not a field and how many values it has: write host=5000", USAGE)
        numbers[read[1]] = int(read[2])
    with complaining(DATA):
        from tailmass.engine.estimate import estimate as run
        from tailmass.engine.memory import MEGABYTE, limit_bytes
        from tailmass.jobs import Job

        path = Path(job)
        asked = path.read_bytes() if path.is_file() else {"analysisConfig": {"detectors": [_detector(job)]}}
        configuration = Job.parse(asked)
        size, limit = run(configuration, numbers, name_length=name_length), limit_bytes(configuration)
    typer.echo(f"{size / MEGABYTE:,.1f} MB")
    if limit is not None:
        over = "" if size <= limit else ": models will be forgotten, and what is new refused"
        typer.echo(f"{size / limit:.0%} of the limit of {limit / MEGABYTE:,.0f} MB{over}", err=True)


def _detector(text: str) -> dict[str, object]:
    """A detector in its short form; else an end with the way out."""
    with complaining(USAGE):
        from tailmass.jobs.grammar import detector

        return detector(text).document()
