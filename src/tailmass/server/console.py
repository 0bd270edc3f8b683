"""What the server says on its standard error: a line an event, for people or for programs.

Whatever was sent by someone is written so that it can neither begin a line of its own nor move the cursor.
"""

import logging
import re

from tailmass.results.text import escaped
from tailmass.server import loglines
from tailmass.server.loglines import JsonLine

_PLAIN = re.compile(r"[\w.:/@+-]+", re.ASCII)


class Console(logging.Formatter):
    """Lines for people: time, level, who says it, what, and what more is known as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """One event; the lines of a traceback follow it, each of them set in."""
        words = [loglines.time(record), record.levelname, f"{record.name}:", escaped(record.getMessage())]
        words += [f"{name}={_value(value)}" for name, value in loglines.fields(record).items()]
        below = [f"    {escaped(line)}" for line in loglines.traceback(record).splitlines()]
        return "\n".join([" ".join(words), *below])


FORMATS = {"console": Console, "json": JsonLine}


def install(form: str) -> None:
    """Let everything that is logged in this process be said in a form, unless somebody has seen to it already."""
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATS[form]())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else '"' + escaped(text).replace('"', '\\"') + '"'
