"""A real PostgreSQL on the loopback address, from the programs on this machine, for as long as the tests run."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest


class Cluster:
    """A PostgreSQL that can be stopped and started again on the same data."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._port = free_port()
        self.url = f"postgresql://tester@127.0.0.1:{self._port}"
        _run(folder, programs / "initdb", "-D", "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        # Nothing here outlives the tests, so nothing needs to reach the disk.
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        _run(self._folder, self._programs / "pg_ctl", "start", "-w", "-D", "data", "-l", "log", "-o", options)

    def stop(self) -> None:
        """Stop it as a crash would, whoever is connected."""
        _run(self._folder, self._programs / "pg_ctl", "stop", "-w", "-D", "data", "-m", "immediate")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A fresh server, started; whoever needs it is skipped where there is none to start."""
    programs = _programs()
    with folder("postgresql-") as home:
        made = Cluster(home, programs)
        made.start()
        try:
            yield made
        finally:
            made.stop()


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a fresh server, without a database name."""
    with cluster() as made:
        yield made.url


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """The URL of a new, empty database on a server, which is dropped afterwards."""
    _execute(server, f'CREATE DATABASE "{name}"')
    try:
        yield f"{server}/{name}"
    finally:
        _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(server: str, statement: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


def _programs() -> Path:
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve())
    whole = [path.parent for path in found if (path.parent / "pg_ctl").exists()]
    if not whole:
        pytest.skip("PostgreSQL's own programs (initdb, pg_ctl) are not on this machine: apt-get install postgresql")
    return max(whole, key=lambda programs: [int(part) for part in programs.parent.name.split(".") if part.isdigit()])


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """A folder of its own for a server that may not run as root."""
    # Not pytest's: only its owner may enter that.
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        if who := someone_else():
            os.chown(name, who["user"], who["group"])
        yield Path(name)


def someone_else() -> dict[str, Any]:
    """Who a program is run as that refuses to run as root, as arguments of `subprocess`; nothing if nobody is root."""
    if os.getuid() != 0:
        return {}
    names = {user.pw_name for user in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(folder: Path, *command: str | Path) -> None:
    with (folder / "messages").open("a+") as messages:
        ran = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=messages,
            check=False,
            **someone_else(),
        )
        messages.seek(0)
        assert ran.returncode == 0, messages.read()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
