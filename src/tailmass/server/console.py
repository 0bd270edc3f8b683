"""What the server says on its standard error: a line an event, for people or for programs.

Whatever was sent by someone is written so that it can neither begin a line of its own nor move the cursor.
"""

import logging
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

_KNOWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"}
_PLAIN = re.compile(r"[\w.:/@+-]+", re.ASCII)


class Console(logging.Formatter):
    """Lines for people: time, level, who says it, what, and what more is known as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """One event; the lines of a traceback follow it, each of them set in."""
        words = [_time(record), record.levelname, f"{record.name}:", escaped(record.getMessage())]
        words += [f"{name}={_value(value)}" for name, value in _extras(record).items()]
        below = [f"    {escaped(line)}" for line in _traceback(record).splitlines()]
        return "\n".join([" ".join(words), *below])


class JsonLines(logging.Formatter):
    """Lines for programs: one JSON document an event."""

    def format(self, record: logging.LogRecord) -> str:
        """One event."""
        told: dict[str, Any] = {name: str(value) for name, value in _extras(record).items()}
        told |= {"time": _time(record), "level": record.levelname, "logger": record.name}
        told["message"] = record.getMessage()
        if traceback := _traceback(record):
            told["traceback"] = traceback
        # Half a surrogate pair, as a path that is not UTF-8 has, cannot be encoded.
        clean = {name: text.encode("utf-8", "backslashreplace").decode() for name, text in told.items()}
        return msgspec.json.encode(clean).decode()


FORMATS = {"console": Console, "json": JsonLines}


def install(form: str) -> None:
    """Let everything that is logged in this process be said in a form, unless somebody has seen to it already."""
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATS[form]())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def escaped(text: str) -> str:
    r"""The text with everything that is not shown as itself written out.

    >>> print(escaped("GET /\n2026-01-01 ERROR all is lost\x1b[2J"))
    GET /\n2026-01-01 ERROR all is lost\x1b[2J
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else '"' + escaped(text).replace('"', '\\"') + '"'


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    """What was given beside the message."""
    return {name: value for name, value in vars(record).items() if name not in _KNOWN}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _traceback(record: logging.LogRecord) -> str:
    parts = [logging.Formatter().formatException(record.exc_info)] if record.exc_info else []
    return "\n".join([*parts, *([record.stack_info] if record.stack_info else [])])
