"""The options that commands of `tailmass pull` share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Config: TypeAlias = Annotated[
    Path | None, typer.Option("--job", metavar="FILE", help="Configuration of the job to make, JSON.")
]
Detectors: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--detector", metavar="TEXT", help='What to look for, as in "mean(ms) by host"; several times.'),
]
BucketSpan: TypeAlias = Annotated[
    int | None, typer.Option(min=1, metavar="SECONDS", help="How long a bucket is. [default: 300]")
]
JobId: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ID", help="Send to this job; it is made if there is none. [default: a new one]")
]
Url: TypeAlias = Annotated[
    str | None, typer.Option(metavar="URL", envvar="TAILMASS_URL", help="The server of the job.")
]
Host: TypeAlias = Annotated[str, typer.Option(metavar="HOST", help="Its host, where there is no URL.")]
Port: TypeAlias = Annotated[int, typer.Option(metavar="PORT", help="Its port, in the same case.")]
Start: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--start-date",
        "--start_date",
        metavar="DAY",
        help="Begin here: YYYY-MM-DD, or a time, as in 2026-01-31T08:00Z.",
    ),
]
End: TypeAlias = Annotated[
    str | None,
    typer.Option("--end-date", "--end_date", metavar="DAY", help="Last day; or a time, which is not included itself."),
]
Realtime: TypeAlias = Annotated[
    bool, typer.Option("--realtime", help="Go on with what comes in, until Ctrl-C; without a start, from now on.")
]
Interval: TypeAlias = Annotated[
    int, typer.Option("--update-interval", min=1, metavar="SECONDS", help="How often to ask in real time.")
]
Delay: TypeAlias = Annotated[
    int,
    typer.Option("--delay", min=0, metavar="SECONDS", help="How far behind real time, for rows to have been written."),
]
LeaveOpen: TypeAlias = Annotated[
    bool, typer.Option("--leave-open", help="Leave the job open in the end, for others to send to.")
]
State: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE", help="How far it is. [default: the name of the job, ending in .state]")
]
Paths: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH...",
        help="Files, also as in 'logs/**/*.gz', s3://bucket/logs/* or webhdfs://namenode:9870/logs; - reads stdin.",
    ),
]
Endpoint: TypeAlias = Annotated[
    str | None, typer.Option(metavar="URL", help="Server for s3://, where that is not Amazon's.")
]
HadoopUser: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="NAME", envvar="HADOOP_USER_NAME", help="Who reads webhdfs://, unless the URL says so."),
]
