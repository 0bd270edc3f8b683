"""What a client sends after its headers: the batches of an upload, or one small document."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from tailmass.errors import JobConfigParseError

BATCH_BYTES = 4 * 2**20
"""What is handed to the analysis at once: large enough that the cost of a call vanishes, small enough to hold twice."""

PATIENCE = 0.1
"""Seconds that bytes wait for company. A fast sender fills a batch sooner; a slow one is still analysed as it sends."""

DOCUMENT_BYTES = 16 * 2**20
"""The largest JSON document read. Configurations are a few kilobytes; one with ten thousand detectors fits."""


async def batches(receive: Receive) -> AsyncIterator[bytes]:
    """The body of a request as it arrives, in batches of about `BATCH_BYTES` or as old as `PATIENCE`.

    Nothing is read while the taker of a batch is busy, so a sender that is too fast is slowed by its own socket.
    """
    clock = asyncio.get_running_loop().time
    held: list[bytes] = []
    size, due, more = 0, 0.0, True
    while more:
        try:
            async with asyncio.timeout_at(due if held else None):
                message = await receive()
        except TimeoutError:
            pass
        else:
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            more = message.get("more_body", False)
            if chunk := message.get("body", b""):
                due = due if held else clock() + PATIENCE
                held.append(chunk)
                size += len(chunk)
        if held and (not more or size >= BATCH_BYTES or clock() >= due):
            yield b"".join(held)
            held, size = [], 0


def gzipped(request: Request) -> bool:
    """Whether the body is compressed; every other encoding is taken as none."""
    return request.headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip")


async def document(request: Request) -> bytes:
    """The whole body of a request that is one JSON document, whatever its headers call it."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > DOCUMENT_BYTES:
            raise JobConfigParseError(f"the document is larger than {DOCUMENT_BYTES} bytes")
    return bytes(held)
