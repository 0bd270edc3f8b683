"""Jobs: what is analysed, and how."""

from tailmass.client.connection import Connection
from tailmass.client.listing import Listing
from tailmass.client.request import Document, Payload, ask
from tailmass.errors import MissingJob


class Jobs:
    """The jobs of a server."""

    def __init__(self, connection: Connection) -> None:
        self._send = connection.send

    def create(self, config: Payload, *, overwrite: bool = False) -> str:
        """Create a job and return its id, which the server makes up when the configuration has none.

        ``overwrite`` deletes a job of the same id first.
        """
        reply = self._send(ask("POST", "jobs", overwrite=overwrite or None).carrying(config))
        return str(reply.result()["id"])

    def get(self, job_id: str) -> Document:
        """The configuration, status and counts of a job; raises `MissingJob` when there is none."""
        job = self._send(ask("GET", "jobs", job_id)).single()
        if job is None:
            raise MissingJob(job_id)
        return job

    def exists(self, job_id: str) -> bool:
        """Whether there is such a job."""
        return self._send(ask("GET", "jobs", job_id)).single() is not None

    def all(self) -> Listing:
        """Every job, in the order of creation."""
        return Listing(self._send, ask("GET", "jobs"))

    def update(self, job_id: str, changes: Payload) -> None:
        """Change what may be changed of a configuration; all of it or, on an error, nothing."""
        self._send(ask("PUT", "jobs", job_id, "update").carrying(changes)).result()

    def describe(self, job_id: str, description: str) -> None:
        """Change the description the way of version 1, when there was no `update`."""
        self._send(ask("PUT", "jobs", job_id, "description").uploading(description, gzipped=False)).result()

    def delete(self, job_id: str) -> None:
        """Delete a job with its model, results and logs."""
        self._send(ask("DELETE", "jobs", job_id)).result()

    def pause(self, job_id: str) -> None:
        """Go on accepting data, but analyse none of it."""
        self._send(ask("POST", "jobs", job_id, "pause")).result()

    def resume(self, job_id: str) -> None:
        """Analyse again, from the first whole bucket on."""
        self._send(ask("POST", "jobs", job_id, "resume")).result()
