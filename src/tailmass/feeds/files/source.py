"""Files as a source of rows: which there are, in which order they are read, and what has become of those known."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from tailmass.errors import EngineError
from tailmass.feeds.files.journal import Mark, Stretch
from tailmass.feeds.files.locations import Folder, Found
from tailmass.feeds.files.parquet import MAGIC, text_of
from tailmass.feeds.files.records import Records, Run, runs
from tailmass.feeds.files.unpack import packed, unpacked
from tailmass.intake.fields import Fields
from tailmass.intake.reader import reader
from tailmass.jobs import DataDescription

HEAD_BYTES = 256 * 1024
_MARK_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Head:
    """What a file begins with."""

    data: bytes
    """The first bytes, unpacked; of Parquet the first bytes as they are."""
    whole: bool
    """Whether that is all of it."""
    packed: bool
    parquet: bool

    def mark(self, size: int = _MARK_BYTES) -> Mark:
        """What tells it from others."""
        data = self.data[:size]
        return Mark(len(data), hashlib.sha256(data).hexdigest())

    def is_of(self, mark: Mark) -> bool:
        """Whether this is the file with that mark."""
        return len(self.data) >= mark.bytes and self.mark(mark.bytes) == mark


def head(file: Found) -> Head:
    """What a file begins with."""
    raw = file.chunks()
    first = next(raw, b"")
    if first.startswith(MAGIC):
        # Files that were written alike begin alike; what they end with has all their sizes.
        tail = b"".join(file.chunks(max(0, file.size - _MARK_BYTES)))
        return Head(tail[-_MARK_BYTES:], whole=False, packed=False, parquet=True)
    return head_of(unpacked(_again(first, raw), file.name), compressed=packed(first))


def head_of(chunks: Iterator[bytes], *, compressed: bool = False) -> Head:
    """What some chunks begin with."""
    data = b""
    try:
        for chunk in chunks:
            data += chunk
            if len(data) >= HEAD_BYTES:
                return Head(data[:HEAD_BYTES], whole=False, packed=compressed, parquet=False)
    except ValueError:  # of a file that is cut off: told when it is read to there
        if not data:
            raise
    return Head(data, whole=True, packed=compressed, parquet=False)


@contextmanager
def here(file: Found) -> Iterator[Path]:
    """A path to a file, which is fetched if it is elsewhere."""
    if isinstance(file.location, Folder):
        yield Path(file.name)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(file.name).name
        with path.open("wb") as copy:
            for chunk in file.chunks():
                copy.write(chunk)
        yield path


class Opened(Protocol):
    """The rows of a stretch, from its first one."""

    passed: int
    """Rows before the first one, which are not there any more."""

    @property
    def header(self) -> bytes:
        """What has to be in front of rows, known with the first of them."""

    def runs(self) -> Iterator[tuple[Run, int]]:
        """The rows, with the bytes of the file that they took."""


class Files:
    """Files that are read with the same description.

    Parameters
    ----------
    found : what is there
    description : what their rows look like to the job
    time : the field of the time, and the transforms that make it
    form : makes what tells the records of one file apart; told the records when a file is through
    report : told bytes that were read, as they are in the files
    """

    def __init__(
        self,
        found: Iterable[Found],
        description: DataDescription,
        time: Fields,
        form: Callable[[], Records],
        *,
        report: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._found = {file.name: file for file in found}
        self._description = description
        self._time = time
        self._form = form
        self._report = report

    def stretches(self) -> list[Stretch]:
        """All files, in the order of the times of their first rows; those without come last."""
        heads = {name: head(file) for name, file in self._found.items()}
        left = heads.keys() - _copies(heads)
        return sorted((self._stretch(self._found[name], heads[name]) for name in left), key=_order)

    def brought_up_to_date(self, known: list[Stretch], tell: Callable[[str], None]) -> list[Stretch]:
        """Stretches of an earlier run, with what was renamed, and what has come since behind it.

        A ValueError says that a file is not what it was.
        """
        heads = {name: head(file) for name, file in self._found.items()}
        lasts = {stretch.name: stretch for stretch in known if not stretch.gone}
        names = {name: name for name, last in lasts.items() if name in heads and self._same(heads[name], name, last)}
        for name, last in lasts.items():
            for other in heads:
                if name not in names and other not in names.values() and self._same(heads[other], other, last):
                    names[name] = other
        fresh = []
        for name in heads.keys() - names.values() - _copies(heads):
            stretch = self._stretch(self._found[name], heads[name])
            if name in lasts and name not in names and lasts[name].mark.bytes:
                _check_later(stretch, lasts[name])
                tell(f"{name} is another file now: its rows come after those of the one before")
            fresh.append(stretch)
        for name, last in lasts.items():
            if name not in names and last.rows is None and last.mark.bytes:
                raise ValueError(f"{name} is gone, and not all of its rows were sent: put it back, or begin anew with "
                                 "a new job and another --state")  # fmt: skip
            if name in names and self._may_have_grown(names[name], heads[names[name]], last):
                there = self._stretch(self._found[names[name]], heads[names[name]])
                fresh.append(replace(there, begin=last.end or 0))
        there_now = [
            stretch
            if stretch.gone
            else replace(stretch, name=names.get(stretch.name, stretch.name), gone=stretch.name not in names)
            for stretch in known
            if stretch.mark.bytes or stretch.name in names
        ]
        return [*there_now, *sorted(fresh, key=_order)]

    def open(self, stretch: Stretch) -> "Opened":
        """The rows of a stretch."""
        if stretch.gone:
            raise ValueError(f"{stretch.name} is gone, and its rows are needed once more: put it back")
        return _Rows(self._form(), lambda begin: self._chunks(self._found[stretch.name], begin), stretch)

    def done(self, rows: int) -> None:
        """Files stay where they are, however many rows of them are safe."""

    def _chunks(self, file: Found, begin: int) -> Iterator[bytes]:
        """The bytes of a file, unpacked, from one on."""
        raw = file.chunks()
        first = next(raw, b"")
        if first.startswith(MAGIC):
            with here(file) as path:
                yield from text_of(path, self._description, lambda: self._report(0))
            self._report(file.size)
            return
        if begin and not packed(first):
            yield from self._reported(file.chunks(begin))
            return
        for chunk in unpacked(self._reported(_again(first, raw)), file.name):
            yield chunk[begin:] if begin < len(chunk) else b""
            begin = max(0, begin - len(chunk))

    def _reported(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            self._report(len(chunk))

    def _stretch(self, file: Found, start: Head) -> Stretch:
        return Stretch(file.name, file.size, start.mark(), self._first_ms(file, start))

    def _first_ms(self, file: Found, start: Head) -> int | None:
        """The time of the first row that has one."""
        chunks = iter([start.data])
        if start.parquet:
            with here(file) as path:
                chunks = iter([b"".join(text_of(path, self._description, rows=1000))])
        form = self._form()
        try:
            run = next((run for run, _ in runs(form, _again(b"", chunks)) if len(run)), None)
        except ValueError:  # the last record of the head is not complete
            run = None
        if run is None:
            return None
        rows = reader(self._description, self._time)
        try:
            for piece in (*rows.feed(form.header + run.data), *rows.finish()):
                dated = np.flatnonzero(piece.columns.dated)
                if len(dated):
                    return int(piece.columns.times[dated[0]])
        except EngineError:  # the job will say what is wrong with its rows
            pass
        return None

    def _same(self, start: Head, name: str, last: Stretch) -> bool:
        if not last.mark.bytes:  # a file that was empty may be any other one now
            return name == last.name and not start.data
        return start.is_of(last.mark) and (
            last.end is None or start.packed or start.parquet or self._found[name].size >= last.end
        )

    def _may_have_grown(self, name: str, start: Head, last: Stretch) -> bool:
        if last.rows is None or start.parquet:
            return False
        if start.packed:
            return (name, self._found[name].size) != (last.name, last.size)
        return self._found[name].size > (last.end or 0)


class _Rows:
    """The rows of a stretch."""

    passed = 0

    def __init__(self, form: Records, chunks: Callable[[int], Iterator[bytes]], stretch: Stretch) -> None:
        self._form = form
        self._chunks = chunks
        self._stretch = stretch

    @property
    def header(self) -> bytes:
        return self._form.header

    def runs(self) -> Iterator[tuple[Run, int]]:
        """The rows, with the bytes of the file that they took; the header is one of those of its first stretch."""
        begin, end = self._stretch.begin, self._stretch.end
        try:
            if begin and self._form.headed:
                next(iter(runs(self._form, self._chunks(0))))
            chunks = self._chunks(begin)
            if begin and self._form.lines:
                rest, chunks = _line_begun(self._chunks(begin - 1))
                yield Run(b"", np.zeros(0, np.int32)), rest
                begin += rest
            yield from runs(self._form, chunks if end is None else _until(chunks, end - begin))
        except ValueError as error:
            told = str(error)
            raise (
                error if told.startswith(self._stretch.name) else ValueError(f"{self._stretch.name}: {told}")
            ) from None


def _copies(heads: dict[str, Head]) -> set[str]:
    """Files that others are being compressed to, which are still there."""
    plain = {start.mark() for start in heads.values() if not start.packed}
    return {name for name, start in heads.items() if start.packed and start.mark() in plain}


def _check_later(stretch: Stretch, last: Stretch) -> None:
    """A ValueError if a file that has the name of another one, which is gone, is not later than that was."""
    if stretch.first_ms is None or last.first_ms is None or stretch.first_ms <= last.first_ms:
        raise ValueError(
            f"{stretch.name} has changed since it was pulled: begin anew with a new job and another --state"
        )


def _order(stretch: Stretch) -> tuple[bool, int, str]:
    return stretch.first_ms is None, stretch.first_ms or 0, stretch.name


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _until(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The first bytes of chunks."""
    for chunk in chunks:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            return


def _line_begun(chunks: Iterator[bytes]) -> tuple[int, Iterator[bytes]]:
    """How many bytes it takes to the end of a line, whose last byte that was read is the first one here."""
    data = b""
    for chunk in chunks:
        data += chunk
        end = data.find(b"\n")
        if end >= 0:
            return end, _again(data[end + 1 :], chunks)
    return max(0, len(data) - 1), iter(())
