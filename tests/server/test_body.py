import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.types import Message

from tailmass.server.body import BATCH_BYTES, PATIENCE, batches


def body(chunks: Iterable[bytes]) -> list[Message]:
    """The messages that bring these chunks, and then the end."""
    parts: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    return [*parts, {"type": "http.request", "body": b"", "more_body": False}]


def collect(messages: list[Message]) -> list[bytes]:
    """The batches that the messages are handed on in, by a sender that never pauses."""
    pending = iter(messages)

    async def receive() -> Message:
        return next(pending)

    async def run() -> list[bytes]:
        return [batch async for batch in batches(receive)]

    return asyncio.run(run())


@given(st.lists(st.binary(max_size=30), max_size=30))
def test_no_byte_is_lost_or_moved(chunks: list[bytes]) -> None:
    assert b"".join(collect(body(chunks))) == b"".join(chunks)


def test_what_comes_fast_is_handed_on_in_batches() -> None:
    sizes = [len(batch) for batch in collect(body([bytes(2**18)] * 100))]
    assert sizes == [BATCH_BYTES] * 6 + [100 * 2**18 - 6 * BATCH_BYTES]


def test_nothing_is_read_while_the_taker_of_a_batch_is_busy() -> None:
    pending = iter(body([bytes(BATCH_BYTES)] * 3))
    reads = 0

    async def receive() -> Message:
        nonlocal reads
        reads += 1
        return next(pending)

    async def run() -> None:
        seen = 0
        async for _ in batches(receive):
            seen += 1
            await asyncio.sleep(0)
            assert reads == seen

    asyncio.run(run())


def test_what_comes_slowly_is_not_kept_waiting() -> None:
    arrived: asyncio.Queue[Message] = asyncio.Queue()

    async def run() -> None:
        clock = asyncio.get_running_loop().time
        start = clock()
        first, *rest = body([b"a row\n"])
        arrived.put_nowait(first)
        async for batch in batches(arrived.get):
            handed.append((batch, clock() - start))
            for message in rest:
                arrived.put_nowait(message)

    handed: list[tuple[bytes, float]] = []
    asyncio.run(run())
    ((batch, waited),) = handed
    assert batch == b"a row\n"
    assert waited >= PATIENCE * 0.9  # clocks of event loops are coarse


def test_a_sender_that_goes_away_is_noticed() -> None:
    with pytest.raises(ClientDisconnect):
        collect([*body([b"a row\n"])[:-1], {"type": "http.disconnect"}])
