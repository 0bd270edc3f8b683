from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.server.clients import Connection, create

if TYPE_CHECKING:
    from tests.conftest import Running


@pytest.fixture
def api(lasting_server: "Running") -> Iterator[httpx.Client]:
    """A client of the API, version 2."""
    with httpx.Client(base_url=f"{lasting_server.url}/engine/v2", timeout=60) as client:
        yield client


@pytest.fixture
def connection(lasting_server: "Running") -> Iterator[Connection]:
    """A bare connection to the server."""
    opened = Connection(lasting_server)
    yield opened
    opened.close()


@pytest.fixture
def job(api: httpx.Client) -> str:
    """The id of a new job."""
    return create(api)
