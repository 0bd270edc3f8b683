import gzip
from typing import TYPE_CHECKING

import httpx

from prelert.engineApiClient import EngineApiClient
from tailmass.client import Client

from .clients import START, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running


def test_a_load_is_an_upload_whose_rows_can_be_read(api: httpx.Client, native: httpx.Client, job: str) -> None:
    loaded = api.post(f"/dataload/{job}", content=rows(100))
    uploaded = api.post(f"/data/{create(api)}", content=rows(100))
    assert (loaded.status_code, list(loaded.json()["responses"][0])) == (202, ["jobId", "uploadSummary"])
    assert loaded.json()["responses"][0]["uploadSummary"] == uploaded.json()["responses"][0]["uploadSummary"]
    page = native.get(f"/input/{job}", params={"take": 2}).json()
    assert page["hitCount"] == 100
    assert page["documents"] == [
        {"jobId": job, "timestamp": "2014-05-13T17:00:00.000+0000", "value": 1.0},
        {"jobId": job, "timestamp": "2014-05-13T17:10:00.000+0000", "value": 1.1},
    ]
    assert page["nextPage"].endswith(f"/engine/v3/input/{job}?skip=2&take=2")


def test_rows_are_found_by_their_time(api: httpx.Client, native: httpx.Client, job: str) -> None:
    api.post(f"/dataload/{job}", content=gzip.compress(rows(100)), headers={"Content-Encoding": "gzip"})
    page = native.get(f"/input/{job}", params={"start": START + 600, "end": START + 1800, "skip": 1}).json()
    assert (page["hitCount"], [each["value"] for each in page["documents"]]) == (2, [1.2])


def test_rows_that_are_rejected_are_not_kept(api: httpx.Client, native: httpx.Client, job: str) -> None:
    api.post(f"/dataload/{job}", content=rows(100) + b"oops,1\n1300000000,1\n")
    assert native.get(f"/input/{job}").json()["hitCount"] == 100


def test_an_upload_keeps_nothing(api: httpx.Client, native: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=rows(100))
    assert native.get(f"/input/{job}").json()["hitCount"] == 0


def test_a_load_may_be_for_several_jobs_of_which_some_refuse(api: httpx.Client, native: httpx.Client, job: str) -> None:
    answered = api.post(f"/dataload/nobody,{job}", content=rows(10))
    assert answered.status_code == 202
    missing, accepted = answered.json()["responses"]
    assert (missing["error"]["errorCode"], accepted["jobId"]) == (20101, job)
    assert native.get(f"/input/{job}").json()["hitCount"] == 10
    assert native.get("/input/nobody").json()["errorCode"] == 20101


def test_both_clients_can_load(lasting_server: "Running", native: httpx.Client, job: str) -> None:
    old = EngineApiClient(lasting_server.host, "engine/v2", lasting_server.port)
    Client(lasting_server.url).data.upload(job, rows(10), store=True)
    assert old.upload(job, rows(10, START + 6000).decode(), store=True)[0] == 202
    assert native.get(f"/input/{job}").json()["hitCount"] == 20
