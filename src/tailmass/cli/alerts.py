"""`tailmass alerts`: be told when a job has something unusual to tell."""

import json
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailmass.cli.complaint import ANOMALIES, USAGE, complain
from tailmass.cli.connect import DEFAULT_URL, JobId, Token, Url, connected

if TYPE_CHECKING:
    from tailmass.cli.documents import Document

alerts = typer.Typer(help="Be told when a job has something unusual to tell.", no_args_is_help=True)

POLL_SECONDS = 90.0
"""How long one request waits; proxies in between cut off what takes much longer."""


class Kind(StrEnum):
    """What an alert may be about."""

    BUCKET = "bucket"
    INFLUENCER = "influencer"
    BUCKET_INFLUENCER = "bucketinfluencer"


class Form(StrEnum):
    """How alerts are written."""

    TABLE = "table"
    NDJSON = "ndjson"


@alerts.command()
def watch(
    job_id: JobId,
    score: Annotated[
        float | None, typer.Option(min=0, max=100, metavar="SCORE", help="Lowest score of a bucket to be told of.")
    ] = None,
    record_score: Annotated[
        float | None, typer.Option(min=0, max=100, metavar="SCORE", help="Lowest score of a record to be told of.")
    ] = None,
    on: Annotated[
        list[Kind] | None, typer.Option(help="Whose score --score means; again for several. [default: bucket]")
    ] = None,
    interim: Annotated[bool, typer.Option("--interim", help="Interim results, too.")] = False,
    once: Annotated[bool, typer.Option("--once", help="End at the first alert, with exit code 1.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="End after so long. [default: never]")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How to write the alerts.")] = Form.TABLE,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Wait for alerts of a job that runs, and print each, until Ctrl-C is pressed or the job stops.

    What the job finds between two alerts while this command is busy is not told; `tailmass results` has it all.

    \b
    Examples:
      tailmass alerts watch web --score 75
      tailmass alerts watch web --record-score 90 --format ndjson | while read alert; do page "$alert"; done
      tailmass alerts watch web --score 50 --once --timeout 300 || echo "something is wrong"

    Exit codes: 0 done, 1 an alert came with --once, 2 the job does not run, or wrong usage, 3 no answer of the server.
    """
    if score is None and record_score is None:
        complain("say from which score on an alert is wanted: give --score or --record-score, from 0 to 100", USAGE)
    ends = None if timeout is None else time.monotonic() + timeout
    try:
        with connected(url, token) as client:
            while True:
                left = POLL_SECONDS if ends is None else min(POLL_SECONDS, ends - time.monotonic())
                if left <= 0:
                    return
                alert = client.alerts.wait(
                    job_id,
                    score=score,
                    probability=record_score,
                    alert_on=on or (),
                    include_interim=interim,
                    timeout=max(1, round(left)),
                )
                if not alert["timeout"]:
                    typer.echo(json.dumps(alert) if form is Form.NDJSON else _told(alert))
                    if once:
                        raise typer.Exit(ANOMALIES)
    except KeyboardInterrupt:
        return


def _told(alert: "Document") -> str:
    """An alert as lines: its bucket, and what was unusual in it."""
    from tailmass.cli.columns import RECORDS, marked, time
    from tailmass.cli.documents import printable

    bucket: dict[str, Any] = alert.get("bucket", {})
    found = alert.get("records") or bucket.get("records", [])
    when = next((each["timestamp"] for each in (bucket, *found) if "timestamp" in each), alert["timestamp"])
    lines = [f"{marked(alert['anomalyScore'])}  {time(when)}  {alert['alertType']}  {alert['uri']}"]
    for record in found:
        shown = (show(record) for name, show in RECORDS.items() if name != "when (UTC)")
        lines.append("  ".join(["", *(printable(cell) for cell in shown if cell)]))
    return "\n".join(lines)
