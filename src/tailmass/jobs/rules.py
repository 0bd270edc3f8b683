"""Rules that keep a detector quiet about results that are of no interest."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import BeforeValidator

from tailmass.errors import InvalidFunction, InvalidValue
from tailmass.jobs.conditions import COMPARISONS, Condition
from tailmass.jobs.wire import Name, Wire, word

_WITHOUT_RULES = ("freq_rare", "lat_long", "metric", "rare")


class RuleCondition(Wire):
    """One thing that has to hold of a result: of a number in it, or of a value being on a list."""

    condition_type: Annotated[
        Literal["NUMERICAL_ACTUAL", "NUMERICAL_TYPICAL", "NUMERICAL_DIFF_ABS", "CATEGORICAL"], BeforeValidator(word)
    ]
    field_name: Name = None
    field_value: Name = None
    condition: Condition | None = None
    value_list: Name = None

    def check(self, fields: Collection[str]) -> None:
        """Raise when the condition is incomplete, has what it cannot use, or is on a field of no detector's."""
        _of_the_detector("fieldName", self.field_name, fields)
        if self.condition_type == "CATEGORICAL":
            self._only("fieldName", "valueList")
        else:
            self._only("condition", others=("fieldName", "fieldValue"))
            assert self.condition
            self.condition.verify(allowed=COMPARISONS)
        if self.field_value is not None and self.field_name is None:
            raise InvalidValue("A rule condition has a 'fieldValue' and no 'fieldName' to have it: set that")

    def _only(self, *needed: str, others: Collection[str] = ()) -> None:
        parts = {
            "fieldName": self.field_name,
            "fieldValue": self.field_value,
            "condition": self.condition,
            "valueList": self.value_list,
        }
        for what, part in parts.items():
            if part is None and what in needed:
                raise InvalidValue(f"A {self.condition_type} rule condition needs a '{what}'")
            if part is not None and what not in (*needed, *others):
                raise InvalidValue(f"A {self.condition_type} rule condition cannot use '{what}': remove it")


class DetectorRule(Wire):
    """Results that the detector shall not report."""

    rule_action: Annotated[Literal["FILTER_RESULTS"], BeforeValidator(word)] = "FILTER_RESULTS"
    target_field_name: Name = None
    target_field_value: Name = None
    conditions_connective: Annotated[Literal["OR", "AND"], BeforeValidator(word)] = "OR"
    rule_conditions: tuple[RuleCondition, ...] = ()

    def check(self, function: str, fields: Collection[str]) -> None:
        """Raise when the rule cannot work in a detector with this function and these fields."""
        if function in _WITHOUT_RULES:
            raise InvalidFunction(f"The function {function!r} does not support 'detectorRules': remove them")
        if not self.rule_conditions:
            raise InvalidValue("A detector rule needs at least one of 'ruleConditions'")
        _of_the_detector("targetFieldName", self.target_field_name, fields)
        if self.target_field_value is not None and self.target_field_name is None:
            raise InvalidValue("A detector rule has a 'targetFieldValue' and no 'targetFieldName' to have it: set that")
        for each in self.rule_conditions:
            each.check(fields)


def _of_the_detector(what: str, name: str | None, fields: Collection[str]) -> None:
    if name is not None and name not in fields:
        known = ", ".join(sorted(fields)) or "it splits by none"
        raise InvalidValue(f"'{what}' of a rule is {name!r}: use a field that its detector splits by ({known})")
