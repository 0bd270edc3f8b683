"""How far rows have been sent into a job, on the disk, so that a pull that was ended in any way goes on there.

What a job has counted is the truth; the journal only says which rows these are. It has three places: up to the first
everything is safe in the job, up to the second everything was acknowledged, and up to the third rows are on their way.
Whatever the job has counted, one of them is the last before it, and from there a few rows are passed over.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from tailmass.feeds import statefile


@dataclass(frozen=True, slots=True)
class Place:
    """How many rows there are before a time."""

    rows: int
    until_ms: int


@dataclass(slots=True)
class Journal:
    """What is pulled into which job, and how far that is."""

    path: Path
    job_id: str
    source: dict[str, Any]
    """What tells this pull from others."""
    since_ms: int
    """Where it began."""
    before: int
    """Rows that the job had counted before the first of this pull."""
    kept: Place
    sent: Place
    sending: Place | None = None

    @classmethod
    def new(cls, path: Path, job_id: str, source: dict[str, Any], since_ms: int, before: int) -> "Journal":
        """The journal of a pull that has not begun."""
        start = Place(0, since_ms)
        return cls(path, job_id, source, since_ms, before, kept=start, sent=start)

    @classmethod
    def read(cls, path: Path) -> "Journal | None":
        """The journal at a path; None if there is none."""
        try:
            document = statefile.read(path, path.read_bytes())
            journal = msgspec.convert({**document, "path": path}, cls)
        except FileNotFoundError:
            return None
        except statefile.LaterVersionError:
            raise
        except (ValueError, TypeError, AttributeError):
            raise ValueError(f"{path} says nothing about a pull: give another --state, or remove it") from None
        places = [each for each in (journal.kept, journal.sent, journal.sending) if each is not None]
        if journal.before < 0 or places != sorted(places, key=lambda each: (each.rows, each.until_ms)):
            raise ValueError(f"{path} has been changed, and its places are in no order: give another --state")
        return journal

    @property
    def begun(self) -> bool:
        """Whether the job may have rows of this pull."""
        return self.sent.rows > 0

    def locate(self, counted: int) -> tuple[Place, int]:
        """Where to go on in a job that has counted so many rows: a place, and how many rows after it are there too."""
        rows = counted - self.before
        places = [place for place in (self.sending, self.sent, self.kept) if place is not None and place.rows <= rows]
        if not places or rows > (self.sending or self.sent).rows:
            expected = (self.sending or self.sent).rows
            raise ValueError(
                f"the job {self.job_id!r} has {rows:,} rows of this pull, but {self.path} says {expected:,}: "
                "the job was set back, or something else sends to it; begin anew with a new job and another --state"
            )
        self.sent, self.sending = places[0], None
        return places[0], rows - places[0].rows

    def expect(self, counted: int, rows: int) -> None:
        """Raise an OSError if a job that has counted so many rows does not have so many of this pull."""
        if counted - self.before != rows:
            # Its server was killed since, and has lost some, or somebody else sends to it: locating tells which.
            raise OSError(f"the job {self.job_id!r} has {counted - self.before:,} rows of the {rows:,} it was sent")

    def begin(self, place: Place) -> None:
        """Note that the rows up to a place are about to be sent."""
        self.sending = place
        self.save()

    def reach(self, place: Place) -> None:
        """Note that the rows up to a place were acknowledged."""
        self.sent, self.sending = place, None
        self.save()

    def pass_over(self, place: Place) -> None:
        """Note that the job has the rows up to a place, and some after it.

        Nothing is written: what was written knows of all that the job has, and this does not.
        """
        self.sent, self.sending = place, None

    def keep(self) -> None:
        """Note that what was acknowledged is safe."""
        if self.kept != self.sent:
            self.kept = self.sent
            self.save()

    def remove(self) -> None:
        """Forget the pull."""
        self.path.unlink()

    def save(self) -> None:
        """Write it."""
        document = asdict(self)
        del document["path"]
        statefile.write(self.path, document)
