"""Answers that wait in a file, because all of them has to be known before the first byte is sent."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from starlette.responses import StreamingResponse

CHUNK_BYTES = 1 << 18
"""Sent at once."""


def sending(file: IO[bytes], media_type: str, *, status: int = 200, start: int = 0, end: int) -> StreamingResponse:
    """An answer with a part of a file, which is closed after it. What is written behind the part is not sent."""
    headers = {"content-length": str(end - start)}
    return StreamingResponse(_chunks(file, start, end), status, headers, media_type=media_type)


def zipped(files: Iterable[tuple[str, Path]], texts: Mapping[str, Iterable[str]] | None = None) -> StreamingResponse:
    """An answer that is a zip of files and texts under their names; a file that has gone meanwhile is left out."""
    with ExitStack() as held:
        spool = held.enter_context(TemporaryFile())
        with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in files:
                try:
                    archive.write(path, name)
                except FileNotFoundError:
                    continue
            for name, text in (texts or {}).items():
                with archive.open(name, "w", force_zip64=True) as entry:
                    entry.writelines(piece.encode() for piece in text)
        held.pop_all()
    return sending(spool, "application/octet-stream", end=spool.tell())


def _chunks(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (chunk := file.read(min(CHUNK_BYTES, end - start))):
            start += len(chunk)
            yield chunk
