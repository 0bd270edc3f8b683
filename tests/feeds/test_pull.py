"""Rows arrive once, whatever breaks off; the source and the job are lists that fail when they are told to."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.feeds.journal import Journal, Place
from tailmass.feeds.pull import Pull
from tailmass.feeds.rows import DAY_MS, Part, Row, Span

TIMES = [n * DAY_MS // 7 for n in range(30) for _ in range(3)]
UNTIL = 5 * DAY_MS
PART_ROWS = 5


class Source:
    """Three rows each of thirty times, in parts of whole times."""

    def __init__(self, failures: Iterator[bool]) -> None:
        self._failures = failures

    def parts(self, span: Span) -> Iterator[Part]:
        held: list[Row] = []
        for row in self._rows(span):
            if len(held) >= PART_ROWS and row["time"] != held[-1]["time"]:
                yield Part(held, row["time"])
                held = []
            if next(self._failures, False):
                raise OSError("the source broke off")
            held.append(row)
        yield Part(held, span.until_ms)

    @staticmethod
    def _rows(span: Span) -> list[Row]:
        return [{"n": n, "time": time} for n, time in enumerate(TIMES) if span.since_ms <= time < span.until_ms]


class Job:
    """Takes rows one by one, breaks off among them, and forgets what was not kept when it is told to."""

    def __init__(self, failures: Iterator[bool], crashes: Iterator[bool]) -> None:
        self.rows: list[Row] = []
        self._kept = 0
        self._failures = failures
        self._crashes = crashes

    def counted(self) -> int:
        self._kept = len(self.rows)  # whoever asks a real one has it flushed
        return len(self.rows)

    def seen(self) -> int:
        return len(self.rows)

    def send(self, rows: bytes) -> None:
        for row in map(json.loads, rows.splitlines()):
            if next(self._failures, False):
                raise ConnectionError("the job broke off")
            self.rows.append(row)
        if next(self._crashes, False):
            del self.rows[self._kept :]
            if next(self._failures, True):  # else it was back before anybody asked
                raise ConnectionError("the server of the job was killed")

    def keep(self, until_ms: int) -> None:
        assert all(row["time"] < until_ms for row in self.rows)
        self._kept = len(self.rows)


def pull(path: Path, source: Source, job: Job, pauses: Sequence[float] = (0.0,) * 100) -> Journal:
    journal = Journal.read(path) or Journal.new(path, "web", {}, 0, 0)
    Pull(source, job, journal, pauses=pauses).to(UNTIL)
    return journal


failing = st.lists(st.booleans(), max_size=60)


@settings(deadline=None, max_examples=25)  # every part waits for the disk
@given(failing, failing, st.lists(st.booleans(), max_size=20), st.booleans())
def test_every_row_arrives_once_and_in_order(
    source: list[bool], job: list[bool], crashes: list[bool], new_process: bool
) -> None:
    from_source, into = Source(iter(source)), Job(iter(job), iter(crashes))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pull.state"
        for _ in range(300 if new_process else 0):
            try:
                pull(path, from_source, into, pauses=())
                break
            except OSError:
                pass
        journal = pull(path, from_source, into)
        assert [row["n"] for row in into.rows] == list(range(len(TIMES)))
        assert Journal.read(path) == journal
        assert journal.kept == journal.sent == Place(len(TIMES), UNTIL)


def test_it_gives_up_after_the_last_pause_without_progress(tmp_path: Path) -> None:
    told = []
    job = Job(iter([True] * 4), iter([]))
    journal = Journal.new(tmp_path / "pull.state", "web", {}, 0, 0)
    with pytest.raises(OSError, match="the job broke off"):
        Pull(
            Source(iter([])), job, journal, pauses=(0.0, 0.0), complain=lambda error, pause: told.append(str(error))
        ).to(UNTIL)
    assert told == ["the job broke off"] * 2


def test_what_was_pulled_is_not_pulled_again(tmp_path: Path) -> None:
    job = Job(iter([]), iter([]))
    pull(tmp_path / "pull.state", Source(iter([])), job)
    pull(tmp_path / "pull.state", Source(iter([True])), job)  # a source that would fail if it were read
    assert len(job.rows) == len(TIMES)


def test_what_is_passed_over_is_passed_over_again_if_that_breaks_off(tmp_path: Path) -> None:
    path, job = tmp_path / "pull.state", Job(iter([]), iter([]))
    Pull(Source(iter([])), job, Journal.new(path, "web", {}, 0, 0)).to(DAY_MS)
    journal = Journal.read(path)
    assert journal is not None
    journal.kept = Place(0, 0)  # it was killed again and again before the first day was over
    journal.save()
    del job.rows[17:]  # and the server too, which had some rows safe that no place is right after
    with pytest.raises(OSError, match="the source broke off"):
        pull(path, Source(iter([False] * 14 + [True])), job, pauses=())
    assert Journal.read(path) == journal
    pull(path, Source(iter([])), job)
    assert [row["n"] for row in job.rows] == list(range(len(TIMES)))
