"""A real HTTP server that writes down what it is sent and answers what it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    line: str  # method and target as they were on the wire
    headers: dict[str, str]
    body: bytes
    chunks: tuple[bytes, ...]  # as they arrived, when the body was chunked


class Recorder(ThreadingHTTPServer):
    """Answers in the order in which answers were put in, the last of them for ever."""

    daemon_threads = False  # leaving waits until every connection has ended

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[Call] = []
        self.connections = 0
        self.broken = threading.Event()
        self.refuse_uploads = False
        self._answers: list[tuple[int, bytes]] = [(200, b'{"acknowledgement":true}')]

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def line(self) -> str:
        """The last request."""
        return self.calls[-1].line

    def answer(self, *answers: tuple[int, Any]) -> None:
        """Say what to answer: statuses with documents, or with bytes."""
        self._answers = [(status, body if isinstance(body, bytes) else _json(body)) for status, body in answers]

    def next_answer(self) -> tuple[int, bytes]:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.connections += 1
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up in the middle is what some tests are about."""
        self.broken.set()


@contextmanager
def recording() -> Iterator[Recorder]:
    with Recorder() as recorder:
        thread = threading.Thread(target=recorder.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield recorder
        finally:
            recorder.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: Recorder

    def handle_one_request(self) -> None:
        """Take any method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        chunks = () if self.server.refuse_uploads else tuple(self._chunks())
        sized = b"" if self.server.refuse_uploads else self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = sized or b"".join(chunks)
        self.server.calls.append(Call(f"{self.command} {self.path}", dict(self.headers.items()), body, chunks))
        status, answer = self.server.next_answer()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _chunks(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()
