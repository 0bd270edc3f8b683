"""Snapshots: models as they were."""

from tailmass.client.connection import Connection
from tailmass.client.listing import Listing
from tailmass.client.request import Document, Moment, ask, moment


class Snapshots:
    """The model snapshots of a server's jobs."""

    def __init__(self, connection: Connection) -> None:
        self._send = connection.send

    def all(
        self,
        job_id: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        sort: str | None = None,
        desc: bool | None = None,
        description: str | None = None,
    ) -> Listing:
        """The snapshots of a job, the active one first unless sorted by another field."""
        request = ask(
            "GET",
            "modelsnapshots",
            job_id,
            start=moment(start),
            end=moment(end),
            sort=sort,
            desc=desc,
            description=description,
        )
        return Listing(self._send, request)

    def revert(
        self,
        job_id: str,
        *,
        time: Moment | None = None,
        snapshot_id: str | None = None,
        description: str | None = None,
        delete_intervening_results: bool = False,
    ) -> Document:
        """Go back to the latest snapshot not after ``time``, to one by its id, or to one by its description."""
        request = ask(
            "POST",
            "modelsnapshots",
            job_id,
            "revert",
            time=moment(time),
            snapshotId=snapshot_id,
            description=description,
            deleteInterveningResults=delete_intervening_results,
        )
        return self._send(request).single() or {}

    def describe(self, job_id: str, snapshot_id: str, description: str) -> Document:
        """Give a snapshot another description."""
        request = ask("PUT", "modelsnapshots", job_id, snapshot_id, "description")
        return self._send(request.carrying({"description": description})).single() or {}

    def delete(self, job_id: str, snapshot_id: str) -> None:
        """Delete a snapshot that is not the active one."""
        self._send(ask("DELETE", "modelsnapshots", job_id, snapshot_id)).result()
