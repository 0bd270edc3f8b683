"""A job of a server, as rows are pulled into it."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailmass.client import Client

SILENCE = 600.0
"""Seconds after which the server of the job is asked what it has, and given the rest."""


class EngineJob:
    """A job of a server.

    Parameters
    ----------
    client : its server
    job_id : the job
    live : whether this is real time, in which the job is told how late it is, and looks at its open bucket
    """

    def __init__(self, client: "Client", job_id: str, *, live: bool = False) -> None:
        self.job_id = job_id
        self._client = client
        self._live = live
        self.invalid = 0
        """Rows of which the job could not read the time."""
        self.late = 0
        """Rows that came too late for the job."""

    def counted(self) -> int:
        """How many rows it has been given, once nothing is on its way."""
        with passing():
            self._client.data.flush(self.job_id)  # while an upload that was broken off is still analysed, this fails
        return self.seen()

    def seen(self) -> int:
        """How many rows it has been given, as it says at the moment."""
        with passing():
            return int(self._client.jobs.get(self.job_id)["counts"]["inputRecordCount"])

    def send(self, rows: bytes | Iterable[bytes]) -> None:
        """Give it rows, in its format, at once or as they come, and wait until it has them."""
        with passing():
            counts = self._client.data.upload(self.job_id, rows)
        self.invalid += counts.get("invalidDateCount", 0)
        self.late += counts.get("outOfOrderTimeStampCount", 0)

    def keep(self, until_ms: int = 0) -> None:
        """Make safe what it has learnt; in real time also tell how late it is, and have the open bucket looked at."""
        advance = until_ms // 1000 if self._live else None
        with passing():
            self._client.data.flush(self.job_id, calc_interim=self._live, advance_time=advance)

    def close(self) -> None:
        """Let it rest; it may take a moment to let go of an upload that was broken off."""
        from tailmass.errors import ConcurrentUse

        for _ in range(20):
            try:
                return self._client.data.close(self.job_id)
            except ConcurrentUse:
                time.sleep(0.5)
        return self._client.data.close(self.job_id)


@contextmanager
def passing() -> Iterator[None]:
    """What a server refuses only for now is an OSError, as what keeps a request from arriving."""
    from http.client import HTTPException

    from tailmass.errors import ConcurrentUse, DataStoreError, TooManyJobsRunning, UnknownError

    try:
        yield
    except (ConcurrentUse, DataStoreError, TooManyJobsRunning, UnknownError) as error:
        raise OSError(error.message) from error
    except HTTPException as error:
        raise OSError(f"the server of the job broke off ({error!r})") from error
