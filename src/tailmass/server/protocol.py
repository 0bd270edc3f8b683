"""HTTP/1.1 off the socket: what uvicorn does, with bounds on what comes before and between the bytes of a body."""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tailmass.errors import UnknownError
from tailmass.server.linger import PARTING
from tailmass.server.settings import LimitSettings
from tailmass.server.wire import Json


class Protocol(HttpToolsProtocol):
    """One connection.

    The parser keeps a header until it is complete, however long that takes and however long it is. Here a head that is
    too large or too slow is answered, and the connection is over.
    """

    def __init__(self, *args: Any, limits: LimitSettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._in_head = True  # or between two requests
        self._steps = 0  # heads, pieces of a body and ends that were made out
        self._pending = 0  # bytes since the last of them
        self._refused = False
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client has come, and is going to say something."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what it said, unless it is not listened to any more."""
        if self._refused:
            return
        steps = self._steps
        super().data_received(data)
        if self._steps > steps or self._refused:
            self._pending = 0
            return
        self._pending += len(data)
        if self._pending > self._limits.header_bytes:
            self._refuse_size()
        elif self._in_head:
            self._wait()

    def eof_received(self) -> None:
        """It has said all it has to say."""
        if self._refused:
            self.transport.close()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; what comes after the body, as a trailer, is none that anybody asked for."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The end of a head."""
        self._steps += 1
        self._in_head = False
        self._stop_waiting()
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self._limits.header_bytes:
            self._refuse_size()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._steps += 1
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._steps += 1
        self._in_head = True
        if not self._refused:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer something that is not HTTP."""
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self._limits.header_timeout, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        seconds = self._limits.header_timeout
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"The head of the request was not complete after {seconds:g} seconds")

    def _refuse_size(self) -> None:
        most = self._limits.header_bytes
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The head of the request is larger than {most} bytes: what is long belongs into its body",
        )

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer in place of the application, and hang up."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._stop_waiting()
        if self.cycle is not None and not self.cycle.response_complete:
            # Another answer is on its way, or its request is the one that has gone wrong.
            self.transport.close()
            return
        body = Json(UnknownError(message).document()).body
        head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: {Json.media_type}\r\ncontent-length: {len(body)}"
        self.transport.write(f"{head}\r\nconnection: close\r\n\r\n".encode() + bytes(body))
        # To close a socket with unread input would take the answer back, so what still comes is read and thrown away.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(PARTING, self.transport.close)
