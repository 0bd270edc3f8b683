"""Rules over many findings at once, held to their definition for one."""

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.analysis.detector import Causes, Findings, Names
from tailmass.analysis.explanation import looking_like
from tailmass.analysis.rules import Rules
from tailmass.columns import Ints
from tailmass.jobs import Detector
from tailmass.kernels.rate import evidence_as_rare

FIELDS = ("site", "host", None)
LISTS = {"some": ("a", "c", ""), "none": ()}
SIDES = {"LT": operator.lt, "LTE": operator.le, "GT": operator.gt, "GTE": operator.ge}

texts = st.sampled_from(["a", "b", "c", "", "é"])
numbers = st.sampled_from([-1.0, 0.0, 1.0, 2.0, float("nan")])


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(FIELDS))
    if field and draw(st.booleans()):
        return {"conditionType": "CATEGORICAL", "fieldName": field, "valueList": draw(st.sampled_from(sorted(LISTS)))}
    return {
        "conditionType": draw(st.sampled_from(["NUMERICAL_ACTUAL", "NUMERICAL_TYPICAL", "NUMERICAL_DIFF_ABS"])),
        "condition": {"operator": draw(st.sampled_from(sorted(SIDES))), "value": str(draw(st.integers(-1, 2)))},
    } | ({"fieldName": field, "fieldValue": draw(texts) or "x"} if field else {})


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(FIELDS))
    return {
        "conditionsConnective": draw(st.sampled_from(["AND", "OR"])),
        "ruleConditions": draw(st.lists(conditions(), min_size=1, max_size=3)),
    } | ({"targetFieldName": field, "targetFieldValue": draw(texts) or "x"} if field else {})


def matches(rule: dict[str, Any], values: dict[str, str], actual: float, typical: float) -> bool:
    """A rule as it is defined, for one record."""

    def has(name: str | None, value: str | None) -> bool:
        return name is None or values[name] == value

    def holds(condition: dict[str, Any]) -> bool:
        if condition["conditionType"] == "CATEGORICAL":
            return values[condition["fieldName"]] in LISTS[condition["valueList"]]
        number = {"ACTUAL": actual, "TYPICAL": typical, "ABS": abs(actual - typical)}
        compared = number[condition["conditionType"].split("_")[-1]]
        return SIDES[condition["condition"]["operator"]](compared, float(condition["condition"]["value"])) and has(
            condition.get("fieldName"), condition.get("fieldValue")
        )

    together = all if rule["conditionsConnective"] == "AND" else any
    return has(rule.get("targetFieldName"), rule.get("targetFieldValue")) and together(
        map(holds, rule["ruleConditions"])
    )


def findings(actual: list[float], typical: list[float], causes: Causes | None = None) -> Findings:
    series = np.arange(len(actual))
    probability = np.full(len(actual), 1e-6)
    return Findings(
        bucket=np.zeros(len(actual), np.int64),
        series=series,
        evidence=-np.log10(probability),
        probability=probability,
        feature=np.zeros(len(actual), np.int64),
        actual=np.array(actual),
        typical=np.array(typical),
        explanation=looking_like(np.full(len(actual), "spike")),
        updates=np.array([len(actual)]),
        closed=None,
        causes=causes,
    )


def detector(*made: dict[str, Any], **more: str) -> Detector:
    splits = {"partitionFieldName": "site", "byFieldName": "host", **more}
    return Detector.parse({"function": "mean", "fieldName": "n", **splits, "detectorRules": list(made)})


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    made=st.lists(rules(), max_size=3),
    rows=st.lists(st.tuples(texts, texts, numbers, numbers), max_size=6),
)
def test_what_is_left_is_what_no_rule_matches(
    made: list[dict[str, Any]], rows: list[tuple[str, str, float, float]]
) -> None:
    def names(series: Ints) -> Names:
        return [rows[i][0] for i in series], [rows[i][1] for i in series], None

    left = Rules(detector(*made), LISTS).without(findings([row[2] for row in rows], [row[3] for row in rows]), names)
    assert left.series.tolist() == [
        i
        for i, (site, host, actual, typical) in enumerate(rows)
        if not any(matches(rule, {"site": site, "host": host}, actual, typical) for rule in made)
    ]
    assert len(left.explanation.kind) == len(left.evidence) == len(left.series)


@pytest.fixture
def persons() -> Findings:
    """Two persons: the first did three unusual things, the second one."""
    causes = Causes(
        offsets=np.array([0, 3, 4]),
        by=["a", "b", "c", "a"],
        probability=np.array([1e-9, 1e-8, 1e-3, 1e-9]),
        feature=np.zeros(4, np.int64),
        actual=np.array([9.0, 8.0, 3.0, 9.0]),
        typical=np.ones(4),
        key=np.arange(4),
    )
    return findings([9.0, 9.0], [1.0, 1.0], causes)


def left_of(found: Findings, *values: str) -> Findings:
    """What rules leave that say that these by values are of no interest."""
    condition = {"conditionType": "CATEGORICAL", "fieldName": "host", "valueList": "dull"}
    quiet = detector({"ruleConditions": [condition]}, overFieldName="user")
    return Rules(quiet, {"dull": values}).without(found, lambda series: (["s"] * len(series), None, ["u"] * 2))


def test_a_person_is_as_improbable_as_the_worst_of_what_is_left(persons: Findings) -> None:
    left = left_of(persons, "a")
    assert (left.series.tolist(), left.actual.tolist()) == ([0], [8.0])
    assert left.probability == pytest.approx([1e-5])
    assert left.evidence == pytest.approx(evidence_as_rare(np.array([5.0])))
    assert left.causes is not None
    assert (left.causes.offsets.tolist(), left.causes.by) == ([0, 2], ["b", "c"])


def test_a_person_of_whom_nothing_improbable_is_left_is_left_out(persons: Findings) -> None:
    left = left_of(persons, "a", "b")
    assert len(left.series) == 0
    assert left.causes is not None
    assert left.causes.by == []


def test_a_cause_that_is_not_the_worst_goes_alone(persons: Findings) -> None:
    left = left_of(persons, "c")
    assert left.probability.tolist() == persons.probability.tolist()
    assert left.evidence.tolist() == persons.evidence.tolist()
    assert left.causes is not None
    assert left.causes.by == ["a", "b", "a"]


def test_rules_that_match_nothing_give_back_what_they_were_given(persons: Findings) -> None:
    assert left_of(persons, "z") is persons
