"""The server is killed in the middle of an upload, and started again."""

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tailmass.client import Client
from tailmass.feeds import farequote

if TYPE_CHECKING:
    from tests.conftest import ServerProcess

JOB = {
    "id": "crash",
    "analysisConfig": {
        "bucketSpan": 900,
        "detectors": [{"function": "mean", "fieldName": "responsetime", "byFieldName": "airline"}],
    },
    "dataDescription": {"fieldDelimiter": ",", "timeFormat": farequote.TIME_FORMAT},
}


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return farequote.csv().splitlines(keepends=True)


def test_a_kill_in_mid_upload_loses_nothing_acknowledged_and_the_job_goes_on(
    server_process: "ServerProcess", lines: list[bytes]
) -> None:
    header, acknowledged, rest = lines[0], lines[1:30_001], lines[30_001:]
    client = Client(server_process.url)
    client.jobs.create(JOB)
    client.data.upload("crash", header + b"".join(acknowledged))
    client.data.flush("crash")
    before = [bucket["timestamp"] for bucket in client.results.buckets("crash")]
    assert len(before) > 100

    sender = threading.Thread(target=_send_forever, args=(client, header, rest), daemon=True)
    sender.start()
    _wait_for(lambda: len(list(client.results.buckets("crash"))) > len(before))
    server_process.kill()
    sender.join(30)
    server_process.start()

    after = list(client.results.buckets("crash"))
    assert [bucket["timestamp"] for bucket in after[: len(before)]] == before
    job = client.jobs.get("crash")
    assert job["status"] == "CLOSED"
    assert job["counts"]["processedRecordCount"] == 30_000
    client.data.upload("crash", header + b"".join(rest))
    client.data.close("crash")

    undisturbed = {**JOB, "id": "undisturbed"}
    client.jobs.create(undisturbed)
    client.data.upload("undisturbed", b"".join(lines))
    client.data.close("undisturbed")
    assert list(client.results.records("crash")) == list(client.results.records("undisturbed"))
    assert list(client.results.buckets("crash")) == list(client.results.buckets("undisturbed"))


def _send_forever(client: Client, header: bytes, rows: list[bytes]) -> None:
    """Send the rows slowly enough that the kill finds the upload in the middle."""

    def chunks() -> Iterator[bytes]:
        yield header
        for begin in range(0, len(rows), 500):
            yield b"".join(rows[begin : begin + 500])
            time.sleep(0.02)
        while True:
            yield b"\n"
            time.sleep(0.05)

    with pytest.raises(OSError, match=r".*"):
        client.data.upload("crash", chunks())


def _wait_for(true: object) -> None:
    assert callable(true)
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.05)
