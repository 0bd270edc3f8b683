"""Replay measurements of a network as if they came now, and print the scores of buckets as soon as they are over.

    python examples/streaming_apm.py [--host localhost] [--port 8080] [--duration HOURS] network.csv

The file has the columns In Discards, In Octets, Out Discards, Out Octets and host, and one of times, the first unless
--timeField names it. Times are made anew: five minutes a row from 2014-05-18 on, for so many hours or, with 0, until
now. Where the file ends it is read backwards, and then forwards again. Ctrl-C closes the job.

It is written for the client of 2016, whose import path still works.
"""

import argparse
import csv
import io
import itertools
import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from prelert.engineApiClient import EngineApiClient

START = datetime(2014, 5, 18, tzinfo=UTC)
STEP = timedelta(seconds=300)
BATCH = 100
FIELDS = ("In Discards", "In Octets", "Out Discards", "Out Octets")

Row = dict[str, str]


def expect(status: int, answer: tuple[int, Any]) -> Any:
    """Return the document of an answer, or stop with what the server said instead."""
    if answer[0] != status:
        sys.exit(f"expected status {status}, but: {answer[0]} {answer[1]}")
    return answer[1]


def create(client: EngineApiClient, time_field: str) -> str:
    """Create the job; its id is the answer."""
    config = {
        "analysisConfig": {
            "bucketSpan": 3600,
            "detectors": [{"fieldName": field, "byFieldName": "host"} for field in FIELDS],
        },
        "dataDescription": {
            "fieldDelimiter": ",",
            "timeField": time_field,
            "timeFormat": "yyyy-MM-dd'T'HH:mm:ssXXX",
        },
    }
    job_id: str = expect(201, client.createJob(json.dumps(config)))["id"]
    return job_id


def replayed(rows: Sequence[Row], time_field: str, end: datetime) -> Iterator[Row]:
    """The rows, forwards and backwards by turns, at their new times."""
    there_and_back = itertools.cycle([*rows, *reversed(rows)])
    now = START
    while now < end:
        yield next(there_and_back) | {time_field: now.isoformat()}
        now += STEP


def batches(rows: Iterator[Row], names: Sequence[str]) -> Iterator[str]:
    """A hundred rows at a time as CSV, each time with their header."""
    while batch := list(itertools.islice(rows, BATCH)):
        text = io.StringIO()
        written = csv.DictWriter(text, names, lineterminator="\n")
        written.writeheader()
        written.writerows(batch)
        yield text.getvalue()


def tell(client: EngineApiClient, job_id: str, after: str | None) -> str | None:
    """Print the buckets after the one of that time, or all; the time of the last is the answer."""
    start = None if after is None else datetime.fromisoformat(after) + timedelta(seconds=1)
    for bucket in expect(200, client.getBucketsByDate(job_id, start, None)):
        print(f"{bucket['timestamp']},{bucket['anomalyScore']},{bucket['maxNormalizedProbability']}", flush=True)
        after = bucket["timestamp"]
    return after


def main() -> None:
    """Read the arguments and replay."""
    parser = argparse.ArgumentParser(description="Replay measurements of a network, and print the scores of buckets.")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--duration", type=float, default=0, help="hours to replay; 0 means until now")
    parser.add_argument("--timeField", help="the column of times; else it is the first")
    parser.add_argument("file", help="comma separated values")
    given = parser.parse_args()

    with open(given.file, newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        names = list(reader.fieldnames or ())
    missing = {*FIELDS, "host"} - set(names)
    if missing or not rows:
        parser.error(f"{given.file} has no {', '.join(sorted(missing)) or 'rows'}")
    time_field = given.timeField or names[0]

    end = START + timedelta(hours=given.duration) if given.duration else datetime.now(UTC)
    client = EngineApiClient(given.host, "/engine/v2", given.port)
    job_id = create(client, time_field)
    print("Date,Anomaly Score,Max Normalized Probability")
    told = None
    stopped = threading.Event()
    # Not a KeyboardInterrupt: it would leave the server in the middle of an upload.
    signal.signal(signal.SIGINT, lambda *_: stopped.set())
    for batch in batches(replayed(rows, time_field, end), names):
        expect(202, client.upload(job_id, batch))
        told = tell(client, job_id, told)
        if stopped.is_set():
            break
    expect(202, client.close(job_id))
    tell(client, job_id, told)


if __name__ == "__main__":
    main()
