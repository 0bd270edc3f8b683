import http.client
import json
import math
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .clients import Connection, configuration, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running


def test_the_reply_to_a_create_is_one_line_that_starts_with_the_id(api: httpx.Client) -> None:
    answered = api.post("/jobs", json=configuration("one-line"))
    assert answered.status_code == 201
    assert answered.content == b'{"id":"one-line"}'
    assert answered.headers["content-type"] == "application/json;charset=UTF-8"


@pytest.mark.parametrize("job_id", [None, ""])
def test_a_job_without_an_id_is_given_one(api: httpx.Client, job_id: str | None) -> None:
    answered = api.post("/jobs", json={**configuration("x"), "id": job_id})
    assert re.fullmatch(r"\d{14}-\d{5}", answered.json()["id"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "UTF-8", "Content-Type": "application/json"},
        {"Content-Encoding": "identity"},
        {"Content-Encoding": ""},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain; charset=latin-1"},
    ],
    ids=str,
)
def test_a_configuration_is_json_whatever_the_headers_say(api: httpx.Client, headers: dict[str, str]) -> None:
    job_id = create(api)
    body = json.dumps(configuration(job_id, description="Größe")).encode()
    answered = api.post("/jobs?overwrite=true", content=body, headers=headers)
    assert answered.status_code == 201
    assert api.get(f"/jobs/{job_id}").json()["document"]["description"] == "Größe"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 10101),
        (b"{", 10101),
        (b"[]", 10101),
        (b'{"id":"\xff"}', 10101),
        (b'{"analysisConfig":{"detectors":[{"function":"count"}]},"colour":"red"}', 10102),
        (b'{"analysisConfig":{"bucketSpan":3600},"dataDescription":{}}', 10107),
    ],
)
def test_a_bad_configuration_has_its_number(api: httpx.Client, body: bytes, code: int) -> None:
    answered = api.post("/jobs", content=body)
    assert answered.status_code == 400
    assert answered.json()["errorCode"] == code


def test_a_configuration_without_end_is_refused_before_it_fills_the_memory(api: httpx.Client) -> None:
    answered = api.post("/jobs", content=(b" " * 2**20 for _ in range(20)))
    assert answered.status_code == 400
    assert answered.json()["errorCode"] == 10101


def test_an_id_is_taken_unless_the_job_is_overwritten(api: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=rows(100))
    refused = api.post("/jobs", json=configuration(job))
    assert (refused.status_code, refused.json()["errorCode"]) == (409, 10110)
    assert api.post("/jobs", params={"overwrite": "false"}, json=configuration(job)).status_code == 409
    assert api.post("/jobs", params={"overwrite": "true"}, json=configuration(job)).status_code == 201
    assert api.get(f"/jobs/{job}").json()["document"]["counts"]["processedRecordCount"] == 0


def test_a_job_has_exactly_the_fields_that_strict_clients_know(api: httpx.Client, job: str) -> None:
    answered = api.get(f"/jobs/{job}")
    assert answered.status_code == 200
    assert list(answered.json()) == ["exists", "type", "document"]
    document = answered.json()["document"]
    always = {"id", "status", "createTime", "timeout", "analysisConfig", "dataDescription", "counts"}
    assert set(document) == always | {"location", "endpoints"}
    assert document["status"] == "CLOSED"
    assert document["analysisConfig"]["latency"] == 0
    assert document["analysisConfig"]["influencers"] == []


def test_a_job_that_does_not_exist_is_a_document_that_says_so(api: httpx.Client) -> None:
    answered = api.get("/jobs/nobody")
    assert answered.status_code == 404
    assert answered.content == b'{"exists":false,"type":"job"}'


def test_no_jobs_are_an_empty_page(server: "Running") -> None:
    answered = httpx.get(f"{server.url}/engine/v2/jobs")
    page = b'{"hitCount":0,"skip":0,"take":100,"nextPage":null,"previousPage":null,"documents":[]}'
    assert (answered.status_code, answered.content) == (200, page)


def test_jobs_are_listed_page_by_page_in_the_order_they_were_created(server: "Running") -> None:
    with httpx.Client(base_url=f"{server.url}/engine/v2", timeout=60) as api:
        ids = [create(api) for _ in range(3)]
        first = api.get("/jobs", params={"take": 2}).json()
        second = api.get(first["nextPage"]).json()
    assert [each["id"] for each in first["documents"] + second["documents"]] == ids
    assert first["nextPage"] == f"{server.url}/engine/v2/jobs?skip=2&take=2"
    assert second["nextPage"] is None
    assert second["previousPage"] == f"{server.url}/engine/v2/jobs?skip=0&take=2"


@pytest.mark.parametrize("version", ["v2", "v1", "v0.3"])
def test_urls_lead_back_the_way_the_client_came(lasting_server: "Running", job: str, version: str) -> None:
    connection = http.client.HTTPConnection(lasting_server.host, lasting_server.port)
    connection.request("GET", f"/engine/{version}/jobs/{job}", headers={"Host": "localhost:81"})
    with connection.getresponse() as response:
        document = json.load(response)["document"]
    connection.close()
    assert document["location"] == f"http://localhost:81/engine/{version}/jobs/{job}"
    data = document["endpoints"]["data"] if version == "v2" else document["dataEndpoint"]
    assert data == f"http://localhost:81/engine/{version}/data/{job}"


