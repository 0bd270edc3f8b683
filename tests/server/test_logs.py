import io
import json
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from prelert.engineApiClient import EngineApiClient
from tailmass.client import Client
from tailmass.errors import MissingLogFile

from .clients import Connection, configuration, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running


@pytest.fixture
def used(api: httpx.Client, job: str) -> str:
    """The id of a job that has been opened and closed again."""
    api.post(f"/data/{job}", content=rows(100))
    api.post(f"/data/{job}/close")
    return job


@pytest.fixture
def named(api: httpx.Client) -> Iterator[str]:
    """The id of a job that is called as the logs of the server are."""
    api.post("/jobs", json=configuration("engine_api")).raise_for_status()
    yield "engine_api"
    api.delete("/jobs/engine_api").raise_for_status()


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def unzipped(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_analysis_of_a_job_has_a_log(api: httpx.Client, used: str) -> None:
    answered = api.get(f"/logs/{used}/{used}")
    assert answered.headers["content-type"] == "text/plain;charset=UTF-8"
    told = events(answered.text)
    assert [each["message"] for each in told] == ["Job created", "Job opened", "Upload ended", "Job closed"]
    assert {each["job"] for each in told} == {used}
    assert told[2]["counts"]["processed_record_count"] == 100


def test_what_the_server_was_asked_of_a_job_has_another(api: httpx.Client, used: str) -> None:
    api.get(f"/jobs/{used}")  # to look is no event, unless it fails
    api.get(f"/results/{used}/buckets", params={"start": "yesterday"})
    told = events(api.get(f"/logs/{used}/engine_api").text)
    assert [(each["message"], each["status"]) for each in told] == [
        (f"POST /engine/v2/data/{used}", 202),
        (f"POST /engine/v2/data/{used}/close", 202),
        (f"GET /engine/v2/results/{used}/buckets", 400),
    ]


def test_why_an_upload_was_refused_is_told(api: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=b"time,colour\n1400000400,red\n")
    refused, asked = events(api.get(f"/logs/{job}/engine_api").text)
    assert (refused["level"], refused["code"]) == ("WARNING", 30101)
    assert "value" in refused["message"]
    assert asked["status"] == 400


def test_an_upload_for_several_jobs_is_an_event_of_each(api: httpx.Client) -> None:
    jobs = [create(api), create(api)]
    api.post(f"/data/{','.join(jobs)}", content=rows(10))
    for job in jobs:
        assert len(events(api.get(f"/logs/{job}/engine_api").text)) == 1


def test_all_logs_of_a_job_come_in_a_zip(api: httpx.Client, used: str) -> None:
    answered = api.get(f"/logs/{used}")
    assert answered.headers["content-type"] == "application/octet-stream"
    files = unzipped(answered.content)
    assert set(files) == {f"{used}.log", "engine_api.log"}
    assert files[f"{used}.log"] == api.get(f"/logs/{used}/{used}").text


def test_a_tail_is_the_last_lines(api: httpx.Client, used: str) -> None:
    lines = api.get(f"/logs/{used}/{used}").text.splitlines(keepends=True)
    for count in (0, 1, 3, 4, 100):
        answered = api.get(f"/logs/{used}/{used}/tail", params={"lines": count})
        assert answered.text == "".join(lines[len(lines) - min(count, 4) :])
    assert api.get(f"/logs/{used}/{used}/tail").text == "".join(lines)


def test_a_tail_of_ten_lines_is_meant_if_nothing_is_said(
    api: httpx.Client, lasting_server: "Running", job: str
) -> None:
    path = lasting_server.home / "logs" / "jobs" / job / "long.log"
    path.write_text("".join(f"{number} {'x' * 9_000}\n" for number in range(100)))  # more than is read at once
    for query, first in (("", 90), ("?lines=", 90), ("?lines=97", 3), ("?lines=1000", 0)):
        lines = api.get(f"/logs/{job}/long/tail{query}").text.splitlines()
        assert [line.split()[0] for line in lines] == [str(number) for number in range(first, 100)]
    assert api.get(f"/logs/{job}/tail?lines=1").text.startswith("99 ")  # it is the newest


@pytest.mark.parametrize("lines", ["-1", "ten", "1.5"])
def test_lines_are_a_whole_number(api: httpx.Client, job: str, lines: str) -> None:
    answered = api.get(f"/logs/{job}/tail", params={"lines": lines})
    assert (answered.status_code, answered.json()["errorCode"]) == (400, 10104)


def test_the_server_and_the_store_have_logs(api: httpx.Client, used: str) -> None:
    files = unzipped(api.get("/logs/engine_api").content)
    assert "Job opened" in [each["message"] for each in events(files["engine_api.log"]) if each.get("job") == used]
    assert set(unzipped(api.get("/logs/elasticsearch").content)) <= {"store.log"}


def test_a_job_may_be_called_as_the_logs_of_the_server(api: httpx.Client, named: str) -> None:
    api.post(f"/data/{named}/close")
    told = [each["message"] for each in events(api.get(f"/logs/{named}/engine_api").text)]
    assert told == ["Job created", "POST /engine/v2/data/engine_api/close"]  # both go to the file of that name
    assert len(events(api.get(f"/logs/{named}/{named}/tail?lines=1").text)) == 1


@pytest.mark.parametrize(("path", "status", "code"), [("nobody", 404, 50102), ("nobody/nobody", 404, 50102),
    ("nobody/tail", 404, 50102), ("{job}/nothing", 404, 50102), ("{job}/nothing/tail", 404, 50102),
    ("{job}/{job}.log", 404, 50102)])  # fmt: skip
def test_a_log_that_is_not_there_is_missing(api: httpx.Client, job: str, path: str, status: int, code: int) -> None:
    answered = api.get(f"/logs/{path.format(job=job)}")
    assert (answered.status_code, answered.json()["errorCode"]) == (status, code)


@pytest.mark.parametrize(
    "path",
    [
        "{job}/../../engine_api",
        "{job}/..",
        "{job}/../tail",
        "..",
        "../tailmass.sqlite",
        "%2e%2e",
        "{job}/%2e%2e",
        "{job}/..%2f..%2fengine_api",
        "{job}/%2e%2e%2f%2e%2e%2fengine_api",
        "{job}/..%2F..%2Fengine_api/tail",
        "{job}/..%5c..%5cengine_api",
        "{job}/..%5C..%5Cengine_api/tail",
        "..%2f..%2f..%2f..%2fetc%2fpasswd",
        "{job}/%2fetc%2fpasswd%2fx",
        "{job}/a%2fb%2fc",
        "{job}/{job}%00",
        "{job}/{job}%0a",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(connection: Connection, job: str, path: str) -> None:
    asked = f"/engine/v2/logs/{path.format(job=job)}"
    connection.send(f"GET {asked} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    status, document = connection.answer()
    assert (status, document["errorCode"]) == (400, 50103)


@pytest.mark.parametrize("path", ["{job}/%252e%252e%252f%252e%252e%252fengine_api", "{job}/..%c0%af..%c0%afengine_api"])
def test_a_name_is_decoded_once(connection: Connection, job: str, path: str) -> None:
    connection.send(f"GET /engine/v2/logs/{path.format(job=job)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    status, document = connection.answer()
    assert (status, document["errorCode"]) in ((404, 50102), (400, 50103))


def test_a_folder_that_is_not_there_cannot_be_opened(api: httpx.Client, lasting_server: "Running", job: str) -> None:
    folder = lasting_server.home / "logs" / "jobs" / job
    folder.rename(folder.with_name(f"{job}-away"))
    answered = api.get(f"/logs/{job}")
    assert (answered.status_code, answered.json()["errorCode"]) == (500, 50101)


def test_the_files_of_a_job_go_with_it(api: httpx.Client, lasting_server: "Running", used: str) -> None:
    folder = lasting_server.home / "logs" / "jobs" / used
    assert folder.is_dir()
    api.delete(f"/jobs/{used}")
    assert not folder.exists()
    assert api.get(f"/logs/{used}").json()["errorCode"] == 50102
    api.post("/jobs", json=configuration(used))
    assert [each["message"] for each in events(api.get(f"/logs/{used}/{used}").text)] == ["Job created"]


def test_requests_make_no_files_of_jobs_that_are_not_there(api: httpx.Client, lasting_server: "Running") -> None:
    api.post("/data/nobody", content=rows(10))
    api.delete("/jobs/nobody")
    assert not (lasting_server.home / "logs" / "jobs" / "nobody").exists()


def test_no_input_forges_a_line(connection: Connection, api: httpx.Client, job: str) -> None:
    forged = 'a%0a%7B"message":"forged"%7D%0d%e2%80%a8%c2%85b'
    connection.send(f"POST /engine/v2/results/{job}/{forged} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert connection.answer()[0] == 405
    text = unzipped(api.get("/logs/engine_api").content)["engine_api.log"]
    assert all("message" in each and each["message"] != "forged" for each in events(text))
    assert any('a\n{"message":"forged"}\r\u2028\x85b' in each["message"] for each in events(text))
    assert not set(text) & {"\r", "\u2028", "\x85"}


def test_what_goes_wrong_with_a_job_is_in_its_log(api: httpx.Client, job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a\nb")

    with monkeypatch.context() as patch:
        patch.setattr("tailmass.store.Store.records", fail)
        assert api.get(f"/results/{job}/records").status_code == 500
    failed = events(api.get(f"/logs/{job}/engine_api").text)
    assert [(each["level"], each["job"]) for each in failed if "traceback" in each] == [("ERROR", job)]


@pytest.mark.parametrize("odd", ["%2e%2e", "%2e", "%2e%2e%2fjobs", "..%5c"])
def test_requests_about_odd_ids_are_in_the_log_once(
    connection: Connection, lasting_server: "Running", odd: str
) -> None:
    before = set((lasting_server.home / "logs").rglob("*"))
    connection.send(f"POST /engine/v2/data/{odd}/flush?odd=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert connection.answer()[0] >= 400
    assert set((lasting_server.home / "logs").rglob("*")) <= before
    log = events((lasting_server.home / "logs" / "engine_api.log").read_text())
    said = [(each["time"], each["message"]) for each in log if each["logger"].endswith("requests")]
    assert said[-1] != said[-2]


def test_a_long_id_has_logs_too(api: httpx.Client) -> None:
    job = "🦉" * 64
    api.post("/jobs", json=configuration(job)).raise_for_status()
    assert [each["job"] for each in events(api.get(f"/logs/{job}/{job}").text)] == [job]
    assert len(unzipped(api.get(f"/logs/{job}").content)) == 1
    api.delete(f"/jobs/{job}").raise_for_status()


def test_both_clients_have_them(lasting_server: "Running", used: str) -> None:
    client = Client(lasting_server.url)
    old = EngineApiClient(lasting_server.host, "engine/v2", lasting_server.port)
    text = client.logs.read(used, used)
    assert old.getJobLog(used, used) == (200, text)
    assert len(events(text)) == 4
    assert client.logs.tail(used, used, lines=1) == old.tailLog(used, used, 1)[1] == text.splitlines()[-1] + "\n"
    assert len(client.logs.tail(used).splitlines()) == len(old.tailLog(used)[1].splitlines()) > 0
    assert unzipped(client.logs.zipped(used)) == unzipped(old.getZippedLogs(used)[1])
    for packed in (client.logs.server(), old.getEngineApiServerLogs()[1]):
        assert "engine_api.log" in unzipped(packed)
    for packed in (client.logs.data_store(), old.getElasticsearchServerLogs()[1]):
        assert set(unzipped(packed)) <= {"store.log"}
    with pytest.raises(MissingLogFile):
        client.logs.read(used, "nothing")
    status, error = old.getZippedLogs("nobody")
    assert (status, error["errorCode"]) == (404, 50102)
