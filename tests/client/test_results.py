import pytest

from tailmass.client import Client
from tailmass.errors import MissingJob

from .recorder import Recorder


def test_a_bucket_or_category_that_does_not_exist_is_none(client: Client, recorder: Recorder) -> None:
    recorder.answer((404, {"exists": False, "type": "bucket"}))
    assert client.results.bucket("j", 1403712000) is None
    assert client.results.category("j", 7) is None


def test_a_bucket_of_a_job_that_does_not_exist_is_an_error(client: Client, recorder: Recorder) -> None:
    recorder.answer((404, {"errorCode": 20101, "message": "No known job with id 'j'"}))
    with pytest.raises(MissingJob):
        client.results.bucket("j", 1403712000)