def test_a_client_without_a_host_header_gets_urls_too(connection: Connection, job: str, api: httpx.Client) -> None:
    connection.send(f"GET /engine/v2/jobs/{job} HTTP/1.0\r\n\r\n".encode())
    _, document = connection.answer()
    assert document["document"]["location"] == f"{str(api.base_url).rstrip('/')}/jobs/{job}"


def test_a_deleted_job_is_gone_with_its_results(api: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=rows(100))
    answered = api.delete(f"/jobs/{job}")
    assert (answered.status_code, answered.json()) == (200, {"acknowledgement": True})
    assert api.get(f"/jobs/{job}").status_code == 404
    assert api.get(f"/results/{job}/buckets").json()["errorCode"] == 20101


NATIVE: dict[str, Any] = {
    "bucketSpan": 3600,
    "detectors": [{"function": "mean", "fieldName": "value", "shape": True, "sensitivity": 6.5}],
    "timeZone": "Europe/Berlin",
    "alertBudget": 2,
    "valueLists": {"known": ["a"]},
}
"""The analysis of `configuration`, and what only the native version shows of one."""


@pytest.mark.parametrize("version", ["v3", "v2", "v1", "v0.3"])
def test_every_version_takes_native_settings_and_only_its_own_shows_them(
    lasting_server: "Running", native: httpx.Client, version: str
) -> None:
    base = f"{lasting_server.url}/engine/{version}"
    job_id = f"native-{version}"
    httpx.post(f"{base}/jobs", json=configuration(job_id, analysisConfig=NATIVE)).raise_for_status()
    shown = native.get(f"/jobs/{job_id}").json()["document"]
    assert shown["analysisConfig"] == {**NATIVE, "latency": 0, "influencers": []}
    assert shown["alertThreshold"] == pytest.approx(50 - 13.45 * math.log10(2))
    assert shown["endpoints"]["forecast"] == f"{lasting_server.url}/engine/v3/forecast/{job_id}"


@pytest.mark.parametrize("version", ["v2", "v1", "v0.3"])
def test_clients_of_the_engine_api_see_a_native_job_byte_for_byte_as_one_without(
    server: "Running", version: str
) -> None:
    base = f"{server.url}/engine/{version}"
    seen = []
    for changes in ({}, {"analysisConfig": NATIVE}):
        httpx.post(f"{base}/jobs?overwrite=true", json=configuration("same", **changes)).raise_for_status()
        pages = httpx.get(f"{base}/jobs/same").content, httpx.get(f"{base}/jobs").content
        seen.append([re.sub(rb'"createTime":"[^"]+"', b"", page) for page in pages])
    assert seen[0] == seen[1]


def test_native_jobs_are_listed_with_their_thresholds(server: "Running") -> None:
    with httpx.Client(base_url=f"{server.url}/engine/v3", timeout=60) as client:
        client.post("/jobs", json=configuration("a", analysisConfig=NATIVE)).raise_for_status()
        client.post("/jobs", json=configuration("b")).raise_for_status()
        listed = client.get("/jobs").json()["documents"]
    assert ["alertThreshold" in each for each in listed] == [True, False]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"timeZone": "Mars/Base"}, "'timeZone' is 'Mars/Base'"),
        ({"alertBudget": 0}, "'alertBudget' is 0"),
        ({"detectors": [{"function": "count", "sensitivity": 9}]}, "'sensitivity' is 9"),
    ],
)
def test_a_native_setting_that_cannot_be_is_refused_by_name(
    native: httpx.Client, change: dict[str, Any], named: str
) -> None:
    answered = native.post("/jobs", json=configuration("x", analysisConfig=NATIVE | change))
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 10104)
    assert named in answered.json()["message"]


@pytest.mark.parametrize("version", ["v1", "v0.3"])
def test_old_clients_call_domain_split_otherwise(lasting_server: "Running", version: str) -> None:
    lookup = {"transform": "domain_lookup", "inputs": ["host"]}
    asked = configuration(
        f"lookup-{version}",
        analysisConfig={"detectors": [{"function": "count", "byFieldName": "hrd"}]},
        transforms=[lookup],
    )
    with httpx.Client(base_url=f"{lasting_server.url}/engine") as client:
        assert client.post("/v2/jobs", json=asked).json()["errorCode"] == 10201
        assert client.post(f"/{version}/jobs", json=asked).status_code == 201
        document = client.get(f"/v1/jobs/lookup-{version}").json()["document"]
        assert document["transforms"] == [{**lookup, "transform": "domain_split"}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", 10101),
        (b"[]", 10101),
        (b'{"transforms":3}', 10101),
        (b'{"transforms":[3]}', 10101),
        (
            b'{"analysisConfig":{"detectors":[{"function":"count"}]},"transforms":[{"transform":["domain_lookup"]}]}',
            10101,
        ),
        (b'{"analysisConfig":{"detectors":[{"function":"count"}]},"transforms":[{"transform":"lookup"}]}', 10201),
    ],
)
def test_a_bad_configuration_of_an_old_client_has_its_number(lasting_server: "Running", body: bytes, code: int) -> None:
    answered = httpx.post(f"{lasting_server.url}/engine/v1/jobs", content=body)
    assert (answered.status_code, answered.json()["errorCode"]) == (400, code)
