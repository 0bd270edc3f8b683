"""Which web pages may ask the server something: its own.

A browser lets any page send requests to the loopback address of the machine it runs on. It says in `Origin` where the
page came from, so others are refused. A page can also have the name of its host lead to the loopback address once it is
there, and then asks its own host, as far as the browser knows: but the name is in `Host`, and none of the server's.
Programs that are no browsers send no `Origin`, and ask for an address, for localhost, or for a name that is set.
"""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from tailmass.server.settings import Settings
from tailmass.server.tls import loopback

_PORTS = {"http": 80, "https": 443}


class Host(NamedTuple):
    """A host, and the port where that is not the usual one."""

    name: str
    port: int | None

    @classmethod
    def of(cls, text: str, scheme: str | None = None) -> "Host":
        """A host as it is written, with or without a port; what cannot be read has no name.

        >>> Host.of("[::1]:8080"), Host.of("Example.com.:443", "https")
        (Host(name='::1', port=8080), Host(name='example.com', port=None))
        """
        try:
            parts = urlsplit(f"//{text}")
            port = None if parts.port == _PORTS.get(scheme or "") else parts.port
            # What is before an @, or after a slash, is not for this header.
            whole = parts.netloc == text and "@" not in text
            return cls((parts.hostname or "").removesuffix(".") if whole else "", port)
        except ValueError:
            return cls("", None)

    @property
    def is_address(self) -> bool:
        """Whether it is a number that no name service can lead elsewhere."""
        try:
            ipaddress.ip_address(self.name)
        except ValueError:
            return False
        return True

    def among(self, known: Iterable["Host"]) -> bool:
        """Whether it is one of those; one that is known without a port is known with any."""
        return any(self.name == each.name and each.port in (None, self.port) for each in known)


class Origins:
    """Middleware that refuses what pages of others ask.

    Names are looked at where the server listens on the loopback address and asks for no token: elsewhere it may have
    any, and browsers keep tokens apart by name.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._others = [Host.of(each) for each in settings.hosts]
        self._own = [Host("localhost", None), Host.of(settings.host), *self._others]
        self._by_name = loopback(settings.host) and not settings.auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            self._admit(_values(scope, b"host"), _values(scope, b"origin"))
        await self.app(scope, receive, send)

    def _admit(self, hosts: list[str], origins: list[str]) -> None:
        for host in hosts if self._by_name else ():
            asked = Host.of(host)
            if not asked.is_address and not asked.among(self._own):
                raise HTTPException(
                    403, f"The server does not go by the name {host!r}: ask localhost, or add it to TAILMASS_HOSTS"
                )
        for origin in origins:
            scheme, _, rest = origin.partition("://")
            page = Host.of(rest, scheme)
            own = page.name and page in [Host.of(host, scheme) for host in hosts]
            if not own and not page.among(self._others):
                raise HTTPException(
                    403, f"A page of {origin!r} may not ask this server: if it should, add its host to TAILMASS_HOSTS"
                )


def _values(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1").strip().lower() for name, value in scope["headers"] if name == wanted]
