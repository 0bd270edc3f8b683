"""Documents come into Elasticsearch all the time, some of them late, and each is analysed once.

It takes three quarters of a minute. With TAILMASS_LIVE_SECONDS=300 documents come for five minutes, up to 20 s late.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailmass.client import Client
from tests.elastic import fill
from tests.pulling import PATIENCE, counts, pulling, sent, wait_for

if TYPE_CHECKING:
    from tests.conftest import ServerProcess

SECONDS = float(os.environ.get("TAILMASS_LIVE_SECONDS", "45"))
LATENESS = SECONDS / 15
DELAY = round(LATENESS + 3)  # a document can be found about a second after it was indexed
BUCKET = max(2, round(SECONDS / 30))
EVERY, AT_ONCE = 0.1, 10
TOO_LATE = 7

JOB = {
    "job_config": {
        "id": "live",
        "analysisConfig": {"bucketSpan": BUCKET, "detectors": [{"function": "count", "byFieldName": "response"}]},
        "dataDescription": {
            "format": "json",
            "timeField": "@timestamp",
            "timeFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSX",
        },
    },
    "search": {"query": {"match_all": {}}, "_source": ["response", "@timestamp"]},
}


class Writer(threading.Thread):
    """What happens is indexed a while after it has happened."""

    def __init__(self, url: str, index: str) -> None:
        super().__init__(name="writer")
        self._url, self._index = url, index
        self._random = random.Random(7)
        self._waiting: list[tuple[float, dict[str, Any]]] = []
        self.times_ms: list[int] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            end = time.time() + SECONDS
            while (now := time.time()) < end or self._waiting:
                if now < end:
                    self._happen(now)
                due = [document for at, document in self._waiting if at <= now]
                self._waiting = [(at, document) for at, document in self._waiting if at > now]
                if due:
                    fill(self._url, self._index, due)
                time.sleep(EVERY)
        except Exception as error:
            self.error = error

    def _happen(self, now: float) -> None:
        for _ in range(AT_ONCE):
            at_ms = int((now - EVERY * self._random.random()) * 1000)
            self.times_ms.append(at_ms)
            document = {"@timestamp": iso(at_ms), "response": self._random.choice(["200", "404"])}
            # Most come at once, as from a healthy shipper.
            late = self._random.random() * LATENESS if self._random.random() < 0.3 else 0.0
            self._waiting.append((now + late, document))


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "live.json"
    path.write_text(json.dumps(JOB))
    return path


@pytest.fixture
def writer(elastic_url: str) -> Iterator[Writer]:
    made = Writer(elastic_url, "happening")
    fill(elastic_url, "happening", [{"@timestamp": iso(0), "response": "200"}])  # so that there is an index
    yield made
    made.join(PATIENCE)


@pytest.mark.parametrize("elastic_url", ["elasticsearch8"], indirect=True, scope="session")
def test_every_document_is_analysed_once_whatever_comes_late_and_is_restarted(
    elastic_url: str, server_process: "ServerProcess", writer: Writer, config: Path, tmp_path: Path
) -> None:
    live = ("--index", "happening", "--realtime", "--update-interval", "1", "--delay", str(DELAY))
    state = tmp_path / "live.state"
    client = Client(server_process.url)
    where = ("--es-url", elastic_url, "--url", server_process.url)
    with pulling("elk", config, *where, *live, folder=tmp_path, patience=SECONDS + PATIENCE) as process:
        wait_for(state.exists, process)
        writer.start()
        wait_for(lambda: sent(state) >= SECONDS * AT_ONCE / EVERY / 5, process)
        server_process.kill()
        time.sleep(1)
        server_process.start()
        writer.join(SECONDS + PATIENCE)
        assert writer.error is None
        too_late = {"@timestamp": iso(writer.times_ms[-1] - 10_000), "response": "404"}
        fill(elastic_url, "happening", [too_late] * TOO_LATE)
        wait_for(lambda: sent(state) >= len(writer.times_ms), process)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0, (tmp_path / "said").read_text()
    said = (tmp_path / "said").read_text()
    assert "trying again" in said
    assert f"{TOO_LATE} rows came more than {DELAY} s after their time and are left out" in said

    there = counts(client, "live")
    assert there["inputRecordCount"] == there["processedRecordCount"] == len(writer.times_ms)
    assert there["outOfOrderTimeStampCount"] == 0
    expected = Counter(ms // 1000 // BUCKET * BUCKET for ms in writer.times_ms)
    seen = {
        int(datetime.fromisoformat(bucket["timestamp"]).timestamp()): bucket["eventCount"]
        for bucket in client.results.buckets("live")
    }
    last = max(expected)
    assert {at: count for at, count in seen.items() if count and at < last} == {
        at: count for at, count in expected.items() if at < last
    }
