"""Answering before the request is over, in a way that lets the client read the answer."""

import asyncio
import contextlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGER = 30.0
"""Seconds to go on reading after an early answer. A sender that is refused in the first megabyte of many needs time to
notice; one that never ends must not keep the connection."""

PARTING = 2.0
"""The same when the server is stopping, which must not take as long."""

STOPPING = "tailmass.stopping"
"""Set in the scope of a request that is answered because the server stops."""


class Linger:
    """Middleware that reads the rest of a request whose answer came early, and throws it away.

    Closing a socket that has unread input resets the connection, and the client loses the answer it was just sent. So
    the answer goes out whole, and only then, or when the client is done, is the exchange over.
    """

    def __init__(self, app: ASGIApp, seconds: float = LINGER) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and read to its end."""
        if scope["type"] == "http" and _has_body(scope):
            exchange = _Exchange(scope, receive, send, self.seconds)
            await self.app(scope, exchange.receive, exchange.send)
        else:
            await self.app(scope, receive, send)


class _Exchange:
    """One request with a body and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self.seconds = seconds
        self.unread = True
        # The body is held back until the first read, which sends "100 Continue".
        self.held_back = any(name == b"expect" for name, _ in scope["headers"])

    async def receive(self) -> Message:
        self.held_back = False
        message = await self._receive()
        self.unread = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self.held_back:
            # The client may now send its body or not; where the next request begins would be a guess.
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        elif self.unread and message["type"] == "http.response.body" and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def _drain(self) -> None:
        # Cancelled is what a request is when the server stops; this one is already answered.
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(PARTING if self._scope.get(STOPPING) else self.seconds):
                while self.unread:
                    await self.receive()


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
