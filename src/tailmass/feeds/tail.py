"""A file as a source of rows: read from its start and, where it is tailed, on as it grows."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

BATCH_BYTES = 1 << 19
"""A batch takes a fraction of a second to analyse, and so has a stop to wait."""

EVERY = 1.0
"""Seconds between two looks at a file that is tailed."""


class FileSource:
    """The rows of a file, one a line, in the order they are in.

    A file that is tailed may be moved away and replaced, or cut down: then what came is read from its start.

    Parameters
    ----------
    locate : the path of the file, as it is to be opened; an EngineError if it may not be read
    tail : whether it is read on as it grows
    header : whether its first line names the fields
    """

    every = EVERY

    def __init__(self, locate: Callable[[], Path], *, tail: bool, header: bool) -> None:
        self.finite = not tail
        self.head = b""
        self._locate = locate
        self._header = header
        self._file: BinaryIO | None = None
        self._read_bytes = 0

    def verify(self) -> None:
        """Raise an OSError or an EngineError if the file cannot be read as things are."""
        with _opened(self._locate()):
            pass

    def batches(self, since_ms: int | None, until_ms: int) -> Iterator[bytes]:
        """The rows that were not read yet; that they are of the time which is wanted, whoever takes them has to see."""
        if self._file is None:
            self._open()
        assert self._file is not None, "it was opened"
        if os.fstat(self._file.fileno()).st_size < self._read_bytes:
            self._begin()
        replaced = not self.finite and self._replaced(self._file)
        yield from self._rest(self._file, whole=self.finite or replaced)
        if replaced:
            self._open()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        opened = _opened(self._locate())
        self.close()
        self._file = opened
        self._begin()

    def _begin(self) -> None:
        self._read_bytes = 0
        self.head = b""

    def _rest(self, file: BinaryIO, *, whole: bool) -> Iterator[bytes]:
        """What was not read yet; the last line counts if it has an end, or if the file is as `whole` as it will be."""
        file.seek(self._read_bytes)
        if self._header and not self.head:
            head = file.readline(BATCH_BYTES)
            if not (whole or head.endswith(b"\n")):
                return
            self.head = head
            self._read_bytes = len(head)
        while batch := _lines(file, whole):
            yield batch
            self._read_bytes += len(batch)
            file.seek(self._read_bytes)

    def _replaced(self, file: BinaryIO) -> bool:
        """Whether there is another file by that name; none is not another one."""
        try:
            found = self._locate().stat()
        except FileNotFoundError:
            return False
        return not os.path.samestat(found, os.fstat(file.fileno()))


def _lines(file: BinaryIO, whole: bool) -> bytes:
    """The next lines, the last one without an end only if the file is whole, or if there is no end in sight."""
    lines, rest = file.read(BATCH_BYTES), file.readline(BATCH_BYTES)
    batch = lines + rest
    return batch if whole or len(rest) == BATCH_BYTES else batch[: batch.rfind(b"\n") + 1]


def _opened(path: Path) -> BinaryIO:
    # Without waiting: to open a pipe that nobody writes to would take for ever.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(f"{path} is no file with rows in it")
    return os.fdopen(number, "rb")
