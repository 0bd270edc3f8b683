from dataclasses import replace

from tailmass.results import Snapshot
from tests.results.test_modelsize import SIZE

SNAPSHOT = Snapshot(
    time_ms=1_463_133_600_500,
    description="before the change",
    model_size=SIZE,
    latest_record_time_ms=1_463_133_599_000,
    latest_result_time=1_463_133_300,
    snapshot_id="1463133600",
    restore_priority=1_463_133_601,
)


def test_a_snapshot_has_what_clients_of_the_engine_api_know() -> None:
    assert SNAPSHOT.document() == {
        "timestamp": "2016-05-13T10:00:00.500+0000",
        "snapshotId": "1463133600",
        "snapshotDocCount": 1,
        "description": "before the change",
        "restorePriority": 1_463_133_601,
        "modelSizeStats": SIZE.document(),
        "latestRecordTimeStamp": "2016-05-13T09:59:59.000+0000",
        "latestResultTimeStamp": "2016-05-13T09:55:00.000+0000",
    }


def test_a_job_without_rows_has_no_latest_ones() -> None:
    bare = replace(SNAPSHOT, latest_record_time_ms=None, latest_result_time=None).document()
    assert not {"latestRecordTimeStamp", "latestResultTimeStamp"} & set(bare)
