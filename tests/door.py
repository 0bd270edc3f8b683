"""A door to a server, which can be shut as if the server were away, and opened again."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Door:
    """An address on this machine that leads to a server while it is open.

    Parameters
    ----------
    url : of the server
    pause : seconds that every 2 KiB on their way to the server take, so that there is time to break something off
    """

    def __init__(self, url: str, *, pause: float = 0.0) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._behind = (parts.hostname, parts.port)
        self._pause = pause
        self._port = 0
        self._through: list[socket.socket] = []
        self._listening: socket.socket | None = None
        self.open()
        self.url = f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Let everyone through."""
        self._listening = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listening.getsockname()[1]
        threading.Thread(target=self._admit, args=(self._listening,), daemon=True).start()

    def shut(self) -> None:
        """Throw everyone out, and let nobody in."""
        assert self._listening is not None
        for each in (self._listening, *self._through):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._through.clear()

    def _admit(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                came, _ = listening.accept()
                try:
                    led = socket.create_connection(self._behind)
                except OSError:
                    came.close()
                    continue
                self._through += [came, led]
                for one, other, pause in ((came, led, self._pause), (led, came, 0.0)):
                    threading.Thread(target=_pass, args=(one, other, pause), daemon=True).start()


@contextmanager
def slowed(url: str) -> Iterator[str]:
    """A slow way to a server; what is still on it at the end is lost."""
    door = Door(url, pause=0.01)
    try:
        yield door.url
    finally:
        door.shut()


def _pass(one: socket.socket, other: socket.socket, pause: float) -> None:
    with suppress(OSError):
        while piece := one.recv(2048 if pause else 65536):
            other.sendall(piece)
            time.sleep(pause)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)
