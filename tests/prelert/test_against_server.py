"""Scripts of 2016 and the server of today, over a real socket."""

import gzip
import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prelert.engineApiClient import EngineApiClient

if TYPE_CHECKING:
    from tests.conftest import Running

HOURS = 48
START = 1403568000  # 2014-06-24T00:00:00Z, the start of a bucket
FIELDS = {"bucketSpan": 3600, "detectors": [{"fieldName": "v", "byFieldName": "name"}]}
ACKNOWLEDGED = {"acknowledgement": True}


def config(**more: Any) -> str:
    description = {"fieldDelimiter": ",", "timeField": "time"}
    return json.dumps({"analysisConfig": FIELDS, "dataDescription": description} | more)


def rows() -> str:
    """A row for each of two names every six minutes; in hour 40 one of them is far off."""
    lines = ["time,name,v"]
    for at in range(START, START + HOURS * 3600, 360):
        odd = START + 40 * 3600 <= at < START + 41 * 3600
        lines += [f"{at},a,{500 if odd else 10 + at % 7}", f"{at},b,{20 + at % 5}"]
    return "\n".join([*lines, ""])


@pytest.fixture(params=["engine/v2", "/engine/v1"])
def client(lasting_server: "Running", request: pytest.FixtureRequest) -> EngineApiClient:
    return EngineApiClient(lasting_server.host, request.param, lasting_server.port)


@pytest.fixture
def job(client: EngineApiClient) -> Iterator[str]:
    status, document = client.createJob(config())
    assert status == 201
    yield document["id"]
    client.delete(document["id"])


@pytest.fixture(scope="module")
def analysed(lasting_server: "Running") -> Iterator[str]:
    """A job that has seen all rows and is closed; tests only read it."""
    client = EngineApiClient(lasting_server.host, "engine/v2", lasting_server.port)
    job = client.createJob(config(id="prelert-analysed"), overwrite=True)[1]["id"]
    client.upload(job, rows())
    client.close(job)
    yield job
    client.delete(job)


def test_a_job_without_an_id_gets_one_made_of_the_time(job: str) -> None:
    assert re.fullmatch(r"\d{14}-\d{5}", job)


def test_a_job_is_looked_at_listed_and_deleted(client: EngineApiClient, job: str) -> None:
    status, envelope = client.getJob(job)
    assert (status, envelope["exists"], envelope["document"]["id"]) == (200, True, job)
    status, page = client.getJobs(0, 1000)
    assert status == 200
    assert job in [each["id"] for each in page["documents"]]
    assert client.delete(job) == (200, ACKNOWLEDGED)
    assert client.getJob(job)[0] == 404
    status, error = client.delete(job)
    assert (status, error["errorCode"]) == (404, 20101)


def test_a_job_without_detectors_is_refused(client: EngineApiClient) -> None:
    payload = json.dumps({"analysisConfig": {"bucketSpan": 3600}, "dataDescription": {"fieldDelimiter": ","}})
    assert client.createJob(payload) == (400, {"errorCode": 10107, "message": "No detectors configured"})


@pytest.mark.parametrize("kind", ["text", "bytes", "file", "gzip", "gzipped file", "stream"])
def test_data_is_taken_in_every_form(kind: str, client: EngineApiClient, job: str) -> None:
    text = rows()
    packed = gzip.compress(text.encode())
    match kind:
        case "text":
            status, result = client.upload(job, text)
        case "bytes":
            status, result = client.upload(job, text.encode())
        case "file":
            status, result = client.upload(job, io.BytesIO(text.encode()))
        case "gzip":
            status, result = client.upload(job, packed, gzipped=True)
        case "gzipped file":
            status, result = client.upload(job, io.BytesIO(packed), True)
        case "stream":
            lines = text.splitlines(keepends=True)
            upload = client.stream(job, lines[0])
            upload.send(None)
            for at in range(1, len(lines), 100):
                upload.send("".join(lines[at : at + 100]))
            status, result = upload.send("") or (0, {})
    assert (status, result["responses"][0]["uploadSummary"]["inputRecordCount"]) == (202, HOURS * 20)
    assert client.flush(job, True) == (200, ACKNOWLEDGED)
    assert client.close(job) == (202, ACKNOWLEDGED)


