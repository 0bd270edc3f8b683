from collections.abc import Iterator

import pytest

from tailmass.client import Client

from .recorder import Recorder, recording


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording() as server:
        yield server


@pytest.fixture
def client(recorder: Recorder) -> Client:
    return Client(recorder.url)
