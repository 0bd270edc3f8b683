"""Files that say how far a pull is: written whole or not at all, and by one process at a time."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

VERSION = 1
"""Of what is written; what says none is of the first."""


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a document as a line of JSON, so that a crash, or a power failure, leaves the old or the new one."""
    beside = path.with_name(f"{path.name}.new")
    try:
        with beside.open("w") as file:
            file.write(json.dumps({"version": VERSION, **document}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync(path.parent)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error  # those of a write name no file


def read(path: Path, text: bytes) -> dict[str, Any]:
    """What was written as JSON, unless that was done by a later version.

    Raises
    ------
    ValueError : it is of a later version, or nothing that can be read
    """
    document = json.loads(text)
    version = document.pop("version", 1)
    if not isinstance(version, int) or version > VERSION:
        raise LaterVersionError(
            f"{path} is of a later version of tailmass: go on with that one, or give another --state"
        )
    return dict(document)


class LaterVersionError(ValueError):
    """A file that this version cannot read, though it is one of these."""


def of_job(server: str, job_id: str) -> Path:
    """The lock of a job, the same for everything that a user of this machine starts, in whatever folder."""
    told = sha256(f"{server}\n{job_id}".encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"tailmass-{os.getuid()}-{told}.lock")


def of_state(path: Path) -> Path:
    """The lock of a file that is written anew again and again, and so cannot be the lock itself."""
    return path.with_name(f"{path.name}.lock")


@contextmanager
def alone(lock: Path, taken: str) -> Iterator[None]:
    """Hold a lock, which the system lets go of whatever ends this process.

    Parameters
    ----------
    lock : the file, which is there meanwhile only, unless the process is killed
    taken : what to say if another process holds it

    Raises
    ------
    ValueError : another process holds it
    """
    with ExitStack() as stack:
        while True:
            file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, file)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                who = os.read(file, 20).decode("ascii", "replace").strip()
                raise ValueError(f"{taken} (process {who})" if who else taken) from None
            # Whoever held it may have removed it since it was opened; then it keeps nobody out any more.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file), os.stat(lock)):
                    break
        with suppress(OSError):  # a full disk is no reason not to go on
            os.ftruncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()


def _sync(folder: Path) -> None:
    """Have the names in a folder reach the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
