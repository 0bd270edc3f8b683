"""A real Prometheus on the loopback address, from the programs on this machine, for as long as the tests run."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf, nan, pi, sin
from pathlib import Path

import httpx
import pytest

from tests.postgresql import free_port

PATIENCE = 60.0
"""Seconds after which a server that should have started counts as never starting."""

DAY = 86_400
START = 1_772_409_600
"""2026-03-02, a Monday."""
DAYS = 3
STEP = 60
BUSY = range(START + 2 * DAY + 14 * 3600, START + 2 * DAY + 15 * 3600)
"""When web-3 had five times the requests."""
INSTANCES = ("web-1:80", "web-2:80", "web-3:80")


@dataclass(frozen=True)
class Sample:
    """A value of a metric at a time."""

    series: str
    value: float
    at: int


def requests() -> Iterator[Sample]:
    """Counters of requests that rise by day, and how long queues are; one counter is planted with an hour of more."""
    for n, instance in enumerate(INSTANCES):
        total = 0
        for at in range(START, START + DAYS * DAY, STEP):
            usual = 600 + 300 * sin(2 * pi * (at - START) / DAY) + (at // STEP * 7919 + n * 104_729) % 97
            total += round(usual * (5 if n == 2 and at in BUSY else 1))
            yield Sample(f'http_requests_total{{instance="{instance}",job="web"}}', total, at)


def threads() -> Iterator[Sample]:
    """How many threads of each instance are busy."""
    for n, instance in enumerate(INSTANCES):
        for at in range(START, START + DAYS * DAY, STEP):
            yield Sample(f'threads_busy{{instance="{instance}",job="web"}}', 20 + (at // STEP * 7907 + n) % 7, at)


def oddities() -> Iterator[Sample]:
    """What is no usual gauge: values that are no numbers, labels that are fields, metrics with the same labels."""
    for n, value in enumerate((1, nan, 3, inf, -inf, 6)):
        yield Sample("odd", value, START + n * STEP)
    labels = 'value="v",timestamp="t",metric="m",series="s",exported_value="e",quoted="a\\"b\\\\c\\nd"'
    yield Sample(f"clashing{{{labels}}}", 1, START)
    for name in ("twin_a", "twin_b"):
        yield Sample(f'{name}{{x="1"}}', 1, START)
        if name == "twin_a":
            yield Sample(f'{name}{{x="2"}}', 2, START)


@contextmanager
def prometheus(
    samples: Iterable[Sample] = (),
    *,
    targets: Sequence[str] = (),
    prefix: str = "",
    passwords: str = "",
    options: Sequence[str] = (),
) -> Iterator[str]:
    """The URL of a fresh server; whoever needs it is skipped where there is none to start.

    Parameters
    ----------
    samples : what it has from before, one metric after the other
    targets : what it scrapes, every second, as host:port
    prefix : the path below which it answers
    passwords : users and hashes of their passwords, a line each, as its configuration has them
    options : of its command line
    """
    program, tool = shutil.which("prometheus"), shutil.which("promtool")
    if program is None or tool is None:
        pytest.skip("Prometheus (prometheus, promtool) is not on this machine: apt-get install prometheus")
    with tempfile.TemporaryDirectory(prefix="prometheus-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        _load(folder, tool, samples)
        (folder / "config.yml").write_text(
            f"""
scrape_configs:
  - job_name: tests
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{{targets: [{", ".join(f'"{target}"' for target in targets)}]}}]
"""
        )
        (folder / "web.yml").write_text(f"basic_auth_users:\n{passwords}" if passwords else "")
        command = [
            program,
            f"--web.listen-address=127.0.0.1:{port}",
            f"--web.external-url=http://127.0.0.1:{port}{prefix}",
            f"--web.config.file={folder / 'web.yml'}",
            f"--config.file={folder / 'config.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=100y",
            *options,
        ]
        with (folder / "messages").open("w") as out:
            process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            url = f"http://127.0.0.1:{port}{prefix}"
            _wait(process, url, folder / "messages")
            yield url
        finally:
            process.kill()  # nothing here outlives the tests
            process.wait()


def _load(folder: Path, tool: str, samples: Iterable[Sample]) -> None:
    """Make blocks of samples, if there are any."""
    lines = [f"{sample.series} {sample.value} {sample.at}\n" for sample in samples]
    if not lines:
        return
    (folder / "samples").write_text("".join(lines) + "# EOF\n")
    command = [tool, "tsdb", "create-blocks-from", "openmetrics", str(folder / "samples"), str(folder / "data")]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert made.returncode == 0, made.stdout + made.stderr


def _wait(process: "subprocess.Popen[bytes]", url: str, messages: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/-/ready").status_code in (200, 401):
                return
        assert process.poll() is None, f"the server ended:\n{messages.read_text()[-3000:]}"
        assert time.monotonic() < deadline, f"the server did not start:\n{messages.read_text()[-3000:]}"
        time.sleep(0.02)
