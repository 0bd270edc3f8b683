"""Gzip to what was compressed, in pieces of bounded size."""

import zlib
from collections.abc import Iterator
from contextlib import suppress

from tailmass.errors import DataError, UncompressedData

PIECE_BYTES = 1 << 20
"""However much a few bytes may grow to, no more than this is in memory at once."""
STEP_BYTES = 1 << 16
"""Read at once, and gone through byte by byte if there is a mistake in it."""
_GZIP = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"


class Gunzip:
    """Decompresses one upload; several gzip members one after another count as one."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._head = b""
        self._inside = False  # a member has begun and not ended
        self._members = 0
        self._offset = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take a chunk and yield what it decompresses to, piece by piece.

        Where the data is corrupt, everything before that is yielded first, however the chunks were cut.
        """
        for begin in range(0, len(data), STEP_BYTES):
            yield from self._step(data[begin : begin + STEP_BYTES])

    def _step(self, data: bytes) -> Iterator[bytes]:
        self._offset += len(data)
        data = self._head + data
        self._head = b""
        while data:
            if not self._inside and not self._begin(data):
                return
            before = self._member.copy()
            try:
                piece = self._member.decompress(data, PIECE_BYTES)
            except zlib.error as error:
                yield from _up_to_the_mistake(before, data)
                raise DataError(f"The gzip data is corrupt before byte {self._offset}: compress and send it again",
                                cause=str(error)) from error  # fmt: skip
            data = self._member.unconsumed_tail
            if self._member.eof:
                data = self._member.unused_data
                self._inside = False
                self._members += 1
                self._member = zlib.decompressobj(_GZIP)
            if piece:
                yield piece

    def finish(self) -> None:
        """The end of the upload; raises DataError when there should have been more."""
        if self._head and self._members == 0:
            raise UncompressedData("Content-Encoding = gzip but the data is not in gzip format")
        if self._inside or self._head:
            raise DataError(
                f"The gzip data ends too early, after {self._offset} bytes: the upload was cut off. Send all of it in "
                "one request"
            )

    def _begin(self, data: bytes) -> bool:
        """Whether a member begins here; keeps the head of one that is too short to tell."""
        if self._members > 0 and not data.strip(b"\0"):
            return False  # tape padding
        if len(data) < len(_MAGIC) and _MAGIC.startswith(data):
            self._head = data
            return False
        if not data.startswith(_MAGIC):
            if self._members == 0:
                raise UncompressedData("Content-Encoding = gzip but the data is not in gzip format")
            raise DataError(f"After the gzip data there is something else, before byte {self._offset}: send gzip only")
        self._inside = True
        return True


def _up_to_the_mistake(member: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """What the bytes before the corrupt one decompress to; the library would drop it together with the mistake."""
    with suppress(zlib.error):
        for position in range(len(data)):
            if piece := member.decompress(data[position : position + 1]):
                yield piece
