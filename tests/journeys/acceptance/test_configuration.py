"""Section 11 of the specification, configuration: a test a line."""

import re
from typing import Any

import httpx

from tests.server.clients import configuration, create, rows

from .wire import document, refusal

SUMMARISED = {"summaryCountFieldName": "n"}

DETECTORS: tuple[tuple[int, dict[str, Any], dict[str, Any], int], ...] = (
    (1, {"function": "average", "fieldName": "value"}, {}, 10105),
    (1, {"function": "Mean", "fieldName": "value"}, {}, 10105),
    (2, {"byFieldName": "host"}, {}, 10106),
    (3, {"overFieldName": "host"}, {}, 10106),
    (4, {}, {}, 10106),
    (4, {"function": "mean"}, {}, 10106),
    (4, {"function": "rare", "partitionFieldName": "site"}, {}, 10106),
    (5, {"function": "metric", "fieldName": "value"}, SUMMARISED, 10114),
    (5, {"fieldName": "value"}, SUMMARISED, 10114),
    (6, {"function": "mean", "byFieldName": "host"}, {}, 10106),
    (6, {"function": "dc", "overFieldName": "host"}, {}, 10106),
    (7, {"function": "count", "fieldName": "value"}, {}, 10106),
    (7, {"function": "time_of_day", "fieldName": "value"}, {}, 10106),
    (8, {"function": "rare", "overFieldName": "host"}, {}, 10106),
    (9, {"function": "freq_rare", "byFieldName": "host"}, {}, 10106),
    (10, {"function": "nzc", "overFieldName": "host"}, {}, 10106),
    (10, {"function": "low_non_zero_count", "overFieldName": "host"}, {}, 10106),
    (11, {"function": "mean", "fieldName": 'a"b'}, {}, 10113),
    (11, {"function": "count", "partitionFieldName": "a\\b"}, {}, 10113),
    (11, {"function": "count"}, {"influencers": ['a"b']}, 10113),
    (11, {"function": "count"}, {"summaryCountFieldName": "a\\b"}, 10113),
    (11, {"function": "count"}, {"categorizationFieldName": 'a"b'}, 10113),
    (12, {"function": "rare", "byFieldName": "host"}, {"overlappingBuckets": True}, 10114),
    (12, {"function": "freq_rare", "byFieldName": "a", "overFieldName": "b"}, {"overlappingBuckets": True}, 10114),
    (13, {"function": "count", "excludeFrequent": "often"}, {}, 10119),
)
"""For each rule, by its number in 3.3.1: a detector that breaks it, what else is in the analysis, and the code."""

CONCAT = {"transform": "concat", "inputs": ["a", "b"], "outputs": ["value"]}
EXCLUDE = {"transform": "exclude", "inputs": ["a"], "condition": {"operator": "gt", "value": "5"}}
EXTRACT = {"transform": "extract", "inputs": ["a"], "arguments": ["(.)"], "outputs": ["value"]}

