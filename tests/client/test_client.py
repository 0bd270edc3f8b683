"""Every endpoint: what a call puts on the wire, and what it makes of the answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tailmass.client import Client

from .recorder import Recorder

WHEN = datetime(2014, 6, 25, 16, tzinfo=UTC)
ISO = "2014-06-25T16%3A00%3A00.000Z"

CALLS: list[tuple[Callable[[Client], Any], str]] = [
    (lambda c: c.jobs.update("j", {"description": "d"}), "PUT /jobs/j/update"),
    (lambda c: c.jobs.describe("j", "d"), "PUT /jobs/j/description"),
    (lambda c: c.jobs.delete("a b"), "DELETE /jobs/a%20b"),
    (lambda c: c.jobs.pause("j"), "POST /jobs/j/pause"),
    (lambda c: c.jobs.resume("j"), "POST /jobs/j/resume"),
    (lambda c: c.jobs.all().page(), "GET /jobs?skip=0&take=100"),
    (lambda c: c.data.upload("j", ""), "POST /data/j"),
    (lambda c: c.data.upload("j", "", store=True), "POST /dataload/j"),
    (
        lambda c: c.data.upload("j", "", reset_start=1403712000, reset_end=WHEN, ignore_downtime=True),
        f"POST /data/j?resetStart=1403712000&resetEnd={ISO}&ignoreDowntime=true",
    ),
    (lambda c: c.data.upload_many(["a", "b"], ""), "POST /data/a,b"),
    (lambda c: c.data.flush("j"), "POST /data/j/flush?calcInterim=false"),
    (
        lambda c: c.data.flush("j", calc_interim=True, start=WHEN, end=1403715600, advance_time="2015-01-01T00:00:00Z"),
        f"POST /data/j/flush?calcInterim=true&start={ISO}&end=1403715600&advanceTime=2015-01-01T00%3A00%3A00Z",
    ),
    (lambda c: c.data.close("j"), "POST /data/j/close"),
    (lambda c: c.data.preview("j", "time\n"), "POST /preview/j"),
    (
        lambda c: c.results.buckets("j").page(take=5),
        "GET /results/j/buckets?skip=0&take=5&expand=false&includeInterim=false",
    ),
    (
        lambda c: c.results.buckets(
            "j", start=1, end=WHEN, expand=True, include_interim=True, anomaly_score=0, max_normalized_probability=9.5
        ).page(),
        f"GET /results/j/buckets?skip=0&take=100&start=1&end={ISO}&expand=true&includeInterim=true&anomalyScore=0"
        "&maxNormalizedProbability=9.5",
    ),
    (
        lambda c: c.results.bucket("j", "2014-06-25T16:00:00+00:00"),
        "GET /results/j/buckets/2014-06-25T16%3A00%3A00%2B00%3A00?expand=false&includeInterim=false",
    ),
    (
        lambda c: c.results.bucket("j", 1403712000, expand=True, include_interim=True),
        "GET /results/j/buckets/1403712000?expand=true&includeInterim=true",
    ),
    (lambda c: c.results.records("j").page(), "GET /results/j/records?skip=0&take=100&includeInterim=false"),
    (
        lambda c: c.results.records("j", start=1, end=2, sort="actual", desc=True, normalized_probability=50).page(),
        "GET /results/j/records?skip=0&take=100&start=1&end=2&includeInterim=false&sort=actual&desc=true"
        "&normalizedProbability=50",
    ),
    (
        lambda c: c.results.influencers("j", start=1, sort="timestamp", desc=False, anomaly_score=3).page(),
        "GET /results/j/influencers?skip=0&take=100&start=1&sort=timestamp&desc=false&anomalyScore=3"
        "&includeInterim=false",
    ),
    (lambda c: c.results.categories("j").page(), "GET /results/j/categorydefinitions?skip=0&take=100"),
    (lambda c: c.results.category("j", 3), "GET /results/j/categorydefinitions/3"),
    (lambda c: c.alerts.wait("j", score=75), "GET /alerts_longpoll/j?score=75&includeInterim=false"),
    (
        lambda c: c.alerts.wait(
            "j", probability=0, alert_on=["bucket", "influencer"], include_interim=True, timeout=30
        ),
        "GET /alerts_longpoll/j?probability=0&alertOn=bucket%2Cinfluencer&includeInterim=true&timeout=30",
    ),
    (
        lambda c: c.snapshots.all("j", start=1, end=2, sort="timestamp", desc=True, description="a b").page(),
        "GET /modelsnapshots/j?skip=0&take=100&start=1&end=2&sort=timestamp&desc=true&description=a%20b",
    ),
    (
        lambda c: c.snapshots.revert("j", time=WHEN),
        f"POST /modelsnapshots/j/revert?time={ISO}&deleteInterveningResults=false",
    ),
    (
        lambda c: c.snapshots.revert("j", snapshot_id="1", description="d", delete_intervening_results=True),
        "POST /modelsnapshots/j/revert?snapshotId=1&description=d&deleteInterveningResults=true",
    ),
    (lambda c: c.snapshots.describe("j", "1", "d"), "PUT /modelsnapshots/j/1/description"),
    (lambda c: c.snapshots.delete("j", "1"), "DELETE /modelsnapshots/j/1"),
    (lambda c: c.schedulers.start("j"), "POST /schedulers/j/start"),
    (lambda c: c.schedulers.start("j", start=1, end=WHEN), f"POST /schedulers/j/start?start=1&end={ISO}"),
    (lambda c: c.schedulers.stop("j"), "POST /schedulers/j/stop"),
    (lambda c: c.validate.detector({"function": "count"}), "POST /validate/detector"),
    (lambda c: c.validate.transform('{"transform": "trim"}'), "POST /validate/transform"),
    (lambda c: c.validate.transforms([]), "POST /validate/transforms"),
    (lambda c: c.logs.zipped("j"), "GET /logs/j"),
    (lambda c: c.logs.read("j", "engine_api"), "GET /logs/j/engine_api"),
    (lambda c: c.logs.tail("j"), "GET /logs/j/tail"),
    (lambda c: c.logs.tail("j", "engine_api", lines=5), "GET /logs/j/engine_api/tail?lines=5"),
    (lambda c: c.logs.data_store(), "GET /logs/elasticsearch"),
    (lambda c: c.logs.server(), "GET /logs/engine_api"),
    (lambda c: c.logs.support_bundle(), "GET /support"),
]


@pytest.mark.parametrize(("call", "line"), CALLS, ids=[line for _, line in CALLS])
def test_a_call_is_this_request(call: Callable[[Client], Any], line: str, client: Client, recorder: Recorder) -> None:
    call(client)
    method, target = line.split(" ")
    assert recorder.line == f"{method} /engine/v2{target}"


def test_the_base_path_of_the_url_is_kept(recorder: Recorder) -> None:
    Client(f"{recorder.url}/engine/v1/").data.close("j")
    assert recorder.line == "POST /engine/v1/data/j/close"


@pytest.mark.parametrize("config", [{"id": "web"}, '{"id": "web"}', b'{"id": "web"}'])
def test_a_created_job_is_known_by_its_id(config: Any, client: Client, recorder: Recorder) -> None:
    recorder.answer((201, {"id": "web"}))
    assert client.jobs.create(config, overwrite=True) == "web"
    call = recorder.calls[0]
    assert (call.line, json.loads(call.body)) == ("POST /engine/v2/jobs?overwrite=true", {"id": "web"})
    assert call.headers["Content-Type"] == "application/json"


def test_a_description_of_version_1_is_raw_text(client: Client, recorder: Recorder) -> None:
    client.jobs.describe("j", "schön")
    assert recorder.calls[0].body == "schön".encode()


def test_a_snapshot_is_described_in_json(client: Client, recorder: Recorder) -> None:
    recorder.answer((200, {"exists": True, "type": "modelSnapshot", "document": {"snapshotId": "1"}}))
    assert client.snapshots.describe("j", "1", "before") == {"snapshotId": "1"}
    assert json.loads(recorder.calls[0].body) == {"description": "before"}


def test_single_documents_come_out_of_their_envelope(client: Client, recorder: Recorder) -> None:
    recorder.answer((200, {"exists": True, "type": "bucket", "document": {"anomalyScore": 1.5}}))
    assert client.results.bucket("j", 0) == {"anomalyScore": 1.5}
    assert client.results.category("j", 1) == {"anomalyScore": 1.5}
    assert client.jobs.get("j") == {"anomalyScore": 1.5}


def test_what_is_text_comes_as_text_and_what_is_zipped_as_bytes(client: Client, recorder: Recorder) -> None:
    recorder.answer((200, b"PK\x03\x04"))
    assert client.logs.zipped("j") == client.logs.server() == client.logs.support_bundle() == b"PK\x03\x04"
    recorder.answer((202, "time,ü\n".encode()))
    assert client.data.preview("j", "") == client.logs.tail("j") == "time,ü\n"
