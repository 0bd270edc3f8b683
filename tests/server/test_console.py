import logging
from datetime import datetime
from typing import Any

from tailmass.server.console import Console

EVIL = "x\n2026-01-01T00:00:00 ERROR all: is lost\r\x1b[2J\u2028\u202e\udcff"


def event(message: str, *arguments: object, exception: BaseException | None = None, **extra: Any) -> logging.LogRecord:
    told = None if exception is None else (type(exception), exception, exception.__traceback__)
    record = logging.LogRecord("tailmass.server", logging.WARNING, __file__, 1, message, arguments, told)
    vars(record).update(extra)
    return record


def test_a_line_says_when_who_what_and_what_more() -> None:
    line = Console().format(event("job %s was slow", "a", job="web-1", seconds=2.5, note="it is so", quoted='a"b'))
    time, rest = line.split(" ", 1)
    assert datetime.fromisoformat(time).utcoffset() is not None
    assert rest == ('WARNING tailmass.server: job a was slow job=web-1 seconds=2.5 note="it is so" quoted="a\\"b"')


def test_what_someone_sent_begins_no_line_of_its_own() -> None:
    line = Console().format(event("GET %s failed", EVIL, path=EVIL))
    assert line.isprintable()
    assert line.count(r"x\n2026-01-01") == 2


def test_nor_does_it_in_a_traceback() -> None:
    try:
        raise ValueError(EVIL)
    except ValueError as error:
        said = Console().format(event("failed", exception=error))
    first, *others = said.split("\n")
    assert first.endswith("failed")
    assert len(others) > 3
    assert all(line.startswith("    ") and line.isprintable() for line in others)
