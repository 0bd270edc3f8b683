"""The airline data everyone knows the product by, through every route there is: the burst comes out on top."""

import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tailmass
from prelert.engineApiClient import EngineApiClient
from tailmass.engine.pipeline import Pipeline
from tailmass.engine.upload import Intake
from tailmass.jobs import Job
from tailmass.results import Batch
from tests.engine.sample import assert_same, cut

if TYPE_CHECKING:
    from tests.conftest import Running

BURST = int(datetime(2015, 12, 9, 16, tzinfo=UTC).timestamp())
PATTERN = "yyyy-MM-dd'T'HH:mm:ssX"
METRIC = {"function": "metric", "fieldName": "responsetime", "byFieldName": "airline"}
CASES = [
    (METRIC, 3600),
    ({"function": "count", "byFieldName": "airline"}, 3600),
    ({"function": "mean", "fieldName": "responsetime", "byFieldName": "airline"}, 300),
    ({"function": "mean", "fieldName": "responsetime", "byFieldName": "airline"}, 900),
]
LABELS = {
    "metric": "metric(responsetime) by airline",
    "count": "count by airline",
    "mean": "mean(responsetime) by airline",
}
EXACT = ("probability", "normalized_probability", "anomaly_score", "actual", "typical")


@pytest.fixture(scope="module")
def file(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plain = tmp_path_factory.mktemp("farequote") / "farequote.csv"
    plain.write_bytes(gzip.decompress((shared / "data/farequote/farequote.csv.gz").read_bytes()))
    return plain


def _job(detector: dict[str, str], span: int, job_id: str = "farequote") -> dict[str, Any]:
    return {
        "id": job_id,
        "analysisConfig": {"bucketSpan": span, "detectors": [detector]},
        "dataDescription": {"fieldDelimiter": ",", "timeField": "time", "timeFormat": PATTERN},
    }


@pytest.mark.parametrize(("detector", "span"), CASES)
def test_every_route_gives_the_same_records_and_blames_the_right_airline(
    lasting_server: "Running", file: Path, detector: dict[str, str], span: int
) -> None:
    label = LABELS[detector["function"]]
    job_id = f"farequote-{detector['function']}-{span}"
    by_http = _over_http(lasting_server, file, _job(detector, span, job_id))
    by_python = tailmass.detect(file, label, bucket_span=span).records
    by_frame = tailmass.detect(pl.read_csv(file), label, bucket_span=span).records
    by_command = _by_command(file, label, span)

    assert _keyed(by_http) == _keyed(_rows(by_python)) == _keyed(_rows(by_frame)) == _keyed(by_command)
    top = _rows(by_python)[0]
    assert top["by_field_value"] == "AAL"
    assert BURST <= top["timestamp"] < BURST + 3600
    assert top["actual"] > 2 * top["typical"] > 0


@pytest.mark.parametrize(("detector", "span"), CASES)
def test_the_bucket_of_the_burst_has_the_highest_score_of_the_job(
    file: Path, detector: dict[str, str], span: int
) -> None:
    buckets = tailmass.detect(file, LABELS[detector["function"]], bucket_span=span).buckets
    first, second = buckets.sort("anomaly_score", descending=True).head(2).iter_rows(named=True)
    assert BURST <= first["timestamp"].timestamp() < BURST + 3600
    assert first["anomaly_score"] > second["anomaly_score"]


def test_hourly_metrics_come_out_as_documented(lasting_server: "Running", file: Path) -> None:
    client = EngineApiClient(lasting_server.host, "/engine/v2", lasting_server.port)
    _over_http(lasting_server, file, _job(METRIC, 3600, "documented"))
    status, found = client.getBucket("documented", BURST, include_records=True)
    bucket = found["document"]
    record = bucket["records"][0]
    assert (status, bucket["timestamp"], bucket["eventCount"]) == (200, "2015-12-09T16:00:00.000+0000", 909)
    assert (record["function"], record["functionDescription"], record["byFieldValue"]) == ("metric", "mean", "AAL")
    assert record["actual"] == pytest.approx(242.75, abs=0.01)
    assert record["typical"] == pytest.approx(100.8, abs=2.0)
    assert record["normalizedProbability"] > bucket["anomalyScore"] > 50


def _over_http(server: "Running", file: Path, job: dict[str, Any]) -> list[dict[str, Any]]:
    client = EngineApiClient(server.host, "/engine/v2", server.port)
    assert client.createJob(json.dumps(job))[0] == 201
    with file.open("rb") as rows:
        status, summary = client.upload(job["id"], rows)
    assert (status, summary["responses"][0]["uploadSummary"]["processedRecordCount"]) == (202, 86_274)
    assert client.close(job["id"])[0] == 202
    status, page = client.getRecords(job["id"], take=100_000)
    assert status == 200
    return [
        {
            "timestamp": int(datetime.strptime(each["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()),
            "function_description": each["functionDescription"],
            "by_field_value": each["byFieldValue"],
            "probability": each["probability"],
            "normalized_probability": each["normalizedProbability"],
            "anomaly_score": each["anomalyScore"],
            "actual": each["actual"],
            "typical": each["typical"],
        }
        for each in page["documents"]
    ]


def _by_command(file: Path, label: str, span: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tailmass.cli", "detect", str(file), label, "--bucket-span", str(span)]
    command += ["--format", "json", "--limit", "0", "--min-score", "0"]
    records = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [{**each, "timestamp": int(datetime.fromisoformat(each["timestamp"]).timestamp())} for each in records]


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [{**row, "timestamp": int(row["timestamp"].timestamp())} for row in frame.iter_rows(named=True)]


def _keyed(records: list[dict[str, Any]]) -> dict[tuple[Any, ...], tuple[float, ...]]:
    keyed = {
        (each["timestamp"], each["by_field_value"], each["function_description"]): tuple(each[name] for name in EXACT)
        for each in records
    }
    assert len(keyed) == len(records) > 0
    return keyed


def _run(chunks: Iterator[bytes] | list[bytes]) -> Batch:
    job = Job.parse(_job(METRIC, 3600))
    batches: list[Batch] = []
    intake = Intake(Pipeline(job), job.data_description, batches.append)
    for chunk in chunks:
        intake.feed(chunk)
    intake.finish()
    return Batch.concat(batches)


@pytest.fixture(scope="module")
def whole(file: Path) -> Batch:
    return _run([file.read_bytes()])


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.integers(0, 4_105_594), max_size=30))
def test_the_file_cut_anywhere_gives_bit_identical_results(file: Path, whole: Batch, places: list[int]) -> None:
    assert_same(_run(cut(file.read_bytes(), places)), whole)


def test_pieces_of_64_kib_give_bit_identical_results(file: Path, whole: Batch) -> None:
    data = file.read_bytes()
    assert_same(_run([data[begin : begin + 65_536] for begin in range(0, len(data), 65_536)]), whole)


def test_seven_byte_chunks_of_one_request_give_bit_identical_results(
    lasting_server: "Running", file: Path, whole: Batch
) -> None:
    data = file.read_bytes()
    client = EngineApiClient(lasting_server.host, "/engine/v2", lasting_server.port)
    client.createJob(json.dumps(_job(METRIC, 3600, "seven-bytes")))
    chunks = [data[begin : begin + 7] for begin in range(0, len(data), 7)]
    request = b"POST /engine/v2/data/seven-bytes HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection((lasting_server.host, lasting_server.port)) as connection:
        connection.sendall(request + b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in chunks) + b"0\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 202"
    client.close("seven-bytes")
    _assert_stored(client, "seven-bytes", whole)


def test_uploads_of_one_row_each_give_bit_identical_results(lasting_server: "Running", file: Path) -> None:
    header, *lines = file.read_bytes().splitlines(keepends=True)
    part = lines[:1500]
    job = Job.parse(_job({"function": "mean", "fieldName": "responsetime", "byFieldName": "airline"}, 60))
    batches: list[Batch] = []
    pipeline = Pipeline(job)
    for line in part:
        intake = Intake(pipeline, job.data_description, batches.append)
        intake.feed(header + line)
        intake.finish()
    at_once: list[Batch] = []
    intake = Intake(Pipeline(job), job.data_description, at_once.append)
    intake.feed(header + b"".join(part))
    intake.finish()
    assert_same(Batch.concat(batches), Batch.concat(at_once))


def _assert_stored(client: EngineApiClient, job_id: str, expected: Batch) -> None:
    records = client.getRecords(job_id, take=100_000, sort_field="timestamp", sort_descending=False)[1]["documents"]
    stored = sorted((each["probability"], each["normalizedProbability"], each["anomalyScore"]) for each in records)
    names = ["probability", "normalized_probability", "anomaly_score"]
    assert stored == sorted(expected.records.select(names).iter_rows())
    scores = [each["anomalyScore"] for each in client.getAllBuckets(job_id)[1]]
    assert scores == expected.buckets["anomaly_score"].to_list()
