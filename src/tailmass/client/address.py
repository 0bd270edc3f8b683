"""Where a server is: its scheme, host, port and base path."""

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

PORT = 8080
BASE_PATH = "/engine/v2"


@dataclass(frozen=True, slots=True)
class Address:
    """A server, found by its parts."""

    host: str
    port: int | None = PORT
    base_path: str = BASE_PATH
    scheme: str = "http"

    def __post_init__(self) -> None:
        if self.scheme not in ("http", "https"):
            raise ValueError(f"a server is reached by http or https, not by {self.scheme!r}")
        object.__setattr__(self, "base_path", f"/{self.base_path.strip('/')}".rstrip("/"))

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read a URL, or a bare host with or without its port.

        A bare host means the engine's own port; a URL keeps to the rules of URLs, so that ``https://engine.example``
        is port 443 as everywhere else.

        >>> Address.parse("localhost")
        Address(host='localhost', port=8080, base_path='/engine/v2', scheme='http')
        >>> Address.parse("https://engine.example/engine/v1/")
        Address(host='engine.example', port=None, base_path='/engine/v1', scheme='https')
        """
        bare = "://" not in text
        parts = urlsplit(f"http://{text}" if bare else text)
        if not parts.hostname:
            raise ValueError(
                f"no host in {text!r}; write a host such as 'localhost' or a URL such as 'http://host:8080'"
            )
        port = PORT if bare and parts.port is None else parts.port
        path = parts.path.strip("/")
        return cls(parts.hostname, port, f"/{path}" if path else BASE_PATH, parts.scheme)

    def open(self, timeout: float | None) -> HTTPConnection:
        """Return a connection that has not been made yet."""
        kind = HTTPSConnection if self.scheme == "https" else HTTPConnection
        return kind(self.host, self.port, timeout=timeout)
