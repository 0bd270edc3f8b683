"""Section 11 of the specification, data: a test a line."""

import gzip
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from tests.server.clients import START, Sender, create, rows

from .wire import JSON, document, documents, refusal, summary

if TYPE_CHECKING:
    from tests.conftest import Running, Serving

HOUR = 3600
SAMPLES = (
    ("2014-06-23 00:00:00Z", "yyyy-MM-dd HH:mm:ssX", "2014-06-23T00:00:00.000"),
    ("16/May/2014:16:38:34 +0100", "dd/MMM/yyyy:HH:mm:ss X", "2014-05-16T15:38:34.000"),
    ("2014-05-18T00:00:00+00:00", "yyyy-MM-dd'T'HH:mm:ssXXX", "2014-05-18T00:00:00.000"),
    ("2014-09-10T11:05:00+00:00", "yyyy-MM-dd'T'HH:mm:ssX", "2014-09-10T11:05:00.000"),
    ("2014-05-30T01:02:39.000Z", "yyyy-MM-dd'T'HH:mm:ss.SSSX", "2014-05-30T01:02:39.000"),
    ("2010-02-10 06:21:00", "yyyy-MM-dd HH:mm:ss", "2010-02-10T06:21:00.000"),
    ("2011-03-01 05:01:00+00", "yyyy-MM-dd HH:mm:ssX", "2011-03-01T05:01:00.000"),
    ("10/Aug/2014 00:00:00Z", "dd/MMM/yyyy HH:mm:ssX", "2014-08-10T00:00:00.000"),
    ("1390370400", "epoch", "2014-01-22T06:00:00.000"),
    ("1390370400.75", "epoch", "2014-01-22T06:00:00.750"),
    ("1390370400123", "epoch_ms", "2014-01-22T06:00:00.123"),
)


