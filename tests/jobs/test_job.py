import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailmass.errors import (
    EngineError,
    IncompleteConfiguration,
    InvalidDateFormat,
    InvalidValue,
    JobConfigParseError,
    JobConfigUnknownField,
    JobIdTooLong,
    ProhibitedCharacterInJobId,
    SchedulerIncompleteCredentials,
    SchedulerLatencyNotSupported,
    SchedulerRequiresBucketSpan,
    SchedulerRequiresFormat,
    SchedulerRequiresSummaryCount,
    SingleLineWithoutTransforms,
    TransformOutputsUnused,
    UnknownFunction,
)
from tailmass.jobs import AnalysisConfig, Detector, Job

ANALYSIS: dict[str, Any] = {"bucketSpan": 300, "detectors": [{"function": "count"}]}
FAREQUOTE = """
{"id":"farequote","description":"Analysis of response time by airline",
 "analysisConfig":{"bucketSpan":3600,
   "detectors":[{"function":"metric","fieldName":"responsetime","byFieldName":"airline"}]},
 "dataDescription":{"fieldDelimiter":",","timeField":"time","timeFormat":"yyyy-MM-dd HH:mm:ssX"}}
"""
SCHEDULED: dict[str, Any] = {
    "analysisConfig": ANALYSIS,
    "dataDescription": {"format": "elasticsearch"},
    "schedulerConfig": {
        "dataSource": "elasticsearch",
        "dataSourceCompatibility": "2.x.x",
        "baseUrl": "http://localhost:9200/",
        "indexes": ["logs"],
    },
}


def refusal(data: Any) -> EngineError:
    with pytest.raises(EngineError) as refused:
        Job.parse(data)
    return refused.value


def test_the_job_of_the_worked_example_is_echoed_field_by_field() -> None:
    assert Job.parse(FAREQUOTE).document() == {
        "id": "farequote",
        "description": "Analysis of response time by airline",
        "timeout": 600,
        "analysisConfig": {
            "bucketSpan": 3600,
            "latency": 0,
            "influencers": [],
            "detectors": [{"function": "metric", "fieldName": "responsetime", "byFieldName": "airline"}],
        },
        "dataDescription": {
            "format": "DELIMITED",
            "timeField": "time",
            "timeFormat": "yyyy-MM-dd HH:mm:ssX",
            "fieldDelimiter": ",",
            "quoteCharacter": '"',
        },
    }


def test_text_bytes_and_parsed_json_are_the_same_job() -> None:
    assert Job.parse(FAREQUOTE) == Job.parse(FAREQUOTE.encode()) == Job.parse(json.loads(FAREQUOTE))


def test_everything_else_that_is_set_is_echoed() -> None:
    more = {
        "timeout": 0,
        "analysisLimits": {"modelMemoryLimit": 100},
        "modelDebugConfig": {"boundsPercentile": 95.0},
        "transforms": [{"transform": "exclude", "inputs": ["a"], "condition": {"operator": "EQ", "value": "1"}}],
        "schedulerConfig": {"dataSource": "FILE", "filePath": "/x", "tailFile": True},
        "renormalizationWindowDays": 0,
        "backgroundPersistInterval": 3600,
        "modelSnapshotRetentionDays": 1,
        "resultsRetentionDays": 2,
        "ignoreDowntime": "ONCE",
        "customSettings": {"null": None, "deep": [{"x": 1.5}], "é": "☃"},
    }
    echoed = Job.parse({"analysisConfig": ANALYSIS, **more}).document()
    assert {name: echoed[name] for name in more} == more


@pytest.mark.parametrize("written", ["once", " Once ", "ONCE"])
def test_downtime_is_told_in_any_case(written: str) -> None:
    assert Job.parse({"analysisConfig": ANALYSIS, "ignoreDowntime": written}).ignore_downtime == "ONCE"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"id": "x"},
        {"analysisConfig": None},
        {"analysisConfig": {}},
        {"analysisConfig": {"bucketSpan": 3600}, "dataDescription": {}},
        {"analysisConfig": {"detectors": []}},
    ],
)
def test_a_job_without_detectors_is_refused_in_the_words_that_clients_know(data: dict[str, Any]) -> None:
    refused = refusal(data)
    assert isinstance(refused, IncompleteConfiguration)
    assert refused.document() == {"errorCode": 10107, "message": "No detectors configured"}


