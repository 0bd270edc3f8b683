import logging
from collections.abc import Callable
from typing import Any

import pytest

from prelert.engineApiClient import EngineApiClient

from ..client.recorder import Recorder

UNKNOWN = {"errorCode": 20101, "message": "No known job with id 'j'"}


def page(names: str, *, more: bool) -> tuple[int, dict[str, Any]]:
    return 200, {"hitCount": 3, "nextPage": "more" if more else None, "documents": list(names)}


def test_an_empty_body_is_an_empty_document(api: EngineApiClient, recorder: Recorder) -> None:
    recorder.answer((202, b""))
    assert api.close("j") == (202, {})


def test_nothing_is_raised_for_an_error_but_it_is_logged(
    api: EngineApiClient, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.answer((404, UNKNOWN))
    assert api.delete("j") == (404, UNKNOWN)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "DELETE /jobs/j: status 404" in record.getMessage()


def test_a_missing_document_is_returned_in_its_envelope(api: EngineApiClient, recorder: Recorder) -> None:
    recorder.answer((404, {"exists": False, "type": "job"}))
    assert api.getJob("j") == (404, {"exists": False, "type": "job"})


def test_an_error_page_of_a_proxy_becomes_an_error_document(api: EngineApiClient, recorder: Recorder) -> None:
    recorder.answer((502, b"<html>Bad Gateway</html>"))
    status, document = api.getJobs()
    assert (status, document["errorCode"]) == (502, 0)
    assert "Bad Gateway" in document["message"]


@pytest.mark.parametrize(
    ("call", "rest"),
    [
        (lambda api: api.getAllBuckets("j", True, 1, 2, True), ""),
        (lambda api: api.getBucketsByDate("j", 10, 20, True, 1, 2, True), "start=10&end=20&"),
    ],
)
def test_every_page_has_all_parameters_and_the_list_is_flat(
    call: Callable[[EngineApiClient], Any], rest: str, api: EngineApiClient, recorder: Recorder
) -> None:
    recorder.answer(page("ab", more=True), page("c", more=False))
    assert call(api) == (200, ["a", "b", "c"])
    rest += "expand=true&includeInterim=true&anomalyScore=2&maxNormalizedProbability=1"
    assert [call.line.partition("?")[2] for call in recorder.calls] == [
        f"skip=0&take=100&{rest}",
        f"skip=2&take=100&{rest}",
    ]


@pytest.mark.parametrize("before", [[], [page("ab", more=True)]])
def test_an_error_on_any_page_is_the_answer(before: list[Any], api: EngineApiClient, recorder: Recorder) -> None:
    recorder.answer(*before, (404, UNKNOWN))
    assert api.getAllBuckets("j") == (404, UNKNOWN)
    recorder.answer(*before, (404, UNKNOWN))
    assert api.getBucketsByDate("j", "", "") == (404, UNKNOWN)


def test_a_preview_is_raw_text_even_when_it_is_an_error(api: EngineApiClient, recorder: Recorder) -> None:
    recorder.answer((202, b"time,v\n1,2\n"), (400, b'{"errorCode": 30001}'))
    assert api.preview("j", "") == (202, "time,v\n1,2\n")
    assert api.preview("j", "") == (400, '{"errorCode": 30001}')


def test_zips_are_bytes_and_logs_are_text_unless_there_are_none(api: EngineApiClient, recorder: Recorder) -> None:
    recorder.answer((200, b"PK\x03\x04\xff"), (200, b"INFO started\n"), (404, UNKNOWN))
    assert api.getZippedLogs("j") == (200, b"PK\x03\x04\xff")
    assert api.getJobLog("j", "engine_api") == (200, "INFO started\n")
    assert api.getZippedLogs("j") == api.getJobLog("j", "x") == (404, UNKNOWN)
