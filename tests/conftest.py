"""Fixtures for every room: a real server on a real socket, in this process or in its own, and the shared data.

The types are for annotations: `if TYPE_CHECKING: from tests.conftest import Running`.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tailmass.server.run import Server
from tailmass.server.settings import Settings
from tests import mariadb, postgresql
from tests.aws import aws
from tests.elastic import SERVERS, elastic
from tests.hadoop import hadoop
from tests.prometheus import oddities, prometheus, requests

PATIENCE = 60.0
"""Seconds after which something that should have happened counts as never happening."""


@dataclass(frozen=True)
class Running:
    """A server that is there: where to reach it, and where it keeps what it keeps."""

    host: str
    port: int
    home: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


Serving = Callable[..., AbstractContextManager[Running]]


@contextmanager
def _serve(home: Path, **given: Any) -> Iterator[Running]:
    ready = threading.Event()
    server = Server(Settings(home=home, port=0, **given), ready=lambda url: ready.set())
    thread = threading.Thread(target=server.listen, name="server")
    thread.start()
    try:
        assert ready.wait(PATIENCE), "the server did not start"
        yield Running(server.host, server.port, home)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="session")
def serving() -> Serving:
    """What makes servers in this process: `with serving(home, close_status=200) as running`."""
    return _serve


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A server of one's own, empty, in this process."""
    with _serve(tmp_path / "home") as running:
        yield running


@pytest.fixture(scope="session")
def lasting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server for many tests, whose jobs therefore need ids of their own; it saves starting one for each."""
    with _serve(tmp_path_factory.mktemp("lasting") / "home") as running:
        yield running


_PROGRAM = """
import sys
from pathlib import Path
from tailmass.server.run import serve
from tailmass.server.settings import Settings

serve(Settings(home=Path(sys.argv[1]), port=int(sys.argv[2])), ready=lambda url: print(url, flush=True))
"""


class ServerProcess:
    """A server in a process of its own, which can be stopped or killed, and started again on the same home and port."""

    host = "127.0.0.1"

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-c", _PROGRAM, str(self.home), str(self.port)]
        environment = {**os.environ, "TAILMASS_STOP_TIMEOUT": "2"}
        with self.home.with_suffix(".log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        assert self.process.stdout is not None
        url = self.process.stdout.readline().strip()
        assert url, f"the server did not start:\n{self.log()}"
        self.port = int(url.rpartition(":")[2])

    def log(self) -> str:
        """What the server has written to its standard error."""
        return self.home.with_suffix(".log").read_text()

    def kill(self) -> None:
        """End it on the spot, as a crash or a power failure would."""
        self._end(lambda process: process.kill())

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        return self._end(lambda process: process.terminate())

    def wait(self) -> int:
        """Wait until it has ended by itself, and return its exit code."""
        return self._end(lambda process: None)

    def _end(self, how: Any) -> int:
        assert self.process is not None, "the server is not running"
        process, self.process = self.process, None
        with process:
            how(process)
            return process.wait(PATIENCE)


@pytest.fixture
def server_process(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server in a process of its own, already started."""
    process = ServerProcess(tmp_path / "home")
    process.start()
    yield process
    if process.process is not None:
        process.kill()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of specification and data sets that lies next to the checkout where the project is developed."""
    folder = Path(__file__).parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("needs the shared specification and data next to the checkout")
    return folder


@pytest.fixture(scope="session", params=SERVERS)
def elastic_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """One Elasticsearch or OpenSearch after the other, for many tests, whose indices need names of their own."""
    with elastic(request.param) as url:
        yield url


@pytest.fixture(scope="session")
def hadoop_address() -> Iterator[str]:
    """The host and port of a Hadoop file system for many tests, each of which has a folder of its own."""
    with hadoop() as address:
        yield address


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """AWS for many tests, each of which takes a region of its own."""
    with aws() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Cluster]:
    """A PostgreSQL for many tests, each of which makes a database of its own."""
    with postgresql.cluster() as made:
        yield made


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.Maria]:
    """A MariaDB for many tests, each of which makes a database of its own."""
    with mariadb.maria() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of every kind that rows are read from."""
    match request.param:
        case "sqlite":
            (tmp_path / "rows.db").touch()
            yield f"sqlite:///{tmp_path / 'rows.db'}"
        case "postgresql":
            with postgresql.database(request.getfixturevalue("postgresql_server").url, tmp_path.name) as made:
                yield made
        case "mariadb":
            with mariadb.database(request.getfixturevalue("mariadb_server").url, tmp_path.name) as made:
                yield made


@pytest.fixture(scope="session")
def prometheus_url() -> Iterator[str]:
    """A Prometheus for many tests, which knows what `tests/prometheus.py` says of some days."""
    with prometheus([*requests(), *oddities()]) as url:
        yield url