def test_one_upload_at_a_time(client: EngineApiClient, job: str) -> None:
    upload = client.stream(job, "time,name,v\n")
    upload.send(None)
    upload.send(f"{START},a,1\n")
    assert any(client.getJob(job)[1]["document"]["status"] == "RUNNING" for _ in range(1000))
    status, result = client.upload(job, "time,name,v\n")
    assert (status, result["responses"][0]["error"]["errorCode"]) == (409, 40103)
    status, document = client.close(job)
    assert (status, document["errorCode"]) == (409, 40103)
    assert upload.send("")[0] == 202  # type: ignore[index]  # the last answer is one


@pytest.mark.parametrize(
    ("data", "gzipped", "code"), [("time,name\n1403568000,a\n", False, 30101), ("time,name,v\n", True, 30102)]
)
def test_data_that_is_refused_comes_with_its_code(
    data: str, gzipped: bool, code: int, client: EngineApiClient, job: str
) -> None:
    status, result = client.upload(job, data, gzipped)
    assert (status, result["responses"][0]["error"]["errorCode"]) == (400, code)


def test_data_for_nobody_is_refused(client: EngineApiClient) -> None:
    status, result = client.upload("prelert-nobody", rows())
    assert status == 404
    assert result["responses"][0]["error"] == {
        "errorCode": 20101,
        "message": "No known job with id 'prelert-nobody'",
    }


def test_all_buckets_are_a_flat_list(client: EngineApiClient, analysed: str) -> None:
    status, buckets = client.getAllBuckets(analysed)
    assert (status, len(buckets)) == (200, HOURS - 1)  # the last is never final
    assert max(buckets, key=lambda bucket: bucket["anomalyScore"])["timestamp"] == "2014-06-25T16:00:00.000+0000"


def test_a_page_of_buckets_says_where_the_next_is(client: EngineApiClient, analysed: str) -> None:
    status, page = client.getBuckets(analysed, 10, 20)
    assert (status, page["hitCount"], len(page["documents"])) == (200, HOURS - 1, 20)
    assert "skip=30&take=20" in page["nextPage"]


def test_buckets_by_date_are_the_part_asked_for(client: EngineApiClient, analysed: str) -> None:
    status, buckets = client.getBucketsByDate(analysed, "2014-06-24T01:00:00Z", "2014-06-24T03:00:00+00:00")
    times = [bucket["timestamp"] for bucket in buckets]
    assert (status, times) == (200, ["2014-06-24T01:00:00.000+0000", "2014-06-24T02:00:00.000+0000"])


@pytest.mark.parametrize("timestamp", [START + 40 * 3600, str(START + 40 * 3600), "2014-06-25T16:00:00Z"])
def test_one_bucket_is_found_by_its_time(timestamp: int | str, client: EngineApiClient, analysed: str) -> None:
    status, envelope = client.getBucket(analysed, timestamp, True)
    assert (status, envelope["type"]) == (200, "bucket")
    assert envelope["document"]["records"][0]["byFieldValue"] == "a"


def test_a_bucket_that_is_not_there_does_not_exist(client: EngineApiClient, analysed: str) -> None:
    status, envelope = client.getBucket(analysed, START - 3600)
    assert (status, envelope["exists"]) == (404, False)


def test_records_are_sorted_as_asked(client: EngineApiClient, analysed: str) -> None:
    status, page = client.getRecords(analysed, sort_field="timestamp", sort_descending=False)
    times = [record["timestamp"] for record in page["documents"]]
    assert (status, times) == (200, sorted(times))
    assert "2014-06-25T16:00:00.000+0000" in times


