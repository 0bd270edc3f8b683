"""The reader for the format of a job's data."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from tailmass.errors import DataError
from tailmass.intake.blocks import BlockReader
from tailmass.intake.delimited import Delimited
from tailmass.intake.fields import Fields
from tailmass.intake.json import Json
from tailmass.intake.limits import USUAL, RecordLimits
from tailmass.intake.lines import Lines
from tailmass.intake.piece import Piece
from tailmass.intake.transforms.chain import Chain
from tailmass.jobs import DataDescription


class Reader(Protocol):
    """Turns the bytes of one upload, in chunks of any size, into pieces of complete records."""

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Take a chunk and yield what has become complete; what has not is kept."""
        ...

    def complete(self) -> Iterator[Piece]:
        """What is complete already, even if it is little."""
        ...

    def finish(self) -> Iterator[Piece]:
        """The rest, at the end of the upload; raises an EngineError when it is cut off."""
        ...


class Transformed:
    """A reader whose pieces have been through the transforms."""

    def __init__(self, source: Reader, chain: Chain) -> None:
        self._source = source
        self._chain = chain

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Take a chunk and yield what has become complete."""
        return map(self._transformed, self._source.feed(data))

    def complete(self) -> Iterator[Piece]:
        """What is complete already."""
        return map(self._transformed, self._source.complete())

    def finish(self) -> Iterator[Piece]:
        """The rest, at the end of the upload."""
        return map(self._transformed, self._source.finish())

    def _transformed(self, piece: Piece) -> Piece:
        return replace(piece, columns=self._chain.apply(piece.columns))


def reader(description: DataDescription, fields: Fields, limits: RecordLimits = USUAL) -> Reader:
    """A reader for one upload. Its iterators have to be exhausted, in order."""
    source = _source(description, fields.source, limits)
    return Transformed(source, Chain(fields, description.time_format)) if fields.transforms else source


def _source(description: DataDescription, fields: Fields, limits: RecordLimits) -> Reader:
    match description.format:
        case "DELIMITED":
            return BlockReader(Delimited(description, fields, limits.fields), record_bytes=limits.record_bytes)
        case "JSON":
            return BlockReader(Json(description, fields), record_bytes=limits.record_bytes)
        case "SINGLE_LINE":
            return BlockReader(Lines(description, fields), record_bytes=limits.record_bytes)
        case _:
            raise DataError(
                "Data in the format ELASTICSEARCH is only fetched by a scheduler: to upload, set the format in "
                "dataDescription to JSON or DELIMITED"
            )
