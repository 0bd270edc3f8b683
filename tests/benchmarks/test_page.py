"""The page says what the figures say, and what was not measured."""

import copy
import doctest
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks import nulls, page
from benchmarks.peers import shingles

ROOT = Path(__file__).parents[2]
STAMP = {"measured": "2026-01-31", "version": "0.1.0", "source": "0123abcd", "cores": 2, "python": "3.11.7"}
NAB = {"series": 35, "events": 55, "standard": 61.94, "reward_low_FP_rate": 47.5, "reward_low_FN_rate": None}
KPI = {
    "series": 14, "events": 1387, "f1": 0.616, "precision": 0.7, "recall": 0.55, "f1_any": 0.7,
    "recall_at_budget": 0.421, "precision_at_budget": 0.5, "threshold": 17.0, "average_precision": 0.3,
}  # fmt: skip
YOUNG = {"f1": 0.81, "precision": 0.8, "recall": 0.82, "found": 0.75, "alarms": 1.5, "alarms_early": 1.25}
QUIET = {"series": 18, "events": 0, "ratio": {"gauss": 0.98, "walk": 0.05}, "threshold": 1.0, "calibration": {}}


def detector(name: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "about": f"about {name}",
        "package": None,
        "package_version": None,
        "options": {},
    }
    return found | {"sets": {}, "us_a_value": {}, "us_a_value_in_all": 0.5} | more


def results() -> dict[str, Any]:
    corpora = {
        "nab": {"series": 35, "events": 55, "values": 181_653},
        "kpi": {"series": 14, "events": 1387, "values": 2_924_998},
        "null": {"series": 18, "events": 0, "values": 144_000},
    }
    levels = {"50": {"ratio": 0.91, "ratio_warm_up": 0.12}, "75": {"ratio": 0.34, "ratio_warm_up": 0.56}}
    default = detector(
        "tailmass",
        sets={"nab": NAB, "kpi": KPI, "null": QUIET},
        against_reference={"nab": [2.5, 1.25], "kpi": [0.01, None]},
    )
    slow = detector(
        "slow", package="slowpkg", package_version="1.2", sets={"nab": NAB | {"series": 16}},
        tailmass_on_same={"nab": NAB | {"series": 16, "standard": 71.5}}, hours_left_out={"kpi": 10.4, "null": 0.31},
        tailmass_against={"nab": [-1.5, 2.5]},
    )  # fmt: skip
    return {
        "speed": STAMP | {
            "rows": 2_000_000, "hosts": 1000, "times": 3, "size_mib": 54.2, "bucket_span": 300, "peak_mib": 330.4,
            "rows_per_second": {"bare": 4.0e6, "detect": 3.0e6, "http": 2.0e6},
            "transforms": {"names": 10_000, "rows_per_second": 1.25e6},
            "models": [{"series": 1000, "present": 100, "updates_per_second": 1e7, "series_bytes": 1400.0}],
        },
        "functions": STAMP | {
            "seeds": 100, "buckets": 400, "span": 600,
            "found": [
                {"function": "mean", "split": "alone", "seeds": 100, "found": 0.97, "quiet": 1.0, "alarms": 0.3},
                {"function": "mean", "split": "by", "seeds": 100, "found": 1.0, "quiet": 0.99, "alarms": 1.8},
                {"function": "rare", "split": "by", "seeds": 40, "found": 0.5, "quiet": 0.25, "alarms": 1.8},
                {"function": "count", "split": "by", "seeds": 100, "found": 0.5, "quiet": 0.25, "alarms": 1.8,
                 "source": "beefcafe"},
            ],
            "speed": [{"function": "mean", "different": 1000, "rows_per_second": 1.726e7}],
        },
        "quality": STAMP | {
            "limits": {}, "corpora": corpora, "detectors": [default, detector("reference", sets={"nab": NAB})],
            "entities": {"smd": KPI | {"series": 4, "alarms_at_50": 0.87}},
            "nulls": [
                {"name": "walk", "series_weeks": 4166.7, "levels": levels},
                {"name": "season", "series_weeks": 521.4, "levels": levels, "ratio_after_change": 1.05},
            ],
        },
        "http": STAMP | {
            "rows": 1000, "hosts": 10, "times": 3, "small": {"uploads": 50, "rows": 20, "uploads_per_second": 333.3},
            "formats": [{"format": "NDJSON", "size_mib": 1.6, "rows_per_second": 1.5e6}],
            "pages": {"queries": 123, "p50_ms": 4.4, "p99_ms": 39.6},
        },
        "cold_start": STAMP | {"villages": [
            {"name": "made up", "peers": 100, "series": 30, "events": 90, "mature": YOUNG | {"f1": 0.9},
             "pooled": YOUNG, "alone": YOUNG | {"f1": 0.45, "alarms_early": 12.0}},
        ]},
        "peers": STAMP | {
            "limits": {}, "corpora": corpora, "minutes": 41.3,
            "detectors": [detector("tailmass", sets={"nab": NAB, "kpi": KPI}), slow],
        },
    }  # fmt: skip


def lines(text: str, begin: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(begin)]


