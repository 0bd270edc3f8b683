"""How an event of the log becomes one line that nothing in it can break into two."""

import json
import logging
import re
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

_USUAL = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""What every event has; the rest are fields of its own."""

# What JSON leaves as it is and terminals and editors take for more than a letter: control characters, ends of lines,
# changes of direction, and halves of a surrogate pair, which no file could hold.
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class JsonLine(logging.Formatter):
    """An event as one JSON object, for files: time, level, logger, message, fields of its own, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line without its end."""
        told: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return escaped(json.dumps(told, ensure_ascii=False, default=_plainly))


def escaped(text: str) -> str:
    r"""The text on one line, with the odd characters written as JSON would.

    >>> escaped("a\nb")
    'a\\u000ab'
    """
    return _ODD.sub(lambda odd: f"\\u{ord(odd[0]):04x}", text)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plainly(value: object) -> object:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _USUAL}
