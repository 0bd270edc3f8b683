"""The resource `/logs`: what the server and its jobs wrote about their work."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from fastapi import APIRouter
from starlette.responses import Response

from tailmass.errors import CannotOpenDirectory, InvalidLogFilePath, MissingJob, MissingLogFile
from tailmass.server import docs
from tailmass.server.context import Context, Reach
from tailmass.server.logfiles import SERVER, STORE
from tailmass.server.parameters import Lines
from tailmass.server.spool import sending, zipped

BLOCK_BYTES = 1 << 16
"""Read at once on the way back from the end of a file."""

router = APIRouter(prefix="/logs", tags=["logs"])

_ZIP: docs.Described = {200: {"content": {"application/octet-stream": {}}}}
_TEXT: docs.Described = {200: {"content": {"text/plain": {}}}}


@router.get(
    f"/{SERVER}",
    summary="Fetch the logs of the server",
    response_class=Response,
    response_description="A zip of the server's own logs.",
    responses={**_ZIP, **docs.errors(500)},
)
def server(context: Reach) -> Response:
    """All that the server did, whatever it was about. The files of a job of this name are fetched one by one."""
    return zipped(_own(context, SERVER))


@router.get(
    "/elasticsearch",
    summary="Fetch the logs of the store",
    response_class=Response,
    response_description="A zip of the logs of the store, empty if it had nothing to say.",
    responses={**_ZIP, **docs.errors(500)},
)
def store(context: Reach) -> Response:
    """What the store had to say; the path is called after the store that the Engine API had."""
    return zipped(_own(context, STORE))


@router.get(
    "/{job_id}",
    summary="Fetch the logs of a job",
    response_class=Response,
    response_description="A zip of every log of the job.",
    responses={**_ZIP, **docs.log_errors()},
)
def of_job(job_id: str, context: Reach) -> Response:
    """Every log of a job: that of its analysis, and that of what the server was asked of it."""
    return zipped((path.name, path) for path in _of_job(context, job_id))


@router.get(
    "/{job_id}/tail",
    summary="Read the end of the newest log of a job",
    response_class=Response,
    response_description="The last lines of the log that was written to last.",
    responses={**_TEXT, **docs.log_errors()},
)
def tail_of_newest(job_id: str, context: Reach, lines: Lines) -> Response:
    """The last lines of the job's newest log."""
    files = _of_job(context, job_id)
    if not files:
        raise MissingLogFile(f"Job {job_id!r} has no log yet")
    return _text(max(files, key=_written), lines)


@router.get(
    "/{job_id}/{file}",
    summary="Read a log of a job",
    response_class=Response,
    response_description="The log, an event a line, each a JSON object.",
    responses={**_TEXT, **docs.log_errors()},
)
def file(job_id: str, file: str, context: Reach) -> Response:
    """A whole log, by its name without `.log`: the id of the job for its analysis, or `engine_api`."""
    return _text(_file(context, job_id, file))


@router.get(
    "/{job_id}/{file}/tail",
    summary="Read the end of a log of a job",
    response_class=Response,
    response_description="The last lines of the log.",
    responses={**_TEXT, **docs.log_errors()},
)
def tail(job_id: str, file: str, context: Reach, lines: Lines) -> Response:
    """The last lines of one log."""
    return _text(_file(context, job_id, file), lines)


@router.get("/{path:path}", include_in_schema=False)
def elsewhere(path: str) -> Response:
    """A path that has more parts than a job and a log: there was a slash in one of them."""
    raise InvalidLogFilePath(f"{path!r} is no log: ask for the id of a job and the name of one of its logs")


def _own(context: Context, name: str) -> Iterator[tuple[str, Path]]:
    return ((path.name, path) for path in context.logs.files(name))


def _of_job(context: Context, job_id: str) -> list[Path]:
    _check(job_id)
    folder = context.logs.of_job(job_id)
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".log" and path.is_file())
    except OSError as error:
        _check_job(context, job_id)
        raise CannotOpenDirectory(f"The logs of job {job_id!r} cannot be opened", cause=str(error)) from error


def _file(context: Context, job_id: str, name: str) -> Path:
    _check(job_id, name)
    path = context.logs.file(job_id, name)
    if path in _of_job(context, job_id):
        return path
    raise MissingLogFile(f"Job {job_id!r} has no log {name!r}: leave the ending out, as in {job_id!r} or {SERVER!r}")


def _check(*names: str) -> None:
    for name in names:
        if name in (".", "..") or any(each in "/\\" or not each.isprintable() for each in name):
            raise InvalidLogFilePath(f"{name!r} leads out of the logs: a name has no slash, and is not '.' or '..'")


def _check_job(context: Context, job_id: str) -> None:
    try:
        context.engine.job(job_id)
    except MissingJob as error:
        raise MissingLogFile(f"There are no logs of {job_id!r}: {error.message}") from error


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _text(path: Path, lines: int | None = None) -> Response:
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise MissingLogFile(f"The log {path.stem!r} has just been removed") from error
    end = file.seek(0, os.SEEK_END)
    start = 0 if lines is None else _start_of_last(file, lines, end)
    return sending(file, "text/plain;charset=UTF-8", start=start, end=end)


def _start_of_last(file: IO[bytes], lines: int, end: int) -> int:
    """Where the last lines of a file begin."""
    if lines == 0:
        return end
    wanted = lines
    for start in _backwards(end):
        file.seek(start)
        block = file.read(min(BLOCK_BYTES, end - start))
        at = len(block) - 1 if start + len(block) == end else len(block)  # the end of the last line begins no other
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            wanted -= 1
            if wanted == 0:
                return start + at + 1
    return 0


def _backwards(end: int) -> Iterable[int]:
    return range((end - 1) // BLOCK_BYTES * BLOCK_BYTES, -1, -BLOCK_BYTES)
