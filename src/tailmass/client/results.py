"""Results: buckets, records, influencers and categories."""

from tailmass.client.connection import Connection
from tailmass.client.listing import Listing
from tailmass.client.request import Document, Moment, Value, ask, moment


class Results:
    """The results of a server's jobs. Ranges of time include ``start`` and exclude ``end``."""

    def __init__(self, connection: Connection) -> None:
        self._send = connection.send

    def buckets(
        self,
        job_id: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        expand: bool = False,
        include_interim: bool = False,
        anomaly_score: float | None = None,
        max_normalized_probability: float | None = None,
    ) -> Listing:
        """The buckets in order of time, with their records if ``expand``, from the given scores upwards."""
        return self._listing(
            job_id,
            "buckets",
            start,
            end,
            expand=expand,
            includeInterim=include_interim,
            anomalyScore=anomaly_score,
            maxNormalizedProbability=max_normalized_probability,
        )

    def bucket(
        self, job_id: str, timestamp: Moment, *, expand: bool = False, include_interim: bool = False
    ) -> Document | None:
        """The bucket that starts at a time, or None."""
        path = ("results", job_id, "buckets", moment(timestamp))
        return self._send(ask("GET", *path, expand=expand, includeInterim=include_interim)).single()

    def records(
        self,
        job_id: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        include_interim: bool = False,
        sort: str | None = None,
        desc: bool | None = None,
        anomaly_score: float | None = None,
        normalized_probability: float | None = None,
    ) -> Listing:
        """The records, the least normal first unless sorted by another field, from the given scores upwards."""
        return self._listing(
            job_id,
            "records",
            start,
            end,
            includeInterim=include_interim,
            sort=sort,
            desc=desc,
            anomalyScore=anomaly_score,
            normalizedProbability=normalized_probability,
        )

    def influencers(
        self,
        job_id: str,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        include_interim: bool = False,
        sort: str | None = None,
        desc: bool | None = None,
        anomaly_score: float | None = None,
    ) -> Listing:
        """The influencers, the highest score first unless sorted by another field."""
        return self._listing(
            job_id,
            "influencers",
            start,
            end,
            sort=sort,
            desc=desc,
            anomalyScore=anomaly_score,
            includeInterim=include_interim,
        )

    def categories(self, job_id: str) -> Listing:
        """The categories of messages found, in order of their ids."""
        return self._listing(job_id, "categorydefinitions")

    def category(self, job_id: str, category_id: int | str) -> Document | None:
        """One category, or None."""
        return self._send(ask("GET", "results", job_id, "categorydefinitions", category_id)).single()

    def delete(self, job_id: str, *, end: Moment) -> int:
        """Remove the buckets that start before ``end`` with all that is in them, and say how many there were."""
        return int(self._send(ask("DELETE", "results", job_id, end=moment(end))).result()["deletedBuckets"])

    def _listing(
        self, job_id: str, kind: str, start: Moment | None = None, end: Moment | None = None, **query: Value
    ) -> Listing:
        return Listing(self._send, ask("GET", "results", job_id, kind, start=moment(start), end=moment(end), **query))
