import pytest

from tailmass import errors
from tailmass.client.reply import Reply


@pytest.mark.parametrize("code", sorted(errors.by_code))
def test_every_code_is_raised_as_its_class(code: int) -> None:
    reply = Reply(400, b'{"errorCode": %d, "message": "so it is", "cause": "because"}' % code)
    with pytest.raises(errors.by_code[code], match="so it is") as caught:
        reply.result()
    assert caught.value.document() == {"errorCode": code, "message": "so it is", "cause": "because"}


def test_an_empty_body_is_an_empty_document() -> None:
    assert Reply(202, b"").result() == {}


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b'{"detail": "Not Found"}', b"[1]", b"", b"\xff"])
def test_an_error_that_is_not_the_engines_tells_what_came(body: bytes) -> None:
    with pytest.raises(errors.UnknownError, match="status 502"):
        Reply(502, body).result()


def test_a_page_from_another_kind_of_server_is_no_document() -> None:
    with pytest.raises(errors.UnknownError, match="Welcome to nginx"):
        Reply(200, b"<h1>Welcome to nginx!</h1>").result()


def test_a_document_that_does_not_exist_is_none() -> None:
    assert Reply(404, b'{"exists": false, "type": "bucket"}').single() is None


def test_text_and_zips_may_speak_of_errors_without_being_any() -> None:
    assert Reply(200, b'sent "errorCode": 20101').checked().text() == 'sent "errorCode": 20101'
    with pytest.raises(errors.MissingLogFile):
        Reply(404, b'{"errorCode": 50102, "message": "no log"}').checked()
