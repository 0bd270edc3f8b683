import gc
import socket
import struct
import threading
import warnings
from collections.abc import Callable, Iterator

import pytest

from tailmass.client import Client
from tailmass.errors import MissingField, MissingJob

from .recorder import Recorder, recording

REFUSED = {"responses": [{"jobId": "j", "error": {"errorCode": 30101, "message": "no column 'time'"}}]}


class Rows:
    """Many rows that know how many were taken."""

    def __init__(self, pieces: int) -> None:
        self.pieces = pieces
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        while self.taken < self.pieces:
            self.taken += 1
            yield b"x" * 65536


def test_every_call_has_a_connection_of_its_own(client: Client, recorder: Recorder) -> None:
    client.data.close("a")
    client.data.close("a")
    assert recorder.connections == 2
    assert [call.headers["Connection"] for call in recorder.calls] == ["close", "close"]


def test_headers_of_the_caller_go_with_every_request(recorder: Recorder) -> None:
    Client(recorder.url, headers={"Authorization": "Bearer t"}).jobs.delete("a")
    assert recorder.calls[0].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize("call", [lambda c: c.jobs.get("x"), lambda c: c.data.upload("x", iter([b"a"]))])
def test_no_socket_stays_open_after_an_error(call: Callable[[Client], object]) -> None:
    with recording() as recorder, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        recorder.answer((404, {"errorCode": 20101, "message": "No known job with id 'x'"}))
        with pytest.raises(MissingJob, match="No known job"):
            call(Client(recorder.url))
        gc.collect()
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []


def test_a_post_without_a_body_says_that_it_is_empty(client: Client, recorder: Recorder) -> None:
    client.data.close("a")
    assert recorder.calls[0].headers["Content-Length"] == "0"


def test_what_is_all_here_is_sent_with_its_length(client: Client, recorder: Recorder) -> None:
    rows = "ü\n" * 100_000
    client.data.upload("a", rows)
    call = recorder.calls[0]
    assert call.body == rows.encode()
    assert call.headers["Content-Length"] == str(len(rows.encode()))
    assert "Transfer-Encoding" not in call.headers


def test_an_iterable_is_sent_chunk_by_chunk_as_it_comes(client: Client, recorder: Recorder) -> None:
    rows: list[str | bytes] = ["time,v\n", b"", b"1,2\n"]
    client.data.upload("a", iter(rows))
    assert recorder.calls[0].chunks == (b"time,v\n", b"1,2\n")


@pytest.mark.parametrize("whole", [False, True])
def test_a_refusal_in_mid_upload_is_reported_rather_than_the_broken_pipe(whole: bool) -> None:
    rows = Rows(800)
    with recording() as recorder:
        recorder.refuse_uploads = True
        recorder.answer((400, REFUSED))
        with pytest.raises(MissingField, match="no column 'time'"):
            Client(recorder.url).data.upload("j", b"".join(rows) if whole else rows)
    assert whole or rows.taken < 800


def test_a_failing_source_breaks_the_upload_off(recorder: Recorder) -> None:
    def rows() -> Iterator[str]:
        yield "time\n"
        raise RuntimeError("disk gone")

    with pytest.raises(RuntimeError, match="disk gone"):
        Client(recorder.url).data.upload("j", rows())
    assert recorder.broken.wait(10)
    assert recorder.calls == []  # no end of the body was sent, so no upload was complete


def test_a_server_that_dies_in_mid_upload_is_a_connection_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def die() -> None:
            peer, _ = listener.accept()
            peer.recv(100)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()

        thread = threading.Thread(target=die)
        thread.start()
        with pytest.raises(ConnectionError):
            Client(f"127.0.0.1:{listener.getsockname()[1]}").data.upload("j", Rows(800))
        thread.join()


def test_nobody_there_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        Client(f"127.0.0.1:{port}").jobs.get("a")


def test_silence_is_borne_for_the_timeout_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TimeoutError):
        Client(f"127.0.0.1:{listener.getsockname()[1]}", timeout=0.05).jobs.get("a")


def test_a_server_that_is_gone_in_the_middle_of_its_answer_is_a_lost_connection() -> None:
    def answer() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=answer)
        server.start()
        with pytest.raises(ConnectionResetError, match="in the middle of its answer"):
            Client(f"http://127.0.0.1:{listening.getsockname()[1]}").data.flush("a")
        server.join()
