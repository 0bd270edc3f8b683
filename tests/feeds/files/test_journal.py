"""The journal of files says what is sent, also after a crash in the midst of writing it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tailmass.feeds.files.journal import FileJournal, Mark, Stretch

A = Stretch("a.csv", 10, Mark(10, "abc"), first_ms=1000)
B = Stretch("b.csv.gz", 20, Mark(4096, "def"), begin=7, gone=True)


@pytest.fixture
def journal(tmp_path: Path) -> FileJournal:
    made = FileJournal(tmp_path / "web.state", "web", {"files": ["*.csv"]}, 5, [A, B])
    made.save()
    return made


def read(journal: FileJournal) -> FileJournal:
    assert journal.path is not None
    there = FileJournal.read(journal.path)
    assert there is not None
    return there


def test_what_is_written_is_read(journal: FileJournal) -> None:
    assert vars(read(journal)) == vars(journal)
    assert not journal.begun
    journal.finish(0, 3, 10)
    assert journal.stretches == [replace(A, rows=3, end=10), B]
    assert vars(read(journal)) == vars(journal)
    journal.save()
    assert vars(read(journal)) == vars(journal)
    assert (journal.begun, journal.rows) == (True, 3)


def test_a_line_that_a_crash_has_cut_off_is_passed_over(journal: FileJournal) -> None:
    journal.finish(0, 3, 10)
    assert journal.path is not None
    with journal.path.open("ab") as file:
        file.write(b"[1, 4, ")
    assert read(journal).stretches == journal.stretches


def test_the_job_says_how_many_rows_there_are(journal: FileJournal) -> None:
    assert (journal.locate(5), journal.locate(5000)) == (0, 4995)
    with pytest.raises(
        ValueError, match=r"the job 'web' has -1 rows of this pull, and .*web\.state knows of other ones"
    ):
        journal.locate(4)
    journal.finish(0, 3, 10)
    journal.finish(1, 4, 99)
    assert (journal.locate(9), journal.locate(12)) == (4, 7)
    with pytest.raises(ValueError, match="has 8 rows"):
        journal.locate(13)


def test_there_may_be_none(tmp_path: Path, journal: FileJournal) -> None:
    journal.remove()
    assert journal.path is not None
    assert FileJournal.read(journal.path) is None
    unwritten = FileJournal(None, "web", {}, 0, [A])
    unwritten.save()
    unwritten.finish(0, 1, 1)
    unwritten.remove()
    assert unwritten.rows == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", "none\n", '{"job_id": "web", "kept": {}}', '{"stretches": [{}]}'])
def test_another_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "web.state").write_text(text)
    with pytest.raises(ValueError, match="says nothing about a pull of files"):
        FileJournal.read(tmp_path / "web.state")
