"""Data as the analysis of a job would see it, without a job that learns of it."""

from collections.abc import Iterable, Iterator

import polars as pl

from tailmass.engine import support
from tailmass.intake.fields import Fields
from tailmass.intake.gunzip import Gunzip
from tailmass.intake.limits import USUAL, RecordLimits
from tailmass.intake.piece import Piece
from tailmass.intake.reader import reader
from tailmass.jobs import Job


class Preview:
    """The rows of one upload as CSV text: the time in epoch seconds, then the fields of the analysis by their names.

    Transforms are applied. Rows that the analysis would not take are not here: those without a time, and those that the
    job excludes. Whether a row is late depends on what the job has seen before, which is not looked at. Values are
    shown as they are written, numbers too, so that one which cannot be read can be seen.

    Parameters
    ----------
    job : what to look through
    gzipped : whether the bytes are compressed
    limits : how large single things in the data may be
    """

    def __init__(self, job: Job, *, gzipped: bool = False, limits: RecordLimits = USUAL) -> None:
        time = job.data_description.time_field
        self._names = (time, *(name for name in support.sent_fields(job) if name != time))
        wanted = Fields(time, self._names[1:], transforms=support.fields(job).transforms)
        self._reader = reader(job.data_description, wanted, limits)
        self._gunzip = Gunzip() if gzipped else None

    def header(self) -> bytes:
        """The names of the columns."""
        return pl.DataFrame({name: [] for name in self._names}).write_csv().encode()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next bytes, cut anywhere; the rows that have become complete."""
        for plain in [data] if self._gunzip is None else self._gunzip.feed(data):
            yield from self._rows(self._reader.feed(plain))

    def finish(self) -> Iterator[bytes]:
        """The end of the data: the last rows."""
        if self._gunzip is not None:
            self._gunzip.finish()
        yield from self._rows(self._reader.finish())

    def _rows(self, pieces: Iterable[Piece]) -> Iterator[bytes]:
        for piece in pieces:
            rows = piece.columns.take(piece.columns.dated)
            columns = {name: rows.texts[name].replace("", None) for name in self._names[1:]}
            times = pl.Series(self._names[0], rows.times // 1000)
            yield (
                pl.DataFrame([times, *(values.alias(name) for name, values in columns.items())])
                .write_csv(include_header=False)
                .encode()
            )
