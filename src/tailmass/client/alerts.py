"""Alerts: waiting for something to be unusual."""

from collections.abc import Sequence

from tailmass.client.connection import Connection
from tailmass.client.request import Document, ask


class Alerts:
    """The alerts of a server's jobs."""

    def __init__(self, connection: Connection) -> None:
        self._send = connection.send

    def wait(
        self,
        job_id: str,
        *,
        score: float | None = None,
        probability: float | None = None,
        alert_on: Sequence[str] = (),
        include_interim: bool = False,
        timeout: int | None = None,
    ) -> Document:
        """Wait for a result from a score (0-100) upwards, or ``timeout`` seconds; the alert says which it was.

        At least one of ``score`` and ``probability`` is needed. ``alert_on`` is any of ``bucket`` (the default),
        ``influencer`` and ``bucketinfluencer``.
        """
        request = ask(
            "GET",
            "alerts_longpoll",
            job_id,
            score=score,
            probability=probability,
            alertOn=",".join(alert_on) or None,
            includeInterim=include_interim,
            timeout=timeout,
        )
        return self._send(request).result()
