"""The program goes on without what is not there, and keeps what it did not measure."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks import kit, page, sections

KEPT = {"speed": {
    "measured": "2026-01-31", "version": "0.1.0", "source": "0123abcd", "cores": 2, "python": "3.11.7",
    "rows": 1000, "hosts": 10, "times": 1, "size_mib": 0.1, "bucket_span": 300, "peak_mib": 300.0,
    "rows_per_second": {"bare": 4e6, "detect": 3e6, "http": 2e6},
    "models": [{"series": 1000, "present": 100, "updates_per_second": 1e7, "series_bytes": 1400.0}],
}}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    results, written = tmp_path / "results.json", tmp_path / "page.md"
    results.write_text(json.dumps(KEPT))
    return results, written


def call(monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path], *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", *words, "--results", str(files[0]), "--page", str(files[1])])
    program.main()


def test_without_the_kit_the_page_is_written_and_the_reason_said(
    monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kit, "SHARED", tmp_path / "nowhere")
    call(monkeypatch, files, "--only", "quality")
    assert "quality: left as it was, for the evaluation kit is not beside the project" in capsys.readouterr().err
    assert json.loads(files[0].read_text()) == KEPT
    assert files[1].read_text() == page.render(KEPT)


def test_without_their_environment_the_peers_are_left_as_they_were(
    monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    shared: Path,
) -> None:  # fmt: skip
    monkeypatch.setattr(sections, "GUESTS_INSTALLED", tmp_path / "nowhere")
    call(monkeypatch, files, "--only", "peers")
    assert "peers: left as it was, for their environment" in capsys.readouterr().err
    assert json.loads(files[0].read_text()) == KEPT


def test_a_measured_section_replaces_its_own_part_only(
    monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path], tmp_path: Path
) -> None:
    monkeypatch.setattr(kit, "SHARED", tmp_path / "nowhere")
    files[0].write_text(json.dumps({**KEPT, "other": {"kept": 1}}))
    call(monkeypatch, files, "--only", "speed", "--rows", "20000", "--hosts", "10", "--times", "1")
    results = json.loads(files[0].read_text())
    assert results["other"] == {"kept": 1}
    assert results["speed"]["rows"] == 20_000
    assert results["speed"]["rows_per_second"]["http"] > 0
    assert "A CSV file of 20,000 rows" in files[1].read_text()
