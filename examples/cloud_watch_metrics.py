"""Send what CloudWatch measures of the machines of EC2 into a job: day by day, or every five minutes what is new.

    python examples/cloud_watch_metrics.py aws.conf [--start-date 2026-01-01 [--end-date 2026-01-14]]
        [--job-id JOB] [--api-host localhost] [--api-port 8080]

The file has the lines region = ..., aws_access_key_id = ... and aws_secret_access_key = ...; boto3 has to be there.
With a start date it ends at the end date, which is not included, or now; without one it goes on until Ctrl-C. A job of
that id is used if there is one, else made.

It is written for the client of 2016, whose import path still works. `tailmass pull cloudwatch` does it too; whatever
ends that, it goes on where it was.
"""

import argparse
import json
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from configparser import ConfigParser, Error
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from prelert.engineApiClient import EngineApiClient

METRICS = (
    "DiskReadOps",
    "DiskReadBytes",
    "DiskWriteOps",
    "DiskWriteBytes",
    "NetworkIn",
    "NetworkOut",
    "CPUUtilization",
    "StatusCheckFailed",
    "StatusCheckFailed_Instance",
    "StatusCheckFailed_System",
)
JOB = {
    "analysisConfig": {
        "bucketSpan": 300,
        "detectors": [{"function": "mean", "fieldName": name, "byFieldName": "instance"} for name in METRICS],
    },
    "dataDescription": {"format": "JSON", "timeField": "timestamp", "timeFormat": "yyyy-MM-dd'T'HH:mm:ssX"},
}
PERIOD = 60
EVERY = timedelta(seconds=300)
DELAY = timedelta(seconds=600)
AT_ONCE = timedelta(days=1)  # 1440 values of a metric
QUERIES = 500  # as many as a request may have

Row = dict[str, Any]


def connected(path: str) -> Any:
    """A client of CloudWatch, by a file without sections; stops with what is wrong with it."""
    parser = ConfigParser(interpolation=None)
    try:
        with open(path) as file:
            parser.read_string(f"[aws]\n{file.read()}")
        aws = parser["aws"]
        if aws["region"] not in boto3.Session().get_available_regions("cloudwatch"):
            sys.exit(f"there is no region {aws['region']!r}")
        return boto3.client(
            "cloudwatch",
            region_name=aws["region"],
            aws_access_key_id=aws["aws_access_key_id"],
            aws_secret_access_key=aws["aws_secret_access_key"],
        )
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    except (Error, KeyError):
        sys.exit(f"{path} needs region, aws_access_key_id and aws_secret_access_key, each as in name = value")


def machines(cloudwatch: Any) -> list[tuple[str, str]]:
    """The metrics there are, each with the instance it is of."""
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace="AWS/EC2", Dimensions=[{"Name": "InstanceId"}])
    return sorted(
        (metric["Dimensions"][0]["Value"], metric["MetricName"])
        for page in pages
        for metric in page["Metrics"]
        if metric["MetricName"] in METRICS and len(metric["Dimensions"]) == 1
    )


def rows(cloudwatch: Any, start: datetime, end: datetime) -> list[Row]:
    """A row for each time and instance, in this order."""
    found: defaultdict[tuple[datetime, str], Row] = defaultdict(dict)
    series = machines(cloudwatch)
    for first in range(0, len(series), QUERIES):
        some = series[first : first + QUERIES]
        queries = [query(number, instance, name) for number, (instance, name) in enumerate(some)]
        pages = cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=start, EndTime=end, ScanBy="TimestampAscending"
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                instance, name = some[int(result["Id"][1:])]
                for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                    found[at.astimezone(UTC), instance][name] = value
    return [
        {"timestamp": at.isoformat(), "instance": instance, **found[at, instance]} for at, instance in sorted(found)
    ]


def query(number: int, instance: str, name: str) -> dict[str, Any]:
    """What to ask for the mean of a metric."""
    dimensions = [{"Name": "InstanceId", "Value": instance}]
    metric = {"Namespace": "AWS/EC2", "MetricName": name, "Dimensions": dimensions}
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": PERIOD, "Stat": "Average"}}


