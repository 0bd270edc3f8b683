import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest

from .clients import Connection, configuration, rows

if TYPE_CHECKING:
    from tests.conftest import Running, Serving


@pytest.fixture(scope="module")
def bounded(serving: "Serving", tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    """A server that is soon out of patience and takes small heads only."""
    with serving(
        tmp_path_factory.mktemp("bounded") / "home", limits={"header_bytes": 4096, "header_timeout": 0.3}
    ) as made:
        yield made


@pytest.fixture
def client(bounded: "Running") -> Iterator[Connection]:
    with closing(Connection(bounded)) as opened:
        yield opened


def test_a_head_that_is_too_slow_is_answered_and_the_connection_is_over(client: Connection) -> None:
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
    status, document = client.answer()
    assert (status, document["errorCode"]) == (408, 0)
    assert "after 0.3 seconds" in document["message"]
    assert client.socket.recv(1) == b""


def test_a_head_that_comes_drop_by_drop_is_as_slow(client: Connection) -> None:
    client.send(b"GET /healthz HTTP/1.1\r\n")
    for _ in range(20):
        client.send(b"A: b\r\n")
        time.sleep(0.02)  # what makes it slow
    assert client.answer()[0] == 408


def test_a_client_that_says_nothing_is_not_waited_for(client: Connection) -> None:
    assert client.answer()[0] == 408


def test_a_connection_that_rests_between_requests_is_kept(client: Connection) -> None:
    for _ in range(2):
        client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.answer() == (200, {"status": "ok"})
        time.sleep(0.4)  # longer than the patience with a head


def test_a_body_may_be_slower_than_a_head(client: Connection, bounded: "Running") -> None:
    httpx.post(f"{bounded.url}/engine/v2/jobs", json=configuration("slow")).raise_for_status()
    data = rows(20)
    client.send(
        f"POST /engine/v2/data/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    )
    client.send(data[:100])
    time.sleep(0.4)  # longer than the patience with a head
    client.send(data[100:])
    status, document = client.answer()
    assert (status, document["responses"][0]["uploadSummary"]["processedRecordCount"]) == (202, 20)


@pytest.mark.parametrize(
    "head",
    [
        b"A: " + b"a" * 5000 + b"\r\n\r\n",
        b"A: b\r\n" * 1000 + b"\r\n",
        b"A: " + b"a" * 2_000_000,  # and no end
        b"a" * 2_000_000,
    ],
    ids=["one long header", "many headers", "an endless header", "an endless name"],
)
def test_a_head_that_is_too_large_is_answered_and_the_connection_is_over(client: Connection, head: bytes) -> None:
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + head)
    status, document = client.answer()
    assert (status, document["errorCode"]) == (431, 0)
    assert "larger than 4096 bytes" in document["message"]
    assert client.socket.recv(1) == b""


def test_a_url_that_is_too_long_is_part_of_the_head(client: Connection) -> None:
    client.send(b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.answer()[0] == 431


@pytest.mark.parametrize("head", [b"A: b\r\n" * 500, b"Cookie: " + b"a" * 3000 + b"\r\n"])
def test_a_head_that_is_not_too_large_is_none_of_our_business(client: Connection, head: bytes) -> None:
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n")
    assert client.answer()[0] == 200


def test_a_large_body_is_not_taken_for_a_head(bounded: "Running") -> None:
    httpx.post(f"{bounded.url}/engine/v2/jobs", json=configuration("large")).raise_for_status()
    with httpx.Client(base_url=f"{bounded.url}/engine/v2", timeout=60) as client:
        for _ in range(2):
            assert client.post("/data/large/flush", content=b"x" * 1_000_000).status_code == 200


def send_for_ever(client: Connection) -> None:
    for _ in range(1000):
        client.send(b"A: " + b"a" * 100_000)
    client.line()


def test_a_trailer_without_end_is_not_kept(client: Connection, bounded: "Running") -> None:
    httpx.post(f"{bounded.url}/engine/v2/jobs", json=configuration("trailer")).raise_for_status()
    client.send(b"POST /engine/v2/data/trailer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    with pytest.raises((OSError, AssertionError)):  # the connection is over, which shows in the one or the other
        send_for_ever(client)


def test_a_trailer_is_not_a_header(client: Connection) -> None:
    client.send(b"POST /engine/v2/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.send(b"2\r\n{}\r\n0\r\nContent-Type: text/html\r\n\r\n")
    assert client.answer()[0] == 400
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.answer()[0] == 200


@pytest.mark.parametrize("said", [b"\x16\x03\x01\x02\x00\x01", b"SSH-2.0-x\r\n", b"GET\r\n\r\n" * 9])
def test_what_is_not_http_is_answered_with_an_error_document(client: Connection, said: bytes) -> None:
    client.send(said)
    status, document = client.answer()
    assert (status, document["errorCode"]) == (400, 0)


def test_requests_that_come_at_once_are_answered_one_after_another(client: Connection) -> None:
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
    said = b""
    while said.count(b'{"status":"ok"}') < 3:
        said += client.socket.recv(4096)
    assert said.count(b"HTTP/1.1 200") == 3
