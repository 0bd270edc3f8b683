import gzip

import pytest

from tailmass.client import Client
from tailmass.errors import ConcurrentUse, MissingJob

from .recorder import Recorder

MISSING = {"jobId": "b", "error": {"errorCode": 20101, "message": "No known job with id 'b'"}}


def test_an_upload_returns_its_counts(client: Client, recorder: Recorder) -> None:
    recorder.answer((202, {"responses": [{"jobId": "a", "uploadSummary": {"inputRecordCount": 2}}]}))
    assert client.data.upload("a", "time\n1\n2\n") == {"inputRecordCount": 2}


def test_an_upload_that_failed_raises_the_error_of_its_job(client: Client, recorder: Recorder) -> None:
    recorder.answer((404, {"responses": [MISSING]}))
    with pytest.raises(MissingJob, match="No known job with id 'b'"):
        client.data.upload("b", "time\n")


def test_one_job_of_many_that_fails_does_not_hide_the_others(client: Client, recorder: Recorder) -> None:
    recorder.answer((202, {"responses": [{"jobId": "a", "uploadSummary": {"inputBytes": 5}}, MISSING]}))
    answers = client.data.upload_many(["a", "b"], "time\n")
    assert answers["a"] == {"inputBytes": 5}
    assert isinstance(answers["b"], MissingJob)


def test_an_answer_without_a_body_has_no_counts(client: Client, recorder: Recorder) -> None:
    recorder.answer((202, b""))
    assert client.data.upload("a", "time\n") == {}


def test_rows_already_compressed_are_marked_and_sent_as_they_are(client: Client, recorder: Recorder) -> None:
    packed = gzip.compress(b"time\n1\n")
    client.data.upload("a", packed, gzipped=True)
    client.data.preview("a", packed, gzipped=True)
    assert [call.headers["Content-Encoding"] for call in recorder.calls] == ["gzip", "gzip"]
    assert [call.body for call in recorder.calls] == [packed, packed]


@pytest.mark.parametrize("status", [200, 202])
def test_closing_is_fine_with_either_status(status: int, client: Client, recorder: Recorder) -> None:
    recorder.answer((status, b""))
    client.data.close("a")


def test_a_job_in_use_is_not_closed(client: Client, recorder: Recorder) -> None:
    recorder.answer((409, {"errorCode": 40103, "message": "busy"}))
    with pytest.raises(ConcurrentUse, match="busy"):
        client.data.close("a")
