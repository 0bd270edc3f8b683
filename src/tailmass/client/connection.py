"""The wire: every request on a connection of its own, closed whatever happens."""

import logging
import os
import selectors
import socket
from collections.abc import Iterable, Iterator, Mapping
from http.client import HTTPException, IncompleteRead
from types import TracebackType

from tailmass.client.address import Address
from tailmass.client.body import PIECE_BYTES
from tailmass.client.reply import Reply
from tailmass.client.request import Request

_log = logging.getLogger(__name__)


class Connection:
    """A server to talk to; holds no socket between two requests.

    ``timeout`` is how many seconds of silence are borne, None for any; it must be longer than the longest alert poll.
    ``headers`` go with every request, for a proxy in front that asks who is there, and so does ``token``, for a server
    that asks; without one it is taken from TAILMASS_TOKEN in the environment.
    """

    def __init__(
        self,
        address: Address,
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> None:
        self.address = address
        self.timeout = timeout
        self.headers = dict(headers or {})
        token = token or os.environ.get("TAILMASS_TOKEN")
        if token and "authorization" not in map(str.lower, self.headers):
            self.headers["Authorization"] = f"Bearer {token}"

    def send(self, request: Request) -> Reply:
        """Send a request whole and wait for its reply."""
        with self.open(request) as exchange:
            for piece in _pieces(request.body):
                if not exchange.write(piece):
                    break
            return exchange.reply()

    def open(self, request: Request) -> "Exchange":
        """Send the head of a request; its body is for the caller to write."""
        return Exchange(self, request)


class Exchange:
    """One request under way: a body written piece by piece, then the reply.

    A server that refuses an upload answers in the middle of it and hangs up. What it said matters more than the
    broken pipe, so `write` stops as soon as there is an answer, and `reply` returns it.
    """

    def __init__(self, connection: Connection, request: Request) -> None:
        address = connection.address
        self._request = request
        self._chunked = not (request.body is None or isinstance(request.body, bytes))
        self._broken: OSError | None = None
        self._answered = False
        self._http = address.open(connection.timeout)
        # Over TLS a socket is readable for reasons of its own, such as a new session ticket.
        self._peek = address.scheme == "http"
        try:
            self._http.connect()
            self._http.putrequest(request.method, address.base_path + request.target)
            for name, value in self._headers(connection.headers).items():
                self._http.putheader(name, value)
            self._http.endheaders()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Exchange":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def write(self, piece: bytes) -> bool:
        """Send a piece of the body; False once the server has answered or gone and wants no more."""
        # an empty piece would, in chunked transfer, be the end
        if piece and not self._over():
            self._send(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)
        return not self._over()

    def reply(self) -> Reply:
        """End the body and wait for the answer; an OSError if there is none, or only the beginning of one."""
        if self._chunked:
            # Even when it has answered: a server may read on to the end before it lets go of its answer.
            self._send(b"0\r\n\r\n")
        try:
            response = self._http.getresponse()
            reply = Reply(response.status, response.read())
        except (OSError, HTTPException) as error:
            if self._broken is not None:
                raise self._broken from error
            if isinstance(error, IncompleteRead):
                raise ConnectionResetError("the server hung up in the middle of its answer") from error
            raise
        _log.debug("%s %s %d", self._request.method, self._request.target, reply.status)
        return reply

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _headers(self, common: Mapping[str, str]) -> dict[str, str]:
        headers = {"Accept": "*/*", "Connection": "close"} | dict(common) | dict(self._request.headers)
        if self._chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif self._request.method in ("POST", "PUT") or self._request.body:
            assert self._request.body is None or isinstance(self._request.body, bytes)
            headers["Content-Length"] = str(len(self._request.body or b""))
        return headers

    def _send(self, wire: bytes) -> None:
        try:
            self._http.send(wire)
        except (BrokenPipeError, ConnectionResetError, ConnectionAbortedError) as error:
            self._broken = self._broken or error

    def _over(self) -> bool:
        if not self._answered and self._peek and self._broken is None:
            self._answered = _readable(self._http.sock)
        return self._answered or self._broken is not None


def _readable(sock: socket.socket) -> bool:
    # not select.select, which knows no descriptor above 1023
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(timeout=0))


def _pieces(body: bytes | Iterable[bytes] | None) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield from (body[at : at + PIECE_BYTES] for at in range(0, len(body), PIECE_BYTES))
    elif body is not None:
        yield from body
