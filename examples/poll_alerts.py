"""Wait for alerts of a job and print each one, until the job stops or Ctrl-C is pressed.

    python examples/poll_alerts.py [--host localhost] [--port 8080] [--anomalyScore 75] JOB

It is written for the client of 2016, whose import path still works. The job has to be running: send it data meanwhile.
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from prelert.engineApiClient import EngineApiClient


def poll(client: EngineApiClient, job_id: str, score: float | None, probability: float | None, timeout: int) -> str:
    """Print alerts as they come; why there are no more is the answer."""
    while True:
        status, alert = client.alerts_longpoll(job_id, probability, score, timeout)
        if status != 200:
            return f"No more alerts: {alert['message']}"
        if not alert["timeout"]:
            show(alert)


def show(alert: Mapping[str, Any]) -> None:
    """Print an alert: when, how bad, where to look, and what it holds."""
    scores = f"score {alert['anomalyScore']:.0f}, record {alert['maxNormalizedProbability']:.0f}"
    print(f"{alert['timestamp']}  {scores}  {alert['uri']}")
    if "bucket" in alert:
        print(f"  bucket {alert['bucket']['timestamp']}")
    for record in alert.get("records", ()):
        print(f"  record {record['timestamp']} {record['normalizedProbability']:.0f}")
    sys.stdout.flush()


def main() -> None:
    """Read the arguments and wait."""
    parser = argparse.ArgumentParser(description="Print the alerts of a job as they come.")
    parser.add_argument("job")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--anomalyScore", type=float)
    parser.add_argument("--normalizedProbability", type=float)
    parser.add_argument("--timeout", type=int, default=90)
    given = parser.parse_args()
    if given.anomalyScore is None and given.normalizedProbability is None:
        parser.error("give --anomalyScore or --normalizedProbability, from 0 to 100")
    client = EngineApiClient(given.host, "/engine/v2", given.port)
    try:
        print(poll(client, given.job, given.anomalyScore, given.normalizedProbability, given.timeout))
    except KeyboardInterrupt:
        print("Stopped")


if __name__ == "__main__":
    main()
