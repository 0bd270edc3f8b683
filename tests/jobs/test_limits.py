from typing import Any

import pytest

from tailmass.errors import EngineError, InvalidValue, JobConfigParseError
from tailmass.jobs import AnalysisLimits


@pytest.mark.parametrize(
    ("data", "echoed"),
    [
        ({}, {"modelMemoryLimit": 0}),
        ({"modelMemoryLimit": 2048}, {"modelMemoryLimit": 2048}),
        ({"modelMemoryLimit": -1}, {"modelMemoryLimit": -1}),
        ({"modelMemoryLimit": -4096}, {"modelMemoryLimit": -1}),
        ({"categorizationExamplesLimit": 0}, {"modelMemoryLimit": 0, "categorizationExamplesLimit": 0}),
    ],
)
def test_limits_are_echoed_and_no_limit_is_minus_one(data: dict[str, Any], echoed: dict[str, Any]) -> None:
    assert AnalysisLimits.parse(data).document() == echoed


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"categorizationExamplesLimit": -1}, InvalidValue),
        ({"modelMemoryLimit": "4GB"}, JobConfigParseError),
        ({"modelMemoryLimit": True}, JobConfigParseError),
    ],
)
def test_a_limit_that_is_none_is_refused(data: dict[str, Any], kind: type[EngineError]) -> None:
    with pytest.raises(kind):
        AnalysisLimits.parse(data)