def job(client: EngineApiClient, job_id: str | None) -> str:
    """The job of that id, or a new one; the id is the answer."""
    if job_id is not None and client.getJob(job_id)[0] != 404:
        return job_id
    status, answer = client.createJob(json.dumps(JOB if job_id is None else {**JOB, "id": job_id}))
    if status != 201:
        sys.exit(f"no job: {status} {answer}")
    made: str = answer["id"]
    return made


def send(client: EngineApiClient, job_id: str, sent: Sequence[Row]) -> None:
    """Upload rows, one a line, if there are any."""
    if sent:
        status, answer = client.upload(job_id, "".join(f"{json.dumps(row)}\n" for row in sent))
        if status != 202:
            sys.exit(f"not uploaded: {status} {answer}")


def windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time between, cut into what is asked for at once."""
    while start < end:
        yield start, min(start + AT_ONCE, end)
        start += AT_ONCE


def whole(at: datetime) -> datetime:
    """The beginning of the period that a time is in."""
    return datetime.fromtimestamp(at.timestamp() // PERIOD * PERIOD, UTC)


def look_back(client: EngineApiClient, job_id: str, cloudwatch: Any, start: datetime, end: datetime) -> None:
    """Send what was measured; an error of AWS ends it, as what comes after could not be added to."""
    for since, until in windows(start, end):
        try:
            found = rows(cloudwatch, since, until)
        except (BotoCoreError, ClientError) as error:
            sys.exit(f"AWS: {error}")
        send(client, job_id, found)
        print(f"{len(found)} rows from {since} to {until}", flush=True)


def follow(client: EngineApiClient, job_id: str, cloudwatch: Any, stopped: threading.Event) -> None:
    """Send what comes in; after an error of AWS the same time is asked for again."""
    since = whole(datetime.now(UTC) - DELAY - EVERY)
    while not stopped.is_set():
        until = whole(datetime.now(UTC) - DELAY)
        try:
            found = rows(cloudwatch, since, until) if since < until else []
        except (BotoCoreError, ClientError) as error:
            print(f"AWS: {error}", flush=True)
        else:
            send(client, job_id, found)
            print(f"{len(found)} rows from {since} to {until}", flush=True)
            since = until
        stopped.wait(EVERY.total_seconds() - time.time() % EVERY.total_seconds())


def day(text: str) -> datetime:
    """A day, as it is written."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def main() -> None:
    """Read the arguments and send."""
    parser = argparse.ArgumentParser(description="Send what CloudWatch measures of the machines of EC2 into a job.")
    parser.add_argument("--api-host", default="localhost")
    parser.add_argument("--api-port", type=int, default=8080)
    parser.add_argument("--job-id", help="use this job; it is made if there is none")
    parser.add_argument("--start-date", type=day, help="YYYY-MM-DD; without it what comes in is sent")
    parser.add_argument("--end-date", type=day, help="YYYY-MM-DD; else now")
    parser.add_argument("config", help="file with region, aws_access_key_id and aws_secret_access_key")
    given = parser.parse_args()
    if given.end_date is not None and given.start_date is None:
        parser.error("--end-date needs --start-date")
    cloudwatch = connected(given.config)
    client = EngineApiClient(given.api_host, "/engine/v2", given.api_port)
    job_id = job(client, given.job_id)
    print(f"Sending to the job {job_id}", flush=True)
    if given.start_date is not None:
        look_back(client, job_id, cloudwatch, given.start_date, given.end_date or whole(datetime.now(UTC)))
    else:
        stopped = threading.Event()
        # Not a KeyboardInterrupt: it would leave the server in the middle of an upload.
        signal.signal(signal.SIGINT, lambda *_: stopped.set())
        follow(client, job_id, cloudwatch, stopped)
    client.close(job_id)


if __name__ == "__main__":
    main()
