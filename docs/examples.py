"""Ask a server of every resource once, and write down what was sent and came back, as examples for its description.

python docs/examples.py
"""

import json
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tailmass.feeds import farequote
from tailmass.server.run import Server
from tailmass.server.settings import Settings

FILE = Path(__file__).parents[1] / "src" / "tailmass" / "server" / "examples.json"

Examples = dict[str, dict[str, Any]]
"""For each method and path, what was sent (`request`), if that is a document or text, and the `response`."""

JOB: dict[str, Any] = {
    "id": "farequote",
    "description": "How long airlines take to answer",
    "analysisConfig": {
        "bucketSpan": 900,
        "detectors": [{"function": "mean", "fieldName": "responsetime", "byFieldName": "airline"}],
        "influencers": ["airline"],
    },
    "dataDescription": {"fieldDelimiter": ",", "timeField": "time", "timeFormat": farequote.TIME_FORMAT},
}
MESSAGES: dict[str, Any] = {
    "id": "messages",
    "analysisConfig": {
        "bucketSpan": 3600,
        "categorizationFieldName": "message",
        "detectors": [{"function": "count", "byFieldName": "prelertcategory"}],
    },
    "dataDescription": {"format": "JSON", "timeField": "time"},
    "modelDebugConfig": {"writeTo": "DATA_STORE", "boundsPercentile": 95.0},
}
HOURS, HOUR = 60, 3600
URL = "http://localhost:8080"  # stands in place of where the server that was asked happened to listen
BURST = farequote.BURST_START // 900 * 900


class Recorder:
    """Asks a server, and remembers the first answer of each resource."""

    def __init__(self, client: httpx.Client, version: str) -> None:
        self.examples: Examples = {}
        self._client = client
        self._base = f"/engine/{version}"

    def ask(self, method: str, path: str, *, send: Any = None, note: bool = True, query: str = "", **ids: str) -> Any:
        """The answer to a request, which must be a good one.

        Parameters
        ----------
        method, path : the resource, with the names of `ids` in braces
        send : what to send: a document, or text, or bytes, which are data and no example
        note : whether the two are to be an example
        query : what follows the question mark
        ids : what stands in place of the names
        """
        body = {"content": send} if isinstance(send, str | bytes) else {} if send is None else {"json": send}
        answer = self._client.request(method, f"{self._base}{path.format(**ids)}?{query}", **body)
        answer.raise_for_status()
        kind = answer.headers.get("content-type", "")
        told = answer.json() if kind.startswith("application/json") else answer.text
        if note and (path.count("{") == len(ids)):
            sent = {} if send is None or isinstance(send, bytes) else {"request": send}
            self.examples.setdefault(f"{method} {self._base}{path}", {**sent, "response": told})
        return told


