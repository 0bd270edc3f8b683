"""From the lines of a log to what is unusual in them, over the wire."""

import gzip
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Running

START = 1_700_000_400
JOB = {
    "id": "lines",
    "analysisConfig": {
        "bucketSpan": 600,
        "detectors": [{"function": "high_sum", "fieldName": "bytes", "byFieldName": "hrd"}],
        "influencers": ["status"],
    },
    "dataDescription": {"format": "SINGLE_LINE", "timeField": "when", "timeFormat": "dd/MMM/yyyy:HH:mm:ss X"},
    "transforms": [
        {"transform": "domain_split", "inputs": ["host"]},
        {"transform": "lowercase", "inputs": ["Host"], "outputs": ["host"]},
        {"transform": "concat", "inputs": ["stamp", "zone"], "outputs": ["when"], "arguments": [" "]},
        {
            "transform": "extract",
            "inputs": ["raw"],
            "outputs": ["Host", "stamp", "zone", "status", "bytes"],
            "arguments": [r'^(\S+) \S+ \S+ \[(\S+) (\S+)\] "[^"]*" (\d+) (\d+)$'],
        },
        {"transform": "exclude", "inputs": ["status"], "condition": {"operator": "GTE", "value": "500"}},
    ],
}


def log(minutes: int, burst: int) -> bytes:
    """An access log of two sites, one of which sends very much in one minute; now and then the server fails."""
    lines = []
    for minute in range(minutes):
        stamp = datetime.fromtimestamp(START + 60 * minute, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
        for host in ("www.Example.COM", "Shop.example.co.uk"):
            size = 5_000_000 if (minute, host[0]) == (burst, "S") else 1000 + minute * 7 % 100
            lines.append(f'{host} - - [{stamp}] "GET /{minute} HTTP/1.1" 200 {size}\n')
        if minute % 10 == 0:
            lines.append(f'www.example.com - - [{stamp}] "GET /x HTTP/1.1" 503 99999999\n')
    return "".join(lines).encode()


LOG = log(1200, burst=905)
COUNTS = {
    "processedRecordCount": 2400,
    "processedFieldCount": 3 * 2400,
    "inputBytes": len(LOG) + len(b"caf\xe9\r\n\n"),
    "inputRecordCount": 2521,
    "inputFieldCount": 2521,
    "invalidDateCount": 1,
    "missingFieldCount": 0,
    "outOfOrderTimeStampCount": 0,
    "failedTransformCount": 3,  # no match, and so no host, and no number to compare
    "excludedRecordCount": 120,
    "latestRecordTimeStamp": "2023-11-15T18:19:00.000+0000",
}


def counts_of(answer: Any) -> dict[str, Any]:
    [entry] = answer["responses"]
    summary: dict[str, Any] = entry["uploadSummary"]
    return summary


def test_lines_become_records_over_the_wire(server: "Running") -> None:
    with httpx.Client(base_url=f"{server.url}/engine/v2", timeout=60) as api:
        assert api.post("/jobs", json=JOB).status_code == 201
        body = b"caf\xe9\r\n\n" + LOG
        chunks = (body[at : at + 1013] for at in range(0, len(body), 1013))
        answered = api.post("/data/lines", content=chunks)
        assert answered.status_code == 202
        assert counts_of(answered.json()) == COUNTS
        api.post("/data/lines/close")
        [top] = api.get("/results/lines/records?take=1").json()["documents"]
        assert (top["byFieldValue"], top["timestamp"]) == ("example.co.uk", "2023-11-15T13:20:00.000+0000")
        assert top["normalizedProbability"] > 50
        job = api.get("/jobs/lines").json()["document"]
        assert job["transforms"] == JOB["transforms"]
        assert job["counts"] == {"bucketCount": job["counts"]["bucketCount"], **COUNTS}


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_sends_the_log_as_it_is_or_packed(server: "Running", tmp_path: Path) -> None:
    with httpx.Client(base_url=f"{server.url}/engine/v2") as api:
        plain, packed = tmp_path / "access.log", tmp_path / "access.log.gz"
        plain.write_bytes(b"caf\xe9\r\n\n" + LOG)
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        for name, file, more in (("plain", plain, list[str]()), ("packed", packed, ["-H", "Content-Encoding: gzip"])):
            api.post("/jobs", json={**JOB, "id": name})
            command = ["curl", "--silent", *more, "-X", "POST", "-T", str(file), f"{server.url}/engine/v2/data/{name}"]
            answer = subprocess.run(command, check=True, capture_output=True, timeout=60)
            assert counts_of(json.loads(answer.stdout)) == COUNTS


def test_a_job_goes_on_where_it_was_when_it_is_opened_again(server: "Running") -> None:
    half = LOG.index(b"\n", len(LOG) // 2) + 1
    with httpx.Client(base_url=f"{server.url}/engine/v2", timeout=60) as api:
        found = []
        for name, parts in (("once", [LOG]), ("twice", [LOG[:half], LOG[half:]])):
            api.post("/jobs", json={**JOB, "id": name})
            for part in parts:
                assert api.post(f"/data/{name}", content=part).status_code == 202
                api.post(f"/data/{name}/close")
            found.append(api.get(f"/results/{name}/records?take=100").json()["documents"])
        assert found[0] == found[1]
        assert len(found[0]) > 0
