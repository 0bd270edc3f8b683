"""Logs: what a server wrote about its work."""

from tailmass.client.connection import Connection
from tailmass.client.request import ask


class Logs:
    """The logs of a server and of its jobs. What is zipped comes as bytes, a single log as text."""

    def __init__(self, connection: Connection) -> None:
        self._send = connection.send

    def zipped(self, job_id: str) -> bytes:
        """Every log of a job, zipped."""
        return self._send(ask("GET", "logs", job_id)).checked().body

    def read(self, job_id: str, name: str) -> str:
        """One log of a job, by its name without ``.log``."""
        return self._send(ask("GET", "logs", job_id, name)).checked().text()

    def tail(self, job_id: str, name: str | None = None, *, lines: int | None = None) -> str:
        """The last lines of a log, ten of the newest unless told otherwise."""
        path = ("logs", job_id, "tail") if name is None else ("logs", job_id, name, "tail")
        return self._send(ask("GET", *path, lines=lines)).checked().text()

    def data_store(self) -> bytes:
        """The logs of the data store, zipped; their place is called ``elasticsearch`` after the store of 2014."""
        return self._send(ask("GET", "logs", "elasticsearch")).checked().body

    def server(self) -> bytes:
        """The logs of the server itself, zipped."""
        return self._send(ask("GET", "logs", "engine_api")).checked().body

    def support_bundle(self) -> bytes:
        """All that helps someone to help: configuration, logs and versions, zipped."""
        return self._send(ask("GET", "support")).checked().body
