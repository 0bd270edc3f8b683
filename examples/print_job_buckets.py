"""Print when the buckets of a job began, and their two scores; then those that come, if that is wanted.

    python examples/print_job_buckets.py [--host localhost] [--port 8080] [--anomalyScore 50] [--continue-poll] JOB

It is written for the client of 2016, whose import path still works.
`tailmass results buckets JOB --follow` does it too.
"""

import argparse
import sys
import time
from datetime import datetime, timedelta

from prelert.engineApiClient import EngineApiClient


def show(client: EngineApiClient, job_id: str, after: str | None, score: float, probability: float) -> str | None:
    """Print the buckets after the one of that time, or all; the time of the last is the answer."""
    start = None if after is None else datetime.fromisoformat(after) + timedelta(seconds=1)
    status, buckets = client.getBucketsByDate(
        job_id, start, None, normalized_probability_filter_value=probability, anomaly_score_filter_value=score
    )
    if status != 200:
        sys.exit(f"no buckets: {status} {buckets}")
    for bucket in buckets:
        print(f"{bucket['timestamp']},{bucket['anomalyScore']},{bucket['maxNormalizedProbability']}", flush=True)
        after = bucket["timestamp"]
    return after


def main() -> None:
    """Read the arguments, print, and wait for more."""
    parser = argparse.ArgumentParser(description="Print the scores of the buckets of a job.")
    parser.add_argument("job")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--anomalyScore", type=float, default=0.0, help="lowest score of a bucket")
    parser.add_argument("--normalizedProbability", type=float, default=0.0, help="lowest score of its worst record")
    parser.add_argument("--continue-poll", action="store_true", help="go on with new buckets until Ctrl-C")
    parser.add_argument("--interval", type=float, default=10.0, help="seconds between two looks")
    given = parser.parse_args()
    client = EngineApiClient(given.host, "/engine/v2", given.port)
    scores = (given.anomalyScore, given.normalizedProbability)
    print("Date,Anomaly Score,Max Normalized Probability")
    try:
        last = show(client, given.job, None, *scores)
        while given.continue_poll:
            time.sleep(given.interval)
            last = show(client, given.job, last, *scores)
    except KeyboardInterrupt:
        print("Stopped", file=sys.stderr)


if __name__ == "__main__":
    main()
