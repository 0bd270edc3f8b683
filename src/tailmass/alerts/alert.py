"""What somebody who waited is told."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tailmass.results import Bucket, Record, wire_time
from tailmass.results.numbers import score


@dataclass(frozen=True, slots=True)
class Alert:
    """A bucket that has what somebody waited for."""

    kind: str
    """The type of result that has it: `bucket`, `bucketinfluencer` or `influencer`."""
    anomaly_score: float
    """Of that result."""
    bucket: Bucket
    """With its records and influencers."""
    by_score: bool
    """Whether the score was reached, for which the bucket is shown."""
    records: tuple[Record, ...] | None
    """The records that reached the probability; None where it was not reached, or not asked for."""

    def document(self, job_id: str, base_url: str, time_ms: int, *, native: bool = False) -> dict[str, Any]:
        """The alert as clients read it.

        Parameters
        ----------
        job_id : the job it is of
        base_url : how the client reached the API, such as http://host:8080/engine/v2
        time_ms : when it was raised
        native : whether the client knows what the Engine API does not have
        """
        document: dict[str, Any] = {
            "jobId": job_id,
            "timestamp": wire_time(time_ms),
            "uri": self._uri(job_id, base_url),
            "anomalyScore": score(self.anomaly_score),
            "maxNormalizedProbability": score(self.bucket.max_normalized_probability),
            "timeout": False,
            "alertType": self.kind,
            "isInterim": self.bucket.is_interim,
        }
        if self.by_score:
            document["bucket"] = self.bucket.document(native=native)
        if self.records is not None:
            document["records"] = [each.document(native=native) for each in self.records]
        return document

    def _uri(self, job_id: str, base_url: str) -> str:
        # Without being asked for, an interim bucket is not shown.
        interim = "&includeInterim=true" if self.bucket.is_interim else ""
        return f"{base_url}/results/{quote(job_id, safe='')}/buckets/{self.bucket.timestamp}?expand=true{interim}"


def timed_out(job_id: str, kind: str) -> dict[str, Any]:
    """The document that tells somebody who waited for a type of result that there was none.

    >>> timed_out("farequote", "bucket")["timeout"]
    True
    """
    return {
        "jobId": job_id,
        "anomalyScore": 0.0,
        "maxNormalizedProbability": 0.0,
        "timeout": True,
        "alertType": kind,
        "isInterim": False,
    }