TRANSFORMS: tuple[tuple[list[dict[str, Any]], int], ...] = (
    ([{**CONCAT, "transform": "join"}], 10201),
    ([{**CONCAT, "transform": "Concat"}], 10201),
    ([{"inputs": ["a", "b"], "outputs": ["value"]}], 10201),
    ([{**CONCAT, "inputs": ["a"]}], 10202),
    ([{"transform": "lowercase", "inputs": ["a", "b"], "outputs": ["value"]}], 10202),
    ([{**CONCAT, "arguments": ["-", "+"]}], 10206),
    ([{**EXTRACT, "arguments": []}], 10206),
    ([{**CONCAT, "outputs": ["value", "c"]}], 10211),
    ([{"transform": "domain_split", "inputs": ["a"], "outputs": ["value", "c", "d"]}], 10211),
    ([{**EXCLUDE, "outputs": ["value"]}], 10211),
    ([{**CONCAT, "inputs": ["a", " "]}], 10212),
    ([{**CONCAT, "outputs": [""]}], 10213),
    ([{**EXTRACT, "arguments": ["("]}], 10214),
    ([{**EXTRACT, "arguments": ["(.)(.)"]}], 10214),
    ([{"transform": "exclude", "inputs": ["a"]}], 10208),
    ([{**EXCLUDE, "condition": {"operator": "like", "value": "5"}}], 10209),
    ([{**EXCLUDE, "condition": {"operator": "none", "value": "5"}}], 10209),
    ([{**EXCLUDE, "condition": {"operator": "gt", "value": None}}], 10210),
    ([{**EXCLUDE, "condition": {"operator": "lte", "value": "many"}}], 10210),
    ([{**EXCLUDE, "condition": {"operator": "match", "value": "("}}], 10210),
    ([{**CONCAT, "outputs": ["unused"]}], 10203),
    ([{**CONCAT, "inputs": ["a", "value"]}], 10204),
    ([{**CONCAT, "inputs": ["a", "c"]}, {**CONCAT, "inputs": ["a", "value"], "outputs": ["c"]}], 10204),
    ([{"transform": "split", "inputs": ["a"], "arguments": [","], "outputs": ["value", "value"]}], 10205),
    ([CONCAT, {**EXTRACT, "inputs": ["c"]}], 10205),
)
"""For each condition of 3.5, transforms that fulfil it in a job that uses `value`, and the code."""

UPDATES: tuple[tuple[dict[str, Any], int], ...] = (
    ({"description": "anew"}, 0),
    ({"description": 3}, 10104),
    ({"analysisLimits": {"modelMemoryLimit": 8192}}, 0),
    ({"analysisLimits": None}, 10104),
    ({"analysisLimits": {"modelMemoryLimit": 10}}, 10104),
    ({"backgroundPersistInterval": 3600}, 0),
    ({"backgroundPersistInterval": None}, 0),
    ({"backgroundPersistInterval": 3599}, 10104),
    ({"categorizationFilters": None}, 0),
    ({"categorizationFilters": ["("]}, 10104),
    ({"customSettings": {"any": ["thing"]}}, 0),
    ({"customSettings": None}, 0),
    ({"customSettings": "text"}, 10104),
    ({"detectors": [{"index": 0, "description": "the mean"}]}, 0),
    ({"detectors": [{"detectorIndex": 0, "detectorDescription": "the mean"}]}, 0),
    ({"detectors": [{"index": 1, "description": "none"}]}, 10104),
    ({"detectors": [{"index": "0", "description": "text"}]}, 10104),
    ({"detectors": [{"index": 0}]}, 10104),
    ({"detectors": [{"description": "whose"}]}, 10104),
    ({"detectors": [{"index": 0, "description": 3}]}, 10104),
    ({"ignoreDowntime": "Once"}, 0),
    ({"ignoreDowntime": "sometimes"}, 10104),
    ({"modelDebugConfig": {"boundsPercentile": 90.0}}, 0),
    ({"modelDebugConfig": {"boundsPercentile": 101.0}}, 10104),
    ({"modelDebugConfig": None}, 0),
    ({"modelSnapshotRetentionDays": 0}, 0),
    ({"modelSnapshotRetentionDays": -1}, 10104),
    ({"renormalizationWindowDays": 9}, 0),
    ({"renormalizationWindowDays": -1}, 10104),
    ({"resultsRetentionDays": 9}, 0),
    ({"resultsRetentionDays": -1}, 10104),
    ({"schedulerConfig": None}, 10104),
    ({"colour": "red"}, 10115),
    ({"description": "together", "colour": "or not at all"}, 10115),
    ({}, 10101),
)
"""For each key of 2.2.3, changes and the code; 0 where they are fine."""


