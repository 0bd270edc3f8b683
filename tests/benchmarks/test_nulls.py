"""Alerts on nothing: what is counted, and what of series that are quiet or not."""

import numpy as np
import polars as pl
import pytest

from benchmarks import nulls
from benchmarks.nulls import Quiet
from tailmass.columns import Floats
from tailmass.results import Batch
from tailmass.results.batch import BUCKETS, RECORDS


def batch(records: list[tuple[int, int, float]]) -> Batch:
    """Records of (series, bucket, score), with nothing else in them."""
    table = pl.DataFrame(
        {
            "by_field_value": [str(series) for series, _, _ in records],
            "timestamp": [int(bucket * nulls.STEP) for _, bucket, _ in records],
            "normalized_probability": [score for _, _, score in records],
        }
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in RECORDS.items() if name not in table.columns]
    return Batch(pl.DataFrame(schema=BUCKETS), table.with_columns(missing).select(RECORDS.names()))


def quiet(rows: int, series: int, **more: object) -> Quiet:
    return Quiet("made up", np.arange(float(rows)) * nulls.STEP, np.zeros((rows, series)), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("buckets", "scores", "expected"),
    [
        ([10, 20, 58], [60.0, 60.0, 60.0], [0]),  # a run is one alert
        ([10, 59], [60.0, 60.0], [0, 1]),
        ([10, 20], [60.0, 61.0], [0, 1]),  # unless it gets worse
        ([10, 20], [49.9, 50.0], [1]),
        ([], [], []),
    ],
)
def test_a_run_is_one_alert_until_it_gets_worse(buckets: list[int], scores: list[float], expected: list[int]) -> None:
    series = np.zeros(len(buckets), np.int64)
    found = nulls.alerts(series, np.array(buckets, np.int64), np.array(scores), 50.0)
    assert found.tolist() == expected


def test_the_order_of_records_does_not_matter() -> None:
    chance = np.random.default_rng(3)
    series, bucket = chance.integers(0, 5, 400), chance.permutation(4000)[:400]
    score = chance.uniform(30.0, 100.0, 400)
    shuffled = chance.permutation(400)
    found = nulls.alerts(series, bucket, score, 50.0)
    again = shuffled[nulls.alerts(series[shuffled], bucket[shuffled], score[shuffled], 50.0)]
    assert set(again.tolist()) == set(found.tolist())
    assert 0 < len(found) < np.count_nonzero(score >= 50.0)


@pytest.mark.parametrize(("score", "a_week"), [(50.0, 1.0), (63.45, 0.1), (75.0, 1 / 72.2)])
def test_a_score_promises_the_rate_that_scores_mean(score: float, a_week: float) -> None:
    assert nulls.promised(score) == pytest.approx(a_week, rel=1e-3)


def test_alerts_are_counted_for_each_series_and_week_after_the_warm_up() -> None:
    week = 2016
    found = nulls.judge(
        quiet(nulls.WARM_UP + week, 4),
        lambda times, values, **analysis: batch(
            [(0, 5, 80.0), (0, 1000, 55.0), (1, 1500, 60.0), (1, 1501, 50.0), (3, 3000, 76.0)]
        ),
    )
    assert found["levels"]["50"]["ratio"] == pytest.approx(3 / 4)
    assert found["levels"]["75"]["ratio"] == pytest.approx(1 / 4 / nulls.promised(75.0))
    assert found["levels"]["50"]["ratio_warm_up"] == pytest.approx(1 / (4 * 1000 / week))


def test_the_week_after_a_change_of_clocks_is_counted_apart() -> None:
    change = 3000 * nulls.STEP
    told = []

    def run(times: Floats, values: Floats, **analysis: str) -> Batch:
        told.append(analysis)
        return batch([(0, 2999, 60.0), (1, 3000, 60.0), (0, 5015, 60.0), (0, 5100, 60.0)])

    found = nulls.judge(quiet(9000, 2, changes=(change,), zone="Europe/London"), run)
    assert found["ratio_after_change"] == pytest.approx(2 / 2)
    assert told == [{"timeZone": "Europe/London"}]


@pytest.mark.parametrize("zone", nulls.ZONES)
def test_seasons_keep_the_civil_time_of_their_zone(zone: str) -> None:
    tables = {each.zone: each for each in nulls.long(rows=nulls.YEAR, series=1) if each.zone}
    table = tables[zone]
    day = 288
    assert len(table.changes) == 2
    assert table.times[0] < table.changes[0] < table.changes[1] < table.times[-1]
    # The mean of many weekdays before and after the clocks changed: the same hour of UTC is another one of the day.
    at = int((table.changes[0] - table.times[0]) // nulls.STEP) // day * day
    before = table.values[at - 35 * day : at - 7 * day, 0].reshape(-1, day).mean(axis=0)
    after = table.values[at + 7 * day : at + 35 * day, 0].reshape(-1, day).mean(axis=0)
    shifts = [abs(np.roll(after, hours * 12) - before).mean() for hours in (-1, 0, 1)]
    assert np.argmin(shifts) != 1


def test_a_job_over_noise_alerts_no_more_often_than_its_scores_promise() -> None:
    chance = np.random.default_rng(2016)
    values = chance.normal(100.0, 5.0, (3016, 40))
    calm = nulls.judge(Quiet("noise", np.arange(3016.0) * nulls.STEP, values))["levels"]["50"]
    assert calm["ratio"] < 2.0
    values[2000::100, :20] += 60.0 * np.arange(1.0, 12.0)[:, None]  # each the highest so far
    upset = nulls.judge(Quiet("spikes", np.arange(3016.0) * nulls.STEP, values))["levels"]["50"]
    assert upset["ratio"] > 1.5 * calm["ratio"]  # not by more: the calibration learns what this job has
