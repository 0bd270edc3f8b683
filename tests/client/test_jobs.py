import pytest

from tailmass.client import Client
from tailmass.errors import IncompleteConfiguration, MissingJob

from .recorder import Recorder


def test_a_job_that_does_not_exist_is_missing(client: Client, recorder: Recorder) -> None:
    recorder.answer((404, {"exists": False, "type": "job"}))
    assert not client.jobs.exists("gone")
    with pytest.raises(MissingJob, match="gone"):
        client.jobs.get("gone")


def test_a_configuration_that_is_refused_raises_what_is_wrong(client: Client, recorder: Recorder) -> None:
    recorder.answer((400, {"errorCode": 10107, "message": "No detectors configured"}))
    with pytest.raises(IncompleteConfiguration, match="No detectors configured"):
        client.jobs.create({"analysisConfig": {"bucketSpan": 3600}})
