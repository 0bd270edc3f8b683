"""A doorkeeper in front of a real server, who asks for a password."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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
def doorkeeper(behind: str, *, password: str | None = None) -> Iterator[Doorkeeper]:
    """A doorkeeper in front of the server with this URL; the password is as in `user:password`."""
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
            self._answer(answer.status_code, answer.content)

        do_GET = do_POST = do_DELETE = _pass  # noqa: N815 - what the base class looks for

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        made.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            listening.shutdown()
            thread.join()
