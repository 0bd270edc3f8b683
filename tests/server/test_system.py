import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from .clients import START, create, rows

if TYPE_CHECKING:
    from tests.conftest import Running, Serving


@pytest.mark.parametrize("path", ["", "/", "/engine/v2", "/engine/v2/", "/engine/v1", "/engine/v0.3", "/engine/v3"])
def test_the_server_says_who_it_is(lasting_server: "Running", path: str) -> None:
    answered = httpx.get(lasting_server.url + path)
    assert answered.status_code == 200
    assert answered.json()["name"] == "tailmass"


def test_every_entrance_leads_somewhere(lasting_server: "Running") -> None:
    entrances = httpx.get(lasting_server.url).json()["entrances"]
    assert (entrances["api"], entrances["native"]) == ("/engine/v2", "/engine/v3")
    for path in entrances.values():
        assert httpx.get(lasting_server.url + path).status_code == 200


def test_a_server_that_is_well_says_so(lasting_server: "Running") -> None:
    answered = httpx.get(f"{lasting_server.url}/healthz")
    assert (answered.status_code, answered.json()) == (200, {"status": "ok"})


def test_a_server_that_is_ready_says_so(lasting_server: "Running") -> None:
    answered = httpx.get(f"{lasting_server.url}/readyz")
    assert (answered.status_code, answered.json()) == (200, {"status": "ready"})


def test_a_server_whose_store_cannot_be_written_to_is_well_and_not_ready(serving: "Serving", tmp_path: Path) -> None:
    with serving(tmp_path / "home") as running:
        (running.home / "snapshots").touch()  # as permissions do not stop everyone
        answered = httpx.get(f"{running.url}/readyz")
        assert (answered.status_code, answered.json()["errorCode"]) == (503, 20001)
        assert httpx.get(f"{running.url}/healthz").status_code == 200
        (running.home / "snapshots").unlink()
        assert httpx.get(f"{running.url}/readyz").status_code == 200


def test_the_metrics_count_rows_jobs_and_requests(server: "Running") -> None:
    with httpx.Client(base_url=f"{server.url}/engine/v2", timeout=60) as api:
        job = create(api)
        api.post(f"/data/{job}", content=rows(100) + b"1300000000,1\n")
        create(api)
        api.get("/jobs/nobody")
        api.delete("/jobs/nobody")
        api.post("/data/nobody", content=rows(10))
        api.post(f"/data/{job}/flush")
    answered = httpx.get(f"{server.url}/metrics")
    lines = answered.text.splitlines()
    assert answered.headers["content-type"].startswith("text/plain; version=")
    assert "tailmass_records_processed_total 100.0" in lines
    assert "tailmass_late_records_total 1.0" in lines
    assert "tailmass_buckets_processed_total 16.0" in lines
    assert "tailmass_uploads_in_progress 0.0" in lines
    assert 'tailmass_errors_total{code="20101"} 2.0' in lines
    assert 'tailmass_jobs{status="RUNNING"} 1.0' in lines
    numbers = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    newest = START + 600 * 99
    assert float(numbers[f'tailmass_feed_lag_seconds{{job="{job}"}}']) == pytest.approx(time.time() - newest, abs=60)
    assert float(numbers["tailmass_model_memory_bytes"]) > 0
    assert float(numbers["process_resident_memory_bytes"]) > 0
    assert 'tailmass_jobs{status="CLOSED"} 1.0' in lines
    assert 'tailmass_http_requests_total{method="POST",route="/jobs",status="201"} 2.0' in lines
    assert 'tailmass_http_requests_total{method="GET",route="/jobs/{job_id}",status="404"} 1.0' in lines
    assert 'tailmass_http_request_duration_seconds_count{method="POST",route="/data/{job_ids}"} 2.0' in lines


def test_the_metrics_do_not_grow_with_the_paths_that_are_tried(server: "Running") -> None:
    for path in ("/a", "/b", "/engine/v2/c"):
        httpx.get(server.url + path)
    text = httpx.get(f"{server.url}/metrics").text
    assert 'tailmass_http_requests_total{method="GET",route="(none)",status="404"} 3.0' in text
