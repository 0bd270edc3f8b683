"""Rows to measure with: many hosts, one value each now and then."""

from pathlib import Path

import numpy as np

START = 1_700_000_100
SECONDS = 600_000  # a week; 2,000 buckets of 300 s


def write_csv(path: Path, rows: int, hosts: int, *, seed: int = 1) -> None:
    """`rows` rows of `hosts` hosts spread evenly over a week, in time order, with their times as epoch seconds."""
    chance = np.random.default_rng(seed)
    times = (START + np.arange(rows) * (SECONDS / rows)).astype(np.int64).tolist()
    names = [f"host{n:04d}" for n in range(hosts)]
    which = chance.integers(0, hosts, rows).tolist()
    values = np.round(chance.gamma(3.0, 50.0, rows), 4).tolist()
    with path.open("w") as file:
        file.write("time,host,value\n")
        file.writelines(f"{t},{names[h]},{v}\n" for t, h, v in zip(times, which, values, strict=True))


def write_names(path: Path, rows: int, names: int, *, seed: int = 1) -> None:
    """`rows` rows of so many host names, each in two parts: a hundred hosts in every domain."""
    chance = np.random.default_rng(seed)
    times = (START + np.arange(rows) * (SECONDS / rows)).astype(np.int64).tolist()
    parts = [f"WWW{n % 100},Site{n // 100}.co.uk" for n in range(names)]
    with path.open("w") as file:
        file.write("time,host,domain\n")
        file.writelines(
            f"{t},{parts[n]}\n" for t, n in zip(times, chance.integers(0, names, rows).tolist(), strict=True)
        )
