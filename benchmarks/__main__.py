"""Measure, print, and write docs/reference/benchmarks.md."""

import argparse
import os
import platform
import tempfile
from pathlib import Path

from benchmarks import data, speed

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "benchmarks.md"


def main() -> None:
    """Run all measurements; `--rows` makes them shorter."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--hosts", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=3, help="runs of each, of which the fastest counts")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tailmass-bench-") as folder:
        path = Path(folder, "rows.csv")
        data.write_csv(path, asked.rows, asked.hosts)
        speed.in_process(path)  # compiles
        speed.bare(path)
        bare = asked.rows / speed.best(lambda: speed.bare(path), asked.times)
        detect = asked.rows / speed.best(lambda: speed.in_process(path), asked.times)
        seconds, peak = speed.over_http(path, asked.rows, Path(folder, "home"), asked.times)
        http = asked.rows / seconds
        size = path.stat().st_size / 2**20
    updates = speed.series_updates(100_000, 20)
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Absolute figures belong to the machine they were measured on "
        f"({os.cpu_count()} cores, Python {platform.python_version()}); compare the ratios.",
        "",
        f"A CSV file of {asked.rows:,} rows ({size:.0f} MiB), {asked.hosts:,} hosts, a week in buckets of "
        f"{speed.SPAN} s, `mean(value) by host`; the fastest of {asked.times} warm runs.",
        "",
        "| route | million rows a second | of bare |",
        "| --- | --- | --- |",
        f"| read and accumulate, no models (one thread) | {bare / 1e6:.2f} | 100 % |",
        f"| `tailmass.detect` | {detect / 1e6:.2f} | {detect / bare:.0%} |",
        f"| HTTP upload, client and server on this machine | {http / 1e6:.2f} | {http / bare:.0%} |",
        "",
        f"Peak memory of the server, three uploads and all libraries included: {peak:.0f} MiB.",
        "",
        f"Model kernel alone, 100,000 series in every bucket: {updates / 1e6:.1f} million series-updates a second.",
        "",
    ]
    text = "\n".join(lines)
    PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
