import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Tailmass


def test_it_says_where_it_serves_and_stops_in_order(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tailmass.cli", "server", "--port", "0", "--home", str(tmp_path / "home")],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    try:
        assert process.stderr is not None
        said = next(found for line in process.stderr if (found := re.search(r"Serving (http://\S+)/engine/v2", line)))
        with urlopen(f"{said[1]}/engine/v2/jobs", timeout=30) as answer:
            assert json.load(answer)["hitCount"] == 0
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_taken_is_wrong_usage(tailmass: "Tailmass", tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = tailmass("server", "--port", str(taken.getsockname()[1]), "--home", tmp_path)
    assert done.returncode == 2
    assert "give another --port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "way_out"),
    [
        (["--port", "70000"], {}, "65535"),
        (["--port", "http"], {}, "--port"),
        ([], {"TAILMASS_PORT": "http"}, "TAILMASS_PORT"),
        ([], {"TAILMASS_CLOSE_STATUS": "204"}, "TAILMASS_CLOSE_STATUS"),
        (["--log-format", "xml"], {}, "--log-format"),
        (["--tls-cert", "nowhere.pem"], {}, "nowhere.pem"),
        (["--tls-key", "nowhere.pem"], {}, "no certificate"),
    ],
)
def test_a_setting_that_cannot_be_is_named(
    tailmass: "Tailmass", tmp_path: Path, arguments: list[str], environment: dict[str, str], way_out: str
) -> None:
    done = tailmass("server", "--home", tmp_path, *arguments, **environment)
    assert done.returncode == 2
    assert way_out in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("store", ["sqlite:////no/such/folder/db", "nosuchdatabase://here", "not a url"])
def test_a_store_that_cannot_be_opened_is_named(tailmass: "Tailmass", tmp_path: Path, store: str) -> None:
    done = tailmass("server", "--port", "0", "--home", tmp_path, "--store", store)
    assert done.returncode == 3
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_a_home_that_is_a_file_is_named(tailmass: "Tailmass", tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = tailmass("server", "--port", "0", "--home", tmp_path / "file")
    assert done.returncode == 3
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr
