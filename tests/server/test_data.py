import gzip
import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .clients import START, Connection, Sender, configuration, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running, Serving

BROKEN = b"time,colour\n" + b"1400000400,red\n" * 2_000_000
"""Thirty megabytes without the field that is needed, as the first line shows."""


def entries(answered: httpx.Response) -> list[dict[str, Any]]:
    """The entries of an upload's answer, which has nothing else."""
    assert list(answered.json()) == ["responses"]
    found: list[dict[str, Any]] = answered.json()["responses"]
    return found


def test_an_upload_is_answered_with_what_became_of_the_rows(api: httpx.Client, job: str) -> None:
    data = rows(100)
    answered = api.post(f"/data/{job}", content=data)
    assert answered.status_code == 202
    (entry,) = entries(answered)
    assert list(entry) == ["jobId", "uploadSummary"]
    assert entry["uploadSummary"] == {
        "processedRecordCount": 100,
        "processedFieldCount": 100,
        "inputBytes": len(data),
        "inputRecordCount": 100,
        "inputFieldCount": 200,
        "invalidDateCount": 0,
        "missingFieldCount": 0,
        "outOfOrderTimeStampCount": 0,
        "failedTransformCount": 0,
        "excludedRecordCount": 0,
        "latestRecordTimeStamp": "2014-05-14T09:30:00.000+0000",
    }


