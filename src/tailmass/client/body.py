"""The body of a request: text, bytes, an open file, or pieces as they come."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

PIECE_BYTES = 1 << 16


class File(Protocol):
    """Anything that is read from: a file opened as text or as bytes, a pipe, an unzipping reader."""

    def read(self, size: int, /) -> str | bytes:
        """Return at most ``size`` characters or bytes, nothing at the end."""


Data: TypeAlias = str | bytes | bytearray | memoryview | File | Iterable[str | bytes]


def body(data: Data) -> bytes | Iterator[bytes]:
    """Turn what the caller has into bytes: at once when it is all here, else piece by piece.

    The length of a file is not asked: ``fstat`` of an unzipping reader tells the length before unzipping, and a
    Content-Length that is wrong ends in a hanging server.
    """
    if isinstance(data, str | bytes | bytearray | memoryview):
        return encoded(data)
    return (piece for piece in map(encoded, _read(data)) if piece)


def encoded(piece: str | bytes | bytearray | memoryview) -> bytes:
    """Return text as UTF-8, and bytes as they are."""
    if isinstance(piece, bytes):
        return piece
    return piece.encode() if isinstance(piece, str) else bytes(memoryview(piece))


def _read(data: "File | Iterable[str | bytes]") -> Iterator[str | bytes]:
    read = getattr(data, "read", None)
    if read is None:
        yield from data  # type: ignore[misc]  # without a read method it is an Iterable
        return
    while piece := read(PIECE_BYTES):
        yield piece
