"""What each version of the API shows: the same job and results, written once, and the fields its clients know."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.results import Counts, JobState, ModelSize
from tailmass.store import Store
from tests.store.samples import batch, bucket, influencer, record

from .clients import configuration, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running

WHEN = 1_403_712_000
OLD = ("v1", "v0.3")
SPLITS = {f"{split}Field{part}" for split in ("by", "over", "partition") for part in ("Name", "Value")}
ENDPOINTS = {"data", "buckets", "records", "categoryDefinitions", "logs", "alertsLongPoll", "modelSnapshots"}
NINE = {
    *("bucketCount", "processedRecordCount", "processedFieldCount", "inputBytes", "inputRecordCount"),
    *("inputFieldCount", "invalidDateCount", "missingFieldCount", "outOfOrderTimeStampCount"),
}

FIELDS: dict[str, dict[str, set[str]]] = {
    "v2": {
        "envelope": {"exists", "type", "document"},
        "job": {
            *("id", "description", "status", "createTime", "finishedTime", "lastDataTime", "timeout"),
            *("analysisConfig", "dataDescription", "analysisLimits", "transforms", "modelDebugConfig"),
            *("modelSizeStats", "counts", "ignoreDowntime", "renormalizationWindowDays", "customSettings"),
            *("backgroundPersistInterval", "modelSnapshotRetentionDays", "resultsRetentionDays"),
            *("location", "endpoints"),
        },
        "job.endpoints": ENDPOINTS,
        "job.counts": NINE | {"failedTransformCount", "excludedRecordCount", "latestRecordTimeStamp"},
        "job.dataDescription": {"format", "timeField", "timeFormat", "fieldDelimiter", "quoteCharacter"},
        "job.analysisLimits": {"modelMemoryLimit", "categorizationExamplesLimit"},
        "job.analysisConfig": {
            *("bucketSpan", "batchSpan", "period", "latency", "summaryCountFieldName", "categorizationFieldName"),
            *("categorizationFilters", "detectors", "influencers", "overlappingBuckets", "multivariateByFields"),
            *("resultFinalizationWindow", "usePerPartitionNormalization"),
        },
        "job.analysisConfig.detectors": {
            *("detectorDescription", "function", "fieldName", "byFieldName", "overFieldName", "partitionFieldName"),
            *("useNull", "excludeFrequent", "detectorRules"),
        },
        "bucket": {
            *("timestamp", "bucketSpan", "anomalyScore", "initialAnomalyScore", "maxNormalizedProbability"),
            *("recordCount", "eventCount", "isInterim", "bucketInfluencers", "influencers", "records"),
        },
        "bucket.bucketInfluencers": {"influencerFieldName", "anomalyScore", "probability"},
        "bucket.influencers": {
            *("timestamp", "influencerFieldName", "influencerFieldValue", "probability", "anomalyScore", "isInterim"),
        },
        "bucket.records": {
            *("timestamp", "bucketSpan", "detectorIndex", "function", "functionDescription", "fieldName"),
            *("probability", "anomalyScore", "normalizedProbability", "initialNormalizedProbability"),
            *("actual", "typical", "isInterim", "causes", "influencers", "correlatedByFieldValue"),
            *SPLITS,
        },
        "bucket.records.causes": {
            *("probability", "function", "functionDescription", "fieldName", "typical", "actual", "influencers"),
            *("correlatedByFieldValue", *SPLITS),
        },
    },
    "v1": {
        "envelope": {"documentId", "exists", "type", "document"},
        "job": {
            *("id", "description", "status", "createTime", "finishedTime", "lastDataTime", "timeout"),
            *("analysisConfig", "dataDescription", "analysisLimits", "transforms", "modelDebugConfig", "counts"),
            *("location", "dataEndpoint", "bucketsEndpoint", "recordsEndpoint", "logsEndpoint"),
        },
        "job.counts": NINE | {"failedTransformCount", "excludedRecordCount"},
        "job.dataDescription": {"format", "timeField", "timeFormat", "fieldDelimiter", "quoteCharacter"},
        "job.analysisLimits": {"modelMemoryLimit", "categorizationExamplesLimit"},
        "job.analysisConfig": {
            *("bucketSpan", "batchSpan", "period", "latency", "summaryCountFieldName", "categorizationFieldName"),
            "detectors",
        },
        "job.analysisConfig.detectors": {
            *("function", "fieldName", "byFieldName", "overFieldName", "partitionFieldName"),
            *("useNull", "excludeFrequent"),
        },
        "bucket": {
            *("id", "timestamp", "anomalyScore", "rawAnomalyScore", "maxNormalizedProbability"),
            *("recordCount", "eventCount", "isInterim", "records"),
        },
        "bucket.records": {
            *("timestamp", "function", "fieldName", "probability", "anomalyScore", "normalizedProbability"),
            *("actual", "typical", "isInterim", "causes", *SPLITS),
        },
        "bucket.records.causes": {"probability", "function", "fieldName", "typical", "actual", *SPLITS},
    },
    "v0.3": {
        "envelope": {"documentId", "exists", "type", "document"},
        "job": {
            *("id", "status", "createTime", "finishedTime", "lastDataTime", "timeout"),
            *("analysisConfig", "dataDescription", "analysisLimits"),
            *("location", "dataEndpoint", "resultsEndpoint", "logsEndpoint"),
        },
        "job.dataDescription": {"format", "timeField", "timeFormat", "fieldDelimiter", "quoteCharacter"},
        "job.analysisLimits": {"modelMemoryLimit"},
        "job.analysisConfig": {"bucketSpan", "batchSpan", "period", "detectors"},
        "job.analysisConfig.detectors": {
            *("function", "fieldName", "byFieldName", "overFieldName", "partitionFieldName", "useNull"),
        },
        "bucket": {"id", "timestamp", "anomalyScore", "recordCount", "detectors", "records"},
        "bucket.records": {
            *("function", "fieldName", "probability", "anomalyScore", "actual", "typical"),
            *("isOverallResult", "isSimpleCount", *SPLITS),
        },
    },
}
"""Every field that clients of a version know, by where it stands; written down from the specification."""

JOB = {
    "description": "everything",
    "analysisConfig": {
        "bucketSpan": 300,
        "batchSpan": 3600,
        "period": 7,
        "latency": 60,
        "summaryCountFieldName": "n",
        "categorizationFieldName": "message",
        "categorizationFilters": ["[0-9]+"],
        "influencers": ["user"],
        "overlappingBuckets": True,
        "resultFinalizationWindow": 1,
        "multivariateByFields": True,
        "usePerPartitionNormalization": True,
        "timeZone": "Europe/Berlin",
        "alertBudget": 7,
        "valueLists": {"known": ["a"]},
        "detectors": [
            {
                "detectorDescription": "what it is",
                "function": "high_mean",
                "fieldName": "bytes",
                "byFieldName": "host",
                "overFieldName": "user",
                "partitionFieldName": "site",
                "useNull": True,
                "excludeFrequent": "none",
                "detectorRules": [
                    {
                        "ruleConditions": [
                            {"conditionType": "CATEGORICAL", "fieldName": "host", "valueList": "known"},
                        ]
                    }
                ],
                "sensitivity": 5,
            }
        ],
    },
    "analysisLimits": {"modelMemoryLimit": 100, "categorizationExamplesLimit": 2},
    "transforms": [{"transform": "concat", "inputs": ["a", "b"], "outputs": ["host"]}],
    "modelDebugConfig": {"boundsPercentile": 95.0},
    "ignoreDowntime": "NEVER",
    "renormalizationWindowDays": 30,
    "backgroundPersistInterval": 3600,
    "modelSnapshotRetentionDays": 1,
    "resultsRetentionDays": 9,
    "customSettings": {"a": 1},
}
BLAMED = [{"influencerFieldName": "user", "influencerFieldValues": ["ann"]}]
CAUSE = {"byFieldValue": "web-1", "correlatedByFieldValue": "web-2", "typical": 100.0, "actual": 250.0}
WHOLE: dict[str, Any] = {
    "function": "high_mean",
    "partition_field_name": "site",
    "partition_field_value": "north",
    "actual": 250.0,
    "typical": 100.0,
    "kind": "spike",
    "lower": 90.0,
    "upper": 110.0,
    "correlated_by_field_value": "web-2",
    "influencers": json.dumps(BLAMED),
}
OF_POPULATION = WHOLE | {
    "over_field_name": "user",
    "over_field_value": "ann",
    "normalized_probability": 90.0,
    "causes": json.dumps([CAUSE | {"influencers": BLAMED}, CAUSE]),
}


@pytest.fixture(scope="module")
def everything(lasting_server: "Running") -> Iterator[str]:
    """A job with all there is to say of it, and three buckets: a quiet one, one with records, an interim one."""
    store = Store.open(None, lasting_server.home)
    with httpx.Client(base_url=f"{lasting_server.url}/engine/v3", timeout=60) as native:
        native.post("/jobs", json=configuration("everything", **JOB)).raise_for_status()
    told: JobState = store.job("everything")
    assert told.config.analysis_config.alert_budget == 7
    counts = Counts(3, 900, 1800, 9000, 2700, 1, 2, 3, 4, 5, 1_403_712_299_000)
    of_bucket = '[["bucketTime", 40.0, 1e-22], ["user", 30.0, 0.01]]'
    loud = bucket(WHEN, anomaly_score=40.0, max_normalized_probability=90.0, record_count=2, event_count=909)
    found = [record(WHEN, "web-1", **WHOLE), record(WHEN, "web-1", **OF_POPULATION)]
    final = [bucket(WHEN - 300), loud | {"bucket_influencers": of_bucket, "series_watched": 4}]
    store.write("everything", batch(final, found, [influencer(WHEN)]), counts)
    open_ = [bucket(WHEN + 300, anomaly_score=10.0, record_count=1)]
    store.write("everything", batch(open_, [record(WHEN + 300)], interim=True), counts)
    size = ModelSize(model_bytes=1000, log_time_ms=1, bucket_time=WHEN)
    store.update_job("everything", finished_time_ms=2000, last_data_time_ms=1000, model_size=size)
    yield "everything"
    store.close()


def get(lasting_server: "Running", version: str, path: str) -> Any:
    answered = httpx.get(f"{lasting_server.url}/engine/{version}{path}")
    assert answered.status_code == 200, answered.text
    return answered.json()


def fields(document: Any, place: str) -> dict[str, set[str]]:
    """The names that objects have, by where they stand: those of all items of a list together."""
    found: dict[str, set[str]] = {}
    for each in document if isinstance(document, list) else [document]:
        if isinstance(each, dict):
            found.setdefault(place, set()).update(each)
            for name, value in each.items():
                for deeper, names in fields(value, f"{place}.{name}").items():
                    found.setdefault(deeper, set()).update(names)
    return found


@pytest.mark.parametrize("version", FIELDS)
def test_each_version_shows_exactly_the_fields_that_its_clients_know(
    lasting_server: "Running", everything: str, version: str
) -> None:
    job = get(lasting_server, version, f"/jobs/{everything}")
    told = {**fields(job["document"], "job"), "envelope": set(job)}
    for bucket_ in (
        get(lasting_server, version, f"/results/{everything}/buckets/{WHEN}?expand=true")["document"],
        get(lasting_server, version, f"/results/{everything}/buckets/{WHEN + 300}?expand=true&includeInterim=true")[
            "document"
        ],
    ):
        for place, names in fields(bucket_, "bucket").items():
            told.setdefault(place, set()).update(names)
    for place, names in FIELDS[version].items():
        assert told[place] == names, place
    beyond = ("transforms", "modelDebugConfig", "detectorRules", "customSettings", "modelSizeStats", "influencers")
    assert [each for each in set(told) - set(FIELDS[version]) if not any(name in each for name in beyond)] == []


@pytest.mark.parametrize("version", FIELDS)
def test_a_page_shows_what_a_single_answer_does(lasting_server: "Running", everything: str, version: str) -> None:
    page = get(lasting_server, version, f"/results/{everything}/buckets?expand=true&start={WHEN}")
    single = get(lasting_server, version, f"/results/{everything}/buckets/{WHEN}?expand=true")
    short = get(lasting_server, version, f"/results/{everything}/{WHEN}?expand=true")
    assert page["documents"] == [single["document"]]
    assert short == single
    records = get(lasting_server, version, f"/results/{everything}/records")["documents"]
    assert records == [each for each in single["document"]["records"] if "isSimpleCount" not in each]
    listed = get(lasting_server, version, "/jobs?take=100000")["documents"]
    assert get(lasting_server, version, f"/jobs/{everything}")["document"] in listed


@pytest.mark.parametrize("version", OLD)
def test_an_envelope_says_first_what_was_asked_for(lasting_server: "Running", everything: str, version: str) -> None:
    found = get(lasting_server, version, f"/results/{everything}/buckets/2014-06-25T16:00:00Z")
    assert list(found) == ["documentId", "exists", "type", "document"]
    assert found["documentId"] == str(WHEN)
    base = f"{lasting_server.url}/engine/{version}"
    missing = httpx.get(f"{base}/jobs/nobody")
    assert missing.status_code == 404
    assert missing.content == b'{"documentId":"nobody","exists":false,"type":"job"}'
    missing = httpx.get(f"{base}/results/{everything}/1")
    assert (missing.status_code, missing.json()) == (404, {"documentId": "1", "exists": False, "type": "bucket"})
    missing = httpx.get(f"{base}/results/{everything}/categorydefinitions/7")
    assert missing.json() == {"documentId": "7", "exists": False, "type": "categoryDefinition"}


def test_version_1_has_ids_raw_scores_and_measured_functions(lasting_server: "Running", everything: str) -> None:
    quiet, loud, open_ = get(lasting_server, "v1", f"/results/{everything}/buckets?expand=true&includeInterim=true")[
        "documents"
    ]
    assert [each["id"] for each in (quiet, loud, open_)] == [str(WHEN + 300 * n) for n in (-1, 0, 1)]
    assert (quiet["rawAnomalyScore"], loud["rawAnomalyScore"]) == (0.0, pytest.approx(22.0))
    assert ("isInterim" in loud, open_["isInterim"]) == (False, True)
    of_population, plain = loud["records"]
    assert (of_population["function"], plain["function"]) == ("mean", "mean")
    assert (plain["actual"], plain["typical"]) == (250.0, 100.0)
    assert [each["function"] for each in of_population["causes"]] == ["mean", "mean"]
    assert ("isInterim" in plain, open_["records"][0]["isInterim"]) == (False, True)


def test_a_position_is_no_number_and_left_out_for_those_who_know_only_numbers(
    lasting_server: "Running", api: httpx.Client
) -> None:
    job = create(api)
    store = Store.open(None, lasting_server.home)
    found = record(WHEN, actual=51.5, actual_longitude=-0.1, typical=48.9, typical_longitude=2.4)
    store.write(job, batch([bucket(WHEN)], [found]), Counts())
    store.close()
    assert api.get(f"/results/{job}/records").json()["documents"][0]["actual"] == [51.5, -0.1]
    for version in OLD:
        assert not {"actual", "typical"} & set(get(lasting_server, version, f"/results/{job}/records")["documents"][0])


def test_the_earliest_version_tells_populations_and_rows_by_records(lasting_server: "Running", everything: str) -> None:
    path = f"/results/{everything}/{WHEN}"
    of_population, plain, count = get(lasting_server, "v0.3", f"{path}?expand=true")["document"]["records"]
    assert (of_population["isOverallResult"], of_population["actual"]) == (True, 250.0)
    assert "isOverallResult" not in plain
    assert (count["function"], count["isSimpleCount"], count["actual"]) == ("count", True, 909)
    assert get(lasting_server, "v0.3", path)["document"]["records"] == []
    page = get(lasting_server, "v0.3", f"{path}/records")
    assert page["documents"] == [of_population, plain, count]
    assert get(lasting_server, "v0.3", f"{path}/records?skip=1&take=1")["documents"] == [plain]
    assert get(lasting_server, "v0.3", f"/results/{everything}/1/records")["documents"] == []


def test_the_earliest_version_names_detectors_and_their_records(lasting_server: "Running", everything: str) -> None:
    page = get(lasting_server, "v0.3", f"/detectors/{everything}")
    [named] = page["documents"]
    assert (page["hitCount"], set(named)) == (1, {"name"})
    path = f"/results/{everything}/{WHEN}/records/"
    assert get(lasting_server, "v0.3", path + named["name"])["hitCount"] == 2
    assert get(lasting_server, "v0.3", path + "count")["hitCount"] == 0
    base = f"{lasting_server.url}/engine"
    assert httpx.get(f"{base}/v0.3/detectors/nobody").json()["errorCode"] == 20101
    assert httpx.get(f"{base}/v2/detectors/{everything}").status_code == 404


@pytest.mark.parametrize(("version", "status"), [("v0.3", "RUNNING"), ("v1", "CLOSED"), ("v2", "CLOSED")])
def test_a_new_job_has_the_status_of_its_time(lasting_server: "Running", job: str, version: str, status: str) -> None:
    assert get(lasting_server, version, f"/jobs/{job}")["document"]["status"] == status


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("CLOSING", "RUNNING"),
        ("PAUSING", "RUNNING"),
        ("PAUSED", "CLOSED"),
        ("FAILED", "FAILED"),
        ("RUNNING", "RUNNING"),
        ("CLOSED", "CLOSED"),
    ],
)
def test_older_versions_know_three_statuses(
    lasting_server: "Running", job: str, version: str, kept: str, told: str
) -> None:
    store = Store.open(None, lasting_server.home)
    store.update_job(job, status=kept, finished_time_ms=1)
    store.close()
    assert get(lasting_server, version, f"/jobs/{job}")["document"]["status"] == told


@pytest.mark.parametrize(("version", "name"), [("v0.3", "DELINEATED"), ("v1", "DELINEATED"), ("v2", "DELIMITED")])
@pytest.mark.parametrize("asked", ["DELINEATED", "delimited"])
def test_the_format_has_the_name_of_its_time_and_is_asked_for_by_either(
    lasting_server: "Running", version: str, name: str, asked: str
) -> None:
    base = f"{lasting_server.url}/engine/{version}"
    job = configuration(f"format-{asked.lower()}-{version}")
    job["dataDescription"]["format"] = asked
    assert httpx.post(f"{base}/jobs", json=job).status_code == 201
    told = get(lasting_server, version, f"/jobs/{job['id']}")["document"]
    assert told["dataDescription"]["format"] == name
    assert ("latency" in told["analysisConfig"]) == (version == "v2")
    if version == "v1":
        assert not {"failedTransformCount", "excludedRecordCount"} & set(told["counts"])


def test_an_upload_is_refused_bare_in_the_earliest_version_and_wrapped_in_the_others(
    lasting_server: "Running", job: str
) -> None:
    for version in ("v2", "v1"):
        refused = httpx.post(f"{lasting_server.url}/engine/{version}/data/{job}", content=b"when\n1\n")
        assert (refused.status_code, refused.json()["responses"][0]["error"]["errorCode"]) == (400, 30101)
    refused = httpx.post(f"{lasting_server.url}/engine/v0.3/data/{job}", content=b"when\n1\n")
    assert (refused.status_code, refused.json()["errorCode"]) == (400, 30101)
    several = httpx.post(f"{lasting_server.url}/engine/v0.3/data/{job},nobody", content=rows(3))
    assert (several.status_code, len(several.json()["responses"])) == (202, 2)


def test_the_summary_of_an_upload_has_the_counts_of_its_version(lasting_server: "Running", job: str) -> None:
    summaries = {}
    for version in ("v2", "v1"):
        sent = httpx.post(f"{lasting_server.url}/engine/{version}/data/{job}", content=rows(1))
        summaries[version] = set(sent.json()["responses"][0]["uploadSummary"])
    more = {"failedTransformCount", "excludedRecordCount", "latestRecordTimeStamp"}
    assert summaries["v1"] == NINE - {"bucketCount"}
    assert summaries["v2"] == summaries["v1"] | more


@pytest.mark.parametrize(
    ("path", "code", "told"),
    [
        ("/results/{job}/buckets?skip=-1", 60110, 60101),
        ("/results/{job}/buckets?take=-1", 60111, 60101),
        ("/results/{job}/buckets?start=2&end=1", 60107, 60107),
        ("/alerts_longpoll/{job}?score=5&alertOn=x", 60112, 40103),
        ("/results/nobody/buckets", 20101, 20101),
    ],
)
def test_errors_have_numbers_that_clients_of_version_1_know(
    lasting_server: "Running", job: str, path: str, code: int, told: int
) -> None:
    for version, expected in (("v2", code), ("v1", told), ("v0.3", code)):
        answered = httpx.get(f"{lasting_server.url}/engine/{version}{path.format(job=job)}")
        assert answered.json()["errorCode"] == expected, version


def test_errors_of_configurations_have_numbers_that_clients_of_version_1_know(lasting_server: "Running") -> None:
    wrong = configuration("wrong")
    wrong["analysisConfig"]["detectors"][0]["excludeFrequent"] = "sometimes"
    for version, code in (("v2", 10119), ("v1", 10104)):
        answered = httpx.post(f"{lasting_server.url}/engine/{version}/jobs", json=wrong)
        assert (answered.status_code, answered.json()["errorCode"]) == (400, code)


@pytest.mark.parametrize("version", OLD)
def test_a_close_is_answered_in_the_one_way_that_old_clients_accept(
    lasting_server: "Running", job: str, version: str
) -> None:
    answered = httpx.post(f"{lasting_server.url}/engine/{version}/data/{job}/close")
    assert (answered.status_code, answered.json()) == (202, {"acknowledgement": True})


@pytest.mark.parametrize("version", OLD)
def test_a_job_can_be_like_another(lasting_server: "Running", api: httpx.Client, version: str) -> None:
    first = create(api, timeout=77, description="the first")
    base = f"{lasting_server.url}/engine/{version}"
    made = httpx.post(f"{base}/jobs", json={"id": f"like-{version}", "referenceJobId": first, "timeout": 5})
    assert made.status_code == 201
    told = api.get(f"/jobs/like-{version}").json()["document"]
    assert told["analysisConfig"] == api.get(f"/jobs/{first}").json()["document"]["analysisConfig"]
    assert (told["timeout"], "description" in told) == (5, False)
    unknown = httpx.post(f"{base}/jobs", json={"referenceJobId": "nobody"})
    assert (unknown.status_code, unknown.json()["errorCode"]) == (400, 10103)
    assert api.post("/jobs", json={"referenceJobId": first}).json()["errorCode"] == 10102


@pytest.mark.parametrize("version", OLD)
def test_what_old_clients_send_for_nothing_is_borne(lasting_server: "Running", version: str) -> None:
    asked = configuration(f"borne-{version}", analysisLimits={"maxFieldValues": 10, "maxTimeBuckets": 5})
    asked["analysisConfig"]["byFieldValueThresholds"] = {}
    base = f"{lasting_server.url}/engine"
    assert httpx.post(f"{base}/{version}/jobs", json=asked).status_code == 201
    assert httpx.post(f"{base}/v2/jobs", json=asked).json()["errorCode"] == 10102


@pytest.mark.parametrize("version", OLD)
def test_alerts_of_older_versions_say_nothing_of_types_and_interim(
    lasting_server: "Running", api: httpx.Client, version: str
) -> None:
    job = create(api)
    api.post(f"/data/{job}", content=rows(10)).raise_for_status()
    told = get(lasting_server, version, f"/alerts_longpoll/{job}?score=5&timeout=0")
    assert told == {"jobId": job, "anomalyScore": 0.0, "maxNormalizedProbability": 0.0, "timeout": True}


def test_dates_of_the_time_of_simple_date_format_are_read(lasting_server: "Running") -> None:
    base = f"{lasting_server.url}/engine/v1"
    for number, (pattern, time) in enumerate(
        [("yyyy-MM-dd'T'HH:mm:ssX", "2014-05-13T17:00:00+00:00"), ("uuuu-MM-dd HH:mm:ssX", "2014-05-13 17:00:00Z")]
    ):
        job = configuration(f"dates-{number}")
        job["dataDescription"]["timeFormat"] = pattern
        assert httpx.post(f"{base}/jobs", json=job).status_code == 201
        sent = httpx.post(f"{base}/data/dates-{number}", content=f"time,value\n{time},1\n".encode())
        assert sent.json()["responses"][0]["uploadSummary"]["processedRecordCount"] == 1
        counts = get(lasting_server, "v2", f"/jobs/dates-{number}")["document"]["counts"]
        assert counts["latestRecordTimeStamp"] == "2014-05-13T17:00:00.000+0000"


@pytest.mark.parametrize("version", OLD)
def test_every_resource_of_version_2_is_there_in_older_ones(lasting_server: "Running", version: str) -> None:
    paths = httpx.get(f"{lasting_server.url}/openapi.json").json()["paths"]
    asked = [
        (method, path.replace("/v2", f"/{version}"))
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/engine/v2/")
    ]
    assert len(asked) > 10
    for method, path in asked:
        answered = httpx.request(method, lasting_server.url + path, timeout=60)
        told = answered.json() if answered.content.startswith(b"{") else {}
        assert "Not Found" not in told.get("message", ""), (method, path)
        assert "Method Not Allowed" not in told.get("message", ""), (method, path)


def test_the_beta_called_a_score_otherwise(api: httpx.Client, everything: str) -> None:
    for path in ("buckets", "records"):
        found = api.get(f"/results/{everything}/{path}?unusualScore=80").json()["documents"]
        assert len(found) == 1
