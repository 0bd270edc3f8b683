import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.server.run import Server
from tailmass.server.settings import Settings

from .clients import START, Sender, configuration, rows

if TYPE_CHECKING:
    from tests.conftest import ServerProcess


def post(url: str, **given: Any) -> None:
    """Post, and wait for as long as the kernels may take to compile."""
    httpx.post(url, timeout=120, **given).raise_for_status()


def test_a_port_that_is_taken_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Server(Settings(home=tmp_path / "home", port=taken.getsockname()[1]))
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(("host", "url"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:")])
def test_a_server_knows_where_it_can_be_reached(tmp_path: Path, host: str, url: str) -> None:
    server = Server(Settings(home=tmp_path, host=host, port=0))
    with server.socket:
        assert server.url == f"{url}{server.socket.getsockname()[1]}"


def test_a_server_that_is_asked_to_stop_saves_its_running_jobs(server_process: "ServerProcess") -> None:
    base = f"{server_process.url}/engine/v2"
    post(f"{base}/jobs", json=configuration("a"))
    post(f"{base}/data/a", content=rows(100))
    assert server_process.stop() == 0
    server_process.start()
    job = httpx.get(f"{base}/jobs/a").json()["document"]
    assert (job["status"], job["counts"]["processedRecordCount"]) == ("CLOSED", 100)
    post(f"{base}/data/a", content=rows(100, START + 60_000))
    assert httpx.get(f"{base}/results/a/buckets").json()["hitCount"] == 33


def test_a_server_that_was_killed_starts_again_with_what_it_had(server_process: "ServerProcess") -> None:
    base = f"{server_process.url}/engine/v2"
    post(f"{base}/jobs", json=configuration("a"))
    post(f"{base}/data/a", content=rows(100))
    post(f"{base}/data/a/flush")
    server_process.kill()
    server_process.start()
    assert httpx.get(f"{base}/jobs/a").json()["document"]["status"] == "CLOSED"
    assert httpx.get(f"{base}/results/a/buckets").json()["hitCount"] == 16


def test_a_server_stops_although_a_sender_does_not(server_process: "ServerProcess") -> None:
    base = f"{server_process.url}/engine/v2"
    post(f"{base}/jobs", json=configuration("a"))
    with contextlib.closing(Sender(server_process)) as sender:
        sender.begin("a")
        sender.more(rows(100))
        assert server_process.stop() == 0
        status, document = sender.answer()
    (entry,) = document["responses"]
    assert status == 500
    assert entry == {"jobId": "a", "error": {"errorCode": 0, "message": "The server stopped before this was done"}}
    assert "Traceback" not in server_process.log()
    assert "still in use" not in server_process.log()
