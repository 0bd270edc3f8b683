"""A real Hadoop file system on the loopback address, one namenode and one datanode, for as long as the tests run."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import httpx

from tests.elastic import java_server


@contextmanager
def hadoop() -> Iterator[str]:
    """The host and port of a fresh namenode; whoever needs it is skipped where there is none to start."""
    with java_server("hadoop3", 11) as port:
        yield f"127.0.0.1:{port}"


def put(address: str, path: str, content: bytes) -> None:
    """Write a file, as root."""
    url = f"http://{address}/webhdfs/v1{quote(path)}?op=CREATE&user.name=root&noredirect=true"
    where = httpx.put(url, timeout=60).json()["Location"]
    httpx.put(where, content=content, timeout=60).raise_for_status()
