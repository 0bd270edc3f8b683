"""Delete every job of a server, with models and results; it does not ask back.

    python examples/delete_all_jobs.py [--host localhost] [--port 8080]

It is written for the client of 2016, whose import path still works; `tailmass job delete --all` does it too, and asks.
"""

import argparse
import sys

from prelert.engineApiClient import EngineApiClient


def delete_all(client: EngineApiClient) -> None:
    """Delete page by page until none is left; a job that cannot be deleted ends it."""
    while True:
        status, page = client.getJobs()
        if status != 200:
            sys.exit(f"no jobs: {status} {page}")
        if not page["documents"]:
            return
        for job in page["documents"]:
            status, answer = client.delete(job["id"])
            if status != 200:
                sys.exit(f"{job['id']} cannot be deleted: {status} {answer}")
            print(f"Deleted {job['id']}")


def main() -> None:
    """Read the arguments and delete."""
    parser = argparse.ArgumentParser(description="Delete every job of a server.")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    delete_all(EngineApiClient(given.host, "/engine/v2", given.port))


if __name__ == "__main__":
    main()
