"""What files a pull is of, in which order, and how far it is, on the disk.

How many rows a job has counted is the truth. The journal says which these are: those of the first stretch, then those
of the next one, and so on. A stretch is a file from some byte on; a file that has grown since has another one later.
What follows is written behind what is there, so that many files cost no more than one.
"""

import errno
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from tailmass.feeds import statefile


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells a file from others, whatever it is called and however it is compressed: its first bytes."""

    bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A file, from some byte on."""

    name: str
    size: int
    """Bytes of the file, compressed if it is, when it was looked at."""
    mark: Mark
    first_ms: int | None = None
    """The time of the first row of the file; None if it could not be read."""
    begin: int = 0
    """The first byte, of what is unpacked."""
    rows: int | None = None
    """How many rows it has; None while that is not known."""
    end: int | None = None
    """The byte after the last one, known with the rows."""
    gone: bool = False
    """Whether the file is not there any more."""


class FileJournal:
    """What is pulled into which job, and how far that is.

    Parameters
    ----------
    path : where it is written; None does not write it
    job_id : where the rows go
    source : what tells this pull from others
    before : rows that the job had counted before the first of this pull
    stretches : what to read, in this order
    """

    def __init__(
        self, path: Path | None, job_id: str, source: dict[str, Any], before: int, stretches: list[Stretch]
    ) -> None:
        self.path = path
        self.job_id = job_id
        self.source = source
        self.before = before
        self.stretches = stretches

    @classmethod
    def read(cls, path: Path) -> "FileJournal | None":
        """The journal at a path; None if there is none."""
        try:
            first, *more = path.read_bytes().split(b"\n")
            document = statefile.read(path, first)
            stretches = msgspec.convert(document.pop("stretches"), list[Stretch])
            journal = cls(path, **document, stretches=stretches)
            for line in more[:-1]:  # what follows the last line end was cut off by a crash
                index, rows, end = json.loads(line)
                stretches[index] = replace(stretches[index], rows=rows, end=end)
            return journal
        except FileNotFoundError:
            return None
        except statefile.LaterVersionError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise ValueError(f"{path} says nothing about a pull of files: give another --state, or remove it") from None

    @property
    def rows(self) -> int:
        """How many rows are known to be sent."""
        return sum(stretch.rows or 0 for stretch in self.stretches)

    @property
    def begun(self) -> bool:
        """Whether the job may have rows of this pull."""
        return self.rows > 0

    def locate(self, counted: int) -> int:
        """How many rows of this pull a job has that has counted so many."""
        rows = counted - self.before
        whole = all(stretch.rows is not None for stretch in self.stretches)
        if rows < 0 or (whole and rows > self.rows):
            raise self.astray(rows)
        return rows

    def expect(self, counted: int, rows: int) -> None:
        """Raise an OSError if a job that has counted so many rows does not have so many of this pull."""
        more = counted - self.before - rows
        if more > 0:
            raise self.astray(counted - self.before)
        if more < 0:
            raise OSError(f"the job {self.job_id!r} has lost {-more:,} rows of the {rows:,} it was sent")

    def astray(self, rows: int) -> ValueError:
        """What to say when the rows of the job are not those of this pull."""
        return ValueError(
            f"the job {self.job_id!r} has {rows:,} rows of this pull, and {self.path or 'stdin'} knows of other ones: "
            "the job was set back, a file has changed, or something else sends to it; begin anew with a new job and "
            "another --state"
        )

    def finish(self, index: int, rows: int, end: int) -> None:
        """Note that all rows of a stretch were acknowledged."""
        if self.path is not None:
            line = json.dumps([index, rows, end]).encode() + b"\n"
            with self.path.open("ab", buffering=0) as file:
                size = file.seek(0, os.SEEK_END)
                try:
                    if file.write(line) < len(line):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    os.fsync(file.fileno())
                except OSError as error:
                    file.truncate(size)  # or the next line would go on in the middle of this one
                    raise OSError(error.errno, error.strerror, str(self.path)) from error
        self.stretches[index] = replace(self.stretches[index], rows=rows, end=end)

    def remove(self) -> None:
        """Forget the pull."""
        if self.path is not None:
            self.path.unlink()

    def save(self) -> None:
        """Write all of it so that a crash leaves the old or the new one."""
        if self.path is None:
            return
        document = {
            "job_id": self.job_id,
            "source": self.source,
            "before": self.before,
            "stretches": [asdict(stretch) for stretch in self.stretches],
        }
        statefile.write(self.path, document)
