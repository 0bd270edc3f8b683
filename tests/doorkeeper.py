"""A doorkeeper in front of a real server, who asks for a password, or speaks https."""

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx


class Doorkeeper:
    """Where to knock, and what has been said there."""

    def __init__(self, behind: str, password: str | None) -> None:
        self.behind = behind
        self.password = password
        self.knocks = 0
        self.url = ""

    def opens(self, authorization: str | None) -> bool:
        """Whether somebody is let in, who says this."""
        if self.password is None:
            return True
        return authorization == f"Basic {base64.b64encode(self.password.encode()).decode()}"


@contextmanager
def doorkeeper(behind: str, *, password: str | None = None, certificate: Path | None = None) -> Iterator[Doorkeeper]:
    """A doorkeeper in front of the server with this URL.

    Parameters
    ----------
    behind : the URL
    password : to ask for, as in `user:password`
    certificate : a file with a certificate and its key, to speak https
    """
    made = Doorkeeper(behind, password)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            made.knocks += 1
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not made.opens(self.headers.get("Authorization")):
                self._answer(401, b'{"error": {"reason": "unable to authenticate"}, "status": 401}')
                return
            kind = {"Content-Type": "application/json"}
            answer = httpx.request(self.command, made.behind + self.path, content=body, headers=kind, timeout=60)
            self._answer(answer.status_code, answer.content, answer.headers.get("Location"))

        do_GET = do_POST = do_DELETE = _pass  # noqa: N815 - what the base class looks for

        def _answer(self, status: int, body: bytes, location: str | None = None) -> None:
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            listening.socket = context.wrap_socket(listening.socket, server_side=True)
        made.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            listening.shutdown()
            thread.join()
