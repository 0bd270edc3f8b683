"""Results: buckets, records, influencers and categories."""

from tailmass.client.connection import Connection
from tailmass.client.listing import Listing
from tailmass.client.request import Document, Moment, ask, moment


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
        request = ask(
            "GET",
            "results",
            job_id,
            "buckets",
            start=moment(start),
            end=moment(end),
            expand=expand,
            includeInterim=include_interim,
            anomalyScore=anomaly_score,
            maxNormalizedProbability=max_normalized_probability,
        )
        return Listing(self._send, request)

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
        request = ask(
            "GET",
            "results",
            job_id,
            "records",
            start=moment(start),
            end=moment(end),
            includeInterim=include_interim,
            sort=sort,
            desc=desc,
            anomalyScore=anomaly_score,
            normalizedProbability=normalized_probability,
        )
        return Listing(self._send, request)

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
        request = ask(
            "GET",
            "results",
            job_id,
            "influencers",
            start=moment(start),
            end=moment(end),
            sort=sort,
            desc=desc,
            anomalyScore=anomaly_score,
            includeInterim=include_interim,
        )
        return Listing(self._send, request)

    def categories(self, job_id: str) -> Listing:
        """The categories of messages found, in order of their ids."""
        return Listing(self._send, ask("GET", "results", job_id, "categorydefinitions"))

    def category(self, job_id: str, category_id: int | str) -> Document | None:
        """One category, or None."""
        return self._send(ask("GET", "results", job_id, "categorydefinitions", category_id)).single()
