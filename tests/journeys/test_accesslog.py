"""Access logs are pulled into jobs."""

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from tailmass.client import Client
from tests import pulling as processes
from tests.pulling import counts

if TYPE_CHECKING:
    from tests.conftest import Running


def pull(*arguments: str, folder: Path, stdin: bytes = b"") -> tuple[str, str]:
    done = processes.pull("accesslog", *arguments, folder=folder, stdin=stdin)
    return done.stdout, done.stderr


def test_a_rotated_log_is_the_same_as_its_lines_in_one_upload(server: "Running", shared: Path, tmp_path: Path) -> None:
    lines = gzip.decompress((shared / "data" / "apache_access" / "apache_logs.log.gz").read_bytes()).splitlines(True)
    (tmp_path / "access.log").write_bytes(b"".join(lines[7000:]))
    (tmp_path / "access.log.1").write_bytes(b"".join(lines[3000:7000]))
    (tmp_path / "access.log.2.gz").write_bytes(gzip.compress(b"".join(lines[:3000])))
    where = ("--url", server.url)
    out, err = pull("access.log*", "--job-id", "turned", *where, folder=tmp_path)
    assert out == "10,000 rows of 3 files are in the job turned\n"
    assert "left out" not in err
    client = Client(server.url)
    assert counts(client, "turned")["processedRecordCount"] == 10_000
    assert client.jobs.get("turned")["analysisConfig"]["detectors"][0]["function"] == "high_count"

    out, _ = pull("-", "--job-id", "piped", *where, folder=tmp_path, stdin=b"".join(lines))
    assert out == "10,000 rows of stdin are in the job piped\n"
    assert list(client.results.buckets("piped")) == list(client.results.buckets("turned"))
    assert list(client.results.records("piped")) == list(client.results.records("turned"))


def test_requests_are_taken_apart_where_a_detector_asks_for_it(server: "Running", tmp_path: Path) -> None:
    line = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "x"\n'
    (tmp_path / "access.log").write_text(line * 10 + "strange\n")
    _, err = pull(
        "access.log", "--detector", "count by uri", "--job-id", "uris", "--url", server.url, folder=tmp_path
    )  # fmt: skip
    assert "1 line was left out that is none of an access log, such as 'strange'" in err
    there = counts(Client(server.url), "uris")
    assert (there["processedRecordCount"], there["missingFieldCount"], there["failedTransformCount"]) == (10, 0, 0)
