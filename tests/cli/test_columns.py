from typing import Any

import pytest

from tailmass.cli.columns import RECORDS
from tailmass.cli.documents import Document


def shown(record: Document) -> list[str]:
    always: dict[str, Any] = {
        "timestamp": "2026-03-04T16:00:00.000+0000",
        "normalizedProbability": 80,
        "isInterim": False,
    }
    return [show(always | dict(record)) for show in RECORDS.values()][2:7]


@pytest.mark.parametrize(
    ("record", "cells"),
    [
        (
            {"function": "mean", "fieldName": "v", "byFieldName": "n", "byFieldValue": "a", "actual": 6, "typical": 3},
            ["n=a", "6", "3", "2", "mean(v)"],
        ),
        (
            {
                "function": "max",
                "fieldName": "v",
                "overFieldName": "user",
                "overFieldValue": "ann",
                "causes": [{"actual": 9, "typical": 3}, {"actual": 4, "typical": 3}],
            },
            ["user=ann", "9", "3", "3", "max(v)"],
        ),
        (
            {"function": "lat_long", "fieldName": "place", "actual": [50.1, 8.5], "typical": [52.5, 13.4]},
            ["all rows", "50.10,8.50", "52.50,13.40", "", "lat_long(place)"],
        ),
        (
            {"function": "rare", "byFieldName": "process", "byFieldValue": "nc", "actual": 1, "typical": 0.01},
            ["process=nc", "1", "0.01", "", "rare"],
        ),
    ],
)
def test_a_record_of_any_function_is_a_line(record: Document, cells: list[str]) -> None:
    assert shown(record) == cells
