"""The server that a command talks to, and how what it refuses is told."""

import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TextIO, TypeAlias

import typer

from tailmass.cli.complaint import DATA, USAGE, complain

if TYPE_CHECKING:
    from tailmass.client import Client
    from tailmass.errors import EngineError

DEFAULT_URL = "http://localhost:8080"

Url: TypeAlias = Annotated[str, typer.Option(metavar="URL", envvar="TAILMASS_URL", help="Where the server is.")]
Token: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TOKEN", envvar="TAILMASS_TOKEN", help="What opens a server that asks for one.")
]
JobId: TypeAlias = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")]


@contextmanager
def connected(url: str, token: str | None, *, timeout: float | None = None) -> "Iterator[Client]":
    """A client of the server; what it refuses, or that it is not there, becomes a sentence and an exit code.

    `timeout` is how many seconds of silence are borne, None for any.
    """
    from http.client import HTTPException

    from tailmass.client import Client
    from tailmass.errors import EngineError

    try:
        yield Client(url, token=token, timeout=timeout)
    except EngineError as error:
        complain(sentence(error), exit_code(error))
    except (OSError, HTTPException) as error:
        if isinstance(error, BrokenPipeError) and _unread(sys.stdout):
            raise  # it is not the server that has gone
        if isinstance(error, OSError) and error.filename:
            complain(f"{error.filename}: {error.strerror}", DATA)
        reason = getattr(error, "strerror", None) or error
        complain(f"no answer from {url} ({reason}): start `tailmass server`, or say where it is with --url", DATA)
    except ValueError as error:
        complain(" ".join(str(error).split()), USAGE)


def _unread(out: TextIO) -> bool:
    """Whether the reader of a pipe has gone."""
    state = select.poll()
    state.register(out, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in state.poll(0))


def sentence(error: "EngineError") -> str:
    """What a server says is wrong, with its number."""
    told = error.message if error.cause is None else f"{error.message} ({error.cause})"
    return f"{' '.join(told.split())} ({error.code})"


def exit_code(error: "EngineError") -> int:
    """Wrong usage if there is no such job or log, or what is asked cannot be; else a problem with the data."""
    from tailmass.errors import ConfigurationError, LogError, MissingJob, RequestError

    return USAGE if isinstance(error, ConfigurationError | LogError | MissingJob | RequestError) else DATA