def test_what_cannot_be_analysed_is_refused_by_rule(api: httpx.Client) -> None:
    """every rule of §3.3.1 and §3.5 gives its code; update keys of §2.2.3"""
    assert {rule for rule, *_ in DETECTORS} == set(range(1, 14))
    for rule, detector, analysis, code in DETECTORS:
        refused = api.post("/jobs", json={"analysisConfig": {**analysis, "detectors": [detector]}})
        assert refusal(refused) == (400, code), (rule, detector)
    assert {code for _, code in TRANSFORMS} == {*range(10201, 10215)} - {10207}
    for transforms, code in TRANSFORMS:
        refused = api.post("/jobs", json=configuration("refused", transforms=transforms))
        assert refusal(refused) == (400, code), transforms
    single_line = configuration("refused", dataDescription={"format": "SINGLE_LINE"})
    assert refusal(api.post("/jobs", json=single_line)) == (400, 10207)
    assert api.get("/jobs/refused").status_code == 404
    job = create(api)
    for changes, code in UPDATES:
        before = document(api, f"/jobs/{job}")
        answered = api.put(f"/jobs/{job}/update", json=changes)
        if code:
            assert refusal(answered) == (400, code), changes
            assert document(api, f"/jobs/{job}") == before
        else:
            assert (answered.status_code, answered.json()) == (200, {"acknowledgement": True}), (changes, answered.text)
    assert document(api, f"/jobs/{job}")["description"] == "anew"


def test_a_new_job_takes_the_place_of_an_old_one_and_says_what_it_always_says(api: httpx.Client, job: str) -> None:
    """`overwrite=true`; generated id shape; `latency:0` and `influencers:[]` in output"""
    api.post(f"/data/{job}", content=rows(100)).raise_for_status()
    anew = configuration(job, description="anew")
    assert refusal(api.post("/jobs", json=anew)) == (409, 10110)
    assert api.post("/jobs?overwrite=true", json=anew).json() == {"id": job}
    told = document(api, f"/jobs/{job}")
    assert (told["description"], told["status"], told["counts"]["processedRecordCount"]) == ("anew", "CLOSED", 0)
    assert api.get(f"/results/{job}/buckets").json()["hitCount"] == 0
    assert (told["analysisConfig"]["latency"], told["analysisConfig"]["influencers"]) == (0, [])
    ids = []
    for written in ({}, {"id": ""}, {"id": None}):
        body = {"analysisConfig": {"detectors": [{"function": "count"}]}, **written}
        ids.append(api.post("/jobs?overwrite=true", json=body).json()["id"])
    assert all(re.fullmatch(r"20\d{12}-\d{5}", each) for each in ids)
    assert ids == sorted(set(ids))


def test_the_old_name_of_a_format_and_any_case_are_understood(api: httpx.Client) -> None:
    """`DELINEATED` accepted; enum case-insensitivity"""
    for written, shown in (("DELINEATED", "DELIMITED"), ("delimited", "DELIMITED"), ("Json", "JSON")):
        job = create(api, dataDescription={"format": written, "timeField": "time"})
        assert document(api, f"/jobs/{job}")["dataDescription"]["format"] == shown
    exclude = {**EXCLUDE, "condition": {"operator": "Gte", "value": "5"}}
    debug = {"writeTo": " data_Store ", "boundsPercentile": 90.0}
    file = {"dataSource": "file", "filePath": "/data.csv"}
    job = create(api, transforms=[exclude], modelDebugConfig=debug, schedulerConfig=file, ignoreDowntime=" Always ")
    told = document(api, f"/jobs/{job}")
    assert told["transforms"][0]["condition"]["operator"] == "GTE"
    assert (told["modelDebugConfig"]["writeTo"], told["schedulerConfig"]["dataSource"]) == ("DATA_STORE", "FILE")
    assert told["ignoreDowntime"] == "ALWAYS"
    detector = {"function": "count", "byFieldName": "host", "excludeFrequent": "BY"}
    job = create(api, analysisConfig={"detectors": [detector]})
    assert document(api, f"/jobs/{job}")["analysisConfig"]["detectors"][0]["excludeFrequent"].lower() == "by"