def test_the_page_is_what_the_kept_figures_say() -> None:
    kept = json.loads((ROOT / "benchmarks" / "results.json").read_text())
    written = (ROOT / "docs" / "reference" / "benchmarks.md").read_text()
    assert written == page.render(kept), "run: python -m benchmarks --only page"


def test_speeds_are_given_as_shares_of_the_bare_cost() -> None:
    text = page.render(results())
    assert lines(text, "| `tailmass.detect`") == ["| `tailmass.detect` | 3.00 | 75% |"]
    assert lines(text, "| HTTP upload") == ["| HTTP upload, client and server on this machine | 2.00 | 50% |"]


def test_the_speed_of_transforms_is_told_once_it_was_measured() -> None:
    measured = results()
    [line] = lines(page.render(measured), "Reading as many rows of 10,000 host names")
    assert line.endswith("`domain_split`: 1.25 million rows a second.")
    del measured["speed"]["transforms"]
    assert "domain_split" not in page.render(measured)


def test_a_function_is_a_row_with_what_it_found_for_each_split() -> None:
    text = page.render(results())
    assert lines(text, "| `mean` |") == ["| `mean` | 97% / 100% | 100% / 99% |", "| `mean` | 1,000 | 17.3 |"]
    assert lines(text, "| `count` |") == [f"| `count` | {page.NOTHING} | 50% / 25% `beefcafe` |"]
    assert lines(text, "| `rare` |") == [f"| `rare` | {page.NOTHING} | 50% / 25% (40 sets) |"]


def test_a_detector_is_a_row_with_its_figure_on_each_set() -> None:
    rows = lines(page.render(results()), "| tailmass |")
    assert rows[0] == "| tailmass | 61.9 / 47.5 / – | .616 (.42) | ×0.05 to ×1.0 | 0.5 |"
    assert rows[1] == "| tailmass | +2.5 ± 1.2 | +0.010 |"


def test_what_a_peer_was_not_run_on_is_a_dash_with_the_time_it_would_take() -> None:
    text = page.render(results())
    assert lines(text, "| slow |")[0] == "| slow | 61.9 / 47.5 / – of 16 | – | – | 0.5 |"
    assert lines(text, "- slow:") == ["- slow: KPI 10 h, nothing happens 19 min."]


def test_beside_a_part_of_a_set_is_what_ours_does_on_it() -> None:
    assert lines(page.render(results()), "| *tailmass") == ["| *tailmass on the same* | 71.5 / 47.5 / – |  |  |  |"]


@pytest.mark.parametrize("section", ["quality", "peers"])
def test_a_detector_that_failed_is_named(section: str) -> None:
    told = results()
    told[section]["detectors"].append({"name": "broken", "about": "about broken", "failed": "it has no environment"})
    expected = ["- **broken**: about broken. Not measured: it has no environment."]
    assert lines(page.render(told), "- **broken**") == expected


def test_a_row_of_nothing_has_its_ratios_at_each_level() -> None:
    text = page.render(results())
    assert lines(text, "| season |") == ["| season | 521 | 0.91 | 0.34 | 0.12 | 1.05 |"]
    assert lines(text, "| walk | 4,167") == ["| walk | 4,167 | 0.91 | 0.34 | 0.12 |  |"]


def test_evidence_has_a_table_where_a_detector_tells_it() -> None:
    told = results()
    assert "Evidence of" not in page.render(told)
    quality = told["quality"]["detectors"][0]["sets"]
    quality["null"] = QUIET | {"calibration": {"gauss": {"u": [0.5, 0.25]}, "walk": {"u": [2.0, 3.0]}}}
    assert "| walk | 2.00 / 3.00 |" in page.render(told)


def test_young_series_are_given_as_shares_of_mature_ones() -> None:
    assert lines(page.render(results()), "| made up (30 among 100) |") == [
        "| made up (30 among 100) | weeks old | .900 | 100% | .80 / .82 | .75 | 1.50 | 1.25 |",
        "| made up (30 among 100) | young, among peers | .810 | 90% | .80 / .82 | .75 | 1.50 | 1.25 |",
        "| made up (30 among 100) | young, alone | .450 | 50% | .80 / .82 | .75 | 1.50 | 12.00 |",
    ]


@pytest.mark.parametrize("section", ["speed", "http", "functions", "quality", "cold_start", "peers"])
def test_what_was_never_measured_says_so(section: str) -> None:
    told = results()
    whole = page.render(told)
    del told[section]
    said = f"Not measured yet: `python -m benchmarks --only {section}`."
    assert said in page.render(told)
    assert said not in whole


def test_each_section_says_when_it_was_measured() -> None:
    told = copy.deepcopy(results())
    told["peers"]["measured"] = "2025-12-24"
    text = page.render(told)
    assert text.count("Measured on 2026-01-31: version 0.1.0 (source `0123abcd`), 2 cores, Python 3.11.7.") == 5
    assert text.count("Measured on 2025-12-24") == 1


def test_a_part_of_the_data_is_said_to_be_one() -> None:
    told = results()
    assert "part of the data only" not in page.render(told)
    told["quality"]["limits"] = {"smd": 1, "null": 2}
    assert "**A part of the data only**, the first series of each set: SMD 1, nothing happens 2." in page.render(told)


@pytest.mark.parametrize("module", [page, nulls, shingles], ids=lambda module: module.__name__)
def test_examples_are_true(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
