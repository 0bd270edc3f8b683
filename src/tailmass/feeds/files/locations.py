"""Where files are: in folders here, or elsewhere; each kind of place lists its files and opens them."""

import glob
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK_BYTES = 1 << 20


class Location(Protocol):
    """A place with files, by their names.

    An OSError says that it may work again later, a ValueError that it never will.
    """

    def sizes(self) -> Iterator[tuple[str, int]]:
        """The name and the size in bytes of each file there is; a ValueError if there is none."""

    def chunks(self, name: str, offset: int = 0) -> Iterator[bytes]:
        """The bytes of a file from one on, as they are."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there."""

    location: Location
    name: str
    size: int

    def chunks(self, offset: int = 0) -> Iterator[bytes]:
        """Its bytes from one on, as they are."""
        return self.location.chunks(self.name, offset)


class Folder:
    """Files here, by a path in which `*`, `?` and `**` stand for others."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Those that are there; a folder is no file."""
        path = Path(self._pattern)
        if path.is_dir():
            raise ValueError(f"{self._pattern} is a folder: name files in it, as in '{path / '*.csv'}'")
        names = [self._pattern] if path.exists() else sorted(glob.glob(self._pattern, recursive=True))
        files = [name for name in names if Path(name).is_file()]
        if not files:
            raise ValueError(f"there is no file {self._pattern!r}")
        for name in files:
            with suppress(FileNotFoundError):  # moved away this moment
                yield name, Path(name).stat().st_size

    def chunks(self, name: str, offset: int = 0) -> Iterator[bytes]:
        """The bytes of a file; what keeps it from being read here will not pass."""
        try:
            with Path(name).open("rb") as file:
                file.seek(offset)
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise ValueError(f"{name}: {error.strerror or error}") from error


def location(path: str, *, endpoint_url: str | None = None, hadoop_user: str | None = None) -> Location:
    """The place that a path or a URL is of.

    Parameters
    ----------
    path : what to read
    endpoint_url : of a server for S3 which is not Amazon's
    hadoop_user : who reads files of Hadoop
    """
    if path.startswith("s3://"):
        from tailmass.feeds.files.s3 import S3

        return S3(path, endpoint_url=endpoint_url)
    if path.startswith(("webhdfs://", "swebhdfs://", "hdfs://")):
        from tailmass.feeds.files.webhdfs import WebHdfs

        return WebHdfs(path, user=hadoop_user)
    return Folder(path)


def found(locations: list[Location]) -> list[Found]:
    """All files of these places, each once."""
    files = [Found(location, name, size) for location in locations for name, size in location.sizes()]
    return list({file.name: file for file in files}.values())