def hours(api: httpx.Client, job: str) -> dict[int, int]:
    """The rows of each hour that has a final result."""
    found = documents(api, f"/results/{job}/buckets")
    return {(_seconds(each["timestamp"]) - START) // HOUR: each["eventCount"] for each in found}


def _seconds(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp())


def test_json_comes_in_any_arrangement(api: httpx.Client) -> None:
    """array, NDJSON and concatenated JSON; empty array; header-only CSV"""
    objects = [json.dumps({"time": START + 60 * n, "value": n}) for n in range(200)]
    array = "[" + ",".join(objects) + "]"
    for body in (
        array,
        "\n".join(objects),
        "\r\n".join(objects) + "\r\n",
        "".join(objects),
        json.dumps(json.loads(array)),
    ):
        job = create(api, dataDescription=JSON)
        told = summary(api.post(f"/data/{job}", content=body))
        assert (told["processedRecordCount"], told["missingFieldCount"]) == (200, 0)
        assert hours(api, job) == {0: 60, 1: 60, 2: 60}
    nothing = summary(api.post(f"/data/{create(api, dataDescription=JSON)}", content="[]"))
    assert (nothing["inputRecordCount"], nothing["inputBytes"]) == (0, 2)
    only = summary(api.post(f"/data/{create(api)}", content="time,value\n"))
    assert (only["inputRecordCount"], only["inputFieldCount"], only["missingFieldCount"]) == (0, 0, 0)


def test_compressed_data_is_what_it_says_and_has_the_columns(api: httpx.Client, job: str) -> None:
    """gzip ok; false gzip → 30102; missing column → 30101"""
    packed = {"Content-Encoding": "gzip"}
    told = summary(api.post(f"/data/{job}", content=gzip.compress(rows(100)), headers=packed))
    assert (told["processedRecordCount"], told["inputBytes"]) == (100, len(rows(100)))
    refused = api.post(f"/data/{job}", content=rows(100), headers=packed)
    assert refusal(refused) == (400, 30102)
    (entry,) = refused.json()["responses"]
    assert entry["error"]["message"] == "Content-Encoding = gzip but the data is not in gzip format"
    assert refusal(api.post(f"/data/{job}", content=b"time,other\n1400000400,1\n")) == (400, 30101)


def test_a_job_takes_one_upload_and_an_upload_several_jobs(lasting_server: "Running", api: httpx.Client) -> None:
    """2nd concurrent upload → 40103; multi-job upload with one bad id"""
    first, second = create(api), create(api)
    sender = Sender(lasting_server)
    sender.begin(first)
    assert refusal(api.post(f"/data/{first}", content=rows(9))) == (409, 40103)
    sender.more(rows(12))
    assert sender.end()[1]["responses"][0]["uploadSummary"]["processedRecordCount"] == 12
    sender.close()
    answered = api.post(f"/data/{second},nobody,{first}", content=rows(30, START + 7200))
    assert answered.status_code == 202
    entries = answered.json()["responses"]
    assert [each["jobId"] for each in entries] == [second, "nobody", first]
    assert entries[1]["error"] == {"errorCode": 20101, "message": "No known job with id 'nobody'"}
    assert [each["uploadSummary"]["processedRecordCount"] for each in entries[::2]] == [30, 30]


def test_times_are_read_as_they_are_written(api: httpx.Client) -> None:
    """epoch, epoch_ms, every sample pattern of §3.4.5"""
    for written, pattern, meant in SAMPLES:
        job = create(api, dataDescription={"fieldDelimiter": ";", "timeField": "time", "timeFormat": pattern})
        told = summary(api.post(f"/data/{job}", content=f"time;value\n{written};1\n".encode()))
        assert (told["invalidDateCount"], told["latestRecordTimeStamp"]) == (0, f"{meant}+0000"), pattern


def test_every_row_and_every_value_is_counted(api: httpx.Client) -> None:
    """counts arithmetic of §5.8"""
    detector = {"function": "mean", "fieldName": "value", "byFieldName": "host", "partitionFieldName": "site"}
    job = create(
        api,
        analysisConfig={"bucketSpan": HOUR, "detectors": [detector], "influencers": ["host", "user"]},
        transforms=[
            {"transform": "geo_unhash", "inputs": ["hash"], "outputs": ["user"]},
            {"transform": "exclude", "inputs": ["value"], "condition": {"operator": "gt", "value": "100"}},
        ],
    )
    fine = [f"{START + 60 * n},{n % 9},h,s,ezs42,x\n" for n in range(200)]
    odd = [
        f"{START + 13_000},1,,s,ezs42,x\n",  # one value missing
        f"{START + 13_000},1\n",  # three missing: host, site, and the user that would come of the hash
        f"{START + 13_000},101,h,s,ezs42,x\n",  # excluded
        "yesterday,1,h,s,ezs42,x\n",  # no date
        f"{START},1,h,s,ezs42,x\n",  # too late
        f"{START + 13_000},1,h,s,!!!,x\n",  # a transform that fails, which leaves the user empty
    ]
    body = ("time,value,host,site,hash,other\n" + "".join(fine + odd)).encode()
    told = summary(api.post(f"/data/{job}", content=body))
    assert (told["invalidDateCount"], told["outOfOrderTimeStampCount"], told["excludedRecordCount"]) == (1, 1, 1)
    assert told["processedRecordCount"] == 203
    assert told["inputRecordCount"] == 203 + 1 + 1 + 1
    assert told["failedTransformCount"] == 2  # an empty hash is no place either
    assert told["missingFieldCount"] == 1 + 3 + 1
    fields = 4  # host, site, user, value
    assert told["processedFieldCount"] == 203 * fields - told["missingFieldCount"]
    assert told["inputFieldCount"] == 6 * 205 + 2
    assert told["inputBytes"] == len(body)
    assert "bucketCount" not in told
    second = summary(
        api.post(f"/data/{job}", content=f"time,value,host,site,hash,other\n{START + 14_400},1,h,s,ezs42,x\n")
    )
    counts = document(api, f"/jobs/{job}")["counts"]
    assert counts.pop("bucketCount") == len(hours(api, job)) == 4
    assert counts.pop("latestRecordTimeStamp") == second.pop("latestRecordTimeStamp")
    assert counts == {name: number + told[name] for name, number in second.items()}


def test_buckets_are_sent_anew_while_they_are_open(api: httpx.Client, job: str) -> None:
    """bucket reset only inside latency; out-of-order dropped"""
    analysis = {"bucketSpan": HOUR, "latency": 4 * HOUR, "detectors": [{"function": "count"}]}
    late = create(api, analysisConfig=analysis)
    for each in (job, late):
        summary(api.post(f"/data/{each}", content=rows(60)))
    # Those of the newest ten minutes are in order, and with a latency so are those of the last four hours.
    mixed = "time,value\n" + "".join(f"{START + 600 * n},1\n" for n in (*range(59, 35, -1), 0, *range(60, 75)))
    assert summary(api.post(f"/data/{late}", content=mixed))["outOfOrderTimeStampCount"] == 1
    mixed = "time,value\n" + "".join(f"{START + 600 * n},1\n" for n in (58, 0, *range(59, 75)))
    assert summary(api.post(f"/data/{job}", content=mixed))["outOfOrderTimeStampCount"] == 2
    assert refusal(api.post(f"/data/{job}?resetStart={START}", content=rows(6))) == (400, 60109)
    bounds = {"resetStart": START + 10 * HOUR, "resetEnd": START + 11 * HOUR}
    anew = api.post(f"/data/{late}", params=bounds, content=rows(2, START + 10 * HOUR))
    assert summary(anew)["processedRecordCount"] == 2
    assert refusal(api.post(f"/data/{late}?resetStart={START}", content=rows(6))) == (400, 60108)
    api.post(f"/data/{late}/flush?advanceTime={START + 13 * HOUR}").raise_for_status()
    found = hours(api, late)
    assert (found[0], found[6], found[9], found[10], found[11]) == (6, 12, 12, 2, 0)


def test_a_job_goes_on_where_it_was(serving: "Serving", tmp_path: Path) -> None:
    """timeout closes, upload re-opens, model state survives a restart"""
    lines = rows(400).splitlines(keepends=True)
    header, spike = lines[0], f"{START + 600 * 400},5000\n{START + 600 * 407},1\n".encode()
    with serving(tmp_path / "home") as running, httpx.Client(base_url=f"{running.url}/engine/v2", timeout=60) as api:
        job = create(api)
        told = summary(api.post(f"/data/{job}", content=b"".join(lines[:200])))
        assert document(api, f"/jobs/{job}")["status"] == "RUNNING"
    with serving(tmp_path / "home") as running, httpx.Client(base_url=f"{running.url}/engine/v2", timeout=60) as api:
        closed = document(api, f"/jobs/{job}")
        assert closed["status"] == "CLOSED"
        assert closed["counts"]["latestRecordTimeStamp"] == told["latestRecordTimeStamp"]
        summary(api.post(f"/data/{job}", content=header + b"".join(lines[200:]) + spike))
        api.post(f"/data/{job}/close").raise_for_status()
        whole = create(api, timeout=1)
        summary(api.post(f"/data/{whole}", content=b"".join(lines) + spike))
        api.post(f"/data/{whole}/flush").raise_for_status()
        for path in ("buckets?expand=true", "records"):
            assert documents(api, f"/results/{job}/{path}") == documents(api, f"/results/{whole}/{path}") != []
        deadline = time.monotonic() + 20
        while document(api, f"/jobs/{whole}")["status"] != "CLOSED":
            assert time.monotonic() < deadline, "the job was not closed"
            time.sleep(0.05)
        summary(api.post(f"/data/{whole}", content=rows(10, START + 600 * 410)))
        assert document(api, f"/jobs/{whole}")["status"] == "RUNNING"


def test_the_samples_are_those_of_the_specification(shared: Path) -> None:
    section = (
        (shared / "spec" / "engine-api.md").read_text().partition("Samples that MUST parse:")[2].partition("[C]")[0]
    )
    written = [" ".join(each.split()) for each in section.split("`")[1::2]]
    assert list(zip(written[::2], written[1::2], strict=True)) == [sample[:2] for sample in SAMPLES[:8]]
    assert datetime.fromtimestamp(1390370400, UTC).isoformat() == "2014-01-22T06:00:00+00:00"
