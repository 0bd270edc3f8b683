"""The examples, as a newcomer runs them."""

import json
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from prelert.engineApiClient import EngineApiClient

if TYPE_CHECKING:
    from tests.conftest import Running

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(example: str, *arguments: str) -> str:
    command = [sys.executable, str(EXAMPLES / example), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
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


def _readable(stream: IO[str]) -> bool:
    return bool(select.select([stream], [], [], 0)[0])
