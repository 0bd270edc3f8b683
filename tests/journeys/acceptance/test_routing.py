"""Section 11 of the specification, routing and envelopes: a test a line."""

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.server.clients import START, Connection, configuration, create, rows

from .wire import document, documents, nulls

if TYPE_CHECKING:
    from tests.conftest import Running

ACKNOWLEDGED = {"acknowledgement": True}
SPLITS = {f"{split}Field{part}" for split in ("by", "over", "partition") for part in ("Name", "Value")}

ALWAYS: dict[str, set[str]] = {
    "job": {
        *("id", "status", "createTime", "timeout", "analysisConfig", "dataDescription", "counts", "location"),
        "endpoints",
    },
    "job.analysisConfig": {"bucketSpan", "latency", "influencers", "detectors"},
    "job.analysisConfig.detectors": {"function"},
    "job.dataDescription": {"format", "timeField", "timeFormat", "fieldDelimiter", "quoteCharacter"},
    "job.counts": {
        *("bucketCount", "processedRecordCount", "processedFieldCount", "inputBytes", "inputFieldCount"),
        *("inputRecordCount", "invalidDateCount", "missingFieldCount", "outOfOrderTimeStampCount"),
        *("failedTransformCount", "excludedRecordCount"),
    },
    "job.endpoints": {"data", "buckets", "records", "logs", "alertsLongPoll", "modelSnapshots"},
    "job.modelSizeStats": {
        *("modelBytes", "totalByFieldCount", "totalOverFieldCount", "totalPartitionFieldCount"),
        *("bucketAllocationFailuresCount", "memoryStatus", "logTime"),
    },
    "bucket": {
        *("timestamp", "bucketSpan", "anomalyScore", "initialAnomalyScore", "maxNormalizedProbability"),
        *("recordCount", "eventCount", "isInterim", "bucketInfluencers"),
    },
    "bucket.bucketInfluencers": {"influencerFieldName", "anomalyScore", "probability"},
    "bucket.influencers": {
        *("timestamp", "influencerFieldName", "influencerFieldValue", "probability", "anomalyScore", "isInterim"),
    },
    "bucket.records": {
        *("timestamp", "bucketSpan", "detectorIndex", "function", "functionDescription", "probability"),
        *("anomalyScore", "normalizedProbability", "initialNormalizedProbability", "isInterim"),
    },
    "bucket.records.influencers": {"influencerFieldName", "influencerFieldValues"},
    "snapshot": {
        *("timestamp", "snapshotId", "snapshotDocCount", "description", "restorePriority", "modelSizeStats"),
        *("latestRecordTimeStamp", "latestResultTimeStamp"),
    },
    "snapshot.modelSizeStats": {
        *("modelBytes", "totalByFieldCount", "totalOverFieldCount", "totalPartitionFieldCount"),
        *("bucketAllocationFailuresCount", "memoryStatus", "logTime"),
    },
}
"""What every object of its kind has, by where it stands; chapters 3 and 5."""

SOMETIMES: dict[str, set[str]] = {
    "job": {"finishedTime", "lastDataTime", "modelSizeStats"},
    "job.analysisConfig.detectors": {"fieldName", "byFieldName"},
    "job.counts": {"latestRecordTimeStamp"},
    "job.endpoints": {"categoryDefinitions"},
    "job.modelSizeStats": {"timestamp"},
    "snapshot.modelSizeStats": {"timestamp"},
    "bucket": {"influencers", "records"},
    "bucket.records": {"fieldName", "actual", "typical", "influencers", *SPLITS},
}
"""What the objects of `busy` may have besides."""


@pytest.fixture
def busy(api: httpx.Client) -> str:
    """A job that has everything a client can read: buckets, records, influencers, snapshots."""
    detector = {"function": "mean", "fieldName": "value", "byFieldName": "host"}
    analysis = {"bucketSpan": 600, "detectors": [detector], "influencers": ["host"]}
    job = create(api, analysisConfig=analysis)
    lines = (
        f"{START + 60 * minute},{host},{10 + minute % 7 + (900 if (minute, host) == (1403, 'b') else 0)}\n"
        for minute in range(1500)
        for host in "ab"
    )
    api.post(f"/data/{job}", content=("time,host,value\n" + "".join(lines)).encode()).raise_for_status()
    api.post(f"/data/{job}/flush?calcInterim=true").raise_for_status()
    api.post(f"/data/{job}/close").raise_for_status()
    return job


