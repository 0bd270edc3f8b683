"""How often a job alerts where nothing happens: alerts that came, over alerts that its scores promise.

A record's score of 50 means once a week and series. So a job over many series without anomalies has one alert a
series-week at 50 if its scores are true; a run of them is one alert.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from benchmarks import job
from tailmass.columns import Floats, Ints
from tailmass.results import Batch
from tailmass.scoring.rate import A_DECADE, ONCE_A_WEEK, WEEK

LEVELS = (50.0, 75.0)  # major and critical; once a week and once in 72 weeks
APART = 48  # buckets within which only a higher score is another alert
WARM_UP = 1000  # buckets that are counted apart
STEP = 300.0
YEAR, SERIES = 105_120, 10  # buckets, and series of a job; 10 years, 1,051,200 values
BEGIN = 1_704_067_200.0  # 2024-01-01 00:00 UTC
ZONES = ("Europe/London", "America/New_York", "Australia/Sydney")


@dataclass(frozen=True, slots=True)
class Quiet:
    """Series in which nothing happens.

    times : (n,) epoch seconds
    values : (n, series)
    zone : whose civil time the job is told to keep, if any
    changes : epoch seconds at which its clocks change
    """

    name: str
    times: Floats
    values: Floats
    zone: str | None = None
    changes: tuple[float, ...] = ()


def analysis_options(zone: str | None) -> dict[str, Any]:
    """What a job is told of the time zone of its data."""
    return {"timeZone": zone} if zone else {}


# -- series ------------------------------------------------------------------------------------------------------------


def of_kit(null: Any, series: int) -> Iterator[Quiet]:
    """The generators of the evaluation kit's `null.py`, each with so many of its series in one table."""
    for kind in null.KINDS:
        table = [null.series(kind, index) for index in range(series)]
        yield Quiet(kind, table[0][0], np.column_stack([values for _, values in table]))


def long(rows: int = YEAR, series: int = SERIES) -> Iterator[Quiet]:
    """A year at a time: what wanders, what grows, what keeps the civil time of a zone, told to its job or not."""
    times: Floats = BEGIN + np.arange(rows, dtype=np.float64) * STEP
    for number, (name, made) in enumerate({"walk": _walk, "ar.95": _ar, "trend": _trend}.items()):
        yield Quiet(f"{name}, a year", times, made(np.random.default_rng([2016, number]), rows, series))
    for number, zone in enumerate(ZONES):
        values, changes = _civil(np.random.default_rng([2017, number]), times, series, zone)
        yield Quiet(f"season of {zone}, a year", times, values, zone, changes)
        yield Quiet(f"season of {zone}, a year, to a job in UTC", times, values, None, changes)


def _walk(chance: np.random.Generator, rows: int, series: int) -> Floats:
    return np.cumsum(chance.normal(size=(rows, series)), axis=0)


def _ar(chance: np.random.Generator, rows: int, series: int) -> Floats:
    """First order, coefficient 0.95."""
    values = chance.normal(size=(rows, series))
    for row in range(1, rows):
        values[row] += 0.95 * values[row - 1]
    return 100.0 + values


def _trend(chance: np.random.Generator, rows: int, series: int) -> Floats:
    """White noise on a line that climbs or falls by 0.01 to 10 deviations of the noise a day."""
    slope = chance.choice([-1.0, 1.0], series) * 10.0 ** chance.uniform(-2.0, 1.0, series)
    days = np.arange(rows)[:, None] * STEP / 86_400.0
    return 100.0 + slope * days + chance.normal(size=(rows, series))


def _civil(chance: np.random.Generator, times: Floats, series: int, zone: str) -> tuple[Floats, tuple[float, ...]]:
    """A day like a sine of 20 deviations, 0.6 of it at weekends, by the clocks of a zone; noise that follows it."""
    utc = pl.Series(times.astype(np.int64)).cast(pl.Int64) * 1000
    here = utc.cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(zone).dt.replace_time_zone(None)
    local = here.dt.epoch("s").to_numpy()
    day = np.sin(2.0 * np.pi * (local % 86_400) / 86_400.0)
    load = day * np.where(here.dt.weekday().to_numpy() > 5, 0.6, 1.0)
    noise = chance.normal(size=(len(times), series)) * (1.0 + 0.5 * day)[:, None]
    moved = np.flatnonzero(np.diff(local - times.astype(np.int64))) + 1
    return 100.0 + 20.0 * load[:, None] + noise, tuple(times[moved].tolist())


# -- alerts ------------------------------------------------------------------------------------------------------------


def alerts(series: Ints, bucket: Ints, score: Floats, least: float, apart: int = APART) -> Ints:
    """Positions of the records that are alerts.

    A score of at least `least` is an alert where it comes more than `apart` buckets after the last alert of its
    series, or is higher than that.

    >>> at = np.array([1, 2, 3, 60, 2])
    >>> alerts(np.array([0, 0, 0, 0, 1]), at, np.array([60.0, 55.0, 70.0, 51.0, 49.0]), 50.0).tolist()
    [0, 2, 3]
    """
    reached = np.flatnonzero(score >= least)
    order = reached[np.lexsort((bucket[reached], series[reached]))]
    kept: list[int] = []
    last: dict[int, tuple[int, float]] = {}
    for position in order.tolist():
        before, height = last.get(int(series[position]), (-apart - 1, 0.0))
        at, found = int(bucket[position]), float(score[position])
        if at - before > apart or found > height:
            kept.append(position)
            last[int(series[position])] = at, found
    return np.array(sorted(kept), np.int64)


def promised(score: float) -> float:
    """Alerts a week and series at a score, by what scores mean."""
    return float(10.0 ** ((ONCE_A_WEEK - score) / A_DECADE))


def judge(quiet: Quiet, run: Callable[..., Batch] = job.run) -> dict[str, Any]:
    """Series-weeks and alerts of a table of series: by level, in the warm-up, and in the weeks after clocks change."""
    records = run(quiet.times, quiet.values, **analysis_options(quiet.zone)).records
    series = records["by_field_value"].cast(pl.Int64).to_numpy()
    bucket = (records["timestamp"].to_numpy() - int(quiet.times[0])) // int(STEP)
    score = records["normalized_probability"].to_numpy()
    rows, columns = quiet.values.shape
    warm = min(WARM_UP, rows)
    weeks = columns * STEP / WEEK
    by_level = {}
    for level in LEVELS:
        at = bucket[alerts(series, bucket, score, level)]
        by_level[f"{level:g}"] = {
            "ratio": float((at >= warm).sum() / (weeks * (rows - warm) * promised(level))),
            "ratio_warm_up": float((at < warm).sum() / (weeks * warm * promised(level))),
        }
    found: dict[str, Any] = {"name": quiet.name, "series_weeks": weeks * rows, "levels": by_level}
    if quiet.changes:
        at = quiet.times[0] + bucket[alerts(series, bucket, score, LEVELS[0])] * STEP
        after = sum(int(((at >= change) & (at < change + WEEK)).sum()) for change in quiet.changes)
        found["ratio_after_change"] = after / (columns * len(quiet.changes) * promised(LEVELS[0]))
    return found
