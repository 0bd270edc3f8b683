"""How a command says no: one sentence with the way out, and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

ANOMALIES = 1
"""The exit code when `--fail-on` was reached."""
USAGE = 2
"""The exit code when the command line is wrong."""
DATA = 3
"""The exit code when the data cannot be read or analysed."""


def complain(sentence: str, code: int) -> NoReturn:
    """Say what is wrong on stderr and exit."""
    typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(code)


@contextmanager
def complaining(code: int) -> Iterator[None]:
    """Turn what is raised on purpose into a sentence; what is not is a bug and keeps its traceback."""
    from tailmass.errors import AnalysisStartError, EngineError

    try:
        yield
    except EngineError as error:
        # These say that the job is wrong, or asks for too much, and the job is what the command line describes.
        asked = 10100 <= error.code < 10200 or isinstance(error, AnalysisStartError)
        sentence = error.message if error.cause is None else f"{error.message} ({error.cause})"
        complain(" ".join(sentence.split()), USAGE if asked else code)
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error), code)
    except (ValueError, UnicodeError) as error:
        complain(" ".join(str(error).split()), code)
