from typing import Any

import pytest

from tailmass.errors import (
    ConditionInvalidArgument,
    DetectorParseError,
    DetectorUnknownField,
    EngineError,
    InvalidFunction,
    InvalidValue,
    UnknownOperator,
)
from tailmass.jobs import Detector

ABOVE: dict[str, Any] = {"conditionType": "NUMERICAL_ACTUAL", "condition": {"operator": "GT", "value": "5"}}

KNOWN: dict[str, Any] = {"conditionType": "CATEGORICAL", "fieldName": "host", "valueList": "known"}


def detector(rule: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"function": "mean", "fieldName": "bytes", "byFieldName": "host", **more, "detectorRules": [rule]}


def test_a_rule_is_echoed_as_it_was_written() -> None:
    written = detector(
        {
            "ruleAction": "FILTER_RESULTS",
            "targetFieldName": "host",
            "targetFieldValue": "a",
            "conditionsConnective": "AND",
            "ruleConditions": [
                {**ABOVE, "fieldName": "host", "fieldValue": "a"},
                KNOWN,
            ],
        }
    )
    assert Detector.parse(written).value_lists == ("known",)
    assert Detector.parse(written).document() == written


def test_a_rule_that_leaves_out_what_goes_without_saying_means_it() -> None:
    made = Detector.parse(detector({"ruleConditions": [ABOVE]}))
    assert made.detector_rules is not None
    assert (made.detector_rules[0].rule_action, made.detector_rules[0].conditions_connective) == (
        "FILTER_RESULTS",
        "OR",
    )


@pytest.mark.parametrize(
    ("rule", "more", "kind"),
    [
        ({}, {}, InvalidValue),
        ({"ruleConditions": []}, {}, InvalidValue),
        ({"ruleConditions": [ABOVE], "targetFieldName": "user"}, {}, InvalidValue),
        ({"ruleConditions": [{**ABOVE, "fieldName": "user"}]}, {}, InvalidValue),
        ({"ruleConditions": [{"conditionType": "NUMERICAL_TYPICAL"}]}, {}, InvalidValue),
        ({"ruleConditions": [ABOVE], "targetFieldValue": "a"}, {}, InvalidValue),
        ({"ruleConditions": [{**ABOVE, "fieldValue": "a"}]}, {}, InvalidValue),
        ({"ruleConditions": [{**ABOVE, "valueList": "known"}]}, {}, InvalidValue),
        ({"ruleConditions": [{"conditionType": "CATEGORICAL"}]}, {}, InvalidValue),
        ({"ruleConditions": [{**KNOWN, "fieldName": None}]}, {}, InvalidValue),
        ({"ruleConditions": [{**KNOWN, "valueList": None}]}, {}, InvalidValue),
        ({"ruleConditions": [{**KNOWN, "fieldValue": "a"}]}, {}, InvalidValue),
        ({"ruleConditions": [{**KNOWN, "condition": ABOVE["condition"]}]}, {}, InvalidValue),
        ({"ruleConditions": [{"conditionType": "OTHER"}]}, {}, InvalidValue),
        ({"ruleConditions": [{}]}, {}, DetectorParseError),
        ({"ruleAction": "EXPLODE", "ruleConditions": [ABOVE]}, {}, InvalidValue),
        ({"conditionsConnective": "XOR", "ruleConditions": [ABOVE]}, {}, InvalidValue),
        ({"ruleConditions": [ABOVE], "colour": 1}, {}, DetectorUnknownField),
        ({"ruleConditions": [{**ABOVE, "condition": {"operator": "EQ", "value": "5"}}]}, {}, UnknownOperator),
        ({"ruleConditions": [{**ABOVE, "condition": {"operator": "GT"}}]}, {}, ConditionInvalidArgument),
        ({"ruleConditions": [ABOVE]}, {"function": "metric"}, InvalidFunction),
        ({"ruleConditions": [ABOVE]}, {"function": "lat_long"}, InvalidFunction),
        ({"ruleConditions": [ABOVE]}, {"function": "rare", "fieldName": None}, InvalidFunction),
        (
            {"ruleConditions": [ABOVE]},
            {"function": "freq_rare", "fieldName": None, "overFieldName": "user"},
            InvalidFunction,
        ),
    ],
)
def test_a_rule_that_cannot_work_is_refused(
    rule: dict[str, Any], more: dict[str, Any], kind: type[EngineError]
) -> None:
    with pytest.raises(kind):
        Detector.parse(detector(rule, **more))
