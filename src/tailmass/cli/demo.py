"""`tailmass demo`: generated airline data, the anomaly in it, and the server that shows it."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from tailmass.cli.complaint import DATA, USAGE, complaining

if TYPE_CHECKING:
    from tailmass.client import Client

DETECTOR = "mean(responsetime) by airline"
JOB_ID = "farequote"
_SHOWN = 5


def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on; 0 takes a free one.")] = 8080,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the results, or exit after the table.")
    ] = True,
    home: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the demo here. [default: a directory that goes with it]")
    ] = None,
) -> None:
    """Find the anomaly in generated airline data, then serve it.

    86,000 response times of 19 airlines over five days are made up and analysed; in ten minutes of the third day one
    airline is three times as slow as it should be. The table shows whether that was found. Then the REST server starts
    with the same data in a job called farequote, until Ctrl-C.

    \b
    Examples:
      tailmass demo
      tailmass demo --no-serve
      tailmass demo --port 9000
    """
    if serve:
        _check_port(port)
    with TemporaryDirectory(prefix="tailmass-demo-") as directory:
        data = _make(Path(directory))
        _show(data)
        if serve:
            with nullcontext(home) if home is not None else TemporaryDirectory(prefix="tailmass-home-") as kept:
                _serve(data, Path(kept), port)


def _check_port(port: int) -> None:
    """Find out now, not after the analysis, that something else listens there."""
    import socket

    with complaining(USAGE), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ValueError(f"port {port} cannot be used ({error.strerror}): give another with --port") from None


def _make(directory: Path) -> Path:
    from tailmass.feeds import farequote

    data = directory / "farequote.csv"
    data.write_bytes(farequote.csv())
    return data


def _show(data: Path) -> None:
    """Analyse the file and print the top of the ranking."""
    from tailmass.cli.output import Format, records_of, write
    from tailmass.cli.progress import progress

    typer.echo(f'Looking for what is unusual in "{DETECTOR}" (the first run compiles for a minute)', err=True)
    with complaining(DATA), progress(f"Analysing {data.name}") as report:
        from tailmass.engine.detect import detect

        results = detect(data, DETECTOR, bucket_span="15m", progress=report)
    records = records_of(results)
    rows, airlines = results.counts.processed_record_count, 19
    typer.echo(
        f"{rows:,} rows of {airlines} airlines over 5 days, {len(records):,} records; the first {_SHOWN}:", err=True
    )
    write(records[:_SHOWN], Format.TABLE, results)
    sys.stdout.flush()


def _serve(data: Path, home: Path, port: int) -> None:
    """Run the real server, and fill a job over HTTP as anybody would."""
    import logging

    from tailmass.cli.server import run

    spoken = logging.StreamHandler()
    spoken.setLevel(logging.WARNING)  # the log files have it all; what is of interest here is said below
    logging.basicConfig(handlers=[spoken])
    given = {"home": home, "port": port, "host": "127.0.0.1"}
    run(given, _in_background(lambda url: _fill(url, data)))


def _in_background(work: Callable[[str], None]) -> Callable[[str], None]:
    """The server calls back on the thread that answers requests, and the work makes requests."""
    return lambda url: Thread(target=work, args=(url,), daemon=True).start()


def _fill(url: str, data: Path) -> None:
    """Create the job, send the rows, and say where the results are."""
    from tailmass.client import Client
    from tailmass.errors import EngineError

    try:
        _send(Client(url), data)
    except (EngineError, OSError) as error:
        typer.echo(f"Error: {url} did not take the rows: {error}. Ctrl-C stops it.", err=True)
        return
    typer.echo(
        f"\nThe same rows are in the job {JOB_ID!r} of a server now:\n"
        f"  {url}/engine/v2/jobs/{JOB_ID}\n"
        f"  {url}/engine/v2/results/{JOB_ID}/records?take=5\n"
        f"  {url}/docs says what else it answers.\n"
        "Ctrl-C stops it.",
    )
    sys.stdout.flush()


def _send(client: "Client", data: Path) -> None:
    from tailmass.feeds import farequote

    client.jobs.create(
        {
            "id": JOB_ID,
            "description": "Generated airline response times",
            "analysisConfig": {
                "bucketSpan": 900,
                "detectors": [{"function": "mean", "fieldName": "responsetime", "byFieldName": "airline"}],
                "influencers": ["airline"],
            },
            "dataDescription": {"fieldDelimiter": ",", "timeField": "time", "timeFormat": farequote.TIME_FORMAT},
        },
        overwrite=True,
    )
    with data.open("rb") as rows:
        client.data.upload(JOB_ID, rows)
    client.data.close(JOB_ID)
