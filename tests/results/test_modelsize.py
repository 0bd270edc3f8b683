from tailmass.results import JobState, ModelSize
from tests.results.test_job import BASE, CREATED, Asked

SIZE = ModelSize(
    model_bytes=5000,
    total_by_field_count=3,
    total_over_field_count=2,
    total_partition_field_count=1,
    bucket_allocation_failures_count=4,
    memory_status="HARD_LIMIT",
    log_time_ms=1_463_133_600_000,
    bucket_time=1_463_133_300,
)


def test_the_stats_are_written_field_by_field() -> None:
    assert SIZE.document() == {
        "modelBytes": 5000,
        "totalByFieldCount": 3,
        "totalOverFieldCount": 2,
        "totalPartitionFieldCount": 1,
        "bucketAllocationFailuresCount": 4,
        "memoryStatus": "HARD_LIMIT",
        "logTime": "2016-05-13T10:00:00.000+0000",
        "timestamp": "2016-05-13T09:55:00.000+0000",
    }


def test_a_time_that_is_not_known_is_left_out() -> None:
    assert not {"logTime", "timestamp"} & set(ModelSize().document())


def test_a_job_has_them_once_they_are_known() -> None:
    known = JobState(Asked(), "CLOSED", CREATED, model_size=SIZE)
    assert known.document(BASE)["modelSizeStats"] == SIZE.document()
    assert "modelSizeStats" not in JobState(Asked(), "CLOSED", CREATED).document(BASE)
