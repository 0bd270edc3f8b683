import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tailmass.feeds.tail import BATCH_BYTES, FileSource

HEAD = b"time,value\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "rows.csv"
    made.write_bytes(HEAD + b"1,a\n2,b\n")
    return made


Open = Callable[..., FileSource]


@pytest.fixture
def source() -> Iterator[Open]:
    """What makes sources, and closes them."""
    made: list[FileSource] = []

    def make(path: Path, *, tail: bool = True, header: bool = True) -> FileSource:
        made.append(FileSource(lambda: path, tail=tail, header=header))
        return made[-1]

    yield make
    for each in made:
        each.close()


def read(source: FileSource) -> bytes:
    return b"".join(source.batches(None, 0))


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_file_is_read_once_and_its_head_apart(source: Open, path: Path) -> None:
    file = source(path, tail=False)
    assert (read(file), file.head) == (b"1,a\n2,b\n", HEAD)
    assert file.finite
    assert read(source(path, header=False)) == path.read_bytes()


def test_a_file_that_grows_is_read_on(source: Open, path: Path) -> None:
    file = source(path)
    read(file)
    assert read(file) == b""
    append(path, b"3,c\n4,")
    assert read(file) == b"3,c\n"
    append(path, b"d\n")
    assert (read(file), file.head) == (b"4,d\n", HEAD)


def test_the_last_line_of_a_file_that_does_not_grow_needs_no_end(source: Open, path: Path) -> None:
    append(path, b"3,c")
    assert read(source(path, tail=False)).endswith(b"3,c")


def test_a_file_that_is_replaced_is_read_to_its_end_and_the_new_one_from_its_start(source: Open, path: Path) -> None:
    file = source(path)
    read(file)
    append(path, b"3,c")
    path.rename(path.with_suffix(".old"))
    assert read(file) == b""
    path.write_bytes(b"value,time\ne,5\n")
    assert (read(file), file.head) == (b"3,c", b"")
    assert (read(file), file.head) == (b"e,5\n", b"value,time\n")


def test_a_file_that_is_cut_down_is_read_from_its_start(source: Open, path: Path) -> None:
    file = source(path)
    read(file)
    path.write_bytes(HEAD + b"5,e\n")
    assert read(file) == b"5,e\n"


def test_a_head_without_its_end_is_waited_for(source: Open, path: Path) -> None:
    path.write_bytes(b"time,va")
    file = source(path)
    assert read(file) == b""
    append(path, b"lue\n1,a\n")
    assert (read(file), file.head) == (b"1,a\n", HEAD)


def test_batches_end_with_lines_and_a_batch_that_was_not_taken_comes_again(source: Open, path: Path) -> None:
    line = b"1234567,x\n"
    path.write_bytes(HEAD + line * (3 * BATCH_BYTES // len(line)))
    file = source(path)
    first, second, *rest = list(file.batches(None, 0))
    assert all(batch.endswith(b"\n") for batch in (first, second, *rest))
    assert HEAD + b"".join((first, second, *rest)) == path.read_bytes()
    file = source(path)
    batches = file.batches(None, 0)
    next(batches)
    taken = next(batches)
    del batches
    assert next(file.batches(None, 0)) == taken


def test_what_is_no_file_with_rows_is_said_to_be_none(source: Open, path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        source(path.with_name("nowhere.csv")).verify()
    os.mkfifo(path.with_name("pipe"))
    for other in (path.parent, path.with_name("pipe")):
        with pytest.raises(OSError, match="no file with rows"):
            source(other).verify()


def test_a_file_that_is_not_there_is_looked_for_again(source: Open, path: Path) -> None:
    rows = path.read_bytes()
    path.unlink()
    file = source(path)
    with pytest.raises(FileNotFoundError):
        read(file)
    path.write_bytes(rows)
    assert read(file) == b"1,a\n2,b\n"
