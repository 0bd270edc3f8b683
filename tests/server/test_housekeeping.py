import os
import time as clock
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tailmass.server.housekeeping import AT, LEFT_DAYS, seconds_until

from .clients import create, rows

if TYPE_CHECKING:
    from tests.conftest import Serving


@pytest.mark.parametrize(
    ("now", "seconds"),
    [((0, 0, 0), 1800), ((0, 29, 59), 1), ((0, 30, 0), 86_400), ((0, 31, 0), 86_340), ((23, 30, 0), 3600)],
)
def test_house_is_kept_at_half_past_midnight(now: tuple[int, int, int], seconds: int) -> None:
    assert time(0, 30) == AT
    assert seconds_until(AT, datetime(2016, 2, 29, *now)) == seconds


def test_files_that_are_of_no_job_go_when_nobody_has_written_to_them_for_a_while(
    serving: "Serving", tmp_path: Path
) -> None:
    debug = {"modelDebugConfig": {"boundsPercentile": 95.0, "writeTo": "FILE"}}
    with serving(tmp_path) as running, httpx.Client(base_url=f"{running.url}/engine/v2", timeout=60) as api:
        job = create(api, **debug)
        api.post(f"/data/{job}", content=rows(200))
    logs, bounds = tmp_path / "logs" / "jobs", tmp_path / "debug"
    assert (bounds / f"{job}.ndjson").exists()
    for name in ("gone", "just-gone"):
        (logs / name).mkdir()
        for path in (logs / name / f"{name}.log", bounds / f"{name}.ndjson", bounds / f"{name}.1.ndjson"):
            path.write_text("")
    old = clock.time() - 86_400 * (LEFT_DAYS + 1)
    for path in (*logs.rglob(f"{job}*"), *logs.rglob("gone*"), *bounds.glob(f"{job}*"), *bounds.glob("gone*")):
        os.utime(path, (old, old))
    with serving(tmp_path) as running:
        deadline = clock.monotonic() + 10
        while list(bounds.glob("gone*")) and clock.monotonic() < deadline:
            clock.sleep(0.02)
        assert sorted(path.name for path in logs.iterdir()) == [job, "just-gone"]
        assert sorted(path.name for path in bounds.iterdir()) == [
            f"{job}.ndjson",
            "just-gone.1.ndjson",
            "just-gone.ndjson",
        ]
