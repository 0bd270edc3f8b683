"""The classic walk-through: create a job, send it a file, close it, read its buckets.

    python examples/walkthrough.py [--host localhost] [--port 8080] [--base-url /engine/v2] farequote.csv

It is written for the client of 2016, whose import path still works, and runs against every base path.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from prelert.engineApiClient import EngineApiClient


def configuration(detectors: Sequence[dict[str, str]], time_format: str) -> str:
    """A job for a file with the columns time, airline, responsetime and sourcetype."""
    analysis: dict[str, Any] = {"bucketSpan": 3600}
    if detectors:
        analysis["detectors"] = list(detectors)
    description = {"fieldDelimiter": ",", "timeField": "time", "timeFormat": time_format}
    return json.dumps({"analysisConfig": analysis, "dataDescription": description})


def expect(status: int, answer: tuple[int, Any]) -> Any:
    """Return the document of an answer, or stop with what the server said instead."""
    if answer[0] != status:
        sys.exit(f"expected status {status}, but: {answer[0]} {answer[1]}")
    return answer[1]


def walk(client: EngineApiClient, file: str, time_format: str) -> None:
    """Take every step once."""
    refusal = expect(400, client.createJob(configuration([], time_format)))
    print(f"A job without detectors is refused: {refusal['errorCode']} {refusal['message']}")

    detector = {"fieldName": "responsetime", "byFieldName": "airline"}
    job_id = expect(201, client.createJob(configuration([detector], time_format)))["id"]
    print(f"Created job {job_id}")

    with open(file, "rb") as rows:
        expect(202, client.upload(job_id, rows, gzipped=file.endswith(".gz")))
    print(f"Uploaded {file}")

    expect(202, client.close(job_id))
    print("Closed the job")

    buckets = expect(200, client.getAllBuckets(job_id))
    print(f"{len(buckets)} buckets; the most unusual:")
    worst = sorted(buckets, key=lambda bucket: -bucket["anomalyScore"])[:5]
    for bucket in worst:
        print(f"  {bucket['timestamp']}  {bucket['anomalyScore']:8.4f}")

    first, last = buckets[0]["timestamp"], buckets[min(24, len(buckets) - 1)]["timestamp"]
    part = expect(200, client.getBucketsByDate(job_id, first, last))
    print(f"{len(part)} buckets from {first} until {last}")


def main() -> None:
    """Read the arguments and walk."""
    parser = argparse.ArgumentParser(description="Create a job, send it a file, close it, read its buckets.")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--base-url", default="/engine/v2")
    parser.add_argument("--time-format", default="yyyy-MM-dd'T'HH:mm:ssX", help="how the file writes its times")
    parser.add_argument("file", help="comma separated values, as they are or compressed as .gz")
    arguments = parser.parse_args()
    walk(EngineApiClient(arguments.host, arguments.base_url, arguments.port), arguments.file, arguments.time_format)


if __name__ == "__main__":
    main()
