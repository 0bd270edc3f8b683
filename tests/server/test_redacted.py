import json
from typing import Any

import pytest

from tailmass.server.redacted import redacted


@pytest.mark.parametrize(
    "value",
    [
        {"password": "SECRET"},
        {"a": [{"authToken": "SECRET"}]},
        {"tokens": ["SECRET"]},
        {"admin": {"API_KEY": {"value": "SECRET"}}},
        {"url": "postgresql://user:SECRET@host/db"},
        {"url": "postgresql+psycopg://user:S@SECRET/?x@host:5432/db?sslmode=require"},
        {"url": "postgresql://host/db?user=me&password=SECRET"},
        {"told": "see http://user:SECRET@host:9200/index"},
        {"told": "http://SECRET@host"},
    ],
)
def test_secrets_are_hidden_wherever_they_are(value: dict[str, Any]) -> None:
    assert "SECRET" not in json.dumps(redacted(value))
    assert "hidden" in json.dumps(redacted(value))


@pytest.mark.parametrize(
    "value",
    [
        {"url": "postgresql://host:5432/db", "port": 8080, "ratio": 0.5, "on": True, "none": None},
        {"password": None, "list": ["sqlite:////var/lib/x", "a@b"]},
    ],
)
def test_what_is_not_secret_stays(value: dict[str, Any]) -> None:
    assert redacted(value) == value
