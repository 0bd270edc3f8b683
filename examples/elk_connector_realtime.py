"""Send what Logstash puts into Elasticsearch to a job, every minute, until Ctrl-C is pressed; then close the job.

    python examples/elk_connector_realtime.py [--es-host localhost] [--es-port 9200] [--api-host localhost]
        [--api-port 8080] [--job-id JOB] [--update-interval 60] [--delay 60] apache-access.json

It begins with the documents of the last interval, and stays --delay seconds behind, so that documents have been indexed
when they are looked for. Without --job-id it creates the job of the file.

It is written for the client of 2016, whose import path still works; `tailmass pull elk --realtime` does it too, and
goes on where it was when it is started again.
"""

import argparse
import json
import signal
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from prelert.engineApiClient import EngineApiClient
from tailmass.feeds.elastic.config import ElkConfig
from tailmass.feeds.elastic.server import ElasticServer
from tailmass.feeds.elastic.source import Elastic
from tailmass.feeds.rows import Span

BUSY = (409, 503)


def job(client: EngineApiClient, job_id: str | None, config: dict[str, Any]) -> str:
    """The id of the job to send to: one that exists, or a new one."""
    if job_id is None:
        status, answer = client.createJob(json.dumps(config))
        if status != 201:
            sys.exit(f"the job cannot be created: {status} {answer}")
        return str(answer["id"])
    status, answer = client.getJob(job_id)
    if status != 200:
        sys.exit(f"there is no job {job_id}: {status} {answer}")
    return job_id


def send(client: EngineApiClient, job_id: str, source: Elastic, since_ms: int, until_ms: int) -> int:
    """Upload the documents of a time, a page at a time; until when all were uploaded.

    Where a server is away or busy, the rest waits for the next time. What is refused is left out. Both is told.
    """
    try:
        for part in source.parts(Span(since_ms, until_ms)):
            if part.rows:
                status, answer = client.upload(job_id, part.lines())
                if status == 202:
                    print(f"{len(part.rows)} documents", flush=True)
                elif status in BUSY:
                    raise OSError(f"the job {job_id} is busy: {status} {answer}")
                else:
                    print(f"{len(part.rows)} documents were refused: {status} {answer}", file=sys.stderr, flush=True)
            since_ms = part.until_ms
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
    return since_ms


def main() -> None:
    """Read the arguments and send, until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Send what Logstash puts into Elasticsearch to a job as it comes.")
    parser.add_argument("config", type=Path, help="file with the job and the search")
    parser.add_argument("--es-host", default="localhost")
    parser.add_argument("--es-port", type=int, default=9200)
    parser.add_argument("--api-host", default="localhost")
    parser.add_argument("--api-port", type=int, default=8080)
    parser.add_argument("--job-id", help="send to this job, which exists")
    parser.add_argument("--update-interval", type=float, default=60, metavar="SECONDS")
    parser.add_argument("--delay", type=float, default=60, metavar="SECONDS", help="how far to stay behind")
    given = parser.parse_args()
    stopped = threading.Event()
    # Not a KeyboardInterrupt: it would leave the server in the middle of an upload.
    signal.signal(signal.SIGINT, lambda *_: stopped.set())
    client = EngineApiClient(given.api_host, "/engine/v2", given.api_port)
    try:
        config = ElkConfig.read(given.config)
        server = ElasticServer(f"http://{given.es_host}:{given.es_port}")
        job_id = job(client, given.job_id, config.job)
        print(f"Sending to the job {job_id}; Ctrl-C stops", flush=True)
        since_ms = int((time.time() - given.delay - given.update_interval) * 1000)
        with closing(Elastic(server, config.indices, config.search)) as source:
            while not stopped.is_set():
                begun = time.monotonic()
                since_ms = send(client, job_id, source, since_ms, int((time.time() - given.delay) * 1000))
                stopped.wait(max(0.0, begun + given.update_interval - time.monotonic()))
        status, answer = client.close(job_id)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    if status not in (200, 202):
        sys.exit(f"the job cannot be closed: {status} {answer}")
    print(f"Closed the job {job_id}")


if __name__ == "__main__":
    main()
