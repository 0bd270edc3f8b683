import asyncio
import gzip
import io
import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.server.limits import BURST, Pace

from .clients import START, Connection, Sender, configuration, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running, ServerProcess, Serving

LIMITS = {"body_bytes": 100_000, "body_timeout": 0.3, "fields": 1000, "record_bytes": 100_000, "running_jobs": 3}


@pytest.fixture(scope="module")
def limited(serving: "Serving", tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    with serving(tmp_path_factory.mktemp("limited") / "home", limits=LIMITS) as running:
        yield running


@pytest.fixture
def client(limited: "Running") -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{limited.url}/engine/v2", timeout=60) as opened:
        yield opened


@pytest.fixture
def wanted(client: httpx.Client) -> Iterator[str]:
    """A job, which is gone afterwards."""
    job = create(client)
    yield job
    client.delete(f"/jobs/{job}").raise_for_status()


def test_a_body_that_says_it_is_too_large_is_not_read(limited: "Running", wanted: str) -> None:
    with closing(Connection(limited)) as connection:
        head = f"POST /engine/v2/data/{wanted} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100001\r\n"
        connection.send(head.encode() + b"Expect: 100-continue\r\n\r\n")
        status, document = connection.answer()
    assert (status, document["errorCode"]) == (413, 30001)
    assert "larger than 100000 bytes" in document["message"]


def test_a_body_that_turns_out_too_large_is_ended_and_what_came_before_stays(client: httpx.Client, wanted: str) -> None:
    answered = client.post(f"/data/{wanted}", content=(rows(2000) for _ in range(5)))
    assert (answered.status_code, answered.json()["errorCode"]) == (413, 30001)
    assert client.post(f"/data/{wanted}/flush").status_code == 200
    assert client.get(f"/jobs/{wanted}").json()["document"]["status"] == "RUNNING"


def test_a_sender_that_falls_silent_lets_its_job_go(limited: "Running", client: httpx.Client, wanted: str) -> None:
    with closing(Sender(limited)) as sender:
        sender.begin(wanted)
        sender.more(rows(10))
        status, document = sender.answer()
        assert (status, document["errorCode"]) == (408, 30001)
        assert "for 0.3 seconds" in document["message"]
    assert client.post(f"/data/{wanted}", content=rows(10, START + 6000)).status_code == 202
    assert client.get(f"/jobs/{wanted}").json()["document"]["counts"]["processedRecordCount"] == 20


def test_columns_beyond_what_is_sensible_are_refused(client: httpx.Client, wanted: str) -> None:
    header = ",".join(["time", "value", *(f"c{n}" for n in range(999))])
    answered = client.post(f"/data/{wanted}", content=f"{header}\n1,1\n")
    assert answered.json()["responses"][0]["error"]["errorCode"] == 30001
    assert "1001 columns, and 1000 are the most" in answered.text


def test_a_field_beyond_what_is_sensible_is_refused(client: httpx.Client, wanted: str) -> None:
    packed = gzip.compress(b'time,value\n1,"' + b"9" * 10_000_000)
    answered = client.post(f"/data/{wanted}", content=packed, headers={"Content-Encoding": "gzip"})
    assert answered.status_code == 400
    (entry,) = answered.json()["responses"]
    assert (entry["error"]["errorCode"], entry["error"]["cause"]) == (30001, "a record may have 100000 bytes here")


def test_no_more_jobs_run_at_once_than_may(client: httpx.Client) -> None:
    jobs = [create(client) for _ in range(4)]
    statuses = [client.post(f"/data/{job}", content=rows(10)).status_code for job in jobs]
    assert statuses == [202, 202, 202, 503]
    client.post(f"/data/{jobs[0]}/close")
    assert client.post(f"/data/{jobs[3]}", content=rows(10)).status_code == 202
    for job in jobs:
        client.delete(f"/jobs/{job}")


def test_no_more_jobs_are_kept_than_may(serving: "Serving", tmp_path: Path) -> None:
    with (
        serving(tmp_path / "home", limits={"jobs": 2}) as running,
        httpx.Client(base_url=f"{running.url}/engine/v2") as client,
    ):
        for name in "ab":
            assert client.post("/jobs", json=configuration(name)).status_code == 201
        refused = client.post("/jobs", json=configuration("c"))
        assert (refused.status_code, refused.json()["errorCode"]) == (503, 30106)
        assert "There are 2 jobs" in refused.json()["message"]
        assert client.post("/jobs?overwrite=true", json=configuration("b")).status_code == 201
        assert client.post("/jobs?overwrite=true", json=configuration("c")).status_code == 503
        client.delete("/jobs/a")
        assert client.post("/jobs", json=configuration("c")).status_code == 201


def test_a_sender_that_is_too_fast_waits_and_others_do_not() -> None:
    async def run() -> tuple[float, float]:
        clock = asyncio.get_running_loop().time
        pace = Pace(1000)
        begin = clock()
        await pace.turn("fast")
        pace.took("fast", int(1000 * (BURST + 0.05)))
        await pace.turn("other")
        others = clock() - begin
        await pace.turn("fast")
        return others, clock() - begin

    others, fast = asyncio.run(run())
    assert fast >= 0.04  # it is ahead by 0.05 s, and clocks of event loops are coarse
    assert others < fast


def test_an_upload_at_a_bounded_rate_arrives_whole(serving: "Serving", tmp_path: Path) -> None:
    with serving(tmp_path / "home", limits={"body_rate": 100_000}) as running:
        client = httpx.Client(base_url=f"{running.url}/engine/v2", timeout=60)
        with client:
            job = create(client)
            answered = client.post(f"/data/{job}", content=rows(8000))
    assert answered.json()["responses"][0]["uploadSummary"]["processedRecordCount"] == 8000


class Grown:
    """How much more memory a server has used at most since this was made, in MB."""

    def __init__(self, server: "ServerProcess") -> None:
        assert server.process is not None
        self._folder = Path(f"/proc/{server.process.pid}")
        (self._folder / "clear_refs").write_text("5")  # forget the highest so far
        self._before = self._highest()

    def megabytes(self) -> float:
        return self._highest() - self._before

    def _highest(self) -> float:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def repeated(piece: bytes, times: int) -> Iterator[bytes]:
    return (piece for _ in range(times))


def bomb(plain: bytes, times: int) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as file:
        for _ in range(times):
            file.write(plain)
    return out.getvalue()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads memory from /proc, which Linux has")
def test_the_memory_does_not_grow_with_what_is_sent(server_process: "ServerProcess") -> None:
    """One server for all, as starting one takes longer than the rest."""
    with httpx.Client(base_url=f"{server_process.url}/engine/v2", timeout=120) as client:

        def send(content: Any, **headers: str) -> tuple[int, dict[str, Any]]:
            answered = client.post(f"/data/{job}", content=content, headers=headers)
            return answered.status_code, answered.json()["responses"][0]

        job = create(client)
        same_moment = (f"{START},1\n" * 200_000).encode()  # 2.6 MB
        assert send(itertools.chain([b"time,value\n"], repeated(same_moment, 40)))[0] == 202
        grown = Grown(server_process)
        status, entry = send(itertools.chain([b"time,value\n"], repeated(same_moment, 40)))
        assert (status, entry["uploadSummary"]["processedRecordCount"]) == (202, 8_000_000)
        assert grown.megabytes() < 80  # of 104 that were sent, after as many before

        status, entry = send(bomb(b"\0" * 2**20, 200), **{"Content-Encoding": "gzip"})
        assert (status, entry["error"]["errorCode"]) == (400, 30001)  # no line ends within 16 MiB
        status, entry = send(iter([b"time,value\n", *repeated(b"9" * 2**20, 100)]))  # a field of 100 MB
        assert (status, entry["error"]["errorCode"]) == (400, 30001)
        status, entry = send(",".join(["time", "value", *map(str, range(1_000_000))]) + "\n1,1\n")
        assert (status, entry["error"]["errorCode"]) == (400, 30001)
        status, entry = send(b"time,value\n1,1\n", **{"Content-Encoding": "gzip"})
        assert (status, entry["error"]["errorCode"]) == (400, 30102)
        assert grown.megabytes() < 250  # the largest record twice, and the names of a million columns
        assert send(rows(10, START + 300_000))[0] == 202