@pytest.mark.parametrize(
    "kind", ["application/octet-stream", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_an_upload_is_never_decoded_as_a_form(api: httpx.Client, job: str, kind: str) -> None:
    (entry,) = entries(api.post(f"/data/{job}", content=rows(10), headers={"Content-Type": kind}))
    assert entry["uploadSummary"]["processedRecordCount"] == 10


@pytest.mark.parametrize("encoding", ["UTF-8", "identity", "", "br"])
def test_an_encoding_that_is_not_gzip_is_ignored(api: httpx.Client, job: str, encoding: str) -> None:
    (entry,) = entries(api.post(f"/data/{job}", content=rows(10), headers={"Content-Encoding": encoding}))
    assert entry["uploadSummary"]["processedRecordCount"] == 10


def test_a_body_in_chunks_of_seven_bytes_is_the_same_upload(api: httpx.Client, job: str) -> None:
    data = rows(300)
    chunks = (data[at : at + 7] for at in range(0, len(data), 7))
    (entry,) = entries(api.post(f"/data/{job}", content=chunks))
    (whole,) = entries(api.post(f"/data/{create(api)}", content=data))
    assert entry["uploadSummary"] == whole["uploadSummary"]


def test_rows_after_the_header_are_not_required(api: httpx.Client, job: str) -> None:
    answered = api.post(f"/data/{job}", content=b"time,value\n")
    assert answered.status_code == 202
    assert entries(answered)[0]["uploadSummary"]["inputRecordCount"] == 0


def test_a_post_without_body_and_length_is_an_empty_upload(connection: Connection, job: str) -> None:
    connection.send(f"POST /engine/v2/data/{job} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    status, document = connection.answer()
    assert status == 202
    assert document["responses"][0]["uploadSummary"]["inputBytes"] == 0


def test_a_connection_serves_one_upload_after_the_other(lasting_server: "Running", api: httpx.Client, job: str) -> None:
    connection = http.client.HTTPConnection(lasting_server.host, lasting_server.port)
    for start in (START, START + 60_000, START + 120_000):
        connection.request("POST", f"/engine/v2/data/{job}", rows(100, start))
        with connection.getresponse() as response:
            assert response.status == 202
            response.read()
    connection.close()
    assert api.get(f"/jobs/{job}").json()["document"]["counts"]["processedRecordCount"] == 300


def test_a_connection_that_is_to_be_closed_is_closed(connection: Connection, job: str) -> None:
    data = rows(10)
    head = f"POST /engine/v2/data/{job} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    connection.send(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
    status, _ = connection.answer()
    assert status == 202
    assert connection.socket.recv(1) == b""


def test_several_jobs_get_the_same_bytes(api: httpx.Client) -> None:
    ids = [create(api) for _ in range(3)]
    answered = api.post(f"/data/{','.join(ids)}", content=rows(100))
    assert answered.status_code == 202
    assert [entry["jobId"] for entry in entries(answered)] == ids
    assert {entry["uploadSummary"]["processedRecordCount"] for entry in entries(answered)} == {100}


def test_one_job_that_fails_leaves_the_others_alone(api: httpx.Client, job: str) -> None:
    other = create(api, dataDescription={"fieldDelimiter": ",", "timeField": "when"})
    answered = api.post(f"/data/nobody,{job},{other}", content=rows(100))
    assert answered.status_code == 202
    missing, accepted, refused = entries(answered)
    assert missing == {"jobId": "nobody", "error": {"errorCode": 20101, "message": "No known job with id 'nobody'"}}
    assert accepted["uploadSummary"]["processedRecordCount"] == 100
    assert refused["error"]["errorCode"] == 30101


def test_when_no_job_accepts_the_status_is_that_of_the_first_error(api: httpx.Client, job: str) -> None:
    answered = api.post(f"/data/nobody,{job}", content=b"time,colour\n1400000400,red\n")
    assert answered.status_code == 404
    assert [entry["error"]["errorCode"] for entry in entries(answered)] == [20101, 30101]


def test_a_job_cannot_get_the_same_upload_twice(api: httpx.Client, job: str) -> None:
    answered = api.post(f"/data/{job},{job}", content=rows(100))
    assert answered.status_code == 202
    first, second = entries(answered)
    assert first["uploadSummary"]["processedRecordCount"] == 100
    assert second["error"]["errorCode"] == 40103


def test_a_gzipped_upload_is_decompressed_for_every_job(api: httpx.Client, job: str) -> None:
    data = rows(5000)
    headers = {"Content-Encoding": "gzip"}
    answered = api.post(f"/data/{job},{create(api)}", content=gzip.compress(data), headers=headers)
    assert [entry["uploadSummary"]["inputBytes"] for entry in entries(answered)] == [len(data)] * 2


def test_data_that_is_not_gzip_as_promised_is_refused_in_known_words(api: httpx.Client, job: str) -> None:
    answered = api.post(f"/data/{job}", content=rows(100), headers={"Content-Encoding": "gzip"})
    assert answered.status_code == 400
    message = "Content-Encoding = gzip but the data is not in gzip format"
    assert entries(answered) == [{"jobId": job, "error": {"errorCode": 30102, "message": message}}]
    assert api.post(f"/data/{job}", content=rows(100)).status_code == 202


@pytest.mark.parametrize("persistence", ["keep-alive", "close"])
@pytest.mark.parametrize("sized", [True, False])
def test_an_early_refusal_can_be_read_by_a_client_that_sends_on(
    lasting_server: "Running", job: str, persistence: str, sized: bool
) -> None:
    connection = http.client.HTTPConnection(lasting_server.host, lasting_server.port, timeout=60)
    body = BROKEN if sized else (BROKEN[at : at + 2**16] for at in range(0, len(BROKEN), 2**16))
    connection.request("POST", f"/engine/v2/data/{job}", body, {"Connection": persistence})
    with connection.getresponse() as response:
        assert response.status == 400
        assert json.load(response)["responses"][0]["error"]["errorCode"] == 30101
    connection.close()


def test_an_upload_to_nowhere_can_be_read_by_a_client_that_sends_on(lasting_server: "Running") -> None:
    connection = http.client.HTTPConnection(lasting_server.host, lasting_server.port, timeout=60)
    for path, status in (("/engine/v2/data/nobody", 404), ("/engine/v2/nowhere", 404), ("/engine/v2/jobs", 400)):
        connection.request("POST", path, BROKEN, {"Connection": "close"})
        with connection.getresponse() as response:
            assert response.status == status
            response.read()
    connection.close()


def curl(*arguments: str, data: bytes) -> tuple[int, Any]:
    """What curl gets for an answer; its status is on the last line."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("needs curl")
    command = [program, "--silent", "--show-error", "--write-out", "\n%{http_code}", *arguments]
    body, _, status = subprocess.run(command, input=data, capture_output=True, check=True).stdout.rpartition(b"\n")
    return int(status), json.loads(body)


@pytest.mark.parametrize("sending", [("-T", "-"), ("--data-binary", "@-")])
def test_curl_can_upload_and_ask_first(lasting_server: "Running", job: str, sending: tuple[str, str]) -> None:
    url = f"{lasting_server.url}/engine/v2/data/{job}"
    status, document = curl("-X", "POST", "-H", "Expect: 100-continue", *sending, url, data=rows(100_000, step=1))
    assert status == 202
    assert document["responses"][0]["uploadSummary"]["processedRecordCount"] == 100_000


def test_curl_that_asks_first_is_refused_before_it_sends(lasting_server: "Running") -> None:
    url = f"{lasting_server.url}/engine/v2/data/nobody"
    status, document = curl("-X", "POST", "-H", "Expect: 100-continue", "-T", "-", url, data=BROKEN)
    assert status == 404
    assert document["responses"][0]["error"]["errorCode"] == 20101


@pytest.fixture
def sender(lasting_server: "Running") -> Iterator[Sender]:
    opened = Sender(lasting_server)
    yield opened
    opened.close()


def test_a_job_takes_one_upload_at_a_time(api: httpx.Client, job: str, sender: Sender) -> None:
    sender.begin(job)
    sender.more(rows(100))
    second = api.post(f"/data/{job}", content=rows(10))
    assert second.status_code == 409
    assert entries(second)[0]["error"]["errorCode"] == 40103
    for refused in (api.post(f"/data/{job}/flush"), api.post(f"/data/{job}/close"), api.delete(f"/jobs/{job}")):
        assert (refused.status_code, refused.json()["errorCode"]) == (409, 40103)
    status, document = sender.end()
    assert (status, document["responses"][0]["uploadSummary"]["processedRecordCount"]) == (202, 100)


def test_a_slow_sender_delays_nobody(api: httpx.Client, job: str, sender: Sender) -> None:
    sender.begin(job)
    for line in rows(50).splitlines(keepends=True):
        sender.more(line)
        assert api.get(f"/results/{job}/buckets").status_code == 200
    status, document = sender.end()
    assert (status, document["responses"][0]["uploadSummary"]["processedRecordCount"]) == (202, 50)


def test_a_sender_that_goes_away_leaves_a_job_that_can_be_used(api: httpx.Client, job: str, sender: Sender) -> None:
    sender.begin(job)
    sender.more(rows(100))
    sender.more(b"1400")
    sender.close()
    for _ in range(5000):
        answered = api.post(f"/data/{job}", content=rows(100, START + 60_000))
        if answered.status_code != 409:
            break
    assert answered.status_code == 202
    assert entries(answered)[0]["uploadSummary"]["processedRecordCount"] == 100


def test_a_sender_that_is_cut_off_before_its_promised_length_is_no_upload(api: httpx.Client, job: str) -> None:
    host, port = api.base_url.host, api.base_url.port
    with socket.create_connection((host, port)) as cut:
        cut.sendall(
            f"POST /engine/v2/data/{job} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n".encode() + rows(3)
        )
    for _ in range(5000):
        answered = api.post(f"/data/{job}/close")
        if answered.status_code != 409:
            break
    assert answered.status_code == 202


def test_buckets_cannot_be_reset_without_latency(api: httpx.Client, job: str) -> None:
    answered = api.post(f"/data/{job}", params={"resetStart": START}, content=rows(10))
    assert answered.status_code == 400
    assert entries(answered)[0]["error"]["errorCode"] == 60109


@pytest.mark.parametrize(
    ("reset", "code"),
    [
        ({"resetEnd": "1400000400"}, 60108),
        ({"resetStart": "yesterday"}, 60108),
        ({"resetStart": "1400004000", "resetEnd": "1400000400"}, 60108),
    ],
)
def test_a_bad_range_to_reset_is_told_in_the_entry_of_the_job(
    api: httpx.Client, job: str, reset: dict[str, str], code: int
) -> None:
    answered = api.post(f"/data/{job}", params=reset, content=rows(10))
    assert answered.status_code == 400
    assert entries(answered)[0]["error"]["errorCode"] == code


def test_an_empty_range_to_reset_is_none(api: httpx.Client, job: str) -> None:
    assert api.post(f"/data/{job}", params={"resetStart": "", "resetEnd": ""}, content=rows(10)).status_code == 202


@pytest.mark.parametrize("query", ["", "?start=&end=", "?calcInterim=true&start=&end=", "?calcInterim=false"])
def test_a_flush_is_acknowledged(api: httpx.Client, job: str, query: str) -> None:
    api.post(f"/data/{job}", content=rows(100))
    answered = api.post(f"/data/{job}/flush{query}")
    assert (answered.status_code, answered.json()) == (200, {"acknowledgement": True})


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("start=1400000400", 60106),
        ("end=1400000400", 60106),
        ("calcInterim=true&end=1400000400", 60106),
        ("calcInterim=true&start=1400000400&end=1399996800", 60107),
        ("calcInterim=true&start=soon", 60101),
        ("advanceTime=soon", 60101),
    ],
)
def test_a_flush_whose_parameters_do_not_go_together_is_refused(
    api: httpx.Client, job: str, query: str, code: int
) -> None:
    answered = api.post(f"/data/{job}/flush?{query}")
    assert (answered.status_code, answered.json()["errorCode"]) == (400, code)


def test_interim_results_appear_after_a_flush_that_asks_and_to_a_query_that_asks(api: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=rows(100))
    final = api.get(f"/results/{job}/buckets").json()["hitCount"]
    api.post(f"/data/{job}/flush", params={"calcInterim": "true"})
    assert api.get(f"/results/{job}/buckets").json()["hitCount"] == final
    assert api.get(f"/results/{job}/buckets?includeInterim=true").json()["hitCount"] == final + 1


def test_a_flush_can_move_the_clock_of_a_job_on(api: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=rows(100))
    before = api.get(f"/results/{job}/buckets").json()["hitCount"]
    api.post(f"/data/{job}/flush", params={"advanceTime": f"{START + 3600 * 20}000"})
    assert api.get(f"/results/{job}/buckets").json()["hitCount"] == before + 4


def test_a_close_is_accepted_and_can_be_repeated(api: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=rows(100))
    assert api.get(f"/jobs/{job}").json()["document"]["status"] == "RUNNING"
    for _ in range(2):
        answered = api.post(f"/data/{job}/close")
        assert (answered.status_code, answered.json()) == (202, {"acknowledgement": True})
    document = api.get(f"/jobs/{job}").json()["document"]
    assert document["status"] == "CLOSED"
    assert "finishedTime" in document


def test_a_closed_job_opens_again_with_the_next_upload(api: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=rows(100))
    api.post(f"/data/{job}/close")
    assert api.post(f"/data/{job}", content=rows(100, START + 60_000)).status_code == 202
    assert api.get(f"/jobs/{job}").json()["document"]["counts"]["processedRecordCount"] == 200


@pytest.mark.parametrize("action", ["flush", "close"])
def test_a_job_that_does_not_exist_can_be_neither_flushed_nor_closed(api: httpx.Client, action: str) -> None:
    answered = api.post(f"/data/nobody/{action}")
    assert (answered.status_code, answered.json()["errorCode"]) == (404, 20101)


def test_the_status_of_a_close_is_a_setting_of_version_two_only(serving: "Serving", tmp_path: Path) -> None:
    with serving(tmp_path, close_status=200) as running, httpx.Client(base_url=running.url, timeout=60) as client:
        client.post("/engine/v2/jobs", json=configuration("a"))
        statuses = [client.post(f"/engine/{each}/data/a/close").status_code for each in ("v2", "v1", "v0.3")]
    assert statuses == [200, 202, 202]