def asked(connection: Connection, method: str, target: str, *headers: str, body: bytes = b"") -> tuple[int, Any]:
    """The answer to a request of exactly these lines."""
    head = "".join(f"{each}\r\n" for each in (f"{method} {target} HTTP/1.1", "Host: localhost", *headers, ""))
    connection.send(head.encode() + body)
    return connection.answer()


def test_paths_and_parameters_are_read_with_tolerance(connection: Connection, job: str, api: httpx.Client) -> None:
    """`//`, trailing `/`, unknown query parameters, empty query values are tolerated"""
    api.post(f"/data/{job}", content=rows(30)).raise_for_status()
    for method, target, status in (
        ("GET", f"/engine/v2//jobs/{job}", 200),
        ("GET", f"//engine///v2/jobs//{job}//", 200),
        ("GET", "/engine/v2/jobs/?skip=&take=&colour=red", 200),
        ("GET", f"/engine/v2/results/{job}/buckets/?start=&end=&expand=&anomalyScore=&normalizedProbability=", 200),
        ("GET", f"/engine/v2/results/{job}/records/?sort=&desc=&&=&x", 200),
        ("GET", f"/engine/v2/alerts_longpoll/{job}/?score=1&timeout=0", 200),
        ("POST", f"/engine/v2/data/{job}/flush/?calcInterim=true&start=&end=&advanceTime=", 200),
        ("POST", f"/engine/v2//data/{job}/close?false", 202),
    ):
        assert asked(connection, method, target, "Content-Length: 0")[0] == status, target


def test_an_encoding_that_is_none_is_no_encoding(connection: Connection) -> None:
    """`Content-Encoding: UTF-8` on a JSON POST works"""
    analysis = '{"detectors": [{"function": "count"}]}'
    body = f'{{"id": "encoded", "description": "été", "analysisConfig": {analysis}}}'.encode()
    headers = ("Content-Type: application/json", "Content-Encoding: UTF-8", f"Content-Length: {len(body)}")
    assert asked(connection, "POST", "/engine/v2/jobs", *headers, body=body) == (201, {"id": "encoded"})
    assert asked(connection, "GET", "/engine/v2/jobs/encoded")[1]["document"]["description"] == "été"


def test_curl_uploads_from_its_standard_input(lasting_server: "Running", job: str) -> None:
    """`curl -T - ` with `Expect: 100-continue` and chunked body works"""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    command = ["curl", "-sv", "--max-time", "30", "--expect100-timeout", "20", "-H", "Expect: 100-continue"]
    command += ["-X", "POST", "-T", "-", f"{lasting_server.url}/engine/v2/data/{job}"]
    run = subprocess.run(command, input=rows(5000), capture_output=True, timeout=60)
    assert b'"processedRecordCount":5000,' in run.stdout
    talk = run.stderr.decode()
    assert re.search(r"> Transfer-Encoding: chunked", talk, re.IGNORECASE)
    assert talk.index("< HTTP/1.1 100 Continue") < talk.index("< HTTP/1.1 202 Accepted")


def test_nothing_may_be_posted(connection: Connection, job: str) -> None:
    """POST without body and without `Content-Length` works"""
    for target, status in ((f"data/{job}/flush", 200), (f"data/{job}", 202), (f"data/{job}/close", 202)):
        assert asked(connection, "POST", f"/engine/v2/{target}")[0] == status
    assert asked(connection, "DELETE", f"/engine/v2/jobs/{job}") == (200, ACKNOWLEDGED)


