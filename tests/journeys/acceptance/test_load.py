"""Many at once: nothing is lost, and nobody gets what is another's.

There are `TAILMASS_TEST_JOBS` jobs and `TAILMASS_TEST_ROWS` rows of each sender, 1,500 and 400 unless they are set.
What larger numbers have shown is in docs/reference/reliability.md.
"""

import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tailmass.jobs import Job
from tailmass.results import JobState
from tailmass.store import Store
from tests.server.clients import START, configuration

from .wire import documents, summary

if TYPE_CHECKING:
    from tests.conftest import Serving

JOBS = int(os.environ.get("TAILMASS_TEST_JOBS", "1500"))
SENDERS = 50
ROWS = int(os.environ.get("TAILMASS_TEST_ROWS", "400"))


@pytest.fixture(scope="module")
def crowded(serving: "Serving", tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server with very many jobs."""
    home = tmp_path_factory.mktemp("load") / "home"
    store = Store.open(None, home)
    plain = Job.parse(configuration("plain"))
    for number in range(JOBS):
        named = plain.model_copy(update={"id": f"job-{number:05d}"})
        store.add_job(JobState(config=named, status="CLOSED", create_time_ms=1000 * START + number))
    store.close()
    limits = {"jobs": 2 * JOBS}
    with (
        serving(home, limits=limits) as running,
        httpx.Client(base_url=f"{running.url}/engine/v2", timeout=60) as client,
    ):
        yield client


def test_thousands_of_jobs_are_listed_page_by_page(crowded: httpx.Client) -> None:
    url: str | None = "/jobs?take=1000"
    seen: list[str] = []
    took: list[float] = []
    while url is not None:
        began = time.perf_counter()
        page = crowded.get(url).json()
        took.append(time.perf_counter() - began)
        seen += [each["id"] for each in page["documents"]]
        url = page["nextPage"]
        assert page["hitCount"] == JOBS
    assert seen == [f"job-{number:05d}" for number in range(JOBS)]
    print(f"a page of 1,000 jobs of {JOBS}: {1000 * statistics.median(took):.0f} ms")
    for skip in (0, JOBS // 2, JOBS - 100):
        took = []
        for _ in range(5):
            began = time.perf_counter()
            shown = crowded.get("/jobs", params={"skip": skip}).json()["documents"]
            took.append(time.perf_counter() - began)
        assert [each["id"] for each in shown] == seen[skip : skip + 100]
        print(f"a page of 100 jobs from {skip}: {1000 * statistics.median(took):.1f} ms")


def _rows(sender: int) -> bytes:
    """What one sender has to say, which is like nothing of the others."""
    lines = (f"{START + 300 * n},{sender * 1000 + (n * (sender + 3)) % 17 + 900 * (n == 300)}\n" for n in range(ROWS))
    return ("time,value\n" + "".join(lines)).encode()


def test_fifty_uploads_at_once_are_fifty_uploads(crowded: httpx.Client) -> None:
    def send(job: str, sender: int) -> dict[str, Any]:
        return summary(crowded.post(f"/data/{job}", content=_rows(sender)))

    began = time.perf_counter()
    alone = [send(f"job-{n:05d}", n) for n in range(SENDERS)]
    between = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as threads:
        jobs = [f"job-{SENDERS + n:05d}" for n in range(SENDERS)]
        together = list(threads.map(send, jobs, range(SENDERS)))
    ended = time.perf_counter()
    print(f"{SENDERS} uploads of {ROWS} rows: {between - began:.2f} s one by one, {ended - between:.2f} s at once")
    assert alone == together
    assert {each["processedRecordCount"] for each in alone} == {ROWS}
    unusual = 0
    for n in range(SENDERS):
        for kind in ("buckets", "records"):
            one, other = (documents(crowded, f"/results/job-{each:05d}/{kind}") for each in (n, SENDERS + n))
            assert one == other
            if kind == "buckets":
                assert len(one) == (300 * (ROWS - 1)) // 3600
            unusual += kind == "records" and len(one) > 0
    assert unusual > SENDERS / 2
