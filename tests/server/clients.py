"""What clients say to a server, properly and otherwise."""

import http.client
import itertools
import json
import socket
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.conftest import Running, ServerProcess

START = 1_400_000_400
"""A full hour."""

_numbers = itertools.count()


def configuration(job_id: str, **changes: Any) -> dict[str, Any]:
    """A job that watches the mean of `value`, hour by hour, in comma separated rows."""
    return {
        "id": job_id,
        "analysisConfig": {"bucketSpan": 3600, "detectors": [{"function": "mean", "fieldName": "value"}]},
        "dataDescription": {"fieldDelimiter": ",", "timeField": "time", "timeFormat": "epoch"},
        **changes,
    }


def rows(count: int, start: int = START, step: int = 600) -> bytes:
    """A header, and rows of a value that keeps near one."""
    lines = (f"{start + step * index},{1 + index % 7 / 10}\n" for index in range(count))
    return ("time,value\n" + "".join(lines)).encode()


class Connection:
    """A socket to the server, for what a proper client would not do."""

    def __init__(self, running: "Running | ServerProcess") -> None:
        self.socket = socket.create_connection((running.host, running.port), timeout=30)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self) -> bytes:
        """The next line of what the server says."""
        line = b""
        while not line.endswith(b"\r\n"):
            byte = self.socket.recv(1)
            assert byte, "the server closed the connection"
            line += byte
        return line.strip()

    def answer(self) -> tuple[int, Any]:
        """The status and the document of the next answer."""
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        with response:
            return response.status, json.loads(response.read())

    def close(self) -> None:
        self.socket.close()


class Sender(Connection):
    """A client that takes its time over an upload."""

    def begin(self, job_id: str) -> None:
        """Start the upload, and return when the server has opened the job for it."""
        head = f"POST /engine/v2/data/{job_id} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        self.send(head.encode() + b"Expect: 100-continue\r\n\r\n")
        assert self.line() == b"HTTP/1.1 100 Continue"
        assert self.line() == b""

    def more(self, data: bytes) -> None:
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> tuple[int, Any]:
        self.send(b"0\r\n\r\n")
        return self.answer()


def create(api: httpx.Client, **changes: Any) -> str:
    """Create a job with an id of its own."""
    job_id = f"job-{next(_numbers)}"
    api.post("/jobs", json=configuration(job_id, **changes)).raise_for_status()
    return job_id
