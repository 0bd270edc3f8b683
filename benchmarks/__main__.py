"""Measure, keep the figures in benchmarks/results.json, and write docs/reference/benchmarks.md."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from benchmarks import kit, page, sections
from benchmarks.sections import Section, say

RESULTS = Path(__file__).parent / "results.json"
PAGE = kit.ROOT / "docs" / "reference" / "benchmarks.md"
SECTIONS = ("speed", "http", "sources", "functions", "categories", "quality", "cold_start", "peers")


def main() -> None:
    """Measure the sections asked for; the page keeps what the others were when they were measured last."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=(*SECTIONS, "page"), help="one section, or the page alone; else all of them")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="with other detectors")
    parser.add_argument(
        "--rows", type=int, default=5_000_000, help="speed, http, sources: rows of the file; %(default)s"
    )
    parser.add_argument("--hosts", type=int, default=1_000, help="speed, http: hosts in it; %(default)s")
    parser.add_argument(
        "--times", type=int, default=3, help="speed, http, sources: runs, of which the fastest counts; %(default)s"
    )
    parser.add_argument("--seeds", type=int, default=100, help="functions: data sets of each; %(default)s")
    parser.add_argument("--limit", help="quality, peers: series of each set, as 3 or smd=1,null=20; else all of them")
    parser.add_argument("--processes", type=int, default=2, help="quality, peers: series at a time; %(default)s")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures are kept; %(default)s")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page is written; %(default)s")
    asked = parser.parse_args()
    wanted = [each for each in SECTIONS if each == (asked.only or each) and (asked.peers or each != "peers")]

    absent = {
        "categories": without_kit(),
        "quality": without_kit(),
        "cold_start": without_kit(),
        "peers": without_kit() or sections.guests_missing(),
    }
    measures: dict[str, Callable[[], Section]] = {
        "speed": lambda: sections.speed_section(asked.rows, asked.hosts, asked.times),
        "http": lambda: sections.http_section(asked.rows, asked.hosts, asked.times),
        "sources": lambda: sections.sources_section(asked.rows, asked.times),
        "functions": lambda: sections.functions_section(asked.seeds),
        "categories": sections.categories_section,
        "quality": lambda: sections.quality_section(kit.load(), _limits(asked.limit), asked.processes),
        "cold_start": lambda: sections.cold_start_section(kit.load()),
        "peers": lambda: sections.peers_section(kit.load(), _limits(asked.limit), asked.processes),
    }
    results = json.loads(asked.results.read_text()) if asked.results.exists() else {}
    for name in wanted:
        if reason := absent.get(name):
            say(f"{name}: left as it was, for {reason}")
            continue
        results[name] = sections.plain(measures[name]())
        # Written after each: a later section that breaks off takes nothing with it.
        asked.results.write_text(json.dumps(results, indent=1, sort_keys=False) + "\n")
    text = page.render(results)
    asked.page.write_text(text)
    print(text)


def without_kit() -> str | None:
    """Why the evaluation kit cannot be used, if it cannot."""
    absent = kit.missing()
    return f"the evaluation kit is not beside the project: there is no {absent}" if absent else None


def _limits(text: str | None) -> dict[str, int]:
    limits: dict[str, int] = kit.load().run.parse_limits(text)
    return limits


if __name__ == "__main__":
    main()
