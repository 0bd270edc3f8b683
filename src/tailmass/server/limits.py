"""How much of a body is read, how long its sender may be silent, and how fast one may send."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailmass.errors import DataError, EngineError
from tailmass.server.settings import LimitSettings

MANY = 1000
"""Addresses that are remembered before those are forgotten that have been silent for a while."""

BURST = 1.0
"""Seconds by which a sender may be ahead of its rate: what the first second would bring may come at once."""


class Refusal(HTTPException):
    """An error that has another status when it is the request, and not what is in it, that goes too far."""

    def __init__(self, status_code: int, error: EngineError) -> None:
        super().__init__(status_code, error.message)
        self.error = error


class Limited:
    """Middleware that reads no more of a body, and for no longer, than is allowed."""

    def __init__(self, app: ASGIApp, limits: LimitSettings) -> None:
        self.app = app
        self.limits = limits
        self.pace = None if limits.body_rate is None else Pace(limits.body_rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body under watch."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._look_at(int(dict(scope["headers"]).get(b"content-length", 0)))
        body = _Body(receive, self, scope["client"][0] if scope["client"] else "")
        await self.app(scope, body.receive, send)

    def _look_at(self, size: int) -> None:
        most = self.limits.body_bytes
        if most is not None and size > most:
            raise Refusal(413, DataError(f"The body is larger than {most} bytes: send it in several requests"))

    async def take(self, body: "_Body") -> Message:
        """The next part of a body, within the limits."""
        if self.pace is not None:
            await self.pace.turn(body.address)
        message = await body.wait(self.limits.body_timeout)
        size = len(message.get("body", b""))
        body.size += size
        self._look_at(body.size)
        if self.pace is not None:
            self.pace.took(body.address, size)
        return message


class _Body:
    """The body of one request, as it arrives."""

    def __init__(self, receive: Receive, limited: Limited, address: str) -> None:
        self._receive = receive
        self._limited = limited
        self.address = address
        self.size = 0
        self._silent = 0.0
        self._over = False

    async def receive(self) -> Message:
        """The next part of it; what follows the last is the end of the connection, for which one may wait for ever."""
        if self._over:
            return await self._receive()
        message = await self._limited.take(self)
        self._over = not message.get("more_body", False)
        return message

    async def wait(self, patience: float) -> Message:
        """The next part of it as it comes; a wait that is given up counts together with the next one."""
        begin = _now()
        try:
            async with asyncio.timeout(patience - self._silent):
                message = await self._receive()
        except TimeoutError:
            raise Refusal(
                408,
                DataError(f"Nothing has come for {patience:g} seconds in the middle of the body: send the rest anew"),
            ) from None
        finally:
            self._silent += _now() - begin
        self._silent = 0.0
        return message


class Pace:
    """Makes senders wait that are faster than they may be; what is not read slows them down at their end."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._paid: dict[str, float] = {}  # until when each address has used up what it may send

    async def turn(self, address: str) -> None:
        """Wait until the address may send again."""
        ahead = self._paid.get(address, 0.0) - _now() - BURST
        if ahead > 0:
            await asyncio.sleep(ahead)

    def took(self, address: str, size: int) -> None:
        """So much has come from it."""
        now = _now()
        if len(self._paid) >= MANY:
            self._paid = {known: until for known, until in self._paid.items() if until > now}
        self._paid[address] = max(self._paid.get(address, now), now) + size / self.rate


def _now() -> float:
    return asyncio.get_running_loop().time()
