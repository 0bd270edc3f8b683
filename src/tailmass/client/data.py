"""Data: rows on their way into a job."""

from collections.abc import Sequence

from tailmass.client.body import Data as Rows
from tailmass.client.connection import Connection
from tailmass.client.reply import error
from tailmass.client.request import Document, Moment, ask, moment
from tailmass.errors import EngineError


class Data:
    """The way of rows into the jobs of a server."""

    def __init__(self, connection: Connection) -> None:
        self._send = connection.send

    def upload(
        self,
        job_id: str,
        rows: Rows,
        *,
        gzipped: bool = False,
        store: bool = False,
        reset_start: Moment | None = None,
        reset_end: Moment | None = None,
        ignore_downtime: bool | None = None,
    ) -> Document:
        """Send rows to a job and return the counts of this upload.

        Rows are text, bytes, an open file, or any iterable of text or bytes; the last two are never held whole.
        ``gzipped`` says that they are compressed already. ``store`` keeps a copy of them beside the results.
        ``reset_start`` and ``reset_end`` (inclusive) empty the buckets between them first; ``ignore_downtime`` takes
        the gap since the last rows as planned.
        """
        answers = self.upload_many(
            [job_id],
            rows,
            gzipped=gzipped,
            store=store,
            reset_start=reset_start,
            reset_end=reset_end,
            ignore_downtime=ignore_downtime,
        )
        answer = next(iter(answers.values()), {})  # version 0.3 answers with nothing
        if isinstance(answer, EngineError):
            raise answer
        return answer

    def upload_many(
        self,
        job_ids: Sequence[str],
        rows: Rows,
        *,
        gzipped: bool = False,
        store: bool = False,
        reset_start: Moment | None = None,
        reset_end: Moment | None = None,
        ignore_downtime: bool | None = None,
    ) -> dict[str, Document | EngineError]:
        """Send the same rows to several jobs; return for each its counts, or the error that only it met."""
        request = ask(
            "POST",
            "dataload" if store else "data",
            ",".join(job_ids),
            resetStart=moment(reset_start),
            resetEnd=moment(reset_end),
            ignoreDowntime=ignore_downtime,
        )
        document = self._send(request.uploading(rows, gzipped=gzipped)).result()
        return {answer["jobId"]: _summary(answer) for answer in document.get("responses", [])}

    def preview(self, job_id: str, rows: Rows, *, gzipped: bool = False) -> str:
        """The rows as the analysis would see them, as CSV; nothing is analysed."""
        return self._send(ask("POST", "preview", job_id).uploading(rows, gzipped=gzipped)).checked().text()

    def flush(
        self,
        job_id: str,
        *,
        calc_interim: bool = False,
        start: Moment | None = None,
        end: Moment | None = None,
        advance_time: Moment | None = None,
    ) -> None:
        """Wait until all rows sent are analysed and their results can be read.

        ``calc_interim`` adds results of the buckets that are not complete, those in [``start``, ``end``) if given.
        ``advance_time`` promises that nothing older will come.
        """
        request = ask(
            "POST",
            "data",
            job_id,
            "flush",
            calcInterim=calc_interim,
            start=moment(start),
            end=moment(end),
            advanceTime=moment(advance_time),
        )
        self._send(request).result()

    def close(self, job_id: str) -> None:
        """Analyse what is buffered, keep the model, and stop."""
        self._send(ask("POST", "data", job_id, "close")).result()


def _summary(answer: Document) -> Document | EngineError:
    if "error" in answer:
        return error(answer["error"])
    summary: Document = answer.get("uploadSummary", {})
    return summary
