"""Servers that rows are asked of by HTTP: the connection, who asks, and what keeps them from answering."""

import base64
import ssl
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote, urlsplit

PASSING = (429, 500, 502, 503, 504)
"""Statuses after which it may work again later."""
_UNTRUSTED = 495  # as nginx counts it
_IDLE = 3.0  # after so many seconds the server, or what is in between, may have hung up
_EXCERPT = 300


class RefusedError(ValueError):
    """What the server will not do, however often it is asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class HttpServer:
    """A server that is asked one thing after the other, over one connection. Not for two threads at once.

    What keeps it from answering is an OSError; what its answer means is for the caller to say.

    Parameters
    ----------
    url : where it is; a user and a password may stand in it
    example : how a URL is written
    authorization : the header of this name, instead of user and password
    content_type : of what is sent to it
    timeout : how many seconds of silence are borne
    """

    def __init__(
        self, url: str, *, example: str, authorization: str | None = None, content_type: str, timeout: float
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{without_user(url)!r} is no URL of a server: write it as in {example}")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self.url = without_user(url)
        """Where it is, without who asks."""
        self._http = kind(parts.hostname, parts.port, timeout=timeout)
        self._base = parts.path.rstrip("/")
        self._headers = {"Content-Type": content_type}
        if authorization is None and parts.username is not None:
            authorization = basic(unquote(parts.username), unquote(parts.password or ""))
        if authorization is not None:
            self._headers["Authorization"] = authorization
        self._used = 0.0

    def answer(self, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
        """The status and the body of what it answers to a request for a path and query below its own."""
        if time.monotonic() - self._used > _IDLE:
            self._http.close()
        try:
            self._http.request(method, f"{self._base}{target}", body, self._headers)
            response = self._http.getresponse()
            answer = response.status, response.read()
            moved = response.headers.get("Location") if 300 <= response.status < 400 else None
            self._used = time.monotonic()
        except ssl.SSLCertVerificationError as error:
            self._http.close()
            told = f"{self.url} has a certificate that is not trusted ({error.verify_message})"
            raise RefusedError(_UNTRUSTED, f"{told}: SSL_CERT_FILE may name the file of its CA") from error
        except (OSError, HTTPException) as error:
            self._http.close()
            raise ConnectionError(f"{self.url} does not answer ({str(error) or type(error).__name__})") from error
        if moved is not None:
            # Not followed: whoever is shown a password is whom somebody has named.
            raise RefusedError(answer[0], f"{self.url} sends on to {without_user(moved)}: give the URL of that one")
        return answer

    def close(self) -> None:
        """Hang up."""
        self._http.close()


def without_user(url: str) -> str:
    """A URL without who asks.

    >>> without_user("https://me:secret@search.example:9200/")
    'https://search.example:9200'
    """
    scheme, separator, rest = url.rstrip("/").rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def excerpt(text: bytes) -> str:
    """The beginning of an answer that nobody understands."""
    return repr(text[:_EXCERPT].decode("utf-8", "replace"))


def basic(user: str, password: str) -> str:
    """The header by which a user logs in.

    >>> basic("me", "secret")
    'Basic bWU6c2VjcmV0'
    """
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
