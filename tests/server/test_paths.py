import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.server.paths import tidy

from .clients import Connection


@pytest.mark.parametrize(
    "path",
    ["/engine/v2//jobs", "/engine/v2/jobs/", "//engine///v2/jobs", "//engine//v2//jobs//", "/engine/v2/jobs/?skip="],
)
def test_doubled_and_trailing_slashes_are_tolerated(connection: Connection, path: str) -> None:
    connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    status, document = connection.answer()
    assert (status, document["skip"]) == (200, 0)


def test_the_answer_refers_to_the_tidy_path(api: httpx.Client, job: str) -> None:
    page = api.get("/jobs//", params={"take": 1, "skip": 1}).json()
    assert "/engine/v2/jobs?skip=0&take=1" in page["previousPage"]


def test_a_job_id_is_percent_decoded(api: httpx.Client, job: str) -> None:
    escaped = "".join(f"%{ord(character):02X}" for character in job)
    assert api.get(f"/jobs/{escaped}").json()["document"]["id"] == job


@given(st.text(alphabet="/ab", max_size=12))
def test_a_tidy_path_is_tidy_for_good(path: str) -> None:
    once = tidy(path)
    assert tidy(once) == once
    assert "//" not in once
    assert once.replace("/", "") == path.replace("/", "")