@pytest.mark.parametrize("start", ["yesterday", "2014-13-01T00:00:00Z"])
def test_a_date_that_is_none_is_the_answer_of_every_query(start: str, client: EngineApiClient, analysed: str) -> None:
    for status, document in (
        client.getBucketsByDate(analysed, start, None),
        client.getRecords(analysed, start_date=start),
    ):
        assert (status, document["errorCode"]) == (400, 60101)


def test_snapshots_are_listed_described_gone_back_to_and_deleted(client: EngineApiClient, job: str) -> None:
    lines = rows().splitlines(keepends=True)
    for part in (lines[:401], lines[:1] + lines[401:]):
        client.upload(job, "".join(part))
        client.close(job)
    status, page = client.getModelSnapshots(job, sort_field="timestamp", sort_descending=False)
    assert (status, page["hitCount"]) == (200, 2)
    oldest, newest = page["documents"]
    status, envelope = client.updateModelSnapshotDescription(job, oldest["snapshotId"], "half way")
    assert (status, envelope["document"]["description"]) == (200, "half way")
    assert client.getModelSnapshots(job, description="half way")[1]["documents"] == [envelope["document"]]
    status, document = client.deleteModelSnapshot(job, newest["snapshotId"])
    assert (status, document["errorCode"] in (60125, 40103)) == (400, True)  # version 1 knows no other
    status, document = client.revertToSnapshot(job)
    assert (status, document["errorCode"] in (60118, 40103)) == (400, True)
    status, envelope = client.revertToSnapshot(job, description="half way", delete_intervening_results=True)
    assert (status, envelope["type"], envelope["document"]["snapshotId"]) == (
        200,
        "modelSnapshot",
        oldest["snapshotId"],
    )
    assert client.deleteModelSnapshot(job, newest["snapshotId"]) == (200, ACKNOWLEDGED)
    assert client.upload(job, "".join(lines[:1] + lines[401:]))[0] == 202


def test_a_job_is_changed(client: EngineApiClient, job: str) -> None:
    assert client.updateJob(job, '{"description": "new"}') == (200, ACKNOWLEDGED)
    assert client.getJob(job)[1]["document"]["description"] == "new"
    status, error = client.updateJob(job, '{"colour": "red"}')
    assert (status, error["errorCode"] in (10115, 10104)) == (400, True)  # clients of version 1 know fewer codes


def test_a_paused_job_takes_data_and_counts_none(client: EngineApiClient, job: str) -> None:
    assert client.pauseJob(job) == (200, ACKNOWLEDGED)
    status, result = client.upload(job, rows())
    assert (status, result["responses"][0]["uploadSummary"]["inputRecordCount"]) == (202, 0)
    assert client.resumeJob(job) == (200, ACKNOWLEDGED)
    status, error = client.resumeJob(job)
    assert (status, error["errorCode"] in (60124, 40103)) == (409, True)


def test_a_scheduler_feeds_a_job_until_it_is_stopped(client: EngineApiClient, job: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(rows())
    scheduler = {"filePath": str(tmp_path / "rows.csv"), "tailFile": True}
    assert client.createJob(config(id=job, schedulerConfig=scheduler), overwrite=True)[0] == 201
    assert client.startScheduler(job) == (200, ACKNOWLEDGED)
    deadline = time.monotonic() + 30
    while client.getJob(job)[1]["document"]["counts"]["inputRecordCount"] < 20 * HOURS and time.monotonic() < deadline:
        time.sleep(0.02)
    assert client.stopScheduler(job) == (200, ACKNOWLEDGED)
    assert client.getJob(job)[1]["document"]["counts"]["inputRecordCount"] == 20 * HOURS
    status, error = client.stopScheduler(job)
    assert (status, error["errorCode"] in (60115, 40103)) == (409, True)  # clients of version 1 know fewer codes
