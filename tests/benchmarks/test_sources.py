"""Sources are measured whole, and a server that is not here is said to be missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks import page, sections, sources


def test_a_source_is_pulled_whole_beside_the_bare_reading(tmp_path: Path) -> None:
    measured = sources.measured("CSV", sources.csv, 5000, 1, tmp_path)
    rates = measured["rows_per_second"]
    assert measured["rows"] == 5000
    assert rates["bare"] > rates["pull"] > 0


def test_a_server_that_is_not_here_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def nowhere(folder: Path, rows: int) -> Iterator[sources.Filled]:
        pytest.skip("there is no such server")
        yield sources.Filled(rows, lambda: rows, [])

    monkeypatch.setattr(sources, "SOURCES", {"CSV": (sources.csv, 1.0), "elsewhere": (nowhere, 1.0)})
    section = sections.sources_section(2000, 1)
    assert section["absent"] == {"elsewhere": "there is no such server"}
    told = page.render({"sources": section})
    assert "| CSV | 2,000 |" in told
    assert "Not measured, as there was no server: elsewhere." in told


def test_a_pull_that_leaves_rows_out_is_no_measurement(tmp_path: Path) -> None:
    with sources.csv(tmp_path, 100) as filled, pytest.raises(AssertionError, match="left something out"):
        sources.measured("CSV", lambda folder, rows: _more(filled), 100, 1, tmp_path)


@contextmanager
def _more(filled: sources.Filled) -> Iterator[sources.Filled]:
    yield sources.Filled(filled.rows + 1, filled.bare, filled.command)
