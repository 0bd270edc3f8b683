from typing import Any

import pytest

from tailmass.errors import ConditionInvalidArgument, EngineError, UnknownOperator
from tailmass.jobs import Condition
from tailmass.jobs.conditions import COMPARISONS


@pytest.mark.parametrize(
    ("written", "echoed"),
    [
        ({"operator": "lt", "value": "5"}, {"operator": "LT", "value": "5"}),
        ({"operator": "GtE", "value": " -1.5e3 "}, {"operator": "GTE", "value": " -1.5e3 "}),
        ({"operator": "eq", "value": 5}, {"operator": "EQ", "value": "5"}),
        ({"operator": " gt ", "value": 0.5}, {"operator": "GT", "value": "0.5"}),
        ({"operator": "lte", "value": "0"}, {"operator": "LTE", "value": "0"}),
        ({"operator": "match", "value": "a+"}, {"operator": "MATCH", "value": "a+"}),
        ({"operator": "match", "value": ""}, {"operator": "MATCH", "value": ""}),
    ],
)
def test_a_condition_is_echoed_with_its_operator_in_capitals(written: dict[str, Any], echoed: dict[str, Any]) -> None:
    assert Condition.parse(written).document() == echoed
    assert Condition.parse(echoed).document() == echoed


@pytest.mark.parametrize(
    ("written", "kind", "named"),
    [
        ({"value": "5"}, UnknownOperator, "None"),
        ({"operator": None, "value": "5"}, UnknownOperator, "None"),
        ({"operator": "none", "value": "5"}, UnknownOperator, "NONE"),
        ({"operator": "like", "value": "5"}, UnknownOperator, "LIKE"),
        ({"operator": "eq"}, ConditionInvalidArgument, "EQ"),
        ({"operator": "eq", "value": None}, ConditionInvalidArgument, "EQ"),
        ({"operator": "lt", "value": "five"}, ConditionInvalidArgument, "five"),
        ({"operator": "lt", "value": ""}, ConditionInvalidArgument, "LT"),
        ({"operator": "lt", "value": "NaN"}, ConditionInvalidArgument, "NaN"),
        ({"operator": "lt", "value": "1_000"}, ConditionInvalidArgument, "1_000"),
        ({"operator": "match", "value": "("}, ConditionInvalidArgument, "("),
        ({"operator": "match"}, ConditionInvalidArgument, "MATCH"),
    ],
)
def test_a_condition_that_cannot_work_is_refused(written: dict[str, Any], kind: type[EngineError], named: str) -> None:
    with pytest.raises(kind) as refused:
        Condition.parse(written)
    assert named in refused.value.message


def test_some_conditions_only_compare() -> None:
    Condition(operator="LT", value="1").verify(allowed=COMPARISONS)
    with pytest.raises(UnknownOperator, match="LT, LTE, GT, GTE"):
        Condition(operator="match", value="1").verify(allowed=COMPARISONS)
