"""A real MariaDB on the loopback address, from the programs on this machine, for as long as the tests run."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.postgresql import folder, free_port, someone_else
from tests.sql import do

PATIENCE = 60.0
"""Seconds after which a server that should have started counts as never starting."""
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class Maria:
    """A MariaDB that can be stopped and started again on the same data."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"mariadb://tester@127.0.0.1:{self._port}"
        install = _program("mariadb-install-db")
        options = ("--no-defaults", f"--datadir={home / 'data'}", "--auth-root-authentication-method=normal")
        done = subprocess.run(
            [install, *options, "--skip-test-db"], cwd=home, capture_output=True, check=False, **someone_else()
        )
        assert done.returncode == 0, done.stdout + done.stderr
        who = "'tester'@'127.0.0.1'"
        (home / "begin.sql").write_text(f"CREATE USER IF NOT EXISTS {who};\nGRANT ALL ON *.* TO {who};\n")
        (home / "begin.sql").chmod(0o644)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = {
            "datadir": self._home / "data",
            "init-file": self._home / "begin.sql",
            "socket": self._home / "socket",
            "pid-file": self._home / "pid",
            "port": self._port,
            "bind-address": "127.0.0.1",
            "innodb-buffer-pool-size": "32M",
            "innodb-log-file-size": "16M",
            "innodb-flush-log-at-trx-commit": 0,  # nothing here outlives the tests, so nothing needs to reach the disk
            "skip-name-resolve": "ON",
        }
        command = [_program("mariadbd"), "--no-defaults", *(f"--{key}={value}" for key, value in options.items())]
        with (self._home / "messages").open("ab") as messages:
            self._process = subprocess.Popen(
                command, cwd=self._home, stdout=messages, stderr=messages, stdin=subprocess.DEVNULL, **someone_else()
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            said = (self._home / "messages").read_text()[-2000:]
            assert self._process.poll() is None, f"the server ended:\n{said}"
            assert time.monotonic() < deadline, f"the server did not start:\n{said}"
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop it as a crash would, whoever is connected."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE)

    def _answers(self) -> bool:
        with suppress(OperationalError):
            do(f"{self.url}/", "SELECT 1")
            return True
        return False


@contextmanager
def maria() -> Iterator[Maria]:
    """A fresh server, started; whoever needs it is skipped where there is none to start."""
    for name in ("mariadbd", "mariadb-install-db"):
        _program(name)
    with folder("mariadb-") as home:
        made = Maria(home)
        try:
            made.start()
            yield made
        finally:
            made.stop()


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """The URL of a new, empty database on a server, which is dropped afterwards."""
    do(f"{server}/", f"CREATE DATABASE `{name}`")
    try:
        yield f"{server}/{name}"
    finally:
        do(f"{server}/", f"DROP DATABASE `{name}`")


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        pytest.skip(f"MariaDB's own program {name} is not on this machine: apt-get install mariadb-server")
    return found
