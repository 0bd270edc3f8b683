from dataclasses import dataclass, field
from typing import Any

import msgspec

from tailmass.results import Counts, JobState

BASE = "http://localhost:8080/engine/v2"
CREATED = 1_463_133_600_000


@dataclass(frozen=True)
class Asked:
    """A configuration, as far as results know one."""

    id: str = "farequote"
    more: dict[str, Any] = field(default_factory=dict)
    ours: dict[str, Any] = field(default_factory=dict)
    """What the clients of the Engine API do not know."""

    def document(self, *, native: bool) -> dict[str, Any]:
        return {
            "id": self.id,
            "description": "Analysis of response time by airline",
            "timeout": 600,
            "analysisConfig": {"bucketSpan": 3600},
            "dataDescription": {"format": "DELIMITED"},
            **self.more,
            **(self.ours if native else {}),
        }


def test_the_job_of_the_worked_example_is_written_field_by_field() -> None:
    assert JobState(Asked(), "CLOSED", CREATED).document(BASE) == {
        "id": "farequote",
        "description": "Analysis of response time by airline",
        "status": "CLOSED",
        "createTime": "2016-05-13T10:00:00.000+0000",
        "timeout": 600,
        "analysisConfig": {"bucketSpan": 3600},
        "dataDescription": {"format": "DELIMITED"},
        "counts": {
            "bucketCount": 0,
            "processedRecordCount": 0,
            "processedFieldCount": 0,
            "inputBytes": 0,
            "inputRecordCount": 0,
            "inputFieldCount": 0,
            "invalidDateCount": 0,
            "missingFieldCount": 0,
            "outOfOrderTimeStampCount": 0,
            "failedTransformCount": 0,
            "excludedRecordCount": 0,
        },
        "location": "http://localhost:8080/engine/v2/jobs/farequote",
        "endpoints": {
            "data": "http://localhost:8080/engine/v2/data/farequote",
            "buckets": "http://localhost:8080/engine/v2/results/farequote/buckets",
            "records": "http://localhost:8080/engine/v2/results/farequote/records",
            "categoryDefinitions": "http://localhost:8080/engine/v2/results/farequote/categorydefinitions",
            "logs": "http://localhost:8080/engine/v2/logs/farequote",
            "alertsLongPoll": "http://localhost:8080/engine/v2/alerts_longpoll/farequote",
            "modelSnapshots": "http://localhost:8080/engine/v2/modelsnapshots/farequote",
        },
    }


def test_times_are_told_once_there_are_any() -> None:
    state = JobState(Asked(), "CLOSED", CREATED, CREATED + 2000, CREATED + 1000, Counts(latest_record_time_ms=0))
    body = state.document(BASE)
    assert body["finishedTime"] == "2016-05-13T10:00:02.000+0000"
    assert body["lastDataTime"] == "2016-05-13T10:00:01.000+0000"
    assert body["counts"]["latestRecordTimeStamp"] == "1970-01-01T00:00:00.000+0000"


def test_only_a_scheduled_job_has_a_scheduler_status() -> None:
    scheduled = Asked(more={"schedulerConfig": {"dataSource": "FILE"}})
    assert JobState(scheduled, "CLOSED", CREATED).document(BASE)["schedulerStatus"] == "STOPPED"
    assert "schedulerStatus" not in JobState(Asked(), "CLOSED", CREATED).document(BASE)


def test_what_the_engine_api_does_not_have_is_for_those_who_know_it() -> None:
    state = JobState(Asked(ours={"alertBudget": 1.0}), "CLOSED", CREATED)
    plain = JobState(Asked(), "CLOSED", CREATED)
    assert msgspec.json.encode(state.document(BASE, alert_threshold=50.0)) == msgspec.json.encode(plain.document(BASE))
    native = state.document(BASE, native=True, alert_threshold=50.0)
    assert (native["alertBudget"], native["alertThreshold"]) == (1.0, 50.0)
    assert native["endpoints"] == plain.document(BASE)["endpoints"] | {"forecast": f"{BASE}/forecast/farequote"}
    assert "alertThreshold" not in state.document(BASE, native=True)


def test_an_id_with_odd_characters_is_one_segment_of_its_urls() -> None:
    body = JobState(Asked("50%#1"), "CLOSED", CREATED).document(f"{BASE}/")
    assert body["location"] == f"{BASE}/jobs/50%25%231"
    assert body["id"] == "50%#1"
