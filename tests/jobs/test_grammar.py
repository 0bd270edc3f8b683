import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.jobs import Detector
from tailmass.jobs.functions import BY_NAME
from tailmass.jobs.grammar import detector, rule
from tailmass.jobs.rules import DetectorRule

NAMES = st.text(min_size=1).filter(lambda name: not set(name) & {'"', "\\"}) | st.sampled_from(["by", "Over", "a=b"])


@st.composite
def detectors(draw: st.DrawFn) -> Detector:
    name = draw(st.sampled_from(sorted(BY_NAME)))
    needs = BY_NAME[name]
    splits = {"required": NAMES, "optional": st.none() | NAMES, "forbidden": st.none()}
    return Detector(
        function=name,
        field_name=draw(splits[needs.field]),
        by_field_name=draw(splits[needs.by]),
        over_field_name=draw(splits[needs.over]),
        partition_field_name=draw(splits["optional"]),
        exclude_frequent=draw(st.none() | st.sampled_from(["all", "none", "by", "over"])),
        use_null=draw(st.booleans()),
        shape=draw(st.booleans()),
        sensitivity=draw(st.none() | st.floats(3.0, 8.0)),
    )


@given(detectors())
def test_a_label_is_read_as_the_detector_it_came_from(made: Detector) -> None:
    assert detector(made.label()) == made


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("count", {"function": "count"}),
        ("  count ( ) ", {"function": "count"}),
        ("high_mean(bytes)", {"function": "high_mean", "field_name": "bytes"}),
        (
            "high_mean(bytes) by host over user partition=site",
            {
                "function": "high_mean",
                "field_name": "bytes",
                "by_field_name": "host",
                "over_field_name": "user",
                "partition_field_name": "site",
            },
        ),
        ("count over user by host", {"function": "count", "by_field_name": "host", "over_field_name": "user"}),
        ("count BY Host", {"function": "count", "by_field_name": "Host"}),
        ('count by "by"', {"function": "count", "by_field_name": "by"}),
        ('count partition_field_name="a b"', {"function": "count", "partition_field_name": "a b"}),
        ("count partitionfield = site", {"function": "count", "partition_field_name": "site"}),
        (
            "count exclude_frequent=ALL use_null=True",
            {"function": "count", "exclude_frequent": "all", "use_null": True},
        ),
        ("count excludefrequent=by usenull=false", {"function": "count", "exclude_frequent": "by"}),
        ("count shape=true sensitivity=6", {"function": "count", "shape": True, "sensitivity": 6.0}),
    ],
)
def test_the_short_form_is_read(text: str, fields: dict[str, Any]) -> None:
    assert detector(text) == Detector(**fields)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a function"),
        ("   ", "a function"),
        ("(x)", "a function"),
        ("by host", "'by' stands where a function"),
        ("mean(", "a field"),
        ("mean(x", "no '\\)'"),
        ("mean(a, b)", "no '\\)'"),
        ('mean("")', "a field"),
        ("count by", "a field for 'by' is needed"),
        ("count by over user", "quotes around it"),
        ("count host", "'host' is not expected"),
        ('count "by" host', "'by' is not expected"),
        ("count)", "'\\)' is not expected"),
        ("count by a by b", "'by' is there twice"),
        ("count partition site", "no '='"),
        ("count use_null=maybe", "neither true nor false"),
        ("count shape=maybe", "neither true nor false"),
        ("count sensitivity=high", "'high' is not a number"),
        ("count sensitivity=nan", "'nan' is not a number"),
        ("count sensitivity=9", "it goes from 3 to 8"),
        ('count by "host', "a quote is not closed"),
        ("frequent(x)", "Unknown function 'frequent'"),
        ("mean by host", "fieldName"),
        ("rare(x) by y", "cannot use"),
        ("count by a\\b", "backslash"),
        ("count exclude_frequent=some", "'some'"),
    ],
)
def test_what_is_no_detector_is_refused_with_the_reason_and_the_form(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        detector(text)
    assert "function(field) by field over field" in str(refused.value)
    assert repr(text) in str(refused.value)


def condition(kind: str, operator: str, value: str) -> dict[str, Any]:
    return {"conditionType": kind, "condition": {"operator": operator, "value": value}}


ACTUAL = condition("NUMERICAL_ACTUAL", "LT", "50")
LISTED = {"conditionType": "CATEGORICAL", "fieldName": "host", "valueList": "known"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("actual < 50", {"ruleConditions": [ACTUAL]}),
        ("Actual<50", {"ruleConditions": [ACTUAL]}),
        ("typical >= -1e3", {"ruleConditions": [condition("NUMERICAL_TYPICAL", "GTE", "-1e3")]}),
        ("difference <= 2", {"ruleConditions": [condition("NUMERICAL_DIFF_ABS", "LTE", "2")]}),
        ("host in known", {"ruleConditions": [LISTED]}),
        (
            '"actual" in "my list"',
            {"ruleConditions": [{"conditionType": "CATEGORICAL", "fieldName": "actual", "valueList": "my list"}]},
        ),
        ("actual < 50 and host in known", {"ruleConditions": [ACTUAL, LISTED], "conditionsConnective": "AND"}),
        ("actual < 50 OR host in known", {"ruleConditions": [ACTUAL, LISTED], "conditionsConnective": "OR"}),
        (
            'actual < 50 for host="web 1"',
            {"ruleConditions": [ACTUAL], "targetFieldName": "host", "targetFieldValue": "web 1"},
        ),
    ],
)
def test_the_short_form_of_a_rule_is_read(text: str, meant: dict[str, Any]) -> None:
    assert rule(text) == DetectorRule.parse(meant)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "actual, typical, difference or a field"),
        ("actual = 50", "none of < <= > >="),
        ("actual <", "a number"),
        ("actual < fifty", "'fifty' is not a number"),
        ("host on known", "no 'in' after 'host'"),
        ("host in", "a list"),
        ("actual < 50 and", "actual, typical, difference or a field"),
        ("actual < 50 but host in known", "'but' is not expected"),
        ("actual < 5 and typical < 5 or host in known", "two rules"),
        ("actual < 5 for host", "'='"),
        ("actual < 5 for host=a for host=b", "'for' is not expected"),
        ('host in "known', "a quote is not closed"),
    ],
)
def test_a_rule_that_cannot_be_read_says_why_and_how_to_write_it(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"{re.escape(why)}.*Write it as actual < 50"):
        rule(text)