def record(client: httpx.Client, version: str, folder: Path) -> Examples:
    """Examples of one version of the API, from a server that has no jobs yet."""
    recorder = Recorder(client, version)
    ask = recorder.ask
    rows = farequote.csv()
    middle = rows.index(b"\n", len(rows) // 2) + 1
    header = rows[: rows.index(b"\n") + 1]

    ask("GET", "")
    ask("POST", "/jobs", send=JOB)
    ask("POST", "/data/{job_ids}", send=rows[:middle], job_ids="farequote")
    ask("POST", "/data/{job_id}/close", job_id="farequote")
    ask("POST", "/data/{job_ids}", send=header + rows[middle:], job_ids="farequote")
    _alert(recorder)
    ask("POST", "/data/{job_id}/close", job_id="farequote")
    _results(recorder)
    _snapshots(recorder)
    ask("PUT", "/jobs/{job_id}/update", send={"resultsRetentionDays": 90}, job_id="farequote")
    ask("PUT", "/jobs/{job_id}/description", send="Answers of airlines", job_id="farequote")
    ask("POST", "/jobs/{job_id}/pause", job_id="farequote")
    ask("POST", "/jobs/{job_id}/resume", job_id="farequote")
    ask("POST", "/preview/{job_id}", send=b"".join(rows.splitlines(keepends=True)[:4]), job_id="farequote")
    _categories(recorder)
    ask("GET", "/jobs", query="take=1")
    ask("GET", "/jobs/{job_id}", job_id="farequote")
    _scheduled(recorder, folder)
    detector = {"function": "high_count", "byFieldName": "status"}
    transform = {"transform": "domain_split", "inputs": ["query"], "outputs": ["below", "domain"]}
    ask("POST", "/validate/detector", send=detector)
    ask("POST", "/validate/transform", send=transform)
    ask("POST", "/validate/transforms", send=[transform])
    ask("GET", "/logs/{job_id}/tail", query="lines=2", job_id="farequote")
    ask("GET", "/logs/{job_id}/{file}/tail", query="lines=2", job_id="farequote", file="farequote")
    if version == "v3":
        _native(recorder)
    ask("DELETE", "/jobs/{job_id}", job_id="farequote")
    return recorder.examples


def _alert(recorder: Recorder) -> None:
    """Wait for an alert, for which results of the newest bucket will do."""
    query = "score=0&includeInterim=true&timeout=20"
    waiting = threading.Thread(
        target=lambda: recorder.ask("GET", "/alerts_longpoll/{job_id}", query=query, job_id="farequote")
    )
    waiting.start()
    while waiting.is_alive():
        recorder.ask("POST", "/data/{job_id}/flush", query="calcInterim=true", job_id="farequote")
        waiting.join(0.2)


def _results(recorder: Recorder) -> None:
    ask = recorder.ask
    ask("GET", "/results/{job_id}/buckets", query=f"start={BURST}&take=1", job_id="farequote")
    when = {"job_id": "farequote", "timestamp": str(BURST)}
    ask("GET", "/results/{job_id}/buckets/{timestamp}", query="expand=true", **when)
    ask("GET", "/results/{job_id}/{timestamp}", **when)
    ask("GET", "/results/{job_id}/records", query="take=1", job_id="farequote")
    ask("GET", "/results/{job_id}/influencers", query="take=1", job_id="farequote")


def _snapshots(recorder: Recorder) -> None:
    ask = recorder.ask
    listed = ask("GET", "/modelsnapshots/{job_id}", job_id="farequote")
    newest, oldest = (listed["documents"][place]["snapshotId"] for place in (0, -1))
    described = {"description": "Before the airline was slow"}
    which = {"job_id": "farequote", "snapshot_id": oldest}
    ask("PUT", "/modelsnapshots/{job_id}/{snapshot_id}/description", send=described, **which)
    ask("POST", "/modelsnapshots/{job_id}/revert", query=f"snapshotId={newest}", job_id="farequote")
    ask("DELETE", "/modelsnapshots/{job_id}/{snapshot_id}", **which)


def _categories(recorder: Recorder) -> None:
    """Two kinds of messages an hour."""
    ask = recorder.ask
    lines = [
        json.dumps({"time": farequote.START + HOUR * hour, "message": message})
        for hour in range(HOURS)
        for message in (f"User u{hour} has logged in from host{hour % 7}", f"Disk sd{hour % 3} is {hour}% full")
    ]
    ask("POST", "/jobs", send=MESSAGES)
    ask("POST", "/dataload/{job_ids}", send="\n".join(lines).encode(), job_ids="messages")
    ask("POST", "/data/{job_id}/flush", job_id="messages")
    ask("GET", "/results/{job_id}/categorydefinitions", job_id="messages")
    ask("GET", "/results/{job_id}/categorydefinitions/{category_id}", job_id="messages", category_id="1")
    ask("DELETE", "/results/{job_id}", query=f"end={farequote.START + 10 * HOUR}", job_id="messages")


def _scheduled(recorder: Recorder, folder: Path) -> None:
    path = folder / "growing.csv"
    path.write_text(f"time,airline,responsetime\n{farequote.START},AAL,99.5\n")
    scheduler = {"dataSource": "FILE", "filePath": str(path), "tailFile": True}
    description = {**JOB["dataDescription"], "timeFormat": "epoch"}
    growing = {**JOB, "id": "growing", "schedulerConfig": scheduler, "dataDescription": description}
    recorder.ask("POST", "/jobs", send=growing)
    recorder.ask("POST", "/schedulers/{job_id}/start", job_id="growing")
    recorder.ask("POST", "/schedulers/{job_id}/stop", job_id="growing")


def _native(recorder: Recorder) -> None:
    ask = recorder.ask
    ask("GET", "/forecast/{job_id}", query="duration=900&byFieldValue=AAL", job_id="farequote")
    ask("GET", "/audit", query="take=1")
    ask("GET", "/audit/{job_id}", query="take=1", job_id="farequote")
    ask("GET", "/activity", query="take=1")
    ask("GET", "/usage", query="take=1")
    ask("GET", "/usage/{job_id}", query="take=1", job_id="farequote")
    ask("GET", "/input/{job_id}", query="take=1", job_id="messages")
    ask("GET", "/bounds/{job_id}", query="take=1", job_id="messages")


def collected() -> Examples:
    """Examples of both versions that are described, each from a server of its own."""
    examples: Examples = {}
    for version in ("v2", "v3"):
        with TemporaryDirectory(prefix="tailmass-examples-") as folder:
            ready = threading.Event()
            server = Server(Settings(port=0, home=Path(folder)), ready=lambda _, ready=ready: ready.set())
            thread = threading.Thread(target=server.listen)
            thread.start()
            try:
                ready.wait(60)
                with httpx.Client(base_url=server.url, timeout=60) as client:
                    told = json.dumps(record(client, version, Path(folder)))
                examples |= json.loads(told.replace(server.url, URL).replace(folder, "/var/data"))
            finally:
                server.should_exit = True
                thread.join()
    return examples


if __name__ == "__main__":
    FILE.write_text(json.dumps(collected(), indent=1) + "\n")
    print(f"wrote {FILE.name}")
