import logging
import os
from pathlib import Path

import pytest

from tailmass.server import logfiles
from tailmass.server.logfiles import LogFiles

engine = logging.getLogger("tailmass.engine.engine")
asked = logging.getLogger("tailmass.server.requests")


def test_few_files_are_open_however_many_jobs_there_are(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path)
    with logs.listening():
        before = len(os.listdir("/dev/fd"))
        for number in range(100):
            engine.info("job created", extra={"job": f"many-{number}"})
        assert len(os.listdir("/dev/fd")) - before <= logfiles.OPEN + 1
        engine.info("job closed", extra={"job": "many-0"})
    assert len(logs.file("many-0", "many-0").read_text().splitlines()) == 2
    assert len(list((tmp_path / "jobs").iterdir())) == 100


def test_a_file_that_has_grown_large_goes_on_under_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfiles, "JOB_BYTES", 2_000)
    monkeypatch.setattr(logfiles, "SERVER_BYTES", 2_000)
    logs = LogFiles(tmp_path)
    with logs.listening():
        for number in range(100):
            engine.info("event %d", number, extra={"job": "a"})
    names = {path.name for path in logs.of_job("a").iterdir()}
    assert names == {"a.log", "a.1.log", "a.2.log"}
    assert all(path.stat().st_size <= 2_000 for path in logs.of_job("a").iterdir())
    assert "event 99" in (logs.of_job("a") / "a.log").read_text()
    assert [path.name for path in logs.files("engine_api")] == [
        "engine_api.log",
        *(f"engine_api.{number}.log" for number in range(1, 6)),
    ]


def test_nothing_is_written_when_nobody_listens(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path)
    with logs.listening():
        engine.info("one", extra={"job": "a"})
    engine.info("two", extra={"job": "a"})
    assert len(logs.file("a", "a").read_text().splitlines()) == 1


def test_what_the_store_says_is_in_a_file_of_its_own(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path)
    with logs.listening():
        asked.info("no")
        assert list(logs.files("store")) == []
        logging.getLogger("tailmass.store.database").warning("slow")
    assert "slow" in (tmp_path / "store.log").read_text()
    assert "slow" in (tmp_path / "engine_api.log").read_text()


def test_a_request_about_a_job_that_is_gone_brings_nothing_back(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path)
    with logs.listening():
        engine.info("job created", extra={"job": "a"})
        asked.info("POST", extra={"job": "a"})
        logs.forget("a")
        asked.info("DELETE", extra={"job": "a"})
        assert not logs.of_job("a").exists()
