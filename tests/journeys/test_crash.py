"""The server is killed in the middle of its work, and started again.

`TAILMASS_TEST_KILLS` is how often it is killed at random, 3 times unless it is set. After `TAILMASS_TEST_KILL_SECONDS`
it is left at what was done by then.
"""

import itertools
import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tailmass.client import Client
from tailmass.feeds import farequote

if TYPE_CHECKING:
    from tests.conftest import ServerProcess

KILLS = int(os.environ.get("TAILMASS_TEST_KILLS", "3"))
SECONDS = float(os.environ.get("TAILMASS_TEST_KILL_SECONDS", "inf"))
PART = 500
"""Rows that are sent before a flush or a close."""

JOB: dict[str, Any] = {
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


def test_kills_at_random_lose_nothing_acknowledged(server_process: "ServerProcess", lines: list[bytes]) -> None:
    """A sender goes through the rows, flushes and closes; whenever it is interrupted it goes on from the counts."""
    chance, client, lines = random.Random(1), Client(server_process.url), lines[:15_001]
    client.jobs.create({**JOB, "id": "undisturbed"})
    client.data.upload("undisturbed", b"".join(lines))
    client.data.close("undisturbed")
    undisturbed = list(client.results.buckets("undisturbed"))
    records = list(client.results.records("undisturbed"))
    sender = _Sender(client, lines)
    sender.begin()
    deadline, kills, inside = time.monotonic() + SECONDS, 0, 0
    while kills < KILLS and time.monotonic() < deadline:
        thread = threading.Thread(target=sender.go_on, args=(chance,))
        thread.start()
        time.sleep(chance.uniform(0.0, 1.5))
        server_process.kill()
        kills += 1
        thread.join(30)
        inside += sender.sending
        server_process.start()
        told = client.jobs.get(sender.job)
        assert told["status"] == "CLOSED"
        taken = told["counts"]["processedRecordCount"]
        # What was not acknowledged may be safe all the same, if the answer was lost on its way.
        assert taken in (sender.acknowledged, min(sender.acknowledged + PART, len(lines) - 1))
        newest = sender.time(taken) if taken else ""
        safe = max(0, sum(each["timestamp"] <= newest for each in undisturbed) - 1)
        assert list(itertools.islice(client.results.buckets(sender.job), safe)) == undisturbed[:safe]
        sender.acknowledged = taken
        if taken == len(lines) - 1:
            assert list(client.results.buckets(sender.job)) == undisturbed
            sender.begin()
    sender.go_on(chance)
    assert sender.acknowledged == len(lines) - 1
    client.data.close(sender.job)
    for job in sender.jobs:
        assert list(client.results.buckets(job)) == undisturbed
        assert list(client.results.records(job)) == records
    server_process.stop()
    connection = sqlite3.connect(server_process.home / "tailmass.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    print(f"{kills} kills, {inside} of them during an upload, {len(sender.jobs)} jobs")


class _Sender:
    """Someone who sends all rows, part by part, to one job after the other, and knows what was acknowledged."""

    def __init__(self, client: Client, lines: list[bytes]) -> None:
        self.client = client
        self.header, self.rows = lines[0], lines[1:]
        self.jobs: list[str] = []
        self.acknowledged = 0
        self.sending = False

    @property
    def job(self) -> str:
        return self.jobs[-1]

    def begin(self) -> None:
        """Begin with a new job."""
        self.jobs.append(f"crash-{len(self.jobs)}")
        self.client.jobs.create({**JOB, "id": self.job})
        self.acknowledged = 0

    def go_on(self, chance: random.Random) -> None:
        """Send what is left, until there is nothing, or nobody listens."""
        try:
            while self.acknowledged < len(self.rows):
                part = self.rows[self.acknowledged : self.acknowledged + PART]
                self.sending = True
                self.client.data.upload(self.job, self._chunks(part))
                self.sending = False
                if chance.random() < 0.5:
                    self.client.data.flush(self.job)
                else:
                    self.client.data.close(self.job)
                self.acknowledged += len(part)
        except OSError:
            return

    def _chunks(self, part: list[bytes]) -> Iterator[bytes]:
        yield self.header
        for begin in range(0, len(part), 50):
            yield b"".join(part[begin : begin + 50])
            time.sleep(0.001)

    def time(self, taken: int) -> str:
        """The time of the last row of those that were taken, as buckets have it."""
        text = self.rows[taken - 1].partition(b",")[0].decode()
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


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
