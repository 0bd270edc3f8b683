from collections.abc import Iterator

import pytest

from prelert.engineApiClient import EngineApiClient

from ..client.recorder import Recorder, recording


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording() as server:
        yield server


@pytest.fixture
def api(recorder: Recorder) -> EngineApiClient:
    return EngineApiClient("127.0.0.1", "engine/v2", recorder.port)
