"""Files of Hadoop, read by WebHDFS: which there are, how long they are, and their bytes from any place on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import BufferedIOBase, BytesIO
from typing import Any
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

from tailmass.feeds.httpserver import RefusedError, excerpt, without_user

_PORTS = {"hdfs": 9870, "webhdfs": 9870, "swebhdfs": 9871}
_PASSING = ("StandbyException", "RetriableException", "SafeModeException")
_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class HdfsFile:
    """A file as it was when it was looked for."""

    path: str
    length_bytes: int
    modified_ms: int


class WebHdfs:
    """A namenode, and through it the files of its datanodes.

    What keeps them from answering, if only for now, is an OSError; what they refuse for good is a `RefusedError`.

    Parameters
    ----------
    url : where it is, as in webhdfs://namenode:9870/; hdfs:// means the same, and swebhdfs:// is by https. The user
        that reads may stand before the host
    timeout : how many seconds of silence are borne
    """

    def __init__(self, url: str, *, timeout: float = 60.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{without_user(url)!r} is no URL of a file: write it as in webhdfs://namenode:9870/path")
        scheme = "https" if parts.scheme == "swebhdfs" else "http"
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self._names = f"{scheme}://{host}:{parts.port or _PORTS[parts.scheme]}/webhdfs/v1"
        self._user = {} if parts.username is None else {"user.name": unquote(parts.username)}
        self._timeout = timeout

    def files(self, pattern: str) -> list[HdfsFile]:
        """The files of a path, in which *, ? and [] stand for names; of a folder those that are in it.

        Hidden ones, with a dot or an underscore in front as Hadoop leaves them behind, have to be named.
        """
        found = [""]
        for name in pattern.strip("/").split("/"):
            if any(letter in name for letter in "*?["):
                found = [f"{folder}/{each}" for folder in found for each in self._matching(folder, name)]
            else:
                found = [f"{folder}/{name}" for folder in found]
        wild = any(letter in pattern for letter in "*?[")
        return [file for path in sorted(found) for file in self._at(path, wild=wild)]

    @contextmanager
    def open(self, path: str, offset_bytes: int = 0) -> Iterator[BufferedIOBase]:
        """The bytes of a file from a place on, to be read a few at a time; none behind its end."""
        length = self.status(path)["length"]
        if offset_bytes > length:
            raise RefusedError(403, f"{path} has {length:,} bytes, and not {offset_bytes:,}")
        if offset_bytes == length:  # which a namenode refuses to read
            yield BytesIO()
            return
        with self._asked("OPEN", path, offset=str(offset_bytes), length=str(length - offset_bytes)) as response:
            yield response

    def status(self, path: str) -> dict[str, Any]:
        """What the namenode knows of a file or folder."""
        with self._asked("GETFILESTATUS", path) as response:
            status: dict[str, Any] = _document(response)["FileStatus"]
        return status

    def _at(self, path: str, *, wild: bool) -> list[HdfsFile]:
        entries = self._list(path, missing_is_empty=wild)
        if len(entries) == 1 and not entries[0]["pathSuffix"]:
            return [_file(path, entries[0])]
        if wild:  # folders beside files
            return []
        inside = [each for each in entries if each["type"] == "FILE" and each["pathSuffix"][0] not in "._"]
        return [_file(f"{path.rstrip('/')}/{each['pathSuffix']}", each) for each in inside]

    def _matching(self, folder: str, pattern: str) -> list[str]:
        entries = self._list(folder or "/", missing_is_empty=True)
        names = [each["pathSuffix"] for each in entries if each["pathSuffix"]]
        hidden = pattern[0] in "._"
        return [name for name in names if fnmatchcase(name, pattern) and (hidden or name[0] not in "._")]

    def _list(self, path: str, *, missing_is_empty: bool) -> list[dict[str, Any]]:
        try:
            with self._asked("LISTSTATUS", path) as response:
                entries: list[dict[str, Any]] = _document(response)["FileStatuses"]["FileStatus"]
        except RefusedError as refused:
            if missing_is_empty and refused.status == 404:
                return []
            raise
        return sorted(entries, key=lambda entry: str(entry["pathSuffix"]))

    @contextmanager
    def _asked(self, operation: str, path: str, **query: str) -> Iterator[HTTPResponse]:
        """The answer of who has it: a namenode sends to a datanode for bytes."""
        url = f"{self._names}{quote(path)}?{urlencode({'op': operation, **self._user, **query})}"
        for _ in range(_REDIRECTS):
            parts = urlsplit(url)
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            where = f"{parts.scheme}://{parts.netloc}"
            http = kind(parts.hostname or "", parts.port, timeout=self._timeout)
            try:
                try:
                    http.request("GET", f"{parts.path}?{parts.query}")
                    response = http.getresponse()
                    if response.status == 200:
                        yield response
                        return
                    moved, said = response.headers["Location"], response.read()
                except HTTPException as error:
                    raise ConnectionError(f"{where} broke off ({error!r})") from error
                except OSError as error:
                    raise ConnectionError(f"{where} does not answer ({str(error) or type(error).__name__})") from error
            finally:
                http.close()
            if response.status not in (301, 302, 307, 308) or not moved:
                raise _refused(where, response.status, operation, path, said)
            url = urljoin(url, moved)
        raise RefusedError(310, f"{self._names} sends from one to the next for {path}")


def _refused(where: str, status: int, operation: str, path: str, said: bytes) -> Exception:
    """What a server says went wrong, in its own words."""
    reason, kind = excerpt(said), ""
    with suppress(ValueError, KeyError, TypeError):
        remote = json.loads(said)["RemoteException"]
        kind, reason = remote["exception"], remote["message"].splitlines()[0]
    message = f"{where} answered {status} to {operation} {path}: {kind} {reason}".replace(":  ", ": ")
    passing = kind in _PASSING or (not kind and status >= 500) or status == 429
    return ConnectionError(message) if passing else RefusedError(status, message)


def _document(response: HTTPResponse) -> dict[str, Any]:
    said = response.read()
    try:
        document: dict[str, Any] = json.loads(said)
    except ValueError:
        raise RefusedError(200, f"this is no WebHDFS: it answers {excerpt(said)}") from None
    return document


def _file(path: str, status: dict[str, Any]) -> HdfsFile:
    return HdfsFile(path, status["length"], status["modificationTime"])
