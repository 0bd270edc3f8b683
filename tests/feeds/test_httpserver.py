"""Servers, and what is between, that answer with anything: what may pass is an OSError, what may not is refused."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tailmass.feeds.elastic.server import ElasticServer
from tailmass.feeds.httpserver import RefusedError
from tailmass.feeds.prometheus import PrometheusServer
from tests.doorkeeper import doorkeeper
from tests.tls import certificate, tls


@contextmanager
def answering(answer: bytes, *, hang: bool = False) -> Iterator[str]:
    """The URL of what gives everyone these bytes, and then hangs up, or says nothing more."""
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                came, _ = listening.accept()
                came.recv(65536)
                came.sendall(answer)
                held.append(came)
                if not hang:
                    came.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for each in held:
            each.close()


def http(status: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    told = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(told).encode() + b"\r\n\r\n" + body


def asked(url: str, timeout: float = 5) -> Any:
    with closing(ElasticServer(url, timeout=timeout)) as server:
        return server.ask("GET", "/")


PASSING = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no HTTP": b"\x15\x03\x01\x00\x02\x02\x46",
    "less than it says": http("200 OK", b'{"hits": {', length=5000),
    "half a document": b'HTTP/1.1 200 OK\r\n\r\n{"hits": {"hits": [',
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
    "no UTF-8": http("200 OK", b'{"error": "\xff\xfe"}'),
    "no JSON": http("200 OK", b'{"value": NaN}'),
    "a page of a proxy": http("502 Bad Gateway", b"<html><h1>502 Bad Gateway</h1></html>"),
    "too much asked": http("429 Too Many Requests", b"{}"),
}


@pytest.mark.parametrize("answer", PASSING.values(), ids=PASSING)
def test_what_may_be_otherwise_the_next_time_is_tried_again(answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(ConnectionError, match=url):
        asked(url.replace("//", "//me:secret@"), timeout=5)


@pytest.mark.parametrize("answer", [b"", http("200 OK", b"{", length=9)])
def test_silence_is_borne_for_so_long_only(answer: bytes) -> None:
    with answering(answer, hang=True) as url, pytest.raises(ConnectionError, match="timed out"):
        asked(url, timeout=0.2)


REFUSED = {
    "a page": (http("200 OK", b"<html>log in</html>"), "is no Elasticsearch"),
    "a list": (http("200 OK", b"[]"), "is no Elasticsearch"),
    "no rights": (http("403 Forbidden", b'{"error": {"reason": "not you"}}'), "answered 403 .*not you"),
    "another place": (
        http("301 Moved Permanently", b"", "Location: https://me:secret@other.example/es/"),
        "sends on to https://other.example/es: give the URL",
    ),
}


@pytest.mark.parametrize(("answer", "said"), REFUSED.values(), ids=REFUSED)
def test_what_stays_so_is_refused(answer: bytes, said: str) -> None:
    with answering(answer) as url, pytest.raises(RefusedError, match=said) as refused:
        asked(url, timeout=5)
    assert "secret" not in str(refused.value)


def test_prometheus_that_sends_on_is_refused_too() -> None:
    moved = http("302 Found", b"", "Location: /login")
    with (
        answering(moved) as url,
        closing(PrometheusServer(url, timeout=5)) as server,
        pytest.raises(RefusedError, match="sends on to /login"),
    ):
        server.values("up", 0, 60, 60)


def test_a_ca_of_ones_own_is_trusted_when_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = certificate(tmp_path)
    with (
        answering(http("200 OK", b'{"version": {}}')) as behind,
        doorkeeper(behind, password="me:secret") as way,
        tls(urlsplit(way.url).port or 0, shown) as url,
    ):
        named = url.replace("//", "//me:secret@")
        with pytest.raises(RefusedError, match=r"not trusted \(self-signed certificate\): SSL_CERT_FILE") as refused:
            asked(named)
        assert "secret" not in str(refused.value)
        monkeypatch.setenv("SSL_CERT_FILE", str(shown))
        assert asked(named) == {"version": {}}
        with pytest.raises(RefusedError, match="answered 401"):
            asked(url)
        wrong_name = named.replace("127.0.0.1", "localhost")
        with pytest.raises(RefusedError, match=r"not trusted .*[Hh]ostname"):
            asked(wrong_name)
