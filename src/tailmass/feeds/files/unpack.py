"""Compressed bytes to what they were, by what they begin with: gzip, bzip2, xz and Zstandard."""

import bz2
import lzma
from collections.abc import Callable, Iterator
from typing import Protocol

from tailmass.errors import EngineError
from tailmass.intake.gunzip import Gunzip

STEP_BYTES = 1 << 16
"""Unpacked at once: a little may grow to a lot."""
PIECE_BYTES = 1 << 20


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes) -> bytes: ...


def _zstd() -> _Decompressor:
    import zstandard

    made: _Decompressor = zstandard.ZstdDecompressor().decompressobj(write_size=PIECE_BYTES)
    return made


GZIP = b"\x1f\x8b"
_OTHERS: dict[bytes, Callable[[], _Decompressor]] = {
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lzma.LZMADecompressor,
    b"\x28\xb5\x2f\xfd": _zstd,
}
_LONGEST = 6


def packed(head: bytes) -> bool:
    """Whether bytes begin as those of a compressed file do."""
    return head.startswith((GZIP, *_OTHERS))


def unpacked(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The bytes of a file, unpacked if they are compressed; what comes before a mistake in them comes first.

    Chunks that are empty are passed on at once.
    """
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _LONGEST or not chunk:
            break
    rest = _before(head, chunks)
    if head.startswith(GZIP):
        yield from _gunzipped(rest, name)
        return
    for magic, decompressor in _OTHERS.items():
        if head.startswith(magic):
            yield from _decompressed(rest, decompressor, name)
            return
    yield from rest


def _before(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from chunks


def _gunzipped(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    gunzip = Gunzip()
    for chunk in chunks:
        if not chunk:
            yield chunk
        try:
            yield from gunzip.feed(chunk)
        except EngineError as error:
            raise _corrupt(name, error.cause or error.message) from error
    try:
        gunzip.finish()
    except EngineError as error:
        raise _cut_off(name) from error


def _decompressed(chunks: Iterator[bytes], new: Callable[[], _Decompressor], name: str) -> Iterator[bytes]:
    member, inside = new(), False
    for chunk in chunks:
        if not chunk:
            yield chunk
        for begin in range(0, len(chunk), STEP_BYTES):
            data = chunk[begin : begin + STEP_BYTES]
            while data:
                try:
                    piece = member.decompress(data)
                except Exception as error:  # each library has one of its own
                    raise _corrupt(name, str(error)) from error
                inside = not member.eof
                data = b"" if inside else member.unused_data
                if not inside:
                    member = new()
                if piece:
                    yield piece
    if inside:
        raise _cut_off(name)


def _cut_off(name: str) -> ValueError:
    return ValueError(f"{name} is compressed and ends too early: fetch all of it; the rows before that have been sent")


def _corrupt(name: str, cause: str) -> ValueError:
    return ValueError(
        f"{name} is compressed and corrupt ({cause}): fetch it again; the rows before that have been sent"
    )
