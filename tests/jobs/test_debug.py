from typing import Any

import pytest

from tailmass.errors import EngineError, InvalidValue, JobConfigParseError
from tailmass.jobs import ModelDebugConfig


@pytest.mark.parametrize(
    ("data", "echoed"),
    [
        ({"boundsPercentile": 95}, {"boundsPercentile": 95.0}),
        ({"boundsPercentile": 0, "terms": "a,b"}, {"boundsPercentile": 0.0, "terms": "a,b"}),
        (
            {"boundsPercentile": 100.0, "writeTo": "data_store"},
            {"boundsPercentile": 100.0, "writeTo": "DATA_STORE"},
        ),
        ({"writeTo": " File "}, {"writeTo": "FILE"}),
    ],
)
def test_where_bounds_go_is_echoed(data: dict[str, Any], echoed: dict[str, Any]) -> None:
    assert ModelDebugConfig.parse(data).document() == echoed
    assert ModelDebugConfig.parse(data).write_to in ("FILE", "DATA_STORE")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"boundsPercentile": -0.1}, InvalidValue),
        ({"boundsPercentile": 100.1}, InvalidValue),
        ({"boundsPercentile": "95"}, JobConfigParseError),
        ({"boundsPercentile": 95, "writeTo": "PRINTER"}, InvalidValue),
    ],
)
def test_bounds_that_are_no_percentage_or_go_nowhere_are_refused(data: dict[str, Any], kind: type[EngineError]) -> None:
    with pytest.raises(kind):
        ModelDebugConfig.parse(data)
