from typing import Any

import pytest

from tailmass.errors import (
    DetectorParseError,
    DetectorUnknownField,
    EngineError,
    InvalidExcludeFrequent,
    InvalidFieldSelection,
    InvalidFunction,
    InvalidValue,
    ProhibitedCharacterInFieldName,
    UnknownFunction,
)
from tailmass.jobs import Detector
from tailmass.jobs.functions import BY_NAME


def refusal(**fields: Any) -> EngineError:
    with pytest.raises(EngineError) as refused:
        Detector.parse(fields)
    return refused.value


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_function_is_accepted_with_the_fields_it_needs_and_echoed(name: str) -> None:
    needs = BY_NAME[name]
    written = {"function": name}
    for field, need in (("fieldName", needs.field), ("byFieldName", needs.by), ("overFieldName", needs.over)):
        if need == "required":
            written[field] = "x"
    made = Detector.parse(written)
    assert made.document() == written
    assert made.definition is needs


@pytest.mark.parametrize(
    "written",
    [
        {"fieldName": "bytes"},
        {"fieldName": "bytes", "byFieldName": "host", "overFieldName": "user", "partitionFieldName": "site"},
        {"function": "count", "byFieldName": "status", "useNull": True},
        {"function": "count", "useNull": False, "detectorDescription": "How many"},
        {"function": "rare", "byFieldName": "prelertcategory", "excludeFrequent": "by"},
        {"function": "count", "partitionFieldName": "site", "excludeFrequent": "none"},
        {"function": "count", "shape": True, "sensitivity": 6.5},
        {"function": "count", "shape": False, "sensitivity": 3},
        {"function": "count", "sensitivity": 8},
    ],
)
def test_a_detector_is_echoed_as_it_was_written(written: dict[str, Any]) -> None:
    assert Detector.parse(written).document() == written


@pytest.mark.parametrize(
    ("fields", "kind", "named"),
    [
        # One row for each rule, in their order.
        ({"function": "frequent"}, UnknownFunction, "'frequent'"),
        ({"function": "Count"}, UnknownFunction, "'Count'"),
        ({"byFieldName": "host"}, InvalidFieldSelection, "'host'"),
        ({"overFieldName": "user"}, InvalidFieldSelection, "'user'"),
        ({}, InvalidFieldSelection, "'metric'"),
        ({"partitionFieldName": "site"}, InvalidFieldSelection, "'metric'"),
        ({"function": "mean"}, InvalidFieldSelection, "'mean'"),
        ({"function": "rare"}, InvalidFieldSelection, "'rare'"),
        ({"function": "mean", "byFieldName": "host"}, InvalidFieldSelection, "'fieldName'"),
        ({"function": "metric", "overFieldName": "user"}, InvalidFieldSelection, "'fieldName'"),
        ({"function": "count", "fieldName": "bytes"}, InvalidFieldSelection, "'bytes'"),
        ({"function": "time_of_day", "fieldName": "bytes"}, InvalidFieldSelection, "'bytes'"),
        ({"function": "rare", "fieldName": "bytes", "byFieldName": "host"}, InvalidFieldSelection, "'bytes'"),
        ({"function": "rare", "overFieldName": "user"}, InvalidFieldSelection, "'byFieldName'"),
        ({"function": "freq_rare", "overFieldName": "user"}, InvalidFieldSelection, "'byFieldName'"),
        ({"function": "freq_rare", "byFieldName": "host"}, InvalidFieldSelection, "'overFieldName'"),
        ({"function": "high_nzc", "overFieldName": "user"}, InvalidFieldSelection, "'user'"),
        ({"function": "mean", "fieldName": 'a"b'}, ProhibitedCharacterInFieldName, "'fieldName'"),
        ({"function": "count", "byFieldName": "a\\b"}, ProhibitedCharacterInFieldName, "'byFieldName'"),
        ({"function": "count", "overFieldName": "a\\b"}, ProhibitedCharacterInFieldName, "'overFieldName'"),
        ({"function": "count", "partitionFieldName": '"'}, ProhibitedCharacterInFieldName, "'partitionFieldName'"),
        ({"function": "count", "excludeFrequent": "some"}, InvalidExcludeFrequent, "'some'"),
        ({"function": "count", "sensitivity": 2.99}, InvalidValue, "'sensitivity' is 2.99: it goes from 3 to 8"),
        ({"function": "count", "sensitivity": 8.01}, InvalidValue, "'sensitivity'"),
    ],
)
def test_a_broken_rule_is_refused_with_its_code(fields: dict[str, Any], kind: type[EngineError], named: str) -> None:
    refused = refusal(**fields)
    assert type(refused) is kind
    assert named in refused.message


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"function": "frequent", "byFieldName": 'a"b', "excludeFrequent": "x"}, UnknownFunction),
        ({"byFieldName": 'a"b', "excludeFrequent": "x"}, InvalidFieldSelection),
        ({"function": "metric", "byFieldName": "host", "excludeFrequent": "x"}, InvalidFunction),
        ({"function": "mean", "byFieldName": 'a"b'}, InvalidFieldSelection),
        ({"function": "rare", "byFieldName": 'a"b'}, ProhibitedCharacterInFieldName),
        ({"function": "rare", "byFieldName": "a", "excludeFrequent": "x"}, InvalidFunction),
        ({"function": "count", "excludeFrequent": "x"}, InvalidExcludeFrequent),
    ],
)
def test_the_first_broken_rule_is_the_one_that_is_told(fields: dict[str, Any], kind: type[EngineError]) -> None:
    detector = Detector.model_validate(fields)
    with pytest.raises(EngineError) as refused:
        detector.verify(summarised=True, overlapping=True)
    assert type(refused.value) is kind


