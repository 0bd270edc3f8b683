"""Rows that come through a pipe, which cannot be read twice: what is not safe in the job yet is held."""

import os
import select
import time
from collections import deque
from collections.abc import Callable, Iterator

from tailmass.feeds.files.journal import Stretch
from tailmass.feeds.files.records import Records, Run, runs
from tailmass.feeds.files.source import Head, Opened, head_of
from tailmass.feeds.files.unpack import unpacked

EVERY = 1.0
"""Seconds for which rows wait for others."""
PIECE_BYTES = 1 << 16


class Stdin:
    """A pipe as the one stretch there is.

    Parameters
    ----------
    number : the file descriptor
    stop : one that has something to read when it is to end
    """

    passed = 0

    def __init__(self, number: int, stop: int | None = None) -> None:
        self._chunks = unpacked(pieces(number, stop), "stdin")
        self._form: Records | None = None
        self._held: deque[tuple[Run, int]] = deque()
        self._coming: Iterator[tuple[Run, int]] = iter(())

    def head(self) -> Head:
        """What has come until nothing more comes for a while; it is read again as rows."""
        seen = b""
        for chunk in self._chunks:
            if not chunk and seen:
                break
            seen += chunk
            if len(seen) >= PIECE_BYTES:
                break
        rest = self._chunks
        self._chunks = (piece for part in ((seen,), rest) for piece in part)
        return head_of(iter([seen]))

    def begin(self, form: Callable[[], Records]) -> None:
        """Read as such records."""
        self._form = form()
        self._coming = runs(self._form, self._chunks)

    @property
    def header(self) -> bytes:
        """What has to be in front of rows."""
        assert self._form is not None
        return self._form.header

    def open(self, stretch: Stretch) -> Opened:
        """Itself; there is no other stretch."""
        del stretch
        return self

    def runs(self) -> Iterator[tuple[Run, int]]:
        """The rows that are held, and those that come."""
        yield from list(self._held)
        for each in self._coming:
            if len(each[0]):
                self._held.append(each)
            yield each

    def done(self, rows: int) -> None:
        """Let go of rows that are safe."""
        while self._held and self.passed + len(self._held[0][0]) <= rows:
            self.passed += len(self._held.popleft()[0])


def pieces(number: int, stop: int | None = None) -> Iterator[bytes]:
    """What comes through a pipe, with an empty piece when it has waited for more, or nothing has come, for a second.

    It ends with the pipe, or when the other file descriptor has something to read.
    """
    watched = [number] if stop is None else [number, stop]
    due = time.monotonic() + EVERY
    while True:
        left = due - time.monotonic()
        ready = select.select(watched, [], [], left)[0] if left > 0 else []
        if stop in ready:
            return
        if not ready:
            due = time.monotonic() + EVERY
            yield b""
            continue
        piece = os.read(number, PIECE_BYTES)
        if not piece:
            return
        yield piece
