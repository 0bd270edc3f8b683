"""Send rows to a server as they come, and tell what is unusual as soon as a bucket is over.

    tailmass server
    python examples/stream_to_server.py [--url http://localhost:8080]

Standard library only, as the client is. The rows are made up: requests a minute to a shop, which stop for a while.
"""

import argparse
from collections.abc import Iterator

from tailmass import Client

JOB = {
    "id": "stream",
    "analysisConfig": {
        "bucketSpan": 300,
        "detectors": [{"function": "low_sum", "fieldName": "requests", "byFieldName": "shop"}],
    },
    "dataDescription": {"fieldDelimiter": ",", "timeField": "time", "timeFormat": "epoch"},
}
START = 1_772_409_600  # 2026-03-02 00:00 UTC
HOUR = 3600


def hours(count: int) -> Iterator[str]:
    """The rows of each hour as CSV, with a header; in the thirtieth hour one shop sells nothing for half of it."""
    for hour in range(count):
        lines = ["time,shop,requests"]
        for minute in range(60):
            closed = hour == 30 and 15 <= minute < 45
            time = START + HOUR * hour + 60 * minute
            lines.append(f"{time},north,{0 if closed else 40 + minute * 7 % 11}")
            lines.append(f"{time},south,{90 + minute * 5 % 17}")
        yield "\n".join(lines) + "\n"


def stream(client: Client, count: int) -> None:
    """Send every hour by itself; after each, tell the new records of note."""
    client.jobs.create(JOB, overwrite=True)
    told = START
    for number, rows in enumerate(hours(count), start=1):
        client.data.upload("stream", rows)
        client.data.flush("stream")  # what is flushed survives a crash
        until = START + HOUR * number - 300  # the newest bucket is still open
        found = client.results.records(
            "stream", start=told, end=until, normalized_probability=70, sort="timestamp", desc=False
        )
        for record in found:
            print(
                f"{record['timestamp']}  {record['byFieldValue']}  score {record['normalizedProbability']:.0f}  "
                f"{record['actual']:.0f} requests, typically {record['typical']:.0f}"
            )
        told = until
    client.data.close("stream")


def main() -> None:
    """Read the arguments and stream."""
    parser = argparse.ArgumentParser(description="Send rows to a server as they come, and tell what is unusual.")
    parser.add_argument("--url", default="http://localhost:8080")
    parser.add_argument("--hours", type=int, default=36)
    arguments = parser.parse_args()
    stream(Client(arguments.url), arguments.hours)


if __name__ == "__main__":
    main()