@pytest.mark.parametrize("fields", [{"function": "metric", "field_name": "x"}, {"field_name": "x"}])
def test_summarised_data_has_no_single_values_for_metric(fields: dict[str, Any]) -> None:
    Detector(**fields).verify()
    with pytest.raises(InvalidFunction, match="'mean', 'min' or 'max'"):
        Detector(**fields).verify(summarised=True)


@pytest.mark.parametrize("function", ["rare", "freq_rare"])
def test_rarity_does_not_go_with_overlapping_buckets(function: str) -> None:
    detector = Detector(function=function, by_field_name="a", over_field_name="b")
    detector.verify()
    with pytest.raises(InvalidFunction, match="overlappingBuckets"):
        detector.verify(overlapping=True)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("{", DetectorParseError),
        ("[]", DetectorParseError),
        ('{"function": 3}', DetectorParseError),
        ('{"function": "count", "useNull": "yes"}', DetectorParseError),
        ('{"function": "count", "shape": 1}', DetectorParseError),
        ('{"function": "count", "sensitivity": "high"}', DetectorParseError),
        ('{"function": "count", "colour": "red"}', DetectorUnknownField),
    ],
)
def test_a_detector_alone_is_refused_with_codes_of_its_own(data: str, kind: type[EngineError]) -> None:
    with pytest.raises(kind):
        Detector.parse(data)


def test_an_empty_name_is_none() -> None:
    made = Detector.parse({"function": "", "fieldName": "x", "byFieldName": "", "excludeFrequent": ""})
    assert made == Detector(field_name="x")
    assert made.document() == {"fieldName": "x"}
    assert made.function_name == "metric"


@pytest.mark.parametrize("written", ["ALL", "None", "By", " over "])
def test_what_is_frequent_is_told_in_any_case(written: str) -> None:
    made = Detector.parse({"function": "count", "excludeFrequent": written})
    assert made.document()["excludeFrequent"] == written.strip().lower()


def test_the_later_name_of_the_category_is_understood() -> None:
    made = Detector.parse({"function": "count", "byFieldName": "mlcategory"})
    assert made.by_field_name == "prelertcategory"


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        (
            {"function": "mean", "field_name": "responsetime", "by_field_name": "airline"},
            "mean(responsetime) by airline",
        ),
        ({"field_name": "x"}, "metric(x)"),
        ({"function": "count"}, "count"),
        ({"function": "rare", "by_field_name": "a b", "over_field_name": "over"}, 'rare by "a b" over "over"'),
        (
            {"function": "count", "partition_field_name": "s", "exclude_frequent": "all", "use_null": True},
            "count partition=s exclude_frequent=all use_null=true",
        ),
        ({"function": "count", "shape": True, "sensitivity": 6.0}, "count shape=true sensitivity=6"),
    ],
)
def test_a_label_is_the_short_form(fields: dict[str, Any], label: str) -> None:
    assert Detector(**fields).label() == label


def test_detectors_can_be_told_apart_and_kept_in_sets() -> None:
    assert len({Detector(function="count"), Detector(function="count"), Detector(function="rare")}) == 2
