"""The files that the server and its jobs write their logs to.

    logs/engine_api.log                    all that the server does
    logs/store.log                         what the store has to say
    logs/jobs/<job>/<job>.log              the analysis of a job
    logs/jobs/<job>/engine_api.log         what the server was asked of a job

A file that has grown large goes on as `<name>.1.log`, and so on to the oldest.
"""

import logging
import shutil
import threading
from collections import OrderedDict
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tailmass.server.loglines import JsonLine

SERVER_BYTES, SERVER_FILES = 16 << 20, 5
"""How large a file of the server grows, and how many older ones there are beside it."""
JOB_BYTES, JOB_FILES = 1 << 20, 2
"""The same of a job, of which there may be ten thousand."""
OPEN = 32
"""How many files of jobs are open at a time."""

SERVER, STORE = "engine_api", "store"

_LONGEST_NAME = 200  # bytes; file systems take 255, and a number and an ending follow
_STORE_LOGGERS = ("tailmass.store", "sqlalchemy")
_ENGINE_LOGGER = "tailmass.engine"


class LogFiles:
    """The folder of all logs, and what writes into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._jobs = _JobFiles(folder / "jobs")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Write down all that is logged in this process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        server = _file(self.folder / f"{SERVER}.log", SERVER_BYTES, SERVER_FILES)
        store = _file(self.folder / f"{STORE}.log", SERVER_BYTES, SERVER_FILES)
        store.addFilter(lambda record: record.name.startswith(_STORE_LOGGERS))
        ours = logging.getLogger("tailmass")
        if ours.level == logging.NOTSET:
            ours.setLevel(logging.INFO)
        root = logging.getLogger()
        handlers = ((root, server), (root, store), (ours, self._jobs))
        for logger, handler in handlers:
            logger.addHandler(handler)
        try:
            yield
        finally:
            for logger, handler in handlers:
                logger.removeHandler(handler)
                handler.close()

    def files(self, name: str) -> Sequence[Path]:
        """The files of the server or the store, the newest first."""
        return [path for path in _numbered(self.folder / f"{name}.log") if path.is_file()]

    def of_job(self, job_id: str) -> Path:
        """The folder of a job."""
        return self._jobs.folder / file_name(job_id)

    def file(self, job_id: str, name: str) -> Path:
        """One file of a job, by its name without the ending."""
        return self.of_job(job_id) / f"{file_name(job_id) if name == job_id else name}.log"

    def newest_of_jobs(self) -> Sequence[tuple[Path, int]]:
        """All files of jobs with their sizes, those written to last first."""
        found = []
        for path in self._jobs.folder.glob("*/*.log"):
            with suppress(FileNotFoundError):  # it may go at any time
                status = path.stat()
                found.append((status.st_mtime, path, status.st_size))
        return [(path, size) for _, path, size in sorted(found, reverse=True)]

    def forget(self, job_id: str) -> None:
        """Remove the files of a job that is gone."""
        self._jobs.forget(job_id)

    def forget_others(self, names: Container[str], before: float) -> None:
        """Remove the files of jobs that are not among the names, unless they were written to since an epoch second."""
        for folder in self._jobs.folder.glob("*/"):
            if folder.name not in names and _touched(folder) < before:
                self._jobs.forget(folder.name)


class _JobFiles(logging.Handler):
    """Writes each event that is of a job to the files of that job, and keeps those open that are written to most."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._open: OrderedDict[Path, RotatingFileHandler] = OrderedDict()
        self._turn = threading.RLock()

    def emit(self, record: logging.LogRecord) -> None:
        """Write an event down; one that is of no job, or of one that is not there, is for others."""
        job_id = getattr(record, "job", None)
        if not isinstance(job_id, str):
            return
        try:
            with self._turn:
                if file := self._file(job_id, of_analysis=record.name.startswith(_ENGINE_LOGGER)):
                    file.emit(record)
        except Exception:
            self.handleError(record)

    def forget(self, job_id: str) -> None:
        folder = self.folder / file_name(job_id)
        with self._turn:
            for path in [path for path in self._open if path.parent == folder]:
                self._open.pop(path).close()
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        with self._turn:
            for file in self._open.values():
                file.close()
            self._open.clear()
        super().close()

    def _file(self, job_id: str, *, of_analysis: bool) -> RotatingFileHandler | None:
        name = file_name(job_id)
        path = self.folder / name / f"{name if of_analysis else SERVER}.log"
        file = self._open.pop(path, None)
        if file is None:
            # Only the engine knows that there is such a job; a request may be about any.
            if of_analysis:
                path.parent.mkdir(parents=True, exist_ok=True)
            elif not path.parent.is_dir():
                return None
            while len(self._open) >= OPEN:
                self._open.popitem(last=False)[1].close()
            file = _file(path, JOB_BYTES, JOB_FILES)
        self._open[path] = file
        return file


def _file(path: Path, most_bytes: int, older: int) -> RotatingFileHandler:
    file = RotatingFileHandler(path, maxBytes=most_bytes, backupCount=older, encoding="utf-8", delay=True)
    file.namer = _named
    file.setFormatter(JsonLine())
    return file


def _touched(folder: Path) -> float:
    """When a file in a folder was last written to, or the folder changed."""
    times = []
    for path in (folder, *folder.iterdir()):
        with suppress(FileNotFoundError):
            times.append(path.stat().st_mtime)
    return max(times, default=0.0)


def _named(path: str) -> str:
    """The name of an older file, `a.1.log` in place of `a.log.1`: names without their endings are asked for."""
    base, _, number = path.rpartition(".log.")
    return f"{base}.{number}.log"


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    for number in range(1, SERVER_FILES + 1):
        yield path.with_name(f"{path.stem}.{number}.log")


def file_name(job_id: str) -> str:
    """A job's name among files, which is its id unless that is too long for one, or would lead elsewhere."""
    short = len(job_id.encode("utf-8", "surrogatepass")) <= _LONGEST_NAME
    if short and job_id not in ("", ".", "..") and not set(job_id) & {"/", "\\", "\0"}:
        return job_id
    return blake2b(job_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
