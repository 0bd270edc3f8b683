"""`tailmass data`: rows on their way into the jobs of a server."""

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from tailmass.cli.connect import DEFAULT_URL, JobId, Token, Url, connected, exit_code, sentence
from tailmass.cli.interrupt import interrupt
from tailmass.cli.output import Format

if TYPE_CHECKING:
    from tailmass.client import Client

data = typer.Typer(help="Send rows to the jobs of a server.", no_args_is_help=True)

PIECE_BYTES = 1 << 16
BATCH_BYTES = 1 << 22
"""Most of a stream that waits until it is sent."""

Jobs = Annotated[str, typer.Argument(metavar="JOB[,JOB...]", help="Ids of the jobs, with commas.")]
Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="In the format of the jobs; may be gzipped; - reads stdin.")
]
Close = Annotated[bool, typer.Option("--close", help="Close the jobs at the end.")]


@data.command()
def send(
    jobs: Jobs,
    files: Files,
    store: Annotated[bool, typer.Option("--store", help="Have the server keep the rows beside the results.")] = False,
    reset_start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Empty the buckets from here first, to send them anew.")
    ] = None,
    reset_end: Annotated[str | None, typer.Option(metavar="TIME", help="Last of these, included.")] = None,
    ignore_downtime: Annotated[
        bool, typer.Option("--ignore-downtime", help="Take the gap since the last rows as planned.")
    ] = False,
    close: Close = False,
    form: Annotated[Format, typer.Option("--format", help="How to write what became of the rows.")] = Format.TABLE,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Send files to one or several jobs, one after the other, and print what became of their rows.

    A file that is compressed goes over the wire as it is. Rows of all sizes are sent as they are read.

    \b
    Examples:
      tailmass data send web access-*.csv.gz --close
      tailmass data send web,shop access.csv
      zcat access.csv.gz | tailmass data send web -

    Exit codes: 0 done, 2 no such job, 3 a job refused the rows, or they cannot be read.
    """
    from tailmass.cli.columns import COUNTS
    from tailmass.cli.documents import write
    from tailmass.errors import EngineError

    ids, code = jobs.split(","), 0
    again = {"reset_start": reset_start, "reset_end": reset_end, "ignore_downtime": ignore_downtime or None}

    def uploads(client: "Client") -> Iterator[list[dict[str, Any]]]:
        nonlocal code
        for file in files:
            answers = _uploaded(client, ids, file, {"store": store, **again})
            for job_id, answer in answers.items():
                if isinstance(answer, EngineError):
                    typer.echo(f"Error: {job_id}: {sentence(answer)}", err=True)
                    code = max(code, exit_code(answer))
            yield [
                {"file": file, "jobId": job_id, **answer}
                for job_id, answer in answers.items()
                if not isinstance(answer, EngineError)
            ]

    with connected(url, token) as client:
        write(uploads(client), form, COUNTS)
        if close:
            for each in ids:
                client.data.close(each)
    if code:
        raise typer.Exit(code)


@data.command()
def stream(
    jobs: Jobs,
    every: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long rows wait for others.")] = 1.0,
    close: Close = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Send the lines of stdin as they come, until it ends or Ctrl-C is pressed.

    The rows of each second are an upload of their own, so that others may use the job between two of them. A line is a
    row; the first one is the header, if the format of the jobs has one.

    \b
    Examples:
      tail -n +1 -f access.csv | tailmass data stream web
      vmstat-json | tailmass data stream machine --every 10 --close
    """
    ids, rows, without_time, too_late = jobs.split(","), 0, 0, 0
    with connected(url, token) as client:
        description = client.jobs.get(ids[0]).get("dataDescription", {})
        headed = str(description.get("format", "DELIMITED")).upper() in ("DELIMITED", "DELINEATED")
        for batch in _batches(sys.stdin.fileno(), every, headed=headed):
            for answer in client.data.upload_many(ids, batch).values():
                if not isinstance(answer, dict):
                    raise answer
                rows += answer["processedRecordCount"]
                without_time += answer["invalidDateCount"]
                too_late += answer["outOfOrderTimeStampCount"]
        if close:
            for each in ids:
                client.data.close(each)
    typer.echo(f"{rows:,} rows sent, {without_time:,} of them without a time, {too_late:,} too late", err=True)


@data.command()
def preview(
    job_id: JobId,
    file: Annotated[str, typer.Argument(metavar="FILE", help="In the format of the job; - reads stdin.")],
    url: Url = DEFAULT_URL,
    token: Token = None,
) -> None:
    """Print rows as the analysis would see them, after all transforms, as CSV; nothing is analysed.

    \b
    Example:
      head -100 access.csv | tailmass data preview web -
    """
    with connected(url, token) as client, _opened(file) as rows:
        first = rows.read(PIECE_BYTES)
        typer.echo(
            client.data.preview(job_id, _pieces(rows, first, lambda sent, lines: None), gzipped=_gzipped(first)),
            nl=False,
        )


def _uploaded(client: "Client", ids: list[str], file: str, options: dict[str, Any]) -> dict[str, Any]:
    """What each job answers to a file, while a bar shows how far it has been sent."""
    from tailmass.cli.progress import progress

    with ExitStack() as stack:
        rows = stack.enter_context(_opened(file))
        size = 0 if file == "-" else os.fstat(rows.fileno()).st_size
        report = stack.enter_context(progress(f"Sending {'stdin' if file == '-' else Path(file).name}"))
        first = rows.read(PIECE_BYTES)
        gzipped = _gzipped(first)
        pieces = _pieces(rows, first, lambda sent, lines: report(sent, size, 0 if gzipped else lines))
        return dict(client.data.upload_many(ids, pieces, gzipped=gzipped, **options))


def _opened(file: str) -> IO[bytes]:
    return open(sys.stdin.fileno(), "rb", closefd=False) if file == "-" else Path(file).open("rb")


def _gzipped(head: bytes) -> bool:
    return head.startswith(b"\x1f\x8b")


def _pieces(rows: IO[bytes], piece: bytes, report: Callable[[int, int], None]) -> Iterator[bytes]:
    """The bytes of a file; told is how many there have been, and how many lines."""
    sent = lines = 0
    while piece:
        yield piece
        sent, lines = sent + len(piece), lines + piece.count(b"\n")
        report(sent, lines)
        piece = rows.read(PIECE_BYTES)


def _batches(source: int, every: float, *, headed: bool) -> Iterator[bytes]:
    """Whole lines of a file descriptor, those of some seconds together, each time below the header if there is one."""
    header = b""
    for lines in _lines(source, every):
        if headed and not header:
            header, _, lines = lines.partition(b"\n")
            header += b"\n"
        if lines:
            yield header + lines


def _lines(source: int, every: float) -> Iterator[bytes]:
    waiting, due = b"", 0.0
    with interrupt() as interrupted:
        while True:
            whole = waiting.rfind(b"\n") + 1
            left = max(0.0, due - time.monotonic())
            if whole and (not left or whole >= BATCH_BYTES):
                yield waiting[:whole]
                waiting = waiting[whole:]
                continue
            ready = select.select([source, interrupted], [], [], left if whole else None)[0]
            if interrupted in ready:
                break
            if not ready:
                continue
            piece = os.read(source, PIECE_BYTES)
            if not piece:
                break
            if not whole:
                due = time.monotonic() + every
            waiting += piece
    if waiting:
        yield waiting if waiting.endswith(b"\n") else waiting + b"\n"
