import json
from typing import Any

import pytest

from tailmass.errors import InvalidUpdateKey, InvalidValue, JobConfigParseError, SchedulerInvalidOption
from tailmass.jobs import Job, JobUpdate

ANALYSIS = {
    "detectors": [{"function": "count"}, {"function": "mean", "fieldName": "bytes", "detectorDescription": "bytes"}],
    "categorizationFieldName": "message",
}


def job(**more: Any) -> Job:
    return Job.parse({"id": "sample", "analysisConfig": ANALYSIS, **more})


def changed(changes: Any, **more: Any) -> dict[str, Any]:
    """The document of a job with the changes."""
    return JobUpdate.parse(json.dumps(changes)).applied(job(**more)).document()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("description", "what it is for"),
        ("description", ""),
        ("analysisLimits", {"modelMemoryLimit": 5000, "categorizationExamplesLimit": 0}),
        ("backgroundPersistInterval", 3600),
        ("customSettings", {"urls": [1, None]}),
        ("ignoreDowntime", "ONCE"),
        ("modelDebugConfig", {"writeTo": "DATA_STORE", "boundsPercentile": 90.0}),
        ("modelSnapshotRetentionDays", 0),
        ("renormalizationWindowDays", 7),
        ("resultsRetentionDays", 2**40),
    ],
)
def test_a_setting_is_changed_and_the_others_stay(name: str, value: Any) -> None:
    assert changed({name: value}) == {**job().document(), name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backgroundPersistInterval", 7200),
        ("customSettings", {"a": 1}),
        ("modelDebugConfig", {"boundsPercentile": 95.0}),
        ("modelSnapshotRetentionDays", 3),
        ("renormalizationWindowDays", 3),
        ("resultsRetentionDays", 3),
    ],
)
def test_null_takes_a_setting_back(name: str, value: Any) -> None:
    assert name in job(**{name: value}).document()
    assert changed({name: None}, **{name: value}) == job().document()


def test_filters_are_those_of_the_analysis() -> None:
    filters = [r"\[.*\]"]
    assert changed({"categorizationFilters": filters})["analysisConfig"]["categorizationFilters"] == filters
    before = {"analysisConfig": {**ANALYSIS, "categorizationFilters": filters}}
    assert "categorizationFilters" not in changed({"categorizationFilters": None}, **before)["analysisConfig"]


@pytest.mark.parametrize(("index", "description"), [("index", "description"), ("detectorIndex", "detectorDescription")])
def test_a_detector_is_described_by_its_position(index: str, description: str) -> None:
    detectors = changed({"detectors": [{index: 1, description: "of all"}]})["analysisConfig"]["detectors"]
    assert [each.get("detectorDescription") for each in detectors] == [None, "of all"]


def test_downtime_is_understood_in_any_case() -> None:
    assert changed({"ignoreDowntime": " always "})["ignoreDowntime"] == "ALWAYS"


def test_debug_output_goes_where_it_went_unless_told() -> None:
    before = {"modelDebugConfig": {"writeTo": "data_store", "boundsPercentile": 90.0}}
    after = changed({"modelDebugConfig": {"boundsPercentile": 80.0}}, **before)["modelDebugConfig"]
    assert after == {"writeTo": "DATA_STORE", "boundsPercentile": 80.0}


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [(100, 100, True), (100, 99, False), (100, -1, True), (-1, 9999, False), (5000, 0, False), (None, 10, True)],
)
def test_a_job_cannot_be_allowed_less_memory_than_before(before: int | None, after: int, allowed: bool) -> None:
    limits = {} if before is None else {"analysisLimits": {"modelMemoryLimit": before}}
    if allowed:
        assert changed({"analysisLimits": {"modelMemoryLimit": after}}, **limits)
    else:
        with pytest.raises(InvalidValue, match=str(after)):
            changed({"analysisLimits": {"modelMemoryLimit": after}}, **limits)


def test_a_scheduler_is_replaced_as_a_whole_and_keeps_its_kind_of_source() -> None:
    before = {"schedulerConfig": {"dataSource": "FILE", "filePath": "/data/a.csv", "tailFile": True}}
    after = changed({"schedulerConfig": {"filePath": "/data/b.csv"}}, **before)["schedulerConfig"]
    assert after == {"dataSource": "FILE", "filePath": "/data/b.csv", "tailFile": False}
    with pytest.raises(InvalidValue, match="dataSource"):
        changed({"schedulerConfig": {"dataSource": "ELASTICSEARCH"}}, **before)
    with pytest.raises(SchedulerInvalidOption, match="filePath"):
        changed({"schedulerConfig": {"dataSource": "FILE"}}, **before)
    with pytest.raises(InvalidValue, match="schedulerConfig"):
        changed({"schedulerConfig": {"filePath": "/data/b.csv"}})


@pytest.mark.parametrize("body", ["", "{", "[]", "3", "null", "{}", '"description"'])
def test_what_names_no_changes_is_none(body: str) -> None:
    with pytest.raises(JobConfigParseError):
        JobUpdate.parse(body)


@pytest.mark.parametrize("name", ["analysisConfig", "id", "timeout", "colour", "results_retention_days", "Description"])
def test_what_cannot_change_is_told(name: str) -> None:
    with pytest.raises(InvalidUpdateKey, match=name):
        JobUpdate.parse({name: 1, "description": "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("description", 3),
        ("description", None),
        ("analysisLimits", None),
        ("analysisLimits", 4000),
        ("analysisLimits", {"modelMemoryLimit": "much"}),
        ("analysisLimits", {"colour": 1}),
        ("analysisLimits", {"categorizationExamplesLimit": -1}),
        ("backgroundPersistInterval", 3599),
        ("backgroundPersistInterval", "3600"),
        ("categorizationFilters", ["("]),
        ("categorizationFilters", "x"),
        ("categorizationFilters", ["a", "a"]),
        ("customSettings", []),
        ("detectors", None),
        ("detectors", {"index": 0, "description": "x"}),
        ("detectors", [{"index": 2, "description": "x"}]),
        ("detectors", [{"index": -1, "description": "x"}]),
        ("detectors", [{"index": 0.5, "description": "x"}]),
        ("detectors", [{"index": 0}]),
        ("detectors", [{"description": "x"}]),
        ("detectors", [{"index": 0, "description": None}]),
        ("detectors", [{"index": 0, "description": "x", "function": "sum"}]),
        ("ignoreDowntime", "SOMETIMES"),
        ("ignoreDowntime", True),
        ("ignoreDowntime", None),
        ("modelDebugConfig", {"boundsPercentile": 101}),
        ("modelDebugConfig", {"writeTo": "PAPER"}),
        ("modelSnapshotRetentionDays", -1),
        ("renormalizationWindowDays", -1),
        ("resultsRetentionDays", 1.5),
        ("schedulerConfig", None),
    ],
)
def test_a_bad_value_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidValue):
        changed({name: value})
