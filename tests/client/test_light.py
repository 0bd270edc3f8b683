import subprocess
import sys

import pytest

HEAVY = ["numpy", "numba", "polars", "pydantic", "fastapi", "sqlalchemy", "httpx", "rich", "typer", "msgspec"]


@pytest.mark.parametrize("module", ["tailmass.client", "prelert.engineApiClient"])
def test_importing_a_client_loads_none_of_the_engine(module: str) -> None:
    script = f"import sys, {module}; print(*sorted(sys.modules.keys() & {set(HEAVY)!r}))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