@pytest.mark.parametrize(
    ("change", "kind", "named"),
    [
        ({"timeout": -1}, InvalidValue, "'timeout' is -1"),
        ({"renormalizationWindowDays": -1}, InvalidValue, "'renormalizationWindowDays'"),
        ({"modelSnapshotRetentionDays": -1}, InvalidValue, "'modelSnapshotRetentionDays'"),
        ({"resultsRetentionDays": -1}, InvalidValue, "'resultsRetentionDays'"),
        ({"backgroundPersistInterval": 3599}, InvalidValue, "'backgroundPersistInterval' is 3599"),
        ({"ignoreDowntime": "SOMETIMES"}, InvalidValue, "'ignoreDowntime'"),
        ({"ignoreDowntime": True}, JobConfigParseError, "'ignoreDowntime'"),
        ({"analysisLimits": {"categorizationExamplesLimit": -1}}, InvalidValue, "'categorizationExamplesLimit'"),
        ({"modelDebugConfig": {"boundsPercentile": 101}}, InvalidValue, "'boundsPercentile'"),
        ({"dataDescription": {"timeFormat": "HH:mm"}}, InvalidDateFormat, "'HH:mm'"),
        ({"dataDescription": {"format": "SINGLE_LINE"}}, SingleLineWithoutTransforms, "transforms"),
        ({"dataDescription": {"format": "SINGLE_LINE"}, "transforms": []}, SingleLineWithoutTransforms, "transforms"),
        ({"transforms": [{"transform": "trim", "inputs": ["a"]}]}, TransformOutputsUnused, "trim"),
        ({"customSettings": []}, JobConfigParseError, "'customSettings'"),
        ({"description": 3}, JobConfigParseError, "'description'"),
        ({"referenceJobId": "x"}, JobConfigUnknownField, "'referenceJobId'"),
        ({"analysisLimits": {"maxFieldValues": 3}}, JobConfigUnknownField, "'analysisLimits.maxFieldValues'"),
        ({"transforms": [{"transform": "trim", "x": 1}]}, JobConfigUnknownField, r"'transforms\[0\].x'"),
        ({"analysisConfig": {"detectors": [{"function": "x"}]}}, UnknownFunction, "'x'"),
        ({"analysisConfig": {"detectors": [{"x": "y"}]}}, JobConfigUnknownField, r"detectors\[0\].x'"),
        ({"analysisConfig": {"detectors": [{"function": 1}]}}, JobConfigParseError, r"detectors\[0\].function'"),
    ],
)
def test_a_job_that_cannot_work_is_refused(change: dict[str, Any], kind: type[EngineError], named: str) -> None:
    with pytest.raises(kind, match=named):
        Job.parse({"analysisConfig": ANALYSIS, **change})


@pytest.mark.parametrize("job_id", ["a", "a.b_c-d+1", "20140515150739-00002", "x" * 64, "50%#1", "été", "0"])
def test_an_id_may_have_whatever_a_file_may(job_id: str) -> None:
    assert Job.parse({"id": job_id, "analysisConfig": ANALYSIS}).id == job_id


@pytest.mark.parametrize(
    "job_id",
    [*(f"a{wrong}b" for wrong in '\\/*?"<>| ,AÉ\t\n\x00\u00a0\u200b'), "_a", "-a", "+a", ".", ".."],
)
def test_an_id_that_files_and_indexes_cannot_have_is_refused(job_id: str) -> None:
    refused = refusal({"id": job_id, "analysisConfig": ANALYSIS})
    assert isinstance(refused, ProhibitedCharacterInJobId)
    assert repr(job_id) in refused.message


def test_an_id_is_at_most_64_characters_long() -> None:
    assert isinstance(refusal({"id": "X" * 65, "analysisConfig": ANALYSIS}), JobIdTooLong)


def test_an_empty_id_is_none() -> None:
    assert "id" not in Job.parse({"id": "", "analysisConfig": ANALYSIS}).document()


