"""Chunks of any size to blocks of a few MiB, each read from the beginning of a record."""

from collections.abc import Iterator
from typing import Protocol

from tailmass.errors import EngineError
from tailmass.intake.limits import USUAL
from tailmass.intake.piece import Piece

BLOCK_BYTES = 4 << 20
"""Large enough that the cost of a call vanishes among the rows, small enough to stay in the caches."""


class Format(Protocol):
    """How records are told apart and read, one block after another."""

    def read(self, block: bytes, final: bool) -> Iterator[Piece]:
        """The pieces of a block that begins where the last one's pieces ended.

        The bytes of the pieces say how much was read; the rest comes again with what follows it, unless `final`.
        """
        ...

    def endless(self, offset: int, final: bool) -> EngineError:
        """What to say about the record at this byte of the upload that goes on past all bounds, or past the end."""
        ...


class BlockReader:
    """Keeps what is not yet a complete record and gives everything else to its format."""

    def __init__(self, form: Format, *, block_bytes: int = BLOCK_BYTES, record_bytes: int = USUAL.record_bytes) -> None:
        self._form = form
        self._block_bytes, self._record_bytes = block_bytes, record_bytes
        self._chunks: list[bytes | memoryview] = []
        self._pending = 0
        self._read_before = 0  # how much of the pending bytes has been seen to hold no complete record
        self._due = block_bytes
        self._offset = 0

    def feed(self, data: bytes | bytearray) -> Iterator[Piece]:
        """Take a chunk and yield what has become complete."""
        view = memoryview(data)
        while len(view) > 0:
            chunk = view[: self._due - self._pending]
            view = view[len(chunk) :]
            # A copy: the caller may reuse its buffer, and a view would keep the whole of a large chunk alive.
            self._chunks.append(bytes(chunk))
            self._pending += len(chunk)
            if self._pending >= self._due:
                yield from self._drain(final=False)

    def complete(self) -> Iterator[Piece]:
        """The records that are complete already, for a sender who may not send more for a while."""
        if self._pending > self._read_before:
            yield from self._drain(final=False)

    def finish(self) -> Iterator[Piece]:
        """The rest, at the end of the upload."""
        yield from self._drain(final=True)

    def _drain(self, *, final: bool) -> Iterator[Piece]:
        block = b"".join(self._chunks)
        consumed = 0
        for piece in self._form.read(block, final):
            consumed += piece.input_bytes
            yield piece
        rest = block[consumed:]
        self._offset += consumed
        if len(rest) > self._record_bytes or (final and rest):
            error = self._form.endless(self._offset, final)
            if not final:
                error.cause = f"a record may have {self._record_bytes} bytes here"
            raise error
        self._chunks, self._pending, self._read_before = [rest], len(rest), len(rest)
        self._due = len(rest) + self._block_bytes
