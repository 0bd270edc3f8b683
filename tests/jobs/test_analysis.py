from typing import Any

import pytest

from tailmass.errors import (
    EngineError,
    IncompleteConfiguration,
    InvalidFunction,
    InvalidValue,
    JobConfigParseError,
    JobConfigUnknownField,
    ProhibitedCharacterInFieldName,
    UnknownFunction,
)
from tailmass.jobs import AnalysisConfig

COUNT: dict[str, Any] = {"function": "count"}
EVERYTHING: dict[str, Any] = {
    "bucketSpan": 3600,
    "batchSpan": 86400,
    "period": 7,
    "latency": 60,
    "summaryCountFieldName": "n",
    "categorizationFieldName": "message",
    "categorizationFilters": ["a", "b+"],
    "detectors": [{"function": "mean", "fieldName": "bytes", "byFieldName": "host", "partitionFieldName": "site"}],
    "influencers": ["user", "host"],
    "overlappingBuckets": True,
    "resultFinalizationWindow": 3,
    "multivariateByFields": False,
    "usePerPartitionNormalization": True,
    "timeZone": "Europe/Berlin",
    "alertBudget": 2.5,
    "valueLists": {"known": ["a", "b"], "nobody": []},
}
RULE = {"ruleConditions": [{"conditionType": "CATEGORICAL", "fieldName": "host", "valueList": "ours"}]}


def test_everything_that_is_set_is_echoed() -> None:
    assert AnalysisConfig.parse(EVERYTHING).document() == EVERYTHING


def test_latency_and_influencers_are_written_even_when_there_are_none() -> None:
    made = AnalysisConfig.parse({"detectors": [COUNT]})
    assert made.document() == {"detectors": [COUNT], "latency": 0, "influencers": []}
    assert made.bucket_span == 300


def test_the_fields_of_the_analysis_are_sorted_and_each_is_there_once() -> None:
    made = AnalysisConfig.parse(EVERYTHING)
    assert made.term_fields == ("host", "site", "user")
    assert made.analysis_fields == ("bytes", "host", "message", "n", "site", "user")
    assert AnalysisConfig.parse({"detectors": [COUNT], "influencers": [""]}).analysis_fields == ()


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        ({"bucketSpan": -1}, InvalidValue, "'bucketSpan'"),
        ({"bucketSpan": 0}, InvalidValue, "'bucketSpan'"),
        ({"batchSpan": -1}, InvalidValue, "'batchSpan'"),
        ({"period": -1}, InvalidValue, "'period'"),
        ({"latency": -1}, InvalidValue, "'latency'"),
        ({"resultFinalizationWindow": -1}, InvalidValue, "'resultFinalizationWindow'"),
        ({"detectors": []}, IncompleteConfiguration, "^No detectors configured$"),
        ({"detectors": None}, IncompleteConfiguration, "^No detectors configured$"),
        ({"detectors": [COUNT, {"function": "x"}]}, UnknownFunction, "'x'"),
        ({"detectors": [{"fieldName": "x"}]}, InvalidFunction, "'metric'"),
        ({"detectors": [{"function": "rare", "byFieldName": "x"}]}, InvalidFunction, "overlapping"),
        ({"summaryCountFieldName": 'a"'}, ProhibitedCharacterInFieldName, "'summaryCountFieldName'"),
        ({"categorizationFieldName": "a\\"}, ProhibitedCharacterInFieldName, "'categorizationFieldName'"),
        ({"influencers": ["a", 'b"']}, ProhibitedCharacterInFieldName, "influencer"),
        ({"categorizationFieldName": None}, InvalidValue, "'categorizationFieldName'"),
        ({"categorizationFilters": ["a", ""]}, InvalidValue, r"\[1\]' is empty"),
        ({"categorizationFilters": ["a", "a"]}, InvalidValue, "twice"),
        ({"categorizationFilters": ["a", "("]}, InvalidValue, r"\[1\]' is no regular expression"),
        ({"bucketSpan": "3600"}, JobConfigParseError, "'bucketSpan'"),
        ({"bucketSpan": 1.5}, JobConfigParseError, "'bucketSpan'"),
        ({"influencers": "host"}, JobConfigParseError, "'influencers'"),
        ({"influencers": [1]}, JobConfigParseError, r"'influencers\[0\]'"),
        ({"overlappingBuckets": "yes"}, JobConfigParseError, "'overlappingBuckets'"),
        ({"timeZone": "Mars/Base"}, InvalidValue, "'timeZone' is 'Mars/Base': use the IANA name"),
        ({"timeZone": "europe/berlin"}, InvalidValue, "'timeZone'"),
        ({"timeZone": "+01:00"}, InvalidValue, "'timeZone'"),
        ({"timeZone": 1}, JobConfigParseError, "'timeZone'"),
        ({"alertBudget": 0}, InvalidValue, "'alertBudget' is 0: set the alerts a week"),
        ({"alertBudget": -0.5}, InvalidValue, "'alertBudget' is -0.5"),
        ({"alertBudget": "2"}, JobConfigParseError, "'alertBudget'"),
        ({"valueLists": {"known": [1]}}, JobConfigParseError, r"'valueLists.known\[0\]' should be a valid string"),
        ({"valueLists": {"known": "a"}}, JobConfigParseError, "'valueLists.known' should be an array"),
        (
            {"detectors": [{**COUNT, "byFieldName": "host", "detectorRules": [RULE]}]},
            InvalidValue,
            "'ours', which is none",
        ),
        ({"byFieldValueThresholds": {}}, JobConfigUnknownField, "'byFieldValueThresholds'"),
        ({"detectors": [{**COUNT, "x": 1}]}, JobConfigUnknownField, r"'detectors\[0\].x'"),
        ({"detectors": [{"function": 1}]}, JobConfigParseError, r"'detectors\[0\].function'"),
    ],
)
def test_an_analysis_that_cannot_work_is_refused(change: dict[str, Any], kind: type[EngineError], named: str) -> None:
    with pytest.raises(kind, match=named):
        AnalysisConfig.parse({**EVERYTHING, **change})


