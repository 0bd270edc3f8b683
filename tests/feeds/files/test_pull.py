"""Rows of files arrive once, whatever breaks off; places and the job fail when they are told to."""

import csv
import gzip
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.errors import DataError
from tailmass.feeds.files import pull as pulls
from tailmass.feeds.files.journal import FileJournal, Mark, Stretch
from tailmass.feeds.files.locations import found
from tailmass.feeds.files.pull import FilePull
from tailmass.feeds.files.records import records
from tailmass.feeds.files.source import Files
from tailmass.feeds.files.stdin import Stdin
from tailmass.feeds.patience import Patience
from tailmass.intake.fields import Fields
from tailmass.jobs import DataDescription

DESCRIPTION = DataDescription.parse({"format": "DELIMITED", "fieldDelimiter": ",", "timeField": "time"})
HEADER = ["time", "text"]


def table(begin: int, end: int) -> bytes:
    """Rows with a time each, some of which are lines long."""
    rows = [f'{n},"a\nb ""{n}"""\n' if n % 3 == 0 else f"{n},é\n" for n in range(begin, end)]
    return ("time,text\n" + "".join(rows)).encode()


FILES = {
    "c": table(1000, 1020),
    "b.gz": gzip.compress(table(1020, 1030)) + gzip.compress(table(1030, 1040).partition(b"\n")[2]),
    "a": table(1040, 1061)[:-1],
    "empty": b"",
    "header": b"time,text\n",
}
TIMES = list(range(1000, 1061))


class Place:
    """Files that come in small pieces, at each of which they may break off."""

    def __init__(self, failures: Iterator[bool]) -> None:
        self._failures = failures

    def sizes(self) -> Iterator[tuple[str, int]]:
        return ((name, len(content)) for name, content in FILES.items())

    def chunks(self, name: str, offset: int = 0) -> Iterator[bytes]:
        content = FILES[name]
        for begin in range(offset, len(content), 50):
            if next(self._failures, False):
                raise OSError("the place broke off")
            yield content[begin : begin + 50]
            yield b""  # what there is by now is due


class Job:
    """Takes rows one by one, breaks off among them, and forgets what was not kept when it is told to."""

    def __init__(self, failures: Iterator[bool] = iter(()), crashes: Iterator[bool] = iter(())) -> None:  # noqa: B008
        self.times: list[int] = []
        self.uploads = 0
        self._kept = 0
        self._failures = failures
        self._crashes = crashes

    def counted(self) -> int:
        return len(self.times)

    def seen(self) -> int:
        return len(self.times)

    def send(self, rows: Iterable[bytes]) -> None:
        self.uploads += 1
        header, *read = csv.reader(b"".join(rows).decode().splitlines(keepends=True))
        assert header == HEADER
        for row in read:
            if next(self._failures, False):
                raise ConnectionError("the job broke off")
            self.times.append(int(row[0]))
        if next(self._crashes, False):
            del self.times[self._kept :]
            raise ConnectionError("the server of the job was killed")

    def keep(self) -> None:
        self._kept = len(self.times)


def pull(
    path: Path, place: Place, job: Job, pauses: Sequence[float] = (0.0,) * 200, upload_seconds: float = 0.0
) -> FileJournal:
    """What a process does, which goes on where the one before was."""
    files = Files(found([place]), DESCRIPTION, Fields("time"), lambda: records(DESCRIPTION))
    journal = FileJournal.read(path)
    if journal is None:
        journal = FileJournal(path, "web", {}, 0, files.stretches())
        journal.save()
    FilePull(files, job, journal, Patience(pauses=pauses), upload_seconds=upload_seconds).run()
    return journal


failing = st.sets(st.integers(0, 99), max_size=9).map(lambda when: [n in when for n in range(100)])
crashing = st.sets(st.integers(0, 30), max_size=4).map(lambda when: [n in when for n in range(31)])


@settings(deadline=None, max_examples=50)  # every file waits for the disk
@given(failing, failing, crashing, st.booleans(), st.booleans(), st.booleans())
def test_every_row_arrives_once_and_in_order(
    of_place: list[bool],
    of_job: list[bool],
    crashes: list[bool],
    new_process: bool,
    often_kept: bool,
    long_uploads: bool,
) -> None:
    place, job = Place(iter(of_place)), Job(iter(of_job), iter(crashes))
    keep_seconds = 0.0 if often_kept else pulls.KEEP_SECONDS
    with TemporaryDirectory() as folder, patch.object(pulls, "KEEP_SECONDS", keep_seconds):
        path = Path(folder) / "pull.state"
        for _ in range(300):
            try:
                journal = pull(path, place, job, () if new_process else (0.0,) * 200, 9.0 if long_uploads else 0.0)
                break
            except OSError:  # also what breaks off before there is a journal
                pass
        assert job.times == TIMES
        assert [stretch.name for stretch in journal.stretches][:3] == ["c", "b.gz", "a"]
        assert [stretch.rows for stretch in journal.stretches] == [20, 20, 21, 0, 0]
        read = FileJournal.read(path)
        assert read is not None
        assert (read.stretches, read.rows) == (journal.stretches, len(TIMES))


def test_what_was_pulled_is_not_pulled_again(tmp_path: Path) -> None:
    job = Job()
    pull(tmp_path / "pull.state", Place(iter(())), job)
    uploads = job.uploads
    pull(tmp_path / "pull.state", Place(iter(())), job)
    assert (job.uploads, job.times) == (uploads, TIMES)


def test_it_gives_up_after_the_last_pause_without_progress(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the job broke off"):
        pull(tmp_path / "pull.state", Place(iter(())), Job(iter([True] * 4)), pauses=(0.0, 0.0))


def test_rows_of_somebody_else_are_noticed(tmp_path: Path) -> None:
    job = Job()
    pull(tmp_path / "pull.state", Place(iter(())), job)
    job.times.append(0)
    with pytest.raises(ValueError, match="has 62 rows of this pull"):
        pull(tmp_path / "pull.state", Place(iter(())), job)
    new = Job()
    new.times = [0] * 62
    with pytest.raises(ValueError, match="has 62 rows of this pull"):
        pull(tmp_path / "other.state", Place(iter(())), new)


def test_what_the_job_says_names_the_file(tmp_path: Path) -> None:
    class Refusing(Job):
        def send(self, rows: Iterable[bytes]) -> None:
            raise DataError("too many of these have no time")

    with pytest.raises(DataError) as refused:
        pull(tmp_path / "pull.state", Place(iter(())), Refusing())
    assert refused.value.message == "c: too many of these have no time"


def test_what_came_from_a_pipe_is_sent_again_until_it_is_kept(tmp_path: Path) -> None:
    with (tmp_path / "rows.csv").open("w+b") as file:
        file.write(table(1000, 1061))
        file.seek(0)
        piped = Stdin(file.fileno())
        piped.begin(lambda: records(DESCRIPTION))
        job = Job(iter([False] * 30 + [True]), iter([True, True]))
        journal = FileJournal(None, "web", {}, 0, [Stretch("stdin", 0, Mark(0, ""))])
        FilePull(piped, job, journal, Patience(pauses=(0.0,) * 9), upload_seconds=0.0).run()
    assert job.times == TIMES
    assert piped.passed == len(TIMES)
    job.times.clear()
    journal.stretches[0] = Stretch("stdin", 0, Mark(0, ""))
    with pytest.raises(ValueError, match="61 rows are lost: they came from stdin"):
        FilePull(piped, job, journal, Patience()).run()
