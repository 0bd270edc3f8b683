import gc
import warnings

import pytest

from prelert.engineApiClient import EngineApiClient

from ..client.recorder import Recorder, recording

COUNTED = {"responses": [{"jobId": "j", "uploadSummary": {"inputRecordCount": 2}}]}


def test_each_piece_is_a_chunk_and_the_result_comes_last(api: EngineApiClient, recorder: Recorder) -> None:
    recorder.answer((202, COUNTED))
    upload = api.stream("j", "time,wörd\n")
    assert upload.send(None) is None
    assert upload.send("1,ü\n") is None
    assert upload.send(b"2,x\n") is None
    assert upload.send("") == (202, COUNTED)
    assert recorder.line == "POST /engine/v2/data/j"
    assert recorder.calls[0].chunks == ("time,wörd\n".encode(), "1,ü\n".encode(), b"2,x\n")


def test_nothing_is_sent_before_the_start(api: EngineApiClient, recorder: Recorder) -> None:
    api.stream("j", "time\n")
    assert recorder.connections == 0


def test_an_empty_first_piece_does_not_end_the_upload(api: EngineApiClient, recorder: Recorder) -> None:
    upload = api.stream("j", "")
    upload.send(None)
    upload.send("time\n")
    upload.send("")
    assert recorder.calls[0].chunks == (b"time\n",)


def test_compressed_pieces_are_marked(api: EngineApiClient, recorder: Recorder) -> None:
    upload = api.stream("j", b"\x1f\x8b", gzipped=True)
    upload.send(None)
    upload.send(b"")
    assert recorder.calls[0].headers["Content-Encoding"] == "gzip"


def test_the_generator_is_over_after_the_result(api: EngineApiClient, recorder: Recorder) -> None:
    assert list(api.stream("j", "time\n")) == [None, (200, {"acknowledgement": True})]


def test_a_refusal_in_mid_stream_is_the_result() -> None:
    refused = {"responses": [{"jobId": "j", "error": {"errorCode": 30101, "message": "no column 'time'"}}]}
    with recording() as recorder:
        recorder.refuse_uploads = True
        recorder.answer((400, refused))
        upload = EngineApiClient("127.0.0.1", "engine/v2", recorder.port).stream("j", "when\n")
        upload.send(None)
        for _ in range(200):
            upload.send("x" * 65536)
        assert upload.send("") == (400, refused)


def test_a_stream_given_up_hangs_up() -> None:
    with recording() as recorder, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        upload = EngineApiClient("127.0.0.1", "engine/v2", recorder.port).stream("j", "time\n")
        upload.send(None)
        upload.close()
        gc.collect()
        assert recorder.broken.wait(10)
    assert recorder.calls == []
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []


def test_nobody_there_is_an_os_error() -> None:
    with recording() as recorder:
        port = recorder.port
    with pytest.raises(ConnectionRefusedError):
        EngineApiClient("127.0.0.1", "engine/v2", port).stream("j", "time\n").send(None)
