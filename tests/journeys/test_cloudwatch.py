"""Machines of EC2, measured by CloudWatch as moto plays it, are watched by a job, looking back and in real time."""

import json
import random
import signal
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailmass.client import Client
from tailmass.feeds.cloudwatch import USUAL
from tests import pulling as processes
from tests.aws import ACCESS, client, environment, new_region
from tests.pulling import PATIENCE, sent, wait_for

if TYPE_CHECKING:
    from tests.conftest import Running

METRICS = [detector["fieldName"] for detector in USUAL["detectors"]]
INSTANCES = [f"i-{n:02}" for n in range(20)]
BUSY = "i-07"
STEP = timedelta(minutes=10)
PERIODS = 144
YESTERDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
DAY = ("--start-date", f"{YESTERDAY:%Y-%m-%d}", "--end-date", f"{YESTERDAY:%Y-%m-%d}")
ROWS = len(INSTANCES) * PERIODS

pull, pulling = partial(processes.pull, "cloudwatch"), partial(processes.pulling, "cloudwatch")

Cloud = Mapping[str, str]
"""The environment of a program that finds a region."""


def measured() -> list[dict[str, Any]]:
    """Rows of a day; one machine is busy for twenty minutes."""
    chance = random.Random(1)
    rows = []
    for n in range(PERIODS):
        at = YESTERDAY + n * STEP
        for instance in INSTANCES:
            row: dict[str, Any] = {"timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", "instance": instance}
            for metric in METRICS:
                failed = metric.startswith("StatusCheck")
                row[metric] = 0.0 if failed else round(20 + chance.gauss(0, 2) + (n % 6) / 2, 3)
            if instance == BUSY and 120 <= n < 122:
                row["CPUUtilization"] = 97.0
            rows.append(row)
    return rows


def put(cloud: Cloud, rows: list[dict[str, Any]], namespace: str = "AWS/EC2") -> None:
    data = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": "InstanceId", "Value": row["instance"]}],
            "Timestamp": datetime.fromisoformat(row["timestamp"]),
            "Value": value,
        }
        for row in rows
        for metric, value in row.items()
        if metric not in ("timestamp", "instance")
    ]
    asked = client("cloudwatch", cloud["AWS_ENDPOINT_URL"], cloud["AWS_REGION"])
    for first in range(0, len(data), 1000):
        asked.put_metric_data(Namespace=namespace, MetricData=data[first : first + 1000])


@pytest.fixture
def cloud(aws_url: str) -> Cloud:
    """A region that nobody else uses."""
    return environment(aws_url, new_region()) | {"AWS_MAX_ATTEMPTS": "1"}


