"""Print the time and the two scores of every record of a job, two hundred a request.

    python examples/print_job_records.py [--host localhost] [--port 8080] [--normalizedProbability 75] JOB

It is written for the client of 2016, whose import path still works; `tailmass results records JOB` does it too.
"""

import argparse
import sys

from prelert.engineApiClient import EngineApiClient

PAGE = 200


def show(client: EngineApiClient, job_id: str, score: float, probability: float) -> None:
    """Print the records from these scores upwards."""
    skip, more = 0, True
    while more:
        status, page = client.getRecords(
            job_id,
            skip=skip,
            take=PAGE,
            normalized_probability_filter_value=probability,
            anomaly_score_filter_value=score,
        )
        if status != 200:
            sys.exit(f"no records: {status} {page}")
        for record in page["documents"]:
            print(f"{record['timestamp']},{record['anomalyScore']},{record['normalizedProbability']}")
        skip += PAGE
        more = page["nextPage"] is not None


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser(description="Print the scores of the records of a job.")
    parser.add_argument("job")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--anomalyScore", type=float, default=0.0, help="lowest score of their bucket")
    parser.add_argument("--normalizedProbability", type=float, default=0.0, help="lowest score of a record")
    given = parser.parse_args()
    client = EngineApiClient(given.host, "/engine/v2", given.port)
    print("Date,Anomaly Score,Normalized Probability")
    show(client, given.job, given.anomalyScore, given.normalizedProbability)


if __name__ == "__main__":
    main()