def test_a_shell_script_reads_the_id_of_a_new_job(api: httpx.Client) -> None:
    """create reply is one line with `id` first"""
    answered = api.post("/jobs", json=configuration("told-on-one-line"))
    assert (answered.status_code, answered.json()) == (201, {"id": "told-on-one-line"})
    assert len(answered.text.splitlines()) == 1
    assert answered.text.split('"')[3] == "told-on-one-line"  # awk -F'"' '{print $4}'


def test_nothing_is_null_but_the_neighbours_of_a_page(api: httpx.Client, busy: str) -> None:
    """explicit `null` for `nextPage`/`previousPage`; no other nulls"""
    for path in (
        *("/jobs", f"/results/{busy}/buckets?expand=true&includeInterim=true", f"/results/{busy}/records"),
        *(f"/results/{busy}/influencers", f"/results/{busy}/categorydefinitions", f"/modelsnapshots/{busy}"),
    ):
        told = api.get(path, params={"take": 1000}).json()
        assert list(told) == ["hitCount", "skip", "take", "nextPage", "previousPage", "documents"]
        assert list(nulls(told)) == [".nextPage", ".previousPage"], path
    for path in (f"/jobs/{busy}", f"/results/{busy}/buckets/{START}?expand=true"):
        assert list(nulls(api.get(path).json())) == []


def test_a_single_document_that_is_missing_says_so(api: httpx.Client, job: str) -> None:
    """missing job/bucket/category → 404 with `exists:false`"""
    for path, kind in (
        ("/jobs/nobody", "job"),
        (f"/results/{job}/buckets/{START}", "bucket"),
        (f"/results/{job}/{START}", "bucket"),
        (f"/results/{job}/categorydefinitions/1", "categoryDefinition"),
    ):
        answered = api.get(path)
        assert (answered.status_code, answered.json()) == (404, {"exists": False, "type": kind})


def test_strict_clients_know_every_property(api: httpx.Client, busy: str) -> None:
    """no property outside §3/§5 appears under v2 by default"""
    kept = documents(api, f"/results/{busy}/buckets", expand=True, includeInterim=True)
    told = {
        **_objects(document(api, f"/jobs/{busy}"), "job"),
        **_objects(kept, "bucket"),
        **_objects(documents(api, f"/modelsnapshots/{busy}"), "snapshot"),
    }
    assert set(told) == set(ALWAYS)
    for place, objects in told.items():
        for each in objects:
            assert ALWAYS[place] <= each <= ALWAYS[place] | SOMETIMES.get(place, set()), place
    of_page = documents(api, f"/results/{busy}/records")
    assert [set(each) for each in of_page] == [
        ALWAYS["bucket.records"] | SOMETIMES["bucket.records"] - _NOT_SPLIT
    ] * len(of_page)
    of_page = documents(api, f"/results/{busy}/influencers")
    assert of_page
    assert [set(each) for each in of_page] == [ALWAYS["bucket.influencers"]] * len(of_page)


_NOT_SPLIT = {name for name in SPLITS if not name.startswith("by")}


def _objects(told: Any, place: str) -> dict[str, list[set[str]]]:
    """The names that each object has, by where it stands."""
    found: dict[str, list[set[str]]] = {}
    for each in told if isinstance(told, list) else [told]:
        if isinstance(each, dict):
            found.setdefault(place, []).append(set(each))
            for name, value in each.items():
                for deeper, names in _objects(value, f"{place}.{name}").items():
                    found.setdefault(deeper, []).extend(names)
    return found


def test_a_plus_that_nobody_encoded_is_read_in_a_date(connection: Connection, api: httpx.Client, job: str) -> None:
    """`+` in a date that arrives as a space is understood"""
    api.post(f"/data/{job}", content=rows(60)).raise_for_status()
    for plus in ("+", "%2B", "%20"):
        between = f"start=2014-05-13T19:00:00.000{plus}0100&end=2014-05-13T20:00:00{plus}00:00"
        target = f"/engine/v2/results/{job}/buckets?{between}"
        status, told = asked(connection, "GET", target)
        assert status == 200
        found = [each["timestamp"][11:16] for each in told["documents"]]
        assert found == ["18:00", "19:00"]
