"""What tables show of the documents of a server."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tailmass.cli.documents import Columns, Document
from tailmass.cli.severity import severity


def marked(score: float | None) -> str:
    """A score with the mark of its band.

    >>> marked(76.4), marked(None)
    ('76 ◆', '')
    """
    from tailmass.cli.table import score as text

    return "" if score is None else f"{text(score)} {severity(score).mark}"


def time(stamp: str | None) -> str:
    """A time of the server as people read it.

    >>> time("2026-03-04T16:00:00.000+0000")
    'Wed 2026-03-04 16:00'
    """
    from tailmass.cli.table import when

    return "" if stamp is None else when(int(datetime.fromisoformat(stamp).timestamp()))


def count(number: float | None) -> str:
    """A number of things, with commas."""
    return "" if number is None else f"{number:,.0f}"


def flat(document: Document) -> dict[str, Any]:
    """A record as a row of a data frame has it; what only its causes say is that of the worst one."""
    worst = (document.get("causes") or [{}])[0]
    row: dict[str, Any] = {
        re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name): json.dumps(value)
        if name in ("causes", "influencers")
        else value
        for name, value in document.items()
    }
    for name in ("actual", "typical"):
        value = document.get(name, worst.get(name))
        values = value if isinstance(value, list) else [value]
        row[name] = values[0]
        if len(values) > 1:
            row[f"{name}_longitude"] = values[1]
    return row


def series(document: Document) -> str:
    """Whose record it is.

    >>> series({"partitionFieldName": "site", "partitionFieldValue": "b", "byFieldName": "host", "byFieldValue": "h1"})
    'site=b host=h1'
    """
    splits = [(document.get(f"{split}FieldName"), document.get(f"{split}FieldValue"))
              for split in ("partition", "over", "by")]  # fmt: skip
    return " ".join(f"{name}={value}" for name, value in splits if name and value is not None) or "all rows"


def _times(document: Document) -> str:
    from tailmass.cli.table import WITHOUT_TIMES, times

    row = flat(document)
    return "" if row["function"] in WITHOUT_TIMES else times(row["actual"], row["typical"])


def _measured(document: Document, name: str) -> str:
    from tailmass.cli.table import measured

    return measured(flat(document), name)


def _function(document: Document) -> str:
    from tailmass.cli.table import function

    return function(flat(document))


def _influencers(document: Document) -> str:
    from tailmass.cli.table import influencers

    return influencers(flat(document))


def _counts(document: Document) -> Mapping[str, Any]:
    counts: Mapping[str, Any] = document.get("counts", {})
    return counts


BUCKETS: Columns = {
    " score": lambda bucket: marked(bucket["anomalyScore"]),
    "when (UTC)": lambda bucket: time(bucket["timestamp"]),
    " worst record": lambda bucket: marked(bucket["maxNormalizedProbability"]),
    " records": lambda bucket: count(bucket["recordCount"]),
    " rows": lambda bucket: count(bucket.get("eventCount")),
    "": lambda bucket: "interim" if bucket["isInterim"] else "",
}
RECORDS: Columns = {
    " score": lambda record: marked(record["normalizedProbability"]),
    "when (UTC)": lambda record: time(record["timestamp"]),
    "series": series,
    " actual": lambda record: _measured(record, "actual"),
    " typical": lambda record: _measured(record, "typical"),
    " ×": _times,
    "function": _function,
    "influencers": _influencers,
    "": lambda record: "interim" if record["isInterim"] else "",
}
INFLUENCERS: Columns = {
    " score": lambda influencer: marked(influencer["anomalyScore"]),
    "when (UTC)": lambda influencer: time(influencer["timestamp"]),
    "field": lambda influencer: influencer["influencerFieldName"],
    "value": lambda influencer: influencer["influencerFieldValue"],
    "": lambda influencer: "interim" if influencer["isInterim"] else "",
}
CATEGORIES: Columns = {
    " id": lambda category: str(category["categoryId"]),
    "words": lambda category: category["terms"],
    "example": lambda category: next(iter(category["examples"]), ""),
}
JOBS: Columns = {
    "job": lambda job: job["id"],
    "status": lambda job: job["status"],
    " rows": lambda job: count(_counts(job).get("processedRecordCount", 0)),
    "newest row (UTC)": lambda job: time(_counts(job).get("latestRecordTimeStamp")),
    "description": lambda job: job.get("description", ""),
}
SNAPSHOTS: Columns = {
    "snapshot": lambda snapshot: snapshot["snapshotId"],
    "taken (UTC)": lambda snapshot: time(snapshot["timestamp"]),
    "rows until (UTC)": lambda snapshot: time(snapshot.get("latestRecordTimeStamp")),
    " bytes": lambda snapshot: count(snapshot.get("modelSizeStats", {}).get("modelBytes")),
    "description": lambda snapshot: snapshot.get("description", ""),
}
COUNTS: Columns = {
    "file": lambda upload: upload["file"],
    "job": lambda upload: upload["jobId"],
    " rows": lambda upload: count(upload.get("processedRecordCount")),
    " without a time": lambda upload: count(upload.get("invalidDateCount")),
    " too late": lambda upload: count(upload.get("outOfOrderTimeStampCount")),
    "newest row (UTC)": lambda upload: time(upload.get("latestRecordTimeStamp")),
}
