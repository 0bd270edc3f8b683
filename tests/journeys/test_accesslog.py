"""Access logs are pulled into jobs."""

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tailmass.client import Client
from tailmass.feeds.files.accesslog import DESCRIPTION, AccessLog
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

    there = client.jobs.get("turned")
    client.jobs.create({"id": "whole", **{name: there[name] for name in ("analysisConfig", "dataDescription")}})
    log = AccessLog()
    client.data.upload("whole", log.header + log.cut(b"".join(lines), True)[0].data)
    client.data.close("whole")
    assert list(client.results.buckets("whole")) == list(client.results.buckets("turned"))
    assert list(client.results.records("whole")) == list(client.results.records("turned"))
    of_whole, of_turned = counts(client, "whole"), counts(client, "turned")
    assert (of_whole.pop("inputFieldCount"), of_turned.pop("inputFieldCount")) == (89_998, 20_000)  # a line is cut off
    assert of_whole.pop("inputBytes") > 5 * of_turned.pop("inputBytes")
    assert of_whole == of_turned

    out, _ = pull("-", "--job-id", "piped", *where, folder=tmp_path, stdin=b"".join(lines))
    assert out == "10,000 rows of stdin are in the job piped\n"
    assert list(client.results.buckets("piped")) == list(client.results.buckets("turned"))
    assert list(client.results.records("piped")) == list(client.results.records("turned"))


def test_a_job_that_looks_at_something_else_gets_all_fields(server: "Running", tmp_path: Path) -> None:
    line = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "x"\n'
    (tmp_path / "access.log").write_text(line * 10)
    client = Client(server.url)
    detectors = [{"function": "count", "byFieldName": "useragent"}]
    job = {"id": "given", "analysisConfig": {"bucketSpan": 300, "detectors": detectors}, "dataDescription": DESCRIPTION}
    client.jobs.create(job)
    pull("access.log", "--job-id", "given", "--url", server.url, folder=tmp_path)
    (tmp_path / "job.json").write_text(json.dumps({**job, "id": "made"}))
    pull("access.log", "--job", "job.json", "--url", server.url, folder=tmp_path)
    for job_id in ("given", "made"):
        assert counts(client, job_id)["inputFieldCount"] == 90
        assert counts(client, job_id)["missingFieldCount"] == 0


def test_requests_are_taken_apart_where_a_detector_asks_for_it(server: "Running", tmp_path: Path) -> None:
    line = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "x"\n'
    (tmp_path / "access.log").write_text(line * 10 + "strange\n")
    _, err = pull(
        "access.log", "--detector", "count by uri", "--job-id", "uris", "--url", server.url, folder=tmp_path
    )  # fmt: skip
    assert "1 line was left out that is none of an access log, such as 'strange'" in err
    there = counts(Client(server.url), "uris")
    assert (there["processedRecordCount"], there["missingFieldCount"], there["failedTransformCount"]) == (10, 0, 0)
