import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailmass.feeds import statefile
from tailmass.feeds.files.journal import FileJournal, Mark, Stretch
from tailmass.feeds.journal import Journal, Place

_HOLDING = """
import sys
from pathlib import Path
from tailmass.feeds import statefile
with statefile.alone(Path(sys.argv[1]), "taken"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_held_by_one_process_until_that_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", _HOLDING, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match=rf"taken \(process {process.pid}\)"), statefile.alone(lock, "taken"):
            pass
        process.kill()
    assert lock.exists()
    with statefile.alone(lock, "taken"):
        assert lock.read_text() == f"{os.getpid()}\n"
    assert not lock.exists()


def test_jobs_of_different_servers_have_locks_of_their_own() -> None:
    assert statefile.of_job("a:1", "web") == statefile.of_job("a:1", "web")
    assert len({statefile.of_job(server, job) for server in ("a:1", "b:1") for job in ("web", "shop")}) == 4


def test_what_cannot_be_written_names_the_file_and_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "pull.state"
    with pytest.raises(OSError, match=str(path)):
        statefile.write(path, {"is": "new"})
    path.parent.mkdir()
    statefile.write(path, {"is": "old"})
    path.with_name("pull.state.new").mkdir()
    with pytest.raises(OSError, match=r"pull\.state'"):
        statefile.write(path, {"is": "new"})
    assert statefile.read(path, path.read_bytes()) == {"is": "old"}


def test_a_journal_of_a_later_version_is_refused_as_such(tmp_path: Path) -> None:
    path = tmp_path / "pull.state"
    Journal.new(path, "web", {}, 0, 0).save()
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(ValueError, match="a later version"):
        Journal.read(path)
    FileJournal(path, "web", {}, 0, []).save()
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(ValueError, match="a later version"):
        FileJournal.read(path)


def test_journals_without_a_version_are_read(tmp_path: Path) -> None:
    path = tmp_path / "pull.state"
    journal = Journal.new(path, "web", {}, 0, 0)
    journal.save()
    path.write_text(path.read_text().replace('"version": 1, ', ""))
    assert Journal.read(path) == journal


@pytest.mark.parametrize("keep", [0, 1, 30, -2])
def test_a_journal_that_is_cut_off_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "pull.state"
    Journal.new(path, "web", {}, 0, 0).save()
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="says nothing about a pull"):
        Journal.read(path)


@pytest.mark.parametrize(
    ("before", "after"),
    [('"kept": {"rows": 0', '"kept": {"rows": 900'), ('"before": 7', '"before": -7'), ('"rows": 0', '"rows": "0"')],
)
def test_a_journal_that_was_changed_into_nonsense_is_refused(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "pull.state"
    Journal.new(path, "web", {}, 0, 7).save()
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(ValueError, match=r"changed|says nothing"):
        Journal.read(path)


def test_a_job_that_was_given_rows_by_others_is_told_from_one_that_lost_some(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "pull.state", "web", {}, 0, 7)
    journal.reach(Place(10, 100))
    journal.expect(17, 10)
    with pytest.raises(OSError, match="has 8 rows of the 10"):
        journal.expect(15, 10)
    files = FileJournal(None, "web", {}, 7, [Stretch("a", 1, Mark(0, ""), rows=10)])
    files.expect(17, 10)
    with pytest.raises(OSError, match="has lost 2 rows"):
        files.expect(15, 10)
    with pytest.raises(ValueError, match="something else sends to it"):
        files.expect(18, 10)
