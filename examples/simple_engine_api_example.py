"""Create a job for the airline data, send it a file, close it, and print the scores of its buckets as CSV.

    python examples/simple_engine_api_example.py [--host localhost] [--port 8080] farequote.csv

It is written for the client of 2016, whose import path still works.
"""

import argparse
import json
import sys
from typing import Any

from prelert.engineApiClient import EngineApiClient


def expect(status: int, answer: tuple[int, Any]) -> Any:
    """Return the document of an answer, or stop with what the server said instead."""
    if answer[0] != status:
        sys.exit(f"expected status {status}, but: {answer[0]} {answer[1]}")
    return answer[1]


def analyse(client: EngineApiClient, file: str, time_format: str) -> str:
    """Let a new job read the file; its id is the answer."""
    config = {
        "analysisConfig": {"bucketSpan": 3600, "detectors": [{"fieldName": "responsetime", "byFieldName": "airline"}]},
        "dataDescription": {"fieldDelimiter": ",", "timeField": "time", "timeFormat": time_format},
    }
    job_id: str = expect(201, client.createJob(json.dumps(config)))["id"]
    with open(file, "rb") as rows:
        expect(202, client.upload(job_id, rows, gzipped=file.endswith(".gz")))
    expect(202, client.close(job_id))
    return job_id


def main() -> None:
    """Read the arguments, analyse, and print."""
    parser = argparse.ArgumentParser(description="Print the scores of all buckets of the airline data.")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--timeFormat", default="yyyy-MM-dd HH:mm:ssX", help="how the file writes its times")
    parser.add_argument("file", help="comma separated values, as they are or compressed as .gz")
    given = parser.parse_args()
    client = EngineApiClient(given.host, "/engine/v2", given.port)
    job_id = analyse(client, given.file, given.timeFormat)
    print("Date,Anomaly Score,Max Normalized Probablility")  # spelt so since 2014: scripts may look for it
    for bucket in expect(200, client.getAllBuckets(job_id)):
        print(f"{bucket['timestamp']},{bucket['anomalyScore']},{bucket['maxNormalizedProbability']}")


if __name__ == "__main__":
    main()