@pytest.mark.parametrize(
    ("written", "window"),
    [
        ({}, 0),
        ({"overlappingBuckets": False}, 0),
        ({"resultFinalizationWindow": 5}, 0),
        ({"overlappingBuckets": True}, 2),
        ({"overlappingBuckets": True, "resultFinalizationWindow": 5}, 5),
    ],
)
def test_results_stay_provisional_where_buckets_overlap(written: dict[str, Any], window: int) -> None:
    assert AnalysisConfig.parse({"detectors": [COUNT], **written}).finalization_window == window


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT-1", "America/Argentina/Buenos_Aires", "US/Eastern", "EST5EDT"])
def test_a_zone_goes_by_any_of_its_iana_names(zone: str) -> None:
    assert AnalysisConfig.parse({"detectors": [COUNT], "timeZone": zone}).time_zone == zone


def test_what_only_the_native_api_has_is_left_out_for_the_clients_of_the_engine_api() -> None:
    detector = {"function": "count", "shape": True, "sensitivity": 6}
    made = AnalysisConfig.parse({"detectors": [detector], "timeZone": "UTC", "alertBudget": 1, "valueLists": {}})
    assert made.document(native=False) == AnalysisConfig.parse({"detectors": [COUNT]}).document()


def test_an_empty_name_of_a_special_field_is_none() -> None:
    special = dict.fromkeys(("summaryCountFieldName", "categorizationFieldName", "timeZone"), "")
    made = AnalysisConfig.parse({"detectors": [COUNT], **special})
    assert made == AnalysisConfig.parse({"detectors": [COUNT]})


def test_the_later_name_of_the_category_is_understood_as_an_influencer() -> None:
    made = AnalysisConfig.parse({"detectors": [COUNT], "influencers": ["mlcategory"]})
    assert made.influencers == ("prelertcategory",)
