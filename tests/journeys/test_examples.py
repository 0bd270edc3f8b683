"""The examples, as a newcomer runs them."""

import csv
import io
import json
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from prelert.engineApiClient import EngineApiClient
from tailmass.client import Client
from tailmass.feeds import farequote
from tests import aws

if TYPE_CHECKING:
    from tests.conftest import Running

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(example: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    command = [sys.executable, str(EXAMPLES / example), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_hot_machine_of_the_data_frame_is_found() -> None:
    records = [line for line in run("detect_dataframe.py").splitlines() if "score" in line]
    assert len(records) == 3
    assert records[0].split()[:3] == ["Tue", "12:40", "mill"]


def test_the_shop_that_sells_nothing_is_told_of_while_rows_come(lasting_server: "Running") -> None:
    told = run("stream_to_server.py", "--url", lasting_server.url, "--hours", "32").splitlines()
    assert [line.split()[:2] for line in told] == [["2026-03-03T06:15:00.000+0000", "north"]]
    assert "0 requests" in told[0]


def test_alerts_are_printed_until_the_job_closes(lasting_server: "Running") -> None:
    client = EngineApiClient(lasting_server.host, "/engine/v2", lasting_server.port)
    job = {
        "id": "polled",
        "analysisConfig": {"bucketSpan": 3600, "detectors": [{"function": "count"}]},
        "dataDescription": {"fieldDelimiter": ",", "timeField": "time", "timeFormat": "epoch"},
    }
    client.createJob(json.dumps(job))
    quiet = [1_400_000_400 + 60 * n for n in range(60 * 72)]
    client.upload("polled", "time\n" + "".join(f"{each}\n" for each in quiet))
    command = [sys.executable, str(EXAMPLES / "poll_alerts.py"), "--port", str(lasting_server.port)]
    command += [
        "--host",
        lasting_server.host,
        "--anomalyScore",
        "20",
        "--normalizedProbability",
        "20",
        "--timeout",
        "1",
        "polled",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as polling:
        assert polling.stdout is not None
        deadline = time.monotonic() + 60
        told, hour = "", quiet[-1] + 60
        # The example may not be waiting yet when the first of these hours comes: then it is told of a later one.
        while not told and time.monotonic() < deadline:
            client.upload("polled", "time\n" + f"{hour}\n" * 3000 + f"{hour + 3600}\n")
            hour += 3600
            time.sleep(0.2)
            told = polling.stdout.readline() if _readable(polling.stdout) else ""
        client.close("polled")
        rest = polling.stdout.read().splitlines()
    assert f"http://{lasting_server.host}:{lasting_server.port}/engine/v2/results/polled/buckets/" in told
    assert rest[0].startswith("  bucket 2014-05-")
    assert rest[1].startswith("  record 2014-05-")
    assert rest[-1].startswith("No more alerts: Job 'polled' is CLOS")
    assert polling.returncode == 0


HOURS = 48
START = 1_403_568_000  # 2014-06-24T00:00:00Z


@pytest.fixture(scope="module")
def analysed(lasting_server: "Running") -> str:
    """The id of a job that has seen two names for two days, one of which is far off in hour 40."""
    client = Client(lasting_server.url)
    client.jobs.create(
        {
            "id": "exported",
            "analysisConfig": {
                "bucketSpan": 3600,
                "detectors": [{"function": "mean", "fieldName": "v", "byFieldName": "name"}],
                "influencers": ["name"],
            },
            "dataDescription": {"fieldDelimiter": ",", "timeField": "time", "timeFormat": "epoch"},
        }
    )
    lines = ["time,name,v\n"]
    for moment in range(START, START + HOURS * 3600, 360):
        odd = START + 40 * 3600 <= moment < START + 41 * 3600
        lines += [f"{moment},a,{500 if odd else 10 + moment % 7}\n", f"{moment},b,{20 + moment % 5}\n"]
    client.data.upload("exported", lines)
    client.data.close("exported")
    return "exported"


def at(running: "Running") -> tuple[str, ...]:
    return "--host", running.host, "--port", str(running.port)


def test_the_simple_example_prints_all_buckets(lasting_server: "Running", tmp_path: Path) -> None:
    text = farequote.csv().decode()
    (tmp_path / "farequote.csv").write_text(re.sub(r"^(\S+)T(\S+)Z", r"\1 \2Z", text, flags=re.MULTILINE))
    told = run("simple_engine_api_example.py", *at(lasting_server), str(tmp_path / "farequote.csv")).splitlines()
    assert told[0] == "Date,Anomaly Score,Max Normalized Probablility"
    scores = {date: float(score) for date, score, _ in (line.split(",") for line in told[1:])}
    assert len(scores) == 119
    assert max(scores, key=lambda date: scores[date]) == "2026-03-04T16:00:00.000+0000"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """An hour of a network, with a host whose name has a comma."""
    lines = ['_time,In Discards,In Octets,Out Discards,Out Octets,"host"']
    lines += [f'then,{n % 3},{1000 + n},{n % 2},{2000 + n},"web, {n % 2}"' for n in range(12)]
    path = tmp_path / "network.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_measurements_are_replayed_at_new_times(lasting_server: "Running", network: Path) -> None:
    told = run("streaming_apm.py", *at(lasting_server), "--duration", "30", str(network)).splitlines()
    dates = [line.split(",")[0] for line in told[1:]]
    first = datetime(2014, 5, 18, tzinfo=UTC)
    assert dates == [(first + timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%S.000+0000") for n in range(29)]
    job = list(Client(lasting_server.url).jobs.all())[-1]
    assert (job["status"], job["counts"]["processedRecordCount"]) == ("CLOSED", 360)
    assert job["counts"]["invalidDateCount"] == 0


def test_ctrl_c_closes_the_job_of_a_replay(lasting_server: "Running", network: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "streaming_apm.py"), *at(lasting_server), str(network)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as replay:
        assert replay.stdout is not None
        assert replay.stdout.readline().startswith("Date,")
        assert replay.stdout.readline().startswith("2014-05-18T00:00:00")
        replay.send_signal(signal.SIGINT)
        replay.communicate(timeout=60)
    assert replay.returncode == 0
    assert list(Client(lasting_server.url).jobs.all())[-1]["status"] == "CLOSED"


def test_records_and_influencers_become_csv(lasting_server: "Running", analysed: str) -> None:
    where = (analysed, lasting_server.host, str(lasting_server.port))
    for kind, score in (("records", "normalizedProbability"), ("influencers", "anomalyScore")):
        rows = list(csv.DictReader(io.StringIO(run(f"{kind}_to_csv.py", *where))))
        assert list(rows[0]) == sorted(rows[0])
        assert rows[0]["timestamp"] == "2014-06-25T16:00:00.000+0000"
        assert [float(row[score]) for row in rows] == sorted((float(row[score]) for row in rows), reverse=True)
        assert len(list(csv.DictReader(io.StringIO(run(f"{kind}_to_csv.py", *where, "1"))))) == 1


@pytest.mark.parametrize("kind", ["records", "influencers"])
def test_an_export_without_a_host_shows_how_it_is_used(kind: str) -> None:
    command = [sys.executable, str(EXAMPLES / f"{kind}_to_csv.py"), "job"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Usage: ")


def test_buckets_and_records_are_printed_from_a_score_upwards(lasting_server: "Running", analysed: str) -> None:
    every = run("print_job_buckets.py", *at(lasting_server), analysed).splitlines()
    assert len(every) == 1 + HOURS - 1
    worst = run("print_job_buckets.py", *at(lasting_server), "--anomalyScore", "50", analysed).splitlines()
    assert [line.split(",")[0] for line in worst[1:]] == ["2014-06-25T16:00:00.000+0000"]
    filters = ("--anomalyScore", "50", "--normalizedProbability", "50")
    found = run("print_job_records.py", *at(lasting_server), *filters, analysed).splitlines()
    assert [line.split(",")[0] for line in found[1:]] == ["2014-06-25T16:00:00.000+0000"]


def test_buckets_that_come_are_printed_until_ctrl_c(lasting_server: "Running", analysed: str) -> None:
    client = Client(lasting_server.url)
    known = client.jobs.get(analysed)
    client.jobs.create({"id": "going-on", **{key: known[key] for key in ("analysisConfig", "dataDescription")}})
    client.data.upload("going-on", "time,name,v\n" + "".join(f"{START + 1800 * n},a,1\n" for n in range(3)))
    command = [sys.executable, str(EXAMPLES / "print_job_buckets.py"), *at(lasting_server), "going-on"]
    command += ["--continue-poll", "--interval", "0.05"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as polling:
        assert polling.stdout is not None
        assert polling.stdout.readline().startswith("Date,")
        assert polling.stdout.readline().startswith("2014-06-24T00:00:00")
        client.data.upload("going-on", f"time,name,v\n{START + 7200},a,1\n")
        assert polling.stdout.readline().startswith("2014-06-24T01:00:00")
        polling.send_signal(signal.SIGINT)
        polling.communicate(timeout=60)
    assert polling.returncode == 0


def test_all_jobs_are_deleted(server: "Running") -> None:
    client = Client(server.url)
    for job_id in ("one", "two"):
        client.jobs.create({"id": job_id, "analysisConfig": {"detectors": [{"function": "count"}]}})
    assert run("delete_all_jobs.py", *at(server)).splitlines() == ["Deleted one", "Deleted two"]
    assert client.jobs.all().page()["hitCount"] == 0
    assert run("delete_all_jobs.py", *at(server)) == ""


@pytest.fixture
def cloud(aws_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment for a region in which two machines were measured from twenty minutes ago on, and their file."""
    region, now = aws.new_region(), datetime.now(UTC)
    cloudwatch = aws.client("cloudwatch", aws_url, region)
    for minutes in range(20):
        for number, machine in enumerate(("i-a", "i-b")):
            dimensions = [{"Name": "InstanceId", "Value": machine}]
            values = {"CPUUtilization": 10.0 * number, "NetworkIn": 1.0}
            data = [{"MetricName": name, "Value": value, "Dimensions": dimensions} for name, value in values.items()]
            at = now - timedelta(minutes=minutes)
            cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=[{**each, "Timestamp": at} for each in data])
    lines = {**aws.ACCESS, "region": region}
    (tmp_path / "aws.conf").write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
    return aws.environment(aws_url, region)


def test_metrics_of_a_service_are_listed(cloud: dict[str, str], tmp_path: Path) -> None:
    told = run("list_metrics.py", str(tmp_path / "aws.conf"), environment=cloud).splitlines()
    assert sorted(told) == [
        f"{name} AWS/EC2 InstanceId={machine}" for name in ("CPUUtilization", "NetworkIn") for machine in ("i-a", "i-b")
    ]
    assert run("list_metrics.py", "--service", "EBS", str(tmp_path / "aws.conf"), environment=cloud) == ""


def test_machines_are_watched_from_a_day_on(cloud: dict[str, str], lasting_server: "Running", tmp_path: Path) -> None:
    where = ("--api-host", lasting_server.host, "--api-port", str(lasting_server.port), "--job-id", "watched")
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    run("cloud_watch_metrics.py", str(tmp_path / "aws.conf"), *where, "--start-date", yesterday, environment=cloud)
    job = Client(lasting_server.url).jobs.get("watched")
    assert job["status"] == "CLOSED"
    assert job["counts"]["inputRecordCount"] == job["counts"]["processedRecordCount"]
    assert job["counts"]["inputRecordCount"] in (38, 40)  # this minute is not over
    assert len(job["analysisConfig"]["detectors"]) == 10


def test_machines_are_watched_until_ctrl_c(cloud: dict[str, str], lasting_server: "Running", tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "cloud_watch_metrics.py"), str(tmp_path / "aws.conf")]
    command += ["--api-host", lasting_server.host, "--api-port", str(lasting_server.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=cloud) as watching:
        assert watching.stdout is not None
        job_id = watching.stdout.readline().split()[-1]
        assert watching.stdout.readline().startswith("10 rows from ")  # five minutes, which ended ten minutes ago
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=60)
    assert watching.returncode == 0
    job = Client(lasting_server.url).jobs.get(job_id)
    assert (job["status"], job["counts"]["processedRecordCount"]) == ("CLOSED", 10)


def _readable(stream: IO[str]) -> bool:
    return bool(select.select([stream], [], [], 0)[0])
