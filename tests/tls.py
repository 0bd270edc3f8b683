"""TLS in front of a real server, with a certificate of one's own CA."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(folder: Path) -> Path:
    """The file of a certificate that signs itself, for 127.0.0.1, with its key in it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(pem) + secret)
    return path


@contextmanager
def tls(port: int, shown: Path) -> Iterator[str]:
    """The URL of what shows a certificate, and leads on to a port of this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown)
    listening = socket.create_server(("127.0.0.1", 0))

    def admit() -> None:
        with suppress(OSError):
            while True:
                came, _ = listening.accept()
                threading.Thread(target=lead, args=(came,), daemon=True).start()

    def lead(came: socket.socket) -> None:
        with (
            suppress(OSError),
            came,
            context.wrap_socket(came, server_side=True) as inner,
            socket.create_connection(("127.0.0.1", port)) as outer,
        ):
            threading.Thread(target=_back, args=(outer, inner), daemon=True).start()
            while piece := inner.recv(65536):
                outer.sendall(piece)

    threading.Thread(target=admit, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _back(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while piece := one.recv(65536):
            other.sendall(piece)
