"""The certificate the server shows, and who can reach it without one."""

import ipaddress
import ssl
from collections.abc import Iterator

from tailmass.server.settings import Settings, TlsSettings


def certificate(tls: TlsSettings) -> ssl.SSLContext | None:
    """What connections are encrypted with, if they are; raises a ValueError that names the files."""
    if tls.cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # An empty password, so that nobody is asked for one on a terminal that is not there.
        context.load_cert_chain(tls.cert, tls.key, password="")
    except (OSError, ValueError) as error:
        key = "" if tls.key is None else f" with the key {tls.key}"
        raise ValueError(
            f"The certificate {tls.cert}{key} cannot be used: {error}. Both are PEM files, and the key has no password"
        ) from error
    return context


def dangers(settings: Settings) -> Iterator[str]:
    """What whoever starts such a server should be warned of."""
    if loopback(settings.host):
        return
    if not settings.auth:
        yield (
            f"LISTENING ON {settings.host} AND ASKING FOR NO TOKEN: whoever reaches port {settings.port} can read and "
            "delete every job. Start with --auth, or listen on 127.0.0.1 behind a proxy that knows who may come in"
        )
    elif settings.tls.cert is None:
        yield (
            f"listening on {settings.host} without TLS: tokens can be read on their way. Set TAILMASS_TLS__CERT and "
            "TAILMASS_TLS__KEY, or let a proxy do so"
        )


def loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
