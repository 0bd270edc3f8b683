import json
import logging
import sys

from tailmass.results import Counts
from tailmass.server.loglines import JsonLine

NASTY = 'x\n2026-01-01 INFO: forged\r\x1b[31m\x85\u2028\u202e\ud800"\\'


def event(message: str, **fields: object) -> logging.LogRecord:
    record = logging.makeLogRecord({"name": "tailmass.engine", "levelno": 20, "levelname": "INFO", "msg": message})
    record.created = 1_400_000_400.25
    vars(record).update(fields)
    return record


def test_an_event_is_one_json_object() -> None:
    told = json.loads(JsonLine().format(event("upload ended", job="a", counts=Counts(input_bytes=7))))
    assert told["counts"]["input_bytes"] == 7
    del told["counts"]
    assert told == {
        "time": "2014-05-13T17:00:00.250Z",
        "level": "INFO",
        "logger": "tailmass.engine",
        "message": "upload ended",
        "job": "a",
    }


def test_no_text_breaks_a_line_or_reaches_the_terminal() -> None:
    line = JsonLine().format(event(NASTY, job=NASTY))
    assert line.encode()  # a file can hold it
    assert line.isprintable()


def test_json_gives_the_text_back() -> None:
    assert json.loads(JsonLine().format(event(NASTY)))["message"] == NASTY


def test_a_traceback_cannot_be_taken_for_a_line() -> None:
    try:
        raise ZeroDivisionError(NASTY)
    except ZeroDivisionError:
        line = JsonLine().format(event("failed", exc_info=sys.exc_info()))
    assert "forged" in json.loads(line)["traceback"]
    assert line.isprintable()


def test_a_field_cannot_take_the_place_of_what_every_event_says() -> None:
    told = json.loads(JsonLine().format(event("said", level="mine", time="never", counts={1: 2})))
    assert (told["level"], told["message"], told["counts"]) == ("INFO", "said", {"1": 2})
    assert told["time"].startswith("2014")
