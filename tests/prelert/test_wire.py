"""Every method: what it puts on the wire, and the tuple it makes of the answer."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from prelert.engineApiClient import EngineApiClient

from ..client.recorder import Recorder

ISO = "2014-06-25T16%3A00%3A00.000Z"
WHEN = datetime(2014, 6, 25, 16, tzinfo=UTC)
PLAIN = "expand=false&includeInterim=false"

CALLS: list[tuple[Callable[[EngineApiClient], Any], str]] = [
    (lambda c: c.getJob("a b"), "GET /jobs/a%20b"),
    (lambda c: c.getJobs(), "GET /jobs?skip=0&take=100"),
    (lambda c: c.getJobs(5, 6), "GET /jobs?skip=5&take=6"),
    (lambda c: c.createJob("{}"), "POST /jobs"),
    (lambda c: c.createJob("{}", overwrite=True), "POST /jobs?overwrite=true"),
    (lambda c: c.updateJob("j", "{}"), "PUT /jobs/j/update"),
    (lambda c: c.pauseJob("j"), "POST /jobs/j/pause"),
    (lambda c: c.resumeJob("j"), "POST /jobs/j/resume"),
    (lambda c: c.delete("j"), "DELETE /jobs/j"),
    (lambda c: c.upload("j", ""), "POST /data/j"),
    (lambda c: c.upload("a,b", ""), "POST /data/a,b"),
    (lambda c: c.upload("j", "", False, True), "POST /dataload/j"),
    (
        lambda c: c.upload("j", "", reset_start=1, reset_end=WHEN, ignore_downtime=True),
        f"POST /data/j?resetStart=1&resetEnd={ISO}&ignoreDowntime=true",
    ),
    (lambda c: c.close("j"), "POST /data/j/close"),
    (lambda c: c.flush("j"), "POST /data/j/flush?calcInterim=false"),
    (
        lambda c: c.flush("j", True, 1, "2014-06-25T16:00:00+0000", WHEN),
        f"POST /data/j/flush?calcInterim=true&start=1&end=2014-06-25T16%3A00%3A00%2B0000&advanceTime={ISO}",
    ),
    (lambda c: c.preview("j", ""), "POST /preview/j"),
    (lambda c: c.getBucket("j", 1403712000), f"GET /results/j/buckets/1403712000?{PLAIN}"),
    (lambda c: c.getBucket("j", WHEN, True, True), f"GET /results/j/buckets/{ISO}?expand=true&includeInterim=true"),
    (lambda c: c.getBuckets("j"), f"GET /results/j/buckets?skip=0&take=100&{PLAIN}"),
    (
        lambda c: c.getBuckets("j", 1, 2, True, 0, 80.5, True),
        "GET /results/j/buckets?skip=1&take=2&expand=true&includeInterim=true&anomalyScore=80.5"
        "&maxNormalizedProbability=0",
    ),
    (lambda c: c.getAllBuckets("j"), f"GET /results/j/buckets?skip=0&take=100&{PLAIN}"),
    (
        lambda c: c.getBucketsByDate("j", "2014-06-25T16:00:00+00:00", 1403715600),
        f"GET /results/j/buckets?skip=0&take=100&start=2014-06-25T16%3A00%3A00%2B00%3A00&end=1403715600&{PLAIN}",
    ),
    (lambda c: c.getRecords("j"), "GET /results/j/records?skip=0&take=100&includeInterim=false"),
    (
        lambda c: c.getRecords("j", 1, 2, 3, WHEN, "timestamp", False, 0, 50, True),
        f"GET /results/j/records?skip=1&take=2&start=3&end={ISO}&includeInterim=true&sort=timestamp&desc=false"
        "&anomalyScore=50&normalizedProbability=0",
    ),
    (lambda c: c.getInfluencers("j"), "GET /results/j/influencers?skip=0&take=100&includeInterim=false"),
    (
        lambda c: c.getInfluencers("j", 1, 2, 3, 4, "timestamp", True, 0, True),
        "GET /results/j/influencers?skip=1&take=2&start=3&end=4&sort=timestamp&desc=true&anomalyScore=0"
        "&includeInterim=true",
    ),
    (lambda c: c.getCategoryDefinitions("j"), "GET /results/j/categorydefinitions?skip=0&take=100"),
    (lambda c: c.getCategoryDefinitions("j", skip=1, take=2), "GET /results/j/categorydefinitions?skip=1&take=2"),
    (lambda c: c.getCategoryDefinition("j", 3), "GET /results/j/categorydefinitions/3"),
    (lambda c: c.alerts_longpoll("j", 0, 75, 30), "GET /alerts_longpoll/j?probability=0&score=75&timeout=30"),
    (
        lambda c: c.alerts_longpoll("j", alert_on="influencer,bucket", include_interim=True),
        "GET /alerts_longpoll/j?alertOn=influencer%2Cbucket&includeInterim=true",
    ),
    (lambda c: c.getModelSnapshots("j"), "GET /modelsnapshots/j?skip=0&take=100"),
    (
        lambda c: c.getModelSnapshots("j", 1, 2, 3, 4, "timestamp", False, "at noon"),
        "GET /modelsnapshots/j?skip=1&take=2&start=3&end=4&sort=timestamp&desc=false&description=at%20noon",
    ),
    (
        lambda c: c.revertToSnapshot("j", WHEN),
        f"POST /modelsnapshots/j/revert?time={ISO}&deleteInterveningResults=false",
    ),
    (
        lambda c: c.revertToSnapshot("j", None, "1", "d", True),
        "POST /modelsnapshots/j/revert?snapshotId=1&description=d&deleteInterveningResults=true",
    ),
    (lambda c: c.updateModelSnapshotDescription("j", "1", "d"), "PUT /modelsnapshots/j/1/description"),
    (lambda c: c.deleteModelSnapshot("j", "1"), "DELETE /modelsnapshots/j/1"),
    (lambda c: c.startScheduler("j"), "POST /schedulers/j/start?start=&end="),
    (lambda c: c.startScheduler("j", 1, WHEN), f"POST /schedulers/j/start?start=1&end={ISO}"),
    (lambda c: c.stopScheduler("j"), "POST /schedulers/j/stop"),
    (lambda c: c.validateDetector("{}"), "POST /validate/detector"),
    (lambda c: c.validateTransform("{}"), "POST /validate/transform"),
    (lambda c: c.validateTransforms("[]"), "POST /validate/transforms"),
    (lambda c: c.getZippedLogs("j"), "GET /logs/j"),
    (lambda c: c.getJobLog("j", "engine_api"), "GET /logs/j/engine_api"),
    (lambda c: c.tailLog("j"), "GET /logs/j/tail?lines=10"),
    (lambda c: c.tailLog("j", "engine_api", 5), "GET /logs/j/engine_api/tail?lines=5"),
    (lambda c: c.getElasticsearchServerLogs(), "GET /logs/elasticsearch"),
    (lambda c: c.getEngineApiServerLogs(), "GET /logs/engine_api"),
    (lambda c: c.downloadSupportBundle(), "GET /support"),
]


@pytest.mark.parametrize(("call", "line"), CALLS, ids=[line for _, line in CALLS])
def test_a_call_is_this_request(
    call: Callable[[EngineApiClient], Any], line: str, api: EngineApiClient, recorder: Recorder
) -> None:
    status, _ = call(api)
    method, target = line.split(" ")
    assert (status, recorder.line) == (200, f"{method} /engine/v2{target}")


@pytest.mark.parametrize("base_url", ["engine/v2", "/engine/v2", "/engine/v2/"])
def test_the_base_url_may_lack_its_slash_or_have_one_too_many(base_url: str, recorder: Recorder) -> None:
    EngineApiClient("127.0.0.1", base_url, recorder.port).close("j")
    assert recorder.line == "POST /engine/v2/data/j/close"


@pytest.mark.parametrize("payload", ['{"description": "d"}', {"description": "d"}])
def test_json_is_sent_as_json(payload: Any, api: EngineApiClient, recorder: Recorder) -> None:
    api.createJob(payload)
    api.updateJob("j", payload)
    api.validateDetector(payload)
    api.updateModelSnapshotDescription("j", "1", "d")
    assert [json.loads(call.body) for call in recorder.calls] == [{"description": "d"}] * 4
    assert {call.headers["Content-Type"] for call in recorder.calls} == {"application/json"}
