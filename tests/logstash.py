"""The lines of a public access log in Elasticsearch, as Logstash puts them there."""

import csv
import gzip
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.elastic import fill

ROWS = 10_000


def fill_as_logstash(url: str, shared: Path) -> None:
    """Index them by day, in two shards each, unless they are there: a server serves many tests."""
    if _count(url) == ROWS:
        return
    days = defaultdict(list)
    with gzip.open(shared / "data" / "apache_access" / "apache_logs.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            at = datetime.fromtimestamp(int(row["time"]), UTC)
            event = {
                "@timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
                "@version": "1",
                "type": "apache-access",
                "clientip": row["clientip"],
                "verb": row["method"],
                "request": row["uri"],
                "response": row["status"],
                "bytes": row["bytes"],
                "agent": row["agent"],
            }
            days[f"logstash-{at:%Y.%m.%d}"].append(event)
    template = {"index_patterns": ["logstash-*"], "settings": {"number_of_shards": 2, "number_of_replicas": 0}}
    httpx.put(f"{url}/_template/logstash", json=template, timeout=60).raise_for_status()
    for index, events in days.items():
        fill(url, index, events)
    assert _count(url) == ROWS


def _count(url: str) -> int:
    return int(httpx.get(f"{url}/logstash-*/_count", timeout=60).json()["count"])
