"""Files are read in the order of their rows, and known again whatever has become of them."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tailmass.feeds.files.journal import Stretch
from tailmass.feeds.files.locations import Folder, found
from tailmass.feeds.files.records import records
from tailmass.feeds.files.source import Files
from tailmass.intake.fields import Fields
from tailmass.jobs import DataDescription

DESCRIPTION = DataDescription.parse({"format": "DELIMITED", "fieldDelimiter": ",", "timeField": "time"})
HEADER = "time,n\n"


def files(folder: Path) -> Files:
    """What is there now."""
    return Files(found([Folder(f"{folder}/*")]), DESCRIPTION, Fields("time"), lambda: records(DESCRIPTION))


def rows(begin: int, end: int) -> str:
    return "".join(f"{n},{n}\n" for n in range(begin, end))


def read(source: Files, stretch: Stretch) -> tuple[bytes, Stretch]:
    """The rows of a stretch, and what is known of it then."""
    runs = list(source.open(stretch).runs())
    size = sum(taken for _, taken in runs)
    count = sum(len(run) for run, _ in runs)
    return b"".join(run.data for run, _ in runs), replace(stretch, rows=count, end=stretch.begin + size)


def names(stretches: list[Stretch]) -> list[str]:
    return [Path(stretch.name).name for stretch in stretches]


Pull = Callable[[], tuple[str, list[str]]]


@pytest.fixture
def pull(tmp_path: Path) -> Pull:
    """Pulls what is new in the folder: the rows, and what is told of the files."""
    known: list[Stretch] = []

    def again() -> tuple[str, list[str]]:
        source, told = files(tmp_path), list[str]()
        known[:] = source.brought_up_to_date(known, told.append) if known else source.stretches()
        got = ""
        for index, stretch in enumerate(known):
            if stretch.rows is None:
                data, known[index] = read(source, stretch)
                got += data.decode()
        return got, told

    return again


def test_the_order_is_that_of_the_first_rows_and_not_of_the_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(HEADER + rows(2000, 2010))
    (tmp_path / "b.gz").write_bytes(gzip.compress((HEADER + rows(1000, 1010)).encode()))
    (tmp_path / "c").write_text(HEADER + "none,1\n" + rows(1500, 1510))
    (tmp_path / "d").write_text(HEADER)
    (tmp_path / "e").write_text("")
    stretches = files(tmp_path).stretches()
    assert names(stretches) == ["b.gz", "c", "a", "d", "e"]
    assert [stretch.first_ms for stretch in stretches] == [1_000_000, 1_500_000, 2_000_000, None, None]


def test_a_file_that_has_grown_has_its_new_rows_only(tmp_path: Path, pull: Pull) -> None:
    log = tmp_path / "log"
    log.write_text(HEADER + rows(0, 5))
    assert pull() == (rows(0, 5), [])
    assert pull() == ("", [])
    log.write_text(HEADER + rows(0, 8)[:-1])  # the last line has no end
    assert pull() == (rows(5, 8)[:-1], [])
    log.write_text(HEADER + rows(0, 9))
    assert pull() == (rows(8, 9), [])


def test_files_are_known_under_other_names_and_compressed(tmp_path: Path, pull: Pull) -> None:
    log = tmp_path / "log"
    log.write_text(HEADER + rows(0, 5))
    assert pull() == (rows(0, 5), [])
    log.write_text(HEADER + rows(0, 6))
    log.rename(tmp_path / "log.1")
    log.write_text(HEADER + rows(6, 9))
    assert pull() == (rows(5, 9), [])
    (tmp_path / "log.2.gz").write_bytes(gzip.compress((tmp_path / "log.1").read_bytes()))
    log.rename(tmp_path / "log.1")
    log.write_text(HEADER + rows(9, 10))
    assert pull() == (rows(9, 10), [])
    (tmp_path / "log.2.gz").unlink()
    assert pull() == ("", [])


def test_a_file_that_is_being_compressed_is_no_other_one(tmp_path: Path, pull: Pull) -> None:
    log, packed = tmp_path / "log", tmp_path / "log.gz"
    log.write_text(HEADER + rows(0, 9000))
    assert pull() == (rows(0, 9000), [])
    whole = gzip.compress(log.read_bytes())
    for size in (0, len(whole) // 2, len(whole)):
        packed.write_bytes(whole[:size])
        assert pull() == ("", [])
    log.unlink()
    assert pull() == ("", [])
    log.write_text(HEADER + rows(9000, 9001))
    assert pull() == (rows(9000, 9001), [])


def test_a_file_that_was_empty_may_be_any_other_one(tmp_path: Path, pull: Pull) -> None:
    (tmp_path / "a").write_text(HEADER + rows(0, 5))
    (tmp_path / "b").write_text("")
    (tmp_path / "c").write_text("")
    assert pull() == (rows(0, 5), [])
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "c").write_text(HEADER + rows(5, 7))
    assert pull() == (rows(5, 7), [])
    (tmp_path / "c").unlink()
    assert pull() == ("", [])


def test_a_file_with_the_name_of_one_that_is_gone_is_told_and_comes_later(tmp_path: Path, pull: Pull) -> None:
    log = tmp_path / "log"
    log.write_text(HEADER + rows(10, 15))
    pull()
    log.write_text(HEADER + rows(20, 25))
    got, [told] = pull()
    assert got == rows(20, 25)
    assert told == f"{log} is another file now: its rows come after those of the one before"
    log.write_text(HEADER + rows(0, 5))
    with pytest.raises(ValueError, match="log has changed since it was pulled"):
        pull()


def test_a_file_that_is_gone_is_missed_only_if_its_rows_are(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(HEADER + rows(0, 5))
    (tmp_path / "b").write_text(HEADER + rows(5, 9))
    source = files(tmp_path)
    first, second = source.stretches()
    first = read(source, first)[1]
    (tmp_path / "a").unlink()
    after = files(tmp_path).brought_up_to_date([first, second], print)
    assert after == [replace(first, gone=True), second]
    with pytest.raises(ValueError, match="a is gone, and its rows are needed once more"):
        files(tmp_path).open(after[0])
    (tmp_path / "b").rename(tmp_path / "c")
    assert names(files(tmp_path).brought_up_to_date(after, print)) == ["a", "c"]
    (tmp_path / "c").write_text("x")
    with pytest.raises(ValueError, match="b is gone, and not all of its rows were sent"):
        files(tmp_path).brought_up_to_date(after, print)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(["grow", "turn", "pack", "fill", "drop", "pull"]), max_size=25))
@example(["pull", "grow", "pull", "grow", "turn", "grow"])  # a log that had no rows when it was first seen
def test_however_a_log_grows_and_turns_its_rows_come_once(happens: list[str]) -> None:
    with TemporaryDirectory() as folder:
        home, written, got = Path(folder), 0, ""
        log, turned = home / "log", 0
        log.write_text(HEADER)
        known: list[Stretch] = []
        for each in (*happens, "pull"):
            last, packed = home / f"log.{turned}", home / f"log.{turned}.gz"
            match each:
                case "grow":
                    with log.open("a") as file:
                        file.write(rows(written, written + 3))
                    written += 3
                case "turn":
                    turned += 1
                    log.rename(home / f"log.{turned}")
                    log.write_text(HEADER)
                case "pack" if last.exists() and not packed.exists():
                    packed.touch()
                case "fill" if last.exists() and packed.exists():
                    packed.write_bytes(gzip.compress(last.read_bytes()))
                case "drop" if packed.exists() and packed.stat().st_size:
                    last.unlink(missing_ok=True)
                case "pull":
                    source = files(home)
                    known = source.brought_up_to_date(known, print) if known else source.stretches()
                    for index, stretch in enumerate(known):
                        if stretch.rows is None:
                            data, known[index] = read(source, stretch)
                            got += data.decode()
        assert got == rows(0, written)
