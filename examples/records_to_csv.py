"""Write the records of a job as CSV, the least normal first.

    python examples/records_to_csv.py JOB HOST [PORT=8080] [LIMIT=10000]

It is written for the client of 2016, whose import path still works.
`tailmass results records JOB --format csv` does it too, for any number of them.
"""

import csv
import json
import sys
from typing import Any

from prelert.engineApiClient import EngineApiClient

PAGE = 1000


def records(client: EngineApiClient, job_id: str, limit: int) -> list[dict[str, Any]]:
    """The first so many records."""
    found: list[dict[str, Any]] = []
    while len(found) < limit:
        status, page = client.getRecords(
            job_id, skip=len(found), take=min(PAGE, limit - len(found)), sort_field="normalizedProbability"
        )
        if status != 200:
            sys.exit(f"no records: {status} {page}")
        found += page["documents"]
        if page["nextPage"] is None:
            break
    return found


def cell(value: Any) -> str:
    """A value as text; several values, and what is true or false, as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def main() -> None:
    """Read the arguments and write."""
    if len(sys.argv) < 3:
        print(f"Usage: {sys.argv[0]} JOB HOST [PORT=8080] [LIMIT=10000]", file=sys.stderr)
        sys.exit(1)
    job_id, host = sys.argv[1:3]
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 8080
    limit = int(sys.argv[4]) if len(sys.argv) > 4 else 10_000
    found = records(EngineApiClient(host, "/engine/v2", port), job_id, limit)
    names = sorted({name for each in found for name in each})
    rows = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    rows.writeheader()
    rows.writerows({name: cell(value) for name, value in each.items()} for each in found)


if __name__ == "__main__":
    main()
