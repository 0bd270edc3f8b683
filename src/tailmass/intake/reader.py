"""The reader for the format of a job's data."""

from collections.abc import Iterator
from typing import Protocol

from tailmass.errors import DataError
from tailmass.intake.blocks import BlockReader
from tailmass.intake.delimited import Delimited
from tailmass.intake.fields import Fields
from tailmass.intake.json import Json
from tailmass.intake.lines import Lines
from tailmass.intake.piece import Piece
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


def reader(description: DataDescription, fields: Fields) -> Reader:
    """A reader for one upload. Its iterators have to be exhausted, in order."""
    match description.format:
        case "DELIMITED":
            return BlockReader(Delimited(description, fields))
        case "JSON":
            return BlockReader(Json(description, fields))
        case "SINGLE_LINE":
            return BlockReader(Lines(description, fields))
        case _:
            raise DataError(
                "Data in the format ELASTICSEARCH is only fetched by a scheduler: to upload, set the format in "
                "dataDescription to JSON or DELIMITED"
            )
