import asyncio
from collections.abc import Iterable

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tailmass.server.linger import Linger

REFUSAL = b"no"


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers without reading."""
    await Response(REFUSAL, 400)(scope, receive, send)


async def read_and_refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads the first of what is sent, and answers."""
    await receive()
    await refuse(scope, receive, send)


def exchange(app: Linger, headers: Iterable[tuple[bytes, bytes]], parts: int) -> tuple[list[Message], int]:
    """What is sent to a client that sends so many parts, and how many of them are read."""
    sent: list[Message] = []
    read = 0

    async def receive() -> Message:
        nonlocal read
        if read == parts:
            await asyncio.Event().wait()  # the sender neither goes on nor goes away
        read += 1
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
    asyncio.run(app(scope, receive, send))
    return sent, read


def test_the_rest_of_a_refused_request_is_read_after_the_whole_answer() -> None:
    sent, read = exchange(Linger(refuse, seconds=0.05), [(b"transfer-encoding", b"chunked")], parts=5)
    assert read == 5
    assert [(message.get("body"), message.get("more_body")) for message in sent[1:]] == [(REFUSAL, True), (b"", False)]


def test_a_sender_that_never_ends_is_left_after_a_while() -> None:
    sent, _ = exchange(Linger(refuse, seconds=0.05), [(b"content-length", b"99")], parts=0)
    assert sent[-1]["more_body"] is False


def test_a_request_without_body_is_answered_as_ever() -> None:
    sent, read = exchange(Linger(refuse), [(b"content-length", b"0")], parts=5)
    assert read == 0
    assert sent[-1]["body"] == REFUSAL


def test_a_client_that_asked_before_sending_is_not_waited_for() -> None:
    headers = [(b"content-length", b"99"), (b"expect", b"100-continue")]
    sent, read = exchange(Linger(refuse), headers, parts=5)
    assert read == 0
    assert (b"connection", b"close") in sent[0]["headers"]


def test_a_client_that_was_told_to_go_on_is_read_to_its_end() -> None:
    headers = [(b"content-length", b"99"), (b"expect", b"100-continue")]
    sent, read = exchange(Linger(read_and_refuse, seconds=0.05), headers, parts=5)
    assert read == 5
    assert (b"connection", b"close") not in sent[0]["headers"]
