"""What the tests of the checklist look for in answers."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

GENERATE = runpy.run_path(str(Path(__file__).parents[3] / "docs" / "generate.py"))
JSON = {"format": "JSON", "timeField": "time", "timeFormat": "epoch"}


def refusal(answered: httpx.Response) -> tuple[int, int]:
    """The status and the number of an error, whether it is bare or that of the first job of an upload."""
    told = answered.json()
    if "responses" in told:
        told = next(each["error"] for each in told["responses"] if "error" in each)
    assert set(told) - {"cause"} == {"errorCode", "message"}
    assert told["message"]
    return answered.status_code, told["errorCode"]


def summary(answered: httpx.Response) -> dict[str, Any]:
    """What became of the rows of an upload to one job."""
    assert answered.status_code == 202, answered.text
    (entry,) = answered.json()["responses"]
    told: dict[str, Any] = entry["uploadSummary"]
    return told


def document(api: httpx.Client, path: str) -> dict[str, Any]:
    """The one document at a path."""
    answered = api.get(path)
    assert answered.status_code == 200, answered.text
    told: dict[str, Any] = answered.json()["document"]
    return told


def documents(api: httpx.Client, path: str, **asked: Any) -> list[dict[str, Any]]:
    """All documents of a list."""
    answered = api.get(path, params={"take": 100_000, **asked})
    assert answered.status_code == 200, answered.text
    told: list[dict[str, Any]] = answered.json()["documents"]
    return told


def nulls(told: Any, place: str = "") -> Iterator[str]:
    """Where in a JSON document there is nothing."""
    if told is None:
        yield place
    for name, value in told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ():
        yield from nulls(value, f"{place}.{name}")
