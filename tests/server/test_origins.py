"""What other pages in a browser may do to a server that asks nobody anything."""

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from prelert.engineApiClient import EngineApiClient
from tailmass.client import Client
from tailmass.server.origins import Host

from .clients import Connection, configuration

if TYPE_CHECKING:
    from tests.conftest import Running, Serving

JOBS = "/engine/v2/jobs"


def status(running: "Running", host: str | None = None, origin: str | None = None, method: str = "GET") -> int:
    headers = {name: value.format(port=running.port) for name, value in (("Host", host), ("Origin", origin)) if value}
    answered = httpx.request(method, running.url + JOBS, headers=headers)
    if answered.status_code == 403:
        assert answered.json()["errorCode"] == 0
        assert "TAILMASS_HOSTS" in answered.json()["message"]
    return answered.status_code


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:{port}", "localhost.", "127.0.0.1:{port}", "[::1]:1", "10.0.0.1"]
)
def test_an_address_and_localhost_are_names_of_the_server(lasting_server: "Running", host: str) -> None:
    assert status(lasting_server, host) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil.example", "a@localhost", "["],
)
def test_a_name_that_leads_here_by_a_trick_is_refused(lasting_server: "Running", host: str) -> None:
    assert status(lasting_server, host) == 403
    assert status(lasting_server, host, f"http://{host}", "POST") == 403


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:1", "http://localhost", "null", "", "http://", "http://["]
)
def test_pages_of_others_are_refused_whatever_they_ask(lasting_server: "Running", origin: str, method: str) -> None:
    answered = httpx.request(method, lasting_server.url + JOBS, headers={"Origin": origin})
    assert (answered.status_code, answered.json()["errorCode"]) == (403, 0)


def test_a_page_of_the_server_may_ask_it(lasting_server: "Running") -> None:
    for name in ("127.0.0.1:{port}", "localhost:{port}"):
        assert status(lasting_server, name, f"http://{name}") == 200
    assert status(lasting_server, "localhost:80", "http://localhost") == 200
    assert status(lasting_server, "localhost", "https://localhost:443") == 200


def test_what_is_refused_changes_nothing(lasting_server: "Running") -> None:
    sent = {"content": str(configuration("forged")).replace("'", '"'), "headers": {"Origin": "http://evil.example"}}
    assert httpx.post(lasting_server.url + JOBS, **sent).status_code == 403  # type: ignore[arg-type]  # it has both
    assert httpx.get(f"{lasting_server.url}{JOBS}/forged").status_code == 404


def test_more_names_can_be_set(serving: "Serving", tmp_path: Path) -> None:
    with serving(tmp_path, hosts=("Tailmass.example.com", "localhost:3000")) as running:
        assert status(running, "tailmass.example.com", "https://tailmass.example.com") == 200
        assert status(running, "localhost:{port}", "https://tailmass.example.com") == 200
        assert status(running, origin="http://localhost:3000") == 200
        assert status(running, origin="http://localhost:3001") == 403
        assert status(running, "example.com") == 403


def test_a_server_that_asks_for_tokens_goes_by_any_name(serving: "Serving", tmp_path: Path) -> None:
    with serving(tmp_path, auth=True) as running:
        assert httpx.get(running.url + JOBS, headers={"Host": "any.example"}).status_code == 401
        assert status(running, origin="http://evil.example") == 403


def test_clients_of_then_and_now_are_none_of_the_wiser(lasting_server: "Running", connection: Connection) -> None:
    for host in ("localhost", "127.0.0.1"):
        old = EngineApiClient(host, "engine/v2", lasting_server.port)
        assert old.getJobs()[0] == 200
        assert not Client(f"http://{host}:{lasting_server.port}").jobs.exists("a")
    connection.send(f"GET {JOBS} HTTP/1.0\r\n\r\n".encode())  # before there was a Host
    assert connection.answer()[0] == 200


@pytest.mark.parametrize("text", ["a/b", "a?b", "a#b", "a:b", "u@a", "[::1", ""])
def test_what_is_no_host_has_no_name(text: str) -> None:
    assert Host.of(text).name == ""
