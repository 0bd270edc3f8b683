"""Leaving out of the results what a detector's rules say is of no interest (`detectorRules`)."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from tailmass.analysis.detector import Findings, Names
from tailmass.analysis.selection import chosen
from tailmass.columns import Flags, Floats, Ints
from tailmass.jobs import Detector
from tailmass.jobs.rules import DetectorRule, RuleCondition

_SIDES = {"LT": np.less, "LTE": np.less_equal, "GT": np.greater, "GTE": np.greater_equal}

Values = Mapping[str, pl.Series]
"""The values of each split field, one entry for each thing that is looked at."""


class Rules:
    """What the rules of one detector leave out. They remember nothing: models and counts learn as without them.

    A finding is looked at, or, in a population, each of its causes: what is left of them is reported.

    Parameters
    ----------
    detector : the configuration
    lists : the values of each list that a condition may name
    """

    def __init__(self, detector: Detector, lists: Mapping[str, Sequence[str]]) -> None:
        self._rules = detector.detector_rules or ()
        self._fields = (detector.partition_field_name, detector.by_field_name, detector.over_field_name)
        self._lists = {name: pl.Series(lists[name], dtype=pl.String) for name in detector.value_lists}

    def without(self, found: Findings, names: Callable[[Ints], Names]) -> Findings:
        """The findings but for those that a rule matches; `names` tells the values of series."""
        if not self._rules or not len(found.series):
            return found
        values, causes = self._values(names(found.series)), found.causes
        if causes is None:
            return chosen(found, ~self._matched(values, found.actual, found.typical))
        each = np.repeat(np.arange(len(found.series)), np.diff(causes.offsets))
        values = {name: column.gather(each) for name, column in values.items()}
        if causes.by is not None and self._fields[1]:
            values[self._fields[1]] = pl.Series(causes.by, dtype=pl.String)
        everyone = np.ones(len(found.series), np.bool_)
        return chosen(found, everyone, ~self._matched(values, causes.actual, causes.typical))

    def _values(self, names: Names) -> dict[str, pl.Series]:
        told = zip(self._fields, names, strict=True)
        return {field: pl.Series(values, dtype=pl.String) for field, values in told if field and values is not None}

    def _matched(self, values: Values, actual: Floats, typical: Floats) -> Flags:
        """Whether any rule matches."""
        matched: Flags = np.any([self._matches(rule, values, actual, typical) for rule in self._rules], axis=0)
        return matched

    def _matches(self, rule: DetectorRule, values: Values, actual: Floats, typical: Floats) -> Flags:
        held = [self._holds(each, values, actual, typical) for each in rule.rule_conditions]
        together: Flags = np.all(held, axis=0) if rule.conditions_connective == "AND" else np.any(held, axis=0)
        return together & _is(values, rule.target_field_name, rule.target_field_value, len(actual))

    def _holds(self, condition: RuleCondition, values: Values, actual: Floats, typical: Floats) -> Flags:
        if condition.condition_type == "CATEGORICAL":
            assert condition.field_name
            assert condition.value_list
            listed: Flags = values[condition.field_name].is_in(self._lists[condition.value_list].implode()).to_numpy()
            return listed
        number = {
            "NUMERICAL_ACTUAL": actual,
            "NUMERICAL_TYPICAL": typical,
            "NUMERICAL_DIFF_ABS": np.abs(actual - typical),
        }[condition.condition_type]
        assert condition.condition
        assert condition.condition.operator
        assert condition.condition.value
        there: Flags = _SIDES[condition.condition.operator](number, float(condition.condition.value))
        return there & _is(values, condition.field_name, condition.field_value, len(number))


def _is(values: Values, name: str | None, value: str | None, rows: int) -> Flags:
    """(rows,) whether a field has a value; where no value is named, any will do."""
    if name is None or value is None:
        return np.ones(rows, np.bool_)
    same: Flags = (values[name] == value).to_numpy()
    return same
