import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from tailmass import errors
from tailmass.server.errors import STATUS, answer
from tailmass.store import Store


def test_every_error_has_a_status() -> None:
    assert set(STATUS) == set(errors.by_code)


def test_the_statuses_are_those_of_the_specification(shared: Path) -> None:
    text = (shared / "spec" / "engine-api.md").read_text()
    section = text.partition("## 6. Error codes")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| [A-Z_]+ \| \**(\d{3})\** \|", section, re.MULTILINE)
    assert len(rows) > 90
    assert {int(code): int(status) for code, status in rows} == dict(STATUS)


@pytest.mark.parametrize("code", sorted(errors.by_code))
def test_every_error_is_told_in_one_shape(code: int) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/engine/v2/jobs", "headers": []})
    response = asyncio.run(answer(request, errors.error(code, "It is broken", cause="It was dropped")))
    assert response.status_code == STATUS[code]
    assert json.loads(bytes(response.body)) == {"errorCode": code, "message": "It is broken", "cause": "It was dropped"}


def test_a_route_that_does_not_exist_is_an_error_without_a_number_of_its_own(api: httpx.Client) -> None:
    answered = api.get("/nowhere")
    assert answered.status_code == 404
    assert answered.json() == {"errorCode": 0, "message": "Not Found: GET /engine/v2/nowhere"}


def test_a_method_that_does_not_fit_is_an_error_without_a_number_of_its_own(api: httpx.Client) -> None:
    answered = api.put("/jobs/a")
    assert answered.status_code == 405
    assert answered.json() == {"errorCode": 0, "message": "Method Not Allowed: PUT /engine/v2/jobs/a"}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/jobs", "GET, POST"), ("/jobs/a", "DELETE, GET"), ("/data/a/close", "POST"), ("/jobs/a/update", "PUT")],
)
def test_a_method_that_does_not_fit_is_answered_with_all_that_do(api: httpx.Client, path: str, allowed: str) -> None:
    answered = api.options(path)
    assert (answered.status_code, answered.headers["allow"]) == (405, allowed)


def test_an_error_is_json_like_everything_else(api: httpx.Client) -> None:
    answered = api.delete("/jobs/nobody")
    assert answered.headers["content-type"] == "application/json;charset=UTF-8"
    assert answered.json() == {"errorCode": 20101, "message": "No known job with id 'nobody'"}


def test_a_surprise_tells_the_log_everything_and_the_client_nothing(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("at /etc/secret")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "jobs", fail)
        patch.setattr("tailmass.engine.engine.Engine.jobs", fail)
        answered = api.get("/jobs")
    assert answered.status_code == 500
    assert answered.json()["errorCode"] == 0
    assert "secret" not in answered.text
    assert "ZeroDivisionError: at /etc/secret" in caplog.text
    assert api.get("/jobs").status_code == 200
