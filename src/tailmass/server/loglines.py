"""How an event of the log becomes one line that nothing in it can break into two."""

import json
import logging
import re
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

_USUAL = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"})
"""What every event has; the rest are fields of its own."""

# What JSON leaves as it is and terminals and editors take for more than a letter: control characters, ends of lines,
# changes of direction, and halves of a surrogate pair, which no file could hold.
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class JsonLine(logging.Formatter):
    """An event as one JSON object: time, level, logger, message, fields of its own, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line without its end."""
        told: dict[str, Any] = {
            "time": time(record).replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: value for name, value in fields(record).items() if name not in told}
        if below := traceback(record):
            told["traceback"] = below
        return escaped(json.dumps(told, ensure_ascii=False, default=_plainly))


def escaped(text: str) -> str:
    r"""The text on one line, with the odd characters written as JSON would.

    >>> escaped("a\nb")
    'a\\u000ab'
    """
    return _ODD.sub(lambda odd: f"\\u{ord(odd[0]):04x}", text)


def time(record: logging.LogRecord) -> str:
    """When it happened."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def traceback(record: logging.LogRecord) -> str:
    """Where the error in it came from, and who called, if it says so."""
    parts = [logging.Formatter().formatException(record.exc_info)] if record.exc_info else []
    return "\n".join([*parts, *([record.stack_info] if record.stack_info else [])])


def _plainly(value: object) -> object:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What more is known of it."""
    return {name: value for name, value in vars(record).items() if name not in _USUAL}
