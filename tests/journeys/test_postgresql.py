"""The server over PostgreSQL gives what it gives over SQLite, and goes on after a stop."""

from pathlib import Path
from typing import TYPE_CHECKING

from tailmass.client import Client
from tailmass.feeds import farequote
from tests.postgresql import database, postgresql

if TYPE_CHECKING:
    from tests.conftest import Serving

JOB = {
    "id": "fares",
    "analysisConfig": {
        "bucketSpan": 900,
        "detectors": [{"function": "count", "byFieldName": "airline"}],
    },
    "dataDescription": {"fieldDelimiter": ",", "timeFormat": farequote.TIME_FORMAT},
}


def test_postgresql_keeps_what_sqlite_keeps(serving: "Serving", tmp_path: Path) -> None:
    header, *lines = farequote.csv().splitlines(keepends=True)
    half = len(lines) // 2
    with serving(tmp_path / "sqlite") as running:
        client = Client(running.url)
        client.jobs.create(JOB)
        client.data.upload("fares", header + b"".join(lines))
        client.data.close("fares")
        expected = list(client.results.records("fares")), list(client.results.buckets("fares"))

    with postgresql() as server, database(server, "journey") as url:
        for part in (lines[:half], lines[half:]):
            with serving(tmp_path / "postgresql", store={"url": url}) as running:
                client = Client(running.url)
                if part[0] == lines[0]:
                    client.jobs.create(JOB)
                client.data.upload("fares", header + b"".join(part))
        with serving(tmp_path / "postgresql", store={"url": url}) as running:
            client = Client(running.url)
            assert (list(client.results.records("fares")), list(client.results.buckets("fares"))) == expected
            assert client.jobs.get("fares")["counts"]["processedRecordCount"] == len(lines)
