import csv
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from prelert.engineApiClient import EngineApiClient
from tailmass.client import Client
from tailmass.errors import MissingField
from tailmass.server import preview

from .clients import create, rows

if TYPE_CHECKING:
    from tests.conftest import Running, Serving

TWO = [
    {"function": "mean", "fieldName": "value", "byFieldName": "host"},
    {"function": "count", "partitionFieldName": "area"},
]


def watching(api: httpx.Client, **more: object) -> str:
    """A job that watches the fields area, host and value."""
    return create(api, analysisConfig={"bucketSpan": 3600, "detectors": TWO}, **more)


def test_the_time_comes_first_and_then_the_fields_by_their_names(api: httpx.Client) -> None:
    data = "value,other,time,host,area\n1.50,x,1400000400,b,north\noops,x,1400000401.7,a,\n"
    answered = api.post(f"/preview/{watching(api)}", content=data)
    assert answered.status_code == 202
    assert answered.headers["content-type"] == "text/csv;charset=UTF-8"
    assert answered.text == "time,area,host,value\n1400000400,north,b,1.50\n1400000401,,a,oops\n"


def test_transforms_and_dates_are_applied_and_rows_that_would_be_rejected_left_out(api: httpx.Client) -> None:
    job = watching(
        api,
        dataDescription={"fieldDelimiter": ",", "timeField": "when", "timeFormat": "yyyy-MM-dd HH:mm:ss"},
        transforms=[
            {"transform": "concat", "inputs": ["day", "clock"], "arguments": [" "], "outputs": ["when"]},
            {"transform": "uppercase", "inputs": ["name"], "outputs": ["host"]},
            {"transform": "exclude", "inputs": ["value"], "condition": {"operator": "gt", "value": "100"}},
        ],
    )
    data = (
        "day,clock,name,area,value\n2014-05-13,17:00:00,a,n,1\n2014-05-13,17:00:01,b,n,101\n"
        "2014-05-13,late,c,n,2\n2014-05-13,17:00:03,d,n,3\n"
    )
    answered = api.post(f"/preview/{job}", content=data)
    assert answered.text == "when,area,host,value\n1400000400,n,A,1\n1400000403,n,D,3\n"


def test_values_that_would_break_the_csv_are_quoted(api: httpx.Client) -> None:
    job = watching(api, dataDescription={"format": "JSON", "timeField": "time"})
    odd = ["a,b", 'say "no"', "two\nlines", "Zürich 東京 🦉", " "]
    data = "".join(json.dumps({"time": 1400000400, "host": each, "area": "n", "value": 1}) for each in odd)
    answered = api.post(f"/preview/{job}", content=data)
    assert [row["host"] for row in csv.DictReader(answered.text.splitlines(keepends=True))] == odd


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_body_may_be_cut_inside_of_a_character(api: httpx.Client, size: int) -> None:
    job = watching(api)
    data = "time,host,area,value\n1400000400,Zürich,東京,1\n1400000401,🦉,é,2\n".encode()
    whole = api.post(f"/preview/{job}", content=data)
    assert "1400000401,é,🦉,2\n" in whole.text
    cut = api.post(f"/preview/{job}", content=(data[at : at + size] for at in range(0, len(data), size)))
    assert cut.text == whole.text


def test_compressed_data_looks_the_same(api: httpx.Client, job: str) -> None:
    plain = api.post(f"/preview/{job}", content=rows(1000))
    packed = api.post(f"/preview/{job}", content=gzip.compress(rows(1000)), headers={"Content-Encoding": "gzip"})
    assert plain.text == packed.text == rows(1000).decode()


def test_a_header_alone_is_a_header(api: httpx.Client, job: str) -> None:
    assert api.post(f"/preview/{job}", content=b"time,value\n").text == "time,value\n"
    assert api.post(f"/preview/{job}", content=b"").text == "time,value\n"


def test_nothing_is_kept_or_counted(api: httpx.Client, job: str) -> None:
    before = api.get(f"/jobs/{job}").json()
    assert api.post(f"/preview/{job}", content=rows(1000)).status_code == 202
    assert api.get(f"/jobs/{job}").json() == before
    assert api.get(f"/results/{job}/buckets").json()["hitCount"] == 0


@pytest.mark.parametrize(
    ("data", "encoding", "status", "code"),
    [
        (b"time,colour\n1400000400,red\n", "", 400, 30101),
        (b"time,value\n", "gzip", 400, 30102),
        (gzip.compress(rows(10), mtime=0)[:-9], "gzip", 400, 30001),
    ],
)
def test_an_error_is_bare(api: httpx.Client, job: str, data: bytes, encoding: str, status: int, code: int) -> None:
    answered = api.post(f"/preview/{job}", content=data, headers={"Content-Encoding": encoding})
    assert (answered.status_code, answered.json()["errorCode"]) == (status, code)


def test_an_error_behind_many_good_rows_is_still_told(api: httpx.Client) -> None:
    job = watching(api, dataDescription={"format": "JSON", "timeField": "time"})
    good = json.dumps({"time": 1400000400, "host": "a", "area": "n", "value": 1}).encode() * 200_000
    answered = api.post(f"/preview/{job}", content=good + b'{"time": 14000')
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 30107)


def test_there_is_no_preview_of_a_job_that_is_not_there(api: httpx.Client) -> None:
    answered = api.post("/preview/nobody", content=rows(10))
    assert (answered.status_code, answered.json()["errorCode"]) == (404, 20101)


def test_a_little_gzip_does_not_fill_the_disk(
    api: httpx.Client, job: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(preview, "LARGEST_BYTES", 1 << 20)
    answered = api.post(
        f"/preview/{job}",
        content=gzip.compress(rows(1) + b"1400000400,1\n" * 200_000),
        headers={"Content-Encoding": "gzip"},
    )
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 30001)


def test_the_bounds_of_uploads_are_those_of_previews(serving: "Serving", tmp_path: Path) -> None:
    with serving(tmp_path, limits={"fields": 3}) as running, httpx.Client(base_url=f"{running.url}/engine/v2") as api:
        job = create(api)
        assert api.post(f"/preview/{job}", content=rows(1)).status_code == 202
        refused = api.post(f"/preview/{job}", content=b"time,value,a,b\n")
    assert (refused.status_code, refused.json()["errorCode"]) == (400, 30001)


def test_both_clients_have_it(lasting_server: "Running", job: str) -> None:
    client = Client(lasting_server.url)
    old = EngineApiClient(lasting_server.host, "engine/v2", lasting_server.port)
    text = rows(10).decode()
    assert client.data.preview(job, text) == text
    assert client.data.preview(job, gzip.compress(rows(10)), gzipped=True) == text
    assert old.preview(job, text) == (202, text)
    with pytest.raises(MissingField):
        client.data.preview(job, "time\n1400000400\n")
    status, error = old.preview(job, "time\n1400000400\n")
    assert (status, json.loads(error)["errorCode"]) == (400, 30101)
