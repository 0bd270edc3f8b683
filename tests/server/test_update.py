from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .clients import Sender, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running


def document(api: httpx.Client, job: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/jobs/{job}").json()["document"]
    return found


def test_changes_are_acknowledged_and_shown(api: httpx.Client, job: str) -> None:
    changes = {"description": "Größe", "resultsRetentionDays": 30, "detectors": [{"index": 0, "description": "all"}]}
    answered = api.put(f"/jobs/{job}/update", json=changes)
    assert (answered.status_code, answered.json()) == (200, {"acknowledgement": True})
    shown = document(api, job)
    assert (shown["description"], shown["resultsRetentionDays"]) == ("Größe", 30)
    assert shown["analysisConfig"]["detectors"][0]["detectorDescription"] == "all"


def test_changes_are_made_together_or_not_at_all(api: httpx.Client, job: str) -> None:
    before = document(api, job)
    refused = api.put(f"/jobs/{job}/update", json={"description": "new", "resultsRetentionDays": -1})
    assert (refused.status_code, refused.json()["errorCode"]) == (400, 10104)
    assert document(api, job) == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, 10101),
        (b"[]", 400, 10101),
        (b"{}", 400, 10101),
        (b'{"colour": "red"}', 400, 10115),
        (b'{"description": 3}', 400, 10104),
        (b'{"ignoreDowntime": "maybe"}', 400, 10104),
    ],
)
def test_a_bad_update_has_its_number(api: httpx.Client, job: str, body: bytes, status: int, code: int) -> None:
    answered = api.put(f"/jobs/{job}/update", content=body)
    assert (answered.status_code, answered.json()["errorCode"]) == (status, code)


def test_limits_are_changed_while_the_job_is_closed(api: httpx.Client, job: str) -> None:
    api.post(f"/data/{job}", content=rows(10))
    changes = {"analysisLimits": {"modelMemoryLimit": 5000}}
    refused = api.put(f"/jobs/{job}/update", json=changes)
    assert (refused.status_code, refused.json()["errorCode"]) == (409, 60120)
    assert api.put(f"/jobs/{job}/update", json={"description": "while it runs"}).status_code == 200
    api.post(f"/data/{job}/close")
    assert api.put(f"/jobs/{job}/update", json=changes).status_code == 200
    assert document(api, job)["analysisLimits"] == {"modelMemoryLimit": 5000}


def test_a_job_that_is_busy_is_not_changed(lasting_server: "Running", api: httpx.Client, job: str) -> None:
    sender = Sender(lasting_server)
    sender.begin(job)
    refused = api.put(f"/jobs/{job}/update", json={"description": "x"})
    assert (refused.status_code, refused.json()["errorCode"]) == (409, 40103)
    sender.more(rows(3))
    assert sender.end()[0] == 202
    sender.close()


def test_a_job_that_is_not_there_cannot_be_changed(api: httpx.Client) -> None:
    answered = api.put("/jobs/nobody/update", json={"description": "x"})
    assert (answered.status_code, answered.json()["errorCode"]) == (404, 20101)


@pytest.mark.parametrize("version", ["v1", "v2", "v0.3"])
def test_a_description_is_plain_text(lasting_server: "Running", api: httpx.Client, version: str) -> None:
    job = create(api)
    answered = httpx.put(
        f"{lasting_server.url}/engine/{version}/jobs/{job}/description", content="zwölf, {not} JSON".encode()
    )
    assert (answered.status_code, answered.json()) == (200, {"acknowledgement": True})
    assert document(api, job)["description"] == "zwölf, {not} JSON"
    assert (
        httpx.put(f"{lasting_server.url}/engine/{version}/jobs/{job}/description", content=b"\xff").status_code == 400
    )
