import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
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


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
def test_whatever_a_server_is_stopped_with_running_jobs_are_saved(
    server_process: "ServerProcess", signals: list[signal.Signals]
) -> None:
    base = f"{server_process.url}/engine/v2"
    for job in "ab":
        post(f"{base}/jobs", json=configuration(job))
    post(f"{base}/data/a", content=rows(100))
    assert server_process.process is not None
    with contextlib.closing(Sender(server_process)) as sender:
        if len(signals) > 1:  # somebody to be waited for, had it not been asked twice
            sender.begin("b")
            sender.more(rows(50))
        for number in signals:
            server_process.process.send_signal(number)
        assert server_process.wait() == 0
    server_process.start()
    job = httpx.get(f"{base}/jobs/a").json()["document"]
    assert (job["status"], job["counts"]["processedRecordCount"]) == ("CLOSED", 100)
    assert "was running when the engine stopped" not in server_process.log()


def test_a_server_that_stops_takes_no_further_connection(server_process: "ServerProcess") -> None:
    post(f"{server_process.url}/engine/v2/jobs", json=configuration("a"))
    assert httpx.get(f"{server_process.url}/readyz").status_code == 200
    assert server_process.process is not None
    with contextlib.closing(Sender(server_process)) as sender:
        sender.begin("a")
        server_process.process.terminate()
        with pytest.raises(httpx.TransportError):  # noqa: PT012 - at some time soon
            while True:
                httpx.get(f"{server_process.url}/readyz")
        sender.more(rows(10))
        assert sender.end()[0] == 202  # who has come before is served
    assert server_process.wait() == 0


def test_who_supervises_a_server_is_told_how_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"@tailmass-test-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name[1:])
        heard.settimeout(30)
        server = Server(Settings(home=tmp_path / "home", port=0))
        thread = threading.Thread(target=server.listen)
        thread.start()
        assert [heard.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        server.should_exit = True
        thread.join(30)
        rest = iter(lambda: heard.recv(100), b"STOPPING=1")
        assert set(rest) <= {b"WATCHDOG=1"}


def test_the_unit_for_systemd_is_one(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze, which comes with systemd")
    unit = tmp_path / "tailmass.service"
    text = (Path(__file__).parents[2] / "deploy" / "tailmass.service").read_text()
    unit.write_text(text.replace("/opt/tailmass/.venv/bin/tailmass", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")


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