def test_a_day_of_twenty_machines_arrives_once_though_the_pull_is_killed(
    cloud: Cloud, server: "Running", tmp_path: Path
) -> None:
    rows = measured()
    put(cloud, rows)
    # An hour at once: moto looks at every value it has of these for every value that it gives.
    where = (
        "--url",
        server.url,
        "--job-id",
        "machines",
        "--period",
        "600",
        "--bucket-span",
        "600",
        "--window",
        "7200",
        *DAY,
    )
    state = tmp_path / "machines.state"
    for enough in (ROWS // 4, ROWS // 2):
        with pulling(*where, env=cloud, folder=tmp_path) as process:
            wait_for(lambda enough=enough: sent(state) >= enough, process)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert sent(state) < ROWS
    done = pull(*where, env=cloud, folder=tmp_path)
    assert (
        done.stdout
        == f"{ROWS:,} rows before {YESTERDAY + timedelta(days=1):%Y-%m-%d} 00:00:00 are in the job machines\n"
    )

    of = Client(server.url)
    of.jobs.create(
        {**{name: of.jobs.get("machines")[name] for name in ("analysisConfig", "dataDescription")}, "id": "up"}
    )
    of.data.upload("up", "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    of.data.close("up")
    job = of.jobs.get("machines")
    assert job["status"] == "CLOSED"
    assert job["counts"]["inputRecordCount"] == job["counts"]["processedRecordCount"] == ROWS
    assert job["counts"] == of.jobs.get("up")["counts"]
    records = list(of.results.records("machines"))
    assert records == list(of.results.records("up"))
    worst = max(records, key=lambda record: record["normalizedProbability"])
    assert (worst["fieldName"], worst["byFieldValue"]) == ("CPUUtilization", BUSY)
    assert worst["timestamp"].startswith(f"{YESTERDAY:%Y-%m-%d}T20:")


def test_what_was_measured_before_is_followed_by_what_comes_in(cloud: Cloud, server: "Running", tmp_path: Path) -> None:
    now = datetime.now(UTC)
    put(cloud, [busy(now - timedelta(minutes=minutes), name) for minutes in range(1, 11) for name in INSTANCES[:3]])
    where = ("--url", server.url, "--job-id", "live", "--start-date", f"{now - timedelta(minutes=30):%Y-%m-%dT%H:%MZ}")
    live = (*where, "--realtime", "--period", "1", "--update-interval", "1", "--delay", "3")
    state, said = tmp_path / "live.state", tmp_path / "said"
    with pulling(*live, env=cloud, folder=tmp_path) as process:
        wait_for(lambda: sent(state) >= 30, process)
        put(cloud, [busy(datetime.now(UTC), name) for name in INSTANCES[:3]])
        wait_for(lambda: sent(state) >= 33, process)
        process.kill()
        process.wait()
    put(cloud, [busy(datetime.now(UTC), name) for name in INSTANCES])  # while nobody asks
    with pulling(*live, env=cloud, folder=tmp_path) as process:
        wait_for(lambda: sent(state) >= 53, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, said.read_text()
    job = Client(server.url).jobs.get("live")
    assert job["status"] == "CLOSED"
    assert job["counts"]["inputRecordCount"] == job["counts"]["processedRecordCount"] == 53


def busy(at: datetime, instance: str) -> dict[str, Any]:
    return {"timestamp": at.isoformat(timespec="seconds"), "instance": instance, "CPUUtilization": 50.0}


def test_in_real_time_errors_of_aws_are_told_and_it_is_tried_again(
    cloud: Cloud, server: "Running", tmp_path: Path
) -> None:
    (tmp_path / "aws.conf").write_text("".join(f"{name} = {value}\n" for name, value in ACCESS.items()))
    with (tmp_path / "aws.conf").open("a") as file:
        file.write(f"region = {cloud['AWS_REGION']}\n")
    said = tmp_path / "said"
    nowhere = {**cloud, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    where = ("aws.conf", "--api-host", server.host, "--api-port", str(server.port), "--job-id", "patient")
    with pulling(*where, env=nowhere, folder=tmp_path) as process:
        wait_for(lambda: said.read_text().count("trying again") >= 2, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, said.read_text()
    assert "Pulling into the job patient every 300 s" in said.read_text()
    assert 'AWS: Could not connect to the endpoint URL: "http://127.0.0.1:9' in said.read_text()
    made = Client(server.url).jobs.get("patient")
    assert made["analysisConfig"]["bucketSpan"] == 300
    assert [detector["fieldName"] for detector in made["analysisConfig"]["detectors"]] == METRICS
    assert made["dataDescription"]["timeFormat"] == "yyyy-MM-dd'T'HH:mm:ssX"


def test_metrics_of_anything_are_listed_and_pulled_into_a_job_that_watches_them(
    cloud: Cloud, server: "Running", tmp_path: Path
) -> None:
    rows = [
        {"timestamp": (YESTERDAY + timedelta(minutes=n)).isoformat(), "instance": "i-1", "Jobs": n} for n in range(9)
    ]
    put(cloud, [{**row, "Other": 1} for row in rows], namespace="Ours")
    listed = pull("--namespace", "Ours", "--list", env=cloud, folder=tmp_path)
    assert listed.stdout == "Ours  Jobs  InstanceId=i-1\nOurs  Other  InstanceId=i-1\n"
    one = pull("--namespace", "Ours", "--metric", "Jobs", "--list", env=cloud, folder=tmp_path)
    assert one.stdout == "Ours  Jobs  InstanceId=i-1\n"
    where = ("--namespace", "Ours", "--url", server.url, *DAY)
    done = pull(*where, "--detector", "max(Jobs) by instance", "--bucket-span", "60", env=cloud, folder=tmp_path)
    job = Client(server.url).jobs.get(done.stdout.split()[-1])
    assert (job["counts"]["inputRecordCount"], job["counts"]["inputFieldCount"]) == (9, 27)
    assert (tmp_path / "cloudwatch.state").exists()


def test_what_is_in_the_way_is_said(cloud: Cloud, server: "Running", tmp_path: Path) -> None:
    def told(*arguments: str, code: int, **changed: str) -> str:
        return pull(*arguments, "--url", server.url, env={**cloud, **changed}, folder=tmp_path, code=code).stderr

    (tmp_path / "bad.conf").write_text("region eu-west-1\n")
    assert "bad.conf has a line that is not 'name = value'" in told("bad.conf", code=2)
    assert "none.conf: No such file or directory" in told("none.conf", code=2)
    assert "bad.conf says who asks" in told("bad.conf", "--profile", "me", code=2)
    assert "there is no region 'nowhere'" in told("--region", "nowhere", code=2)
    assert "--end-date needs a --start-date" in told("--end-date", "2026-01-01", code=2)
    assert "a period of 45 s" in told("--period", "45", code=2)
    assert "AWS/EC2 has no such metrics in" in told(*DAY, code=3)
    assert "Could not connect" in told(*DAY, code=3, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert "Unable to locate credentials" in told(*DAY, code=3, **nobody)
    aws = {"AWS_ENDPOINT_URL": ""}
    assert "values of every 60 s since" in told("--start-date", "2015-01-01", code=2, **aws)
    assert not list(tmp_path.glob("*.state"))
