"""Real Elasticsearch and OpenSearch on the loopback address, one node each, for as long as the tests run.

The folders of `tests/servers` say of which packages they are made; Maven fetches those once. Where there is a
`Server.java`, it makes a node of them; else the package is a server whole.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.postgresql import someone_else

ROOT = Path(__file__).parents[1]
SERVERS = {"elasticsearch7": 11, "elasticsearch8": 17, "opensearch2": 11, "opensearch3": 21}
"""The servers there are, and the version of Java that each needs at least."""
PATIENCE = 240.0
"""Seconds after which a node that should have started counts as never starting."""
_FETCHING = 600.0
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
_JAVA = ("-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1")  # starts soon, lives briefly
_SETTINGS = {
    "discovery.type": "single-node",
    "network.host": "127.0.0.1",
    "http.port": "0",
    "node.processors": "1",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "xpack.security.enabled": "false",
}
_PORT = re.compile(r"^(\d+)$|HttpServerTransport\S*\s*\].*publish_address \{127\.0\.0\.1:(\d+)\}", re.MULTILINE)


@contextmanager
def elastic(name: str) -> Iterator[str]:
    """The URL of a fresh node of one of `SERVERS`; whoever needs it is skipped where there is none to start."""
    with java_server(name, SERVERS[name]) as port:
        url = f"http://127.0.0.1:{port}"
        health = httpx.get(f"{url}/_cluster/health?wait_for_status=yellow&timeout=60s", timeout=90)
        assert health.status_code == 200, health.text
        yield url


@contextmanager
def java_server(name: str, least: int) -> Iterator[int]:
    """The port of a fresh server that a folder of `tests/servers` describes, on a Java of at least some version."""
    java = _java(least)
    packages = _packages(name)
    # Not pytest's: only its owner may enter that, and not all of these run as root.
    with tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        process = _node(name, java, packages, home)
        try:
            yield _port(process, home / "messages")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # nothing here outlives the tests
            process.wait()


def fill(url: str, index: str, rows: Sequence[dict[str, Any]], *, create: bool = False) -> None:
    """Index rows, which can be searched afterwards; a data stream takes them as something to create only."""
    action = json.dumps({"create" if create else "index": {"_index": index}})
    lines = "".join(f"{action}\n{json.dumps(row)}\n" for row in rows)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = httpx.post(f"{url}/_bulk?refresh=true", content=lines, headers=headers, timeout=60).json()
    assert not answer["errors"], answer


def _node(name: str, java: Path, packages: Path, home: Path) -> "subprocess.Popen[bytes]":
    """A node that is starting, with all that it keeps in its home."""
    program = ROOT / "tests" / "servers" / name / "Server.java"
    who: dict[str, Any] = {}
    command: list[str | Path]
    if program.exists():
        (home / "config").mkdir()
        command = [java / "bin" / "java", *_JAVA, "-XX:+UseSerialGC", "-cp", f"{packages}/*", program, home]
    else:
        who = someone_else()
        [archive] = packages.glob("*.zip")
        shutil.unpack_archive(archive, home)
        (home / "temporary").mkdir()
        [server] = home.glob("elasticsearch-*")
        command = ["bash", server / "bin" / "elasticsearch"]
        command += [part for key, value in _SETTINGS.items() for part in ("-E", f"{key}={value}")]
        for path in (home, *home.rglob("*")) if who else ():
            os.chown(path, who["user"], who["group"])
    environment = {
        "ES_JAVA_HOME": str(java),
        "ES_JAVA_OPTS": " ".join(_JAVA),
        "ES_TMPDIR": str(home / "temporary"),
    }
    with (home / "messages").open("w") as out:
        return subprocess.Popen(
            command,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=os.environ | environment,
            start_new_session=True,
            **who,
        )


def _port(process: "subprocess.Popen[bytes]", messages: Path) -> int:
    """The port that a node tells among other things once it listens."""
    deadline = time.monotonic() + PATIENCE
    while not (told := _PORT.search(messages.read_text())):
        assert process.poll() is None, f"the server ended:\n{messages.read_text()[-3000:]}"
        assert time.monotonic() < deadline, f"the server did not start:\n{messages.read_text()[-3000:]}"
        time.sleep(0.1)
    return int(told[1] or told[2])


def _java(least: int) -> Path:
    """The home of the oldest JDK that is new enough."""
    homes = [*Path("/usr/lib/jvm").glob("*")]
    if on_path := shutil.which("javac"):
        homes.append(Path(on_path).resolve().parents[1])
    versions = {
        int(told[1]): home
        for home in homes
        if (home / "bin" / "javac").exists() and (home / "release").exists()
        if (told := re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', (home / "release").read_text(), re.MULTILINE))
    }
    if not any(version >= least for version in versions):
        pytest.skip(f"needs a JDK of version {least} or newer, and there is none on this machine")
    return versions[min(version for version in versions if version >= least)]


def _packages(name: str) -> Path:
    """The folder of the packages of a server, fetched unless they are there."""
    if shutil.which("mvn") is None:
        pytest.skip("needs Maven, which is not on this machine: apt-get install maven")
    pom = ROOT / "tests" / "servers" / name / "pom.xml"
    folder = ROOT / ".servers" / name
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two Mavens at once would spoil the folder that they share
        made_of = folder / "pom.xml"
        if not made_of.exists() or made_of.read_bytes() != pom.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            command = ["mvn", "-q", "-B", "-f", str(pom), _COPY, f"-DoutputDirectory={folder}"]
            try:
                subprocess.run(command, capture_output=True, check=True, stdin=subprocess.DEVNULL, timeout=_FETCHING)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                said = (error.stdout or b"").decode()[-500:]
                pytest.skip(f"Maven could not fetch {name}: {said or error}")
            shutil.copy(pom, made_of)
    return folder
