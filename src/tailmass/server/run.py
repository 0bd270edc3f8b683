"""Running the server: a socket, an event loop, and an orderly end."""

import asyncio
import contextlib
import importlib.util
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType

import uvicorn

import tailmass.engine
from tailmass.server import console
from tailmass.server.app import create_app
from tailmass.server.context import Context
from tailmass.server.notify import Supervisor
from tailmass.server.protocol import Protocol
from tailmass.server.settings import Settings
from tailmass.server.tls import certificate, dangers

log = logging.getLogger(__name__)

KEEP_ALIVE = 75
"""Seconds an idle connection is kept: pooled clients that find theirs closed at the wrong moment see an error."""

BACKLOG = 2048


class Server(uvicorn.Server):
    """A server that listens from the moment it is made, and knows where."""

    def __init__(self, settings: Settings, ready: Callable[[str], None] | None = None) -> None:
        encryption = certificate(settings.tls)
        self.scheme = "http" if encryption is None else "https"
        self.socket = _listen(settings.host, settings.port)
        self.host = settings.host
        self.port: int = self.socket.getsockname()[1]
        self._ready = ready
        self._app = create_app(settings)
        self._supervisor = Supervisor()
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(
            uvicorn.Config(
                self._app,
                loop="uvloop" if importlib.util.find_spec("uvloop") else "asyncio",
                http=partial(Protocol, limits=settings.limits),  # type: ignore[arg-type]  # it is only called
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                ssl_context_factory=None if encryption is None else lambda *_: encryption,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=settings.stop_timeout,  # type: ignore[arg-type]  # it waits fractions too
            )
        )

    @property
    def url(self) -> str:
        """Where the server can be reached from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"{self.scheme}://[{host}]:{self.port}" if ":" in host else f"{self.scheme}://{host}:{self.port}"

    def listen(self) -> None:
        """Serve until the process is told to stop, or `should_exit` is set."""
        try:
            self.run(sockets=[self.socket])
        finally:
            self.socket.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open everything; from here on requests are answered."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._supervisor.tell("READY=1")
            if self._ready is not None:
                self._ready(self.url)

    async def on_tick(self, counter: int) -> bool:
        """What is done ten times a second."""
        self._supervisor.live()
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order. Who asks again waits for no request any more, but running jobs are saved all the same."""
        again, self.should_exit = self.should_exit, True
        if again and self._loop is not None:
            self._loop.call_soon_threadsafe(self._end_requests)

    def _end_requests(self) -> None:
        for task in self.server_state.tasks:
            task.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and let those that are there end; who waits for an alert need not wait for that."""
        self._supervisor.tell("STOPPING=1")
        context: Context | None = getattr(self._app.state, "context", None)
        if context is not None:
            context.waiting.end()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals to stop as such.

        Unlike the original this does not raise them again afterwards: a stop that was asked for, and was orderly, is
        not a death.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def serve(settings: Settings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve until the process is told to stop, then close every running job; `ready` is told the URL.

    Raises
    ------
    OSError
        The address cannot be listened on.
    ValueError
        The certificate cannot be used.
    """
    console.install(settings.log_format)
    server = Server(settings, ready)
    for danger in dangers(settings):
        log.warning(danger)
    # Compiling the kernels takes longer than starting everything else; nobody has to wait for it who sends no data.
    threading.Thread(target=tailmass.engine.warm, name="warm", daemon=True).start()
    server.listen()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # A sender whose machine has died would hold its job for ever; the system finds out, and tells us it has left.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return listener
