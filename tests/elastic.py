"""Real Elasticsearch and OpenSearch on the loopback address, one node each, for as long as the tests run.

The folders of `tests/servers` say of which packages they are made; Maven fetches those once.
"""

import fcntl
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[1]
SERVERS = ("elasticsearch7", "opensearch2")
PATIENCE = 120.0
"""Seconds after which a node that should have started counts as never starting."""
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
_JAVA = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # starts soon, lives briefly


@contextmanager
def elastic(name: str) -> Iterator[str]:
    """The URL of a fresh node of one of `SERVERS`; whoever needs it is skipped where there is none to start."""
    program = ROOT / "tests" / "servers" / name / "Server.java"
    packages = _packages(name)
    with tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True) as home:
        (Path(home) / "config").mkdir()
        log = Path(home) / "log"
        command = ["java", *_JAVA, "-cp", f"{packages}/*", str(program), home]
        with log.open("w") as messages:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages, text=True
            )
        late = Timer(PATIENCE, process.kill)
        late.start()
        try:
            yield f"http://127.0.0.1:{_port(process, log)}"
        finally:
            late.cancel()
            process.terminate()
            process.communicate()


def fill(url: str, index: str, rows: Sequence[dict[str, Any]], *, create: bool = False) -> None:
    """Index rows, which can be searched afterwards; a data stream takes them as something to create only."""
    action = json.dumps({"create" if create else "index": {"_index": index}})
    lines = "".join(f"{action}\n{json.dumps(row)}\n" for row in rows)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = httpx.post(f"{url}/_bulk?refresh=true", content=lines, headers=headers, timeout=60).json()
    assert not answer["errors"], answer


def _packages(name: str) -> Path:
    """The folder of the packages of a server, fetched unless they are there."""
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        pytest.skip("Maven and a JDK, which make the servers, are not on this machine: apt-get install maven")
    pom = ROOT / "tests" / "servers" / name / "pom.xml"
    folder = ROOT / ".servers" / name
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Maven has no more than one at its own folder
        made_of = folder / "pom.xml"
        if not made_of.exists() or made_of.read_bytes() != pom.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            command = ["mvn", "-q", "-B", "-f", str(pom), _COPY, f"-DoutputDirectory={folder}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                pytest.skip(f"Maven could not fetch {name}: {done.stdout[-500:]}")
            shutil.copy(pom, made_of)
    return folder


def _port(process: "subprocess.Popen[str]", log: Path) -> int:
    """The port that a node prints among other things once it answers."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip().isdigit():
            return int(line)
    raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")
