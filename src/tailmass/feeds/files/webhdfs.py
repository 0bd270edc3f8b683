"""Files of Hadoop, read by WebHDFS: which there are, how long they are, and their bytes from any place on."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

from tailmass.feeds.files.locations import CHUNK_BYTES
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
    """Files by a URL, as in webhdfs://namenode:9870/logs/*/*.csv: a namenode knows them, and datanodes have them.

    What keeps these from answering, if only for now, is an OSError; what they refuse for good is a `RefusedError`.

    Parameters
    ----------
    url : of a file, of a folder, or of several by `*`, `?` and `[]`, which stand for names. swebhdfs:// is by https.
        hdfs:// is the same as webhdfs://, without a port: the one that such URLs have elsewhere speaks another protocol
    user : who reads; one before the host comes first
    timeout : how many seconds of silence are borne
    """

    def __init__(self, url: str, *, user: str | None = None, timeout: float = 60.0) -> None:
        # A question mark is one of the path.
        where, slash, path = url.partition("://")[2].partition("/")
        parts = urlsplit(f"{url.partition('://')[0]}://{where}")
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{without_user(url)!r} is no URL of a file: write it as in webhdfs://namenode:9870/path")
        if parts.scheme == "hdfs" and parts.port is not None:
            raise ValueError(
                f"{without_user(url)!r} names a port, which is not the one that files are read by: write "
                f"webhdfs://{parts.hostname}:{_PORTS['webhdfs']}/{path}, or what 'dfs.namenode.http-address' says"
            )
        scheme = "https" if parts.scheme == "swebhdfs" else "http"
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self._url = without_user(url)
        self._root = f"{parts.scheme}://{where.rpartition('@')[2]}"
        self._pattern = slash + path
        self._names = f"{scheme}://{host}:{parts.port or _PORTS[parts.scheme]}/webhdfs/v1"
        user = user if parts.username is None else unquote(parts.username)
        self._user = {} if user is None else {"user.name": user}
        self._timeout = timeout

    def sizes(self) -> Iterator[tuple[str, int]]:
        """Those that are there, in the order of their paths."""
        files = self.files(self._pattern)
        if not files:
            raise ValueError(f"there is no file {self._url!r}")
        for file in files:
            yield f"{self._root}{file.path}", file.length_bytes

    def chunks(self, name: str, offset: int = 0) -> Iterator[bytes]:
        """The bytes of a file from one on; none behind its end."""
        path = name.removeprefix(self._root)
        left = self.status(path)["length"] - offset
        if left < 0:
            raise RefusedError(403, f"{name} has {left + offset:,} bytes, and not {offset:,}")
        if left == 0:  # which a namenode refuses to read
            return
        with self._asked("OPEN", path, offset=str(offset), length=str(left)) as answer:
            while left:
                chunk = answer.read(min(left, CHUNK_BYTES))
                if not chunk:
                    raise ConnectionError(f"{answer.where} broke off {left:,} bytes before the end of {path}")
                yield chunk
                left -= len(chunk)

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

    def status(self, path: str) -> dict[str, Any]:
        """What the namenode knows of a file or folder."""
        with self._asked("GETFILESTATUS", path) as answer:
            status: dict[str, Any] = _document(answer)["FileStatus"]
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
            with self._asked("LISTSTATUS", path) as answer:
                entries: list[dict[str, Any]] = _document(answer)["FileStatuses"]["FileStatus"]
        except RefusedError as refused:
            if missing_is_empty and refused.status == 404:
                return []
            raise
        return sorted(entries, key=lambda entry: str(entry["pathSuffix"]))

    @contextmanager
    def _asked(self, operation: str, path: str, **query: str) -> Iterator["_Answer"]:
        """The answer of who has it: a namenode sends to a datanode for bytes."""
        url = f"{self._names}{quote(path)}?{urlencode({'op': operation, **self._user, **query})}"
        for _ in range(_REDIRECTS):
            parts = urlsplit(url)
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            where = f"{parts.scheme}://{parts.netloc}"
            with closing(kind(parts.hostname or "", parts.port, timeout=self._timeout)) as http:
                with _answering(where):
                    http.request("GET", f"{parts.path}?{parts.query}")
                    answer = _Answer(where, http.getresponse())
                if answer.response.status == 200:
                    yield answer
                    return
                status, moved, said = answer.response.status, answer.response.headers["Location"], answer.read()
            if status not in (301, 302, 307, 308) or not moved:
                raise _refused(where, status, operation, path, said)
            url = urljoin(url, moved)
        raise RefusedError(310, f"{self._names} sends from one to the next for {path}")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What somebody answers."""

    where: str
    response: HTTPResponse

    def read(self, size: int | None = None) -> bytes:
        """All of it, or so many bytes; fewer if there are no more."""
        with _answering(self.where):
            return self.response.read(size)


@contextmanager
def _answering(where: str) -> Iterator[None]:
    """What keeps somebody from answering is an OSError that names them."""
    try:
        yield
    except HTTPException as error:
        raise ConnectionError(f"{where} broke off ({error!r})") from error
    except OSError as error:
        raise ConnectionError(f"{where} does not answer ({str(error) or type(error).__name__})") from error


def _refused(where: str, status: int, operation: str, path: str, said: bytes) -> Exception:
    """What a server says went wrong, in its own words."""
    reason, kind = excerpt(said), ""
    with suppress(ValueError, KeyError, TypeError):
        remote = json.loads(said)["RemoteException"]
        kind, reason = remote["exception"], remote["message"].splitlines()[0]
    message = f"{where} answered {status} to {operation} {path}: {kind} {reason}".replace(":  ", ": ")
    passing = kind in _PASSING or (not kind and status >= 500) or status == 429
    return ConnectionError(message) if passing else RefusedError(status, message)


def _document(answer: _Answer) -> dict[str, Any]:
    said = answer.read()
    try:
        document: dict[str, Any] = json.loads(said)
    except ValueError:
        raise RefusedError(200, f"this is no WebHDFS: it answers {excerpt(said)}") from None
    return document


def _file(path: str, status: dict[str, Any]) -> HdfsFile:
    return HdfsFile(path, status["length"], status["modificationTime"])
