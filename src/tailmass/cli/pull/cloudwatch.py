"""`tailmass pull cloudwatch`: metrics of CloudWatch."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailmass.cli.complaint import DATA, USAGE, complain, complaining
from tailmass.cli.connect import Token
from tailmass.cli.pull.options import (
    BucketSpan,
    Config,
    Delay,
    Detectors,
    End,
    Host,
    Interval,
    JobId,
    LeaveOpen,
    Port,
    Realtime,
    Start,
    State,
    Url,
)

if TYPE_CHECKING:
    from tailmass.feeds.aws import AwsAccess
    from tailmass.feeds.cloudwatch import CloudWatch


def cloudwatch(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="CONFIG",
            help="File with region, aws_access_key_id and aws_secret_access_key, each as in name = value.",
        ),
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="Region of AWS, as in eu-west-1.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Profile in the files of AWS. [default: as the AWS CLI would]")
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask another server than that of the region.")
    ] = None,
    namespace: Annotated[str, typer.Option(metavar="NAME", help="What the metrics are of.")] = "AWS/EC2",
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A metric; several times. [default: those that the detectors name]"),
    ] = None,
    dimension: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=VALUE]",
            help="Read metrics that have exactly these dimensions; several times. "
            "[default: InstanceId of AWS/EC2; else any]",
        ),
    ] = None,
    statistic: Annotated[str, typer.Option(metavar="NAME", help="As in Average, Sum, Maximum or p99.")] = "Average",
    period: Annotated[int, typer.Option(min=1, metavar="SECONDS", help="How long a value stands for.")] = 60,
    window: Annotated[
        int | None,
        typer.Option(min=1, metavar="SECONDS", help="Ask for so much at once. [default: what fits in the memory]"),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Print the metrics of the namespace and their dimensions, and exit.")
    ] = False,
    job: Config = None,
    detector: Detectors = None,
    bucket_span: BucketSpan = None,
    job_id: JobId = None,
    url: Url = None,
    api_host: Host = "localhost",
    api_port: Port = 8080,
    token: Token = None,
    start_date: Start = None,
    end_date: End = None,
    realtime: Realtime = False,
    update_interval: Interval = 300,
    delay: Delay = 600,
    leave_open: LeaveOpen = False,
    state: State = None,
) -> None:
    """Pull metrics from CloudWatch into a job: with a start date those since then, without one those that come in.

    A row has the values that metrics of the same dimensions have at one time. If nothing is said of the job, it watches
    the mean of ten metrics of EC2 for each instance. If the pull is ended, in any way, the same command goes on where
    it was: no row is sent twice, and none is left out.

    \b
    Examples:
      tailmass pull cloudwatch aws.conf --start-date 2026-01-01 --end-date 2026-01-14
      tailmass pull cloudwatch --region eu-west-1 --job-id machines
      tailmass pull cloudwatch --region eu-west-1 --namespace AWS/EBS --list
      tailmass pull cloudwatch --region eu-west-1 --namespace AWS/RDS --dimension DBInstanceIdentifier --period 300 \\
        --detector "high_mean(ReadLatency) by DBInstanceIdentifier" --start-date 2026-01-01 --realtime

    Exit codes: 0 done, 2 wrong usage, 3 the metrics cannot be read or the job does not take them, 130 interrupted.
    """
    from tailmass.cli.pull.run import run, server
    from tailmass.cli.pull.target import Target, configuration
    from tailmass.cli.pull.when import When, now_ms
    from tailmass.feeds.cloudwatch import EC2, ROWS, USUAL, CloudWatch, Metrics

    if start_date is None and end_date is not None:
        complain("--end-date needs a --start-date", USAGE)
    delay = max(delay, period)  # a value is there once its period is over
    when = When.asked(
        start_date,
        end_date,
        realtime=realtime or start_date is None,
        interval=update_interval,
        delay=delay,
        leave_open=leave_open,
    )
    with complaining(USAGE):
        client = _access(config, region, profile, endpoint_url).client("cloudwatch")
        chosen = tuple(Metrics.dimension(each) for each in sorted(dimension or ()))
        metrics = Metrics(namespace, tuple(sorted(metric or ())), chosen, statistic, period)
    if listed:
        with complaining(DATA), closing(CloudWatch(client, metrics)) as source:
            _print(source, namespace)
        return
    with complaining(USAGE):
        made = configuration(job, detector, bucket_span, ROWS, usual=USUAL if namespace == EC2 else None)
        target = Target(server(url, api_host, api_port, token), "cloudwatch", job_id, made, ROWS)
    metrics = replace(
        metrics,
        names=metrics.names or _watched(made),
        dimensions=metrics.dimensions or ((("InstanceId", None),) if namespace == EC2 else ()),
    )
    named = {"region": client.meta.region_name, "url": client.meta.endpoint_url, **metrics.document()}
    state = state or Path(f"{job_id or (made or {}).get('id') or 'cloudwatch'}.state")
    with closing(CloudWatch(client, metrics, window=window, patient=when.realtime)) as source:
        if when.start_ms is not None and not state.exists():
            with complaining(USAGE):
                source.check(when.start_ms)
        with complaining(DATA):
            if not when.realtime:
                if not source.series():
                    complain(f"{namespace} has no such metrics in {named['region']}: --list shows all", DATA)
                newest = now_ms() - delay * 1000
                when = replace(when, end_ms=min(newest, when.end_ms or newest))
            run(source, named, target, when, state)


def _access(config: Path | None, region: str | None, profile: str | None, endpoint_url: str | None) -> "AwsAccess":
    from tailmass.feeds.aws import AwsAccess

    if config is not None and profile is not None:
        complain(f"{config} says who asks: leave out --profile", USAGE)
    access = AwsAccess(profile=profile) if config is None else AwsAccess.read(config)
    return access.at(region, endpoint_url)


def _watched(job: dict[str, Any] | None) -> tuple[str, ...]:
    """The fields that the detectors of a job look at."""
    config = (job or {}).get("analysisConfig")
    detectors = config.get("detectors") if isinstance(config, dict) else None
    named = [each.get("fieldName") for each in detectors or () if isinstance(each, dict)]
    return tuple(sorted({name for name in named if isinstance(name, str)}))


def _print(source: "CloudWatch", namespace: str) -> None:
    for each in source.series():
        dimensions = " ".join(f"{name}={value}" for name, value in each.dimensions)
        typer.echo(f"{namespace}  {each.metric}  {dimensions}".rstrip())
