"""Schedulers: jobs that pull their data themselves."""

from tailmass.client.connection import Connection
from tailmass.client.request import Moment, ask, moment


class Schedulers:
    """The schedulers of a server's jobs."""

    def __init__(self, connection: Connection) -> None:
        self._send = connection.send

    def start(self, job_id: str, *, start: Moment | None = None, end: Moment | None = None) -> None:
        """Pull the data in [``start``, ``end``): from the earliest or where it stopped, and until stopped, if None."""
        self._send(ask("POST", "schedulers", job_id, "start", start=moment(start), end=moment(end))).result()

    def stop(self, job_id: str) -> None:
        """Stop pulling data, and wait until that is done."""
        self._send(ask("POST", "schedulers", job_id, "stop")).result()