def test_a_transform_may_make_the_time_or_a_field_of_the_analysis() -> None:
    made = Job.parse(
        {
            "analysisConfig": {"detectors": [{"function": "count", "byFieldName": "hrd"}]},
            "dataDescription": {"timeField": "when"},
            "transforms": [
                {"transform": "domain_split", "inputs": ["host"]},
                {"transform": "concat", "inputs": ["date", "clock"], "outputs": ["when"]},
            ],
        }
    )
    assert len(made.transforms or ()) == 2


def test_a_job_fed_from_elasticsearch_is_echoed() -> None:
    echoed = Job.parse(SCHEDULED).document()
    assert echoed["schedulerConfig"]["queryDelay"] == 60
    assert echoed["dataDescription"]["format"] == "ELASTICSEARCH"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"analysisConfig": {"detectors": [{"function": "count"}]}}, SchedulerRequiresBucketSpan),
        ({"analysisConfig": {**ANALYSIS, "latency": 1}}, SchedulerLatencyNotSupported),
        ({"schedulerConfig": {**SCHEDULED["schedulerConfig"], "aggs": {"x": {}}}}, SchedulerRequiresSummaryCount),
        ({"dataDescription": {"format": "JSON"}}, SchedulerRequiresFormat),
        ({"dataDescription": None}, SchedulerRequiresFormat),
    ],
)
def test_a_job_fed_from_elasticsearch_has_rules_of_its_own(change: dict[str, Any], kind: type[EngineError]) -> None:
    assert type(refusal({**SCHEDULED, **change})) is kind


def test_a_job_made_in_python_is_verified_too() -> None:
    with pytest.raises(UnknownFunction):
        Job(id="x", analysis_config=AnalysisConfig(detectors=(Detector(function="frequent"),)))
    assert Job(analysis_config=AnalysisConfig(detectors=(Detector(function="count"),))).timeout == 600


def test_a_job_is_restored_from_its_document_though_the_password_is_not_in_it() -> None:
    credentials = {**SCHEDULED["schedulerConfig"], "username": "bob", "password": "secret"}
    made = Job.parse({**SCHEDULED, "schedulerConfig": credentials})
    document = made.document()
    assert "secret" not in json.dumps(document)
    assert Job.restore(document).document() == document
    assert isinstance(refusal(document), SchedulerIncompleteCredentials)


NAMES = st.text(min_size=1, max_size=8).filter(lambda name: not set(name) & {'"', "\\"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
DETECTORS = st.fixed_dictionaries(
    {"function": st.sampled_from(["mean", "high_sum", "dc"]), "fieldName": NAMES},
    optional={
        "byFieldName": NAMES | st.none() | st.just(""),
        "overFieldName": NAMES,
        "partitionFieldName": NAMES,
        "useNull": st.booleans(),
        "detectorDescription": st.text(max_size=5),
        "excludeFrequent": st.sampled_from(["ALL", "by"]),
    },
)
JOBS = st.fixed_dictionaries(
    {
        "analysisConfig": st.fixed_dictionaries(
            {"detectors": st.lists(DETECTORS, min_size=1, max_size=3)},
            optional={
                "bucketSpan": st.integers(1, 2**62),
                "latency": st.integers(0, 2**62) | st.none(),
                "influencers": st.lists(NAMES, max_size=3),
                "summaryCountFieldName": NAMES,
                "overlappingBuckets": st.booleans(),
            },
        )
    },
    optional={
        "description": st.text(max_size=5),
        "dataDescription": st.fixed_dictionaries(
            {}, optional={"format": st.sampled_from(["json", "DELINEATED"]), "fieldDelimiter": st.just(",")}
        ),
        "analysisLimits": st.fixed_dictionaries({}, optional={"modelMemoryLimit": st.integers(-(2**60), 2**60)}),
        "schedulerConfig": st.fixed_dictionaries({"filePath": NAMES}, optional={"tailFile": st.booleans()}),
        "customSettings": st.dictionaries(st.text(max_size=5), JSON, max_size=3),
        "ignoreDowntime": st.sampled_from(["never", "ALWAYS"]),
        "timeout": st.integers(0, 10**6) | st.none(),
    },
)


@given(JOBS)
def test_a_job_read_from_its_own_document_is_the_same_job(data: dict[str, Any]) -> None:
    job = Job.parse(data)
    assert Job.parse(job.document()) == job
    assert Job.parse(json.dumps(job.document())).document() == job.document()
    assert Job.restore(job.document()) == job
