"""Send what Logstash has put into Elasticsearch to a new job, day by day, and close the job.

    python examples/elk_connector.py [--es-host localhost] [--es-port 9200] [--api-host localhost] [--api-port 8080]
        [--start-date 2015-05-17] [--end-date 2015-05-20] apache-access.json

Without dates it begins on the day of the oldest document and ends today. The exit code is 1 if anything went wrong.

It is written for the client of 2016, whose import path still works; `tailmass pull elk` does it too, and goes on
where it was when something breaks off.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from prelert.engineApiClient import EngineApiClient
from tailmass.feeds.elastic.config import ElkConfig
from tailmass.feeds.elastic.server import ElasticServer
from tailmass.feeds.elastic.source import Elastic
from tailmass.feeds.rows import DAY_MS, Span

BUSY = (409, 503)
PAUSES = (1, 2, 4, 8)


def created(client: EngineApiClient, config: dict[str, Any]) -> str:
    """Create the job; its id is the answer."""
    status, answer = client.createJob(json.dumps(config))
    if status != 201:
        sys.exit(f"the job cannot be created: {status} {answer}")
    job_id: str = answer["id"]
    return job_id


def days(source: Elastic, start: date | None, end: date | None) -> Iterator[tuple[date, Span]]:
    """The days from the first to the last, or from that of the oldest document until today."""
    if start is None:
        there = source.span()
        if there is None:
            sys.exit("there are no documents: is this where Logstash has put them?")
        start = datetime.fromtimestamp(there.since_ms / 1000, UTC).date()
    day, last = start, end or datetime.now(UTC).date()
    while day <= last:
        begin_ms = (day - date(1970, 1, 1)).days * DAY_MS
        yield day, Span(begin_ms, begin_ms + DAY_MS)
        day += timedelta(days=1)


def uploaded(client: EngineApiClient, job_id: str, rows: bytes) -> tuple[int, Any]:
    """The answer to an upload, which is tried again where the server is busy, or away, and so has taken nothing.

    What was refused in the middle is not: the job may have taken some of it, and would count that twice.
    """
    for pause in PAUSES:
        with suppress(ConnectionRefusedError):
            status, answer = client.upload(job_id, rows)
            if status not in BUSY:
                return status, answer
        time.sleep(pause)
    return client.upload(job_id, rows)


def send(client: EngineApiClient, job_id: str, source: Elastic, span: Span) -> tuple[int, int]:
    """Upload the documents of a day, a page at a time; how many were taken, and how many were not."""
    taken = refused = 0
    for part in source.parts(span):
        if not part.rows:
            continue
        status, answer = uploaded(client, job_id, part.lines())
        if status == 202:
            taken += len(part.rows)
        else:
            print(f"{len(part.rows)} documents were refused: {status} {answer}", file=sys.stderr)
            refused += len(part.rows)
    return taken, refused


def main() -> None:
    """Read the arguments and send."""
    parser = argparse.ArgumentParser(description="Send what Logstash has put into Elasticsearch to a new job.")
    parser.add_argument("config", type=Path, help="file with the job and the search")
    parser.add_argument("--es-host", default="localhost")
    parser.add_argument("--es-port", type=int, default=9200)
    parser.add_argument("--api-host", default="localhost")
    parser.add_argument("--api-port", type=int, default=8080)
    parser.add_argument("--start-date", "--start_date", type=date.fromisoformat, metavar="YYYY-MM-DD")
    parser.add_argument("--end-date", "--end_date", type=date.fromisoformat, metavar="YYYY-MM-DD", help="the last day")
    given = parser.parse_args()
    taken = refused = 0
    try:
        config = ElkConfig.read(given.config)
        server = ElasticServer(f"http://{given.es_host}:{given.es_port}")
        client = EngineApiClient(given.api_host, "/engine/v2", given.api_port)
        with closing(Elastic(server, config.indices, config.search)) as source:
            to_send = list(days(source, given.start_date, given.end_date))
            job_id = created(client, config.job)
            for day, span in to_send:
                of_day, not_of_day = send(client, job_id, source, span)
                taken, refused = taken + of_day, refused + not_of_day
                if of_day or not_of_day:
                    print(f"{day}: {taken} documents")
    except (OSError, ValueError) as error:
        sys.exit(f"stopped after {taken} documents: {error}")
    status, answer = client.close(job_id)
    if status not in (200, 202):
        sys.exit(f"the job cannot be closed: {status} {answer}")
    print(f"{taken} documents are in the job {job_id}")
    if refused:
        sys.exit(f"{refused} documents were refused")


if __name__ == "__main__":
    main()
