"""Models and calibration together on data in which nothing happens, and on one spike in it."""

import numpy as np
import pytest

from tailmass.analysis.detector import THRESHOLD, reach
from tailmass.analysis.model import FeatureModel
from tailmass.columns import Floats
from tailmass.kernels.observe import Unusual, Watch
from tailmass.scoring.rate import WEEK, RateCalibration, score

BUCKETS, SERIES, SPAN = 3000, 50, 300
SERIES_WEEKS = BUCKETS * SERIES * SPAN / WEEK


def null() -> Floats:
    return np.random.default_rng(2016).normal(50.0, 5.0, (BUCKETS, SERIES))


def analysed(table: Floats) -> tuple[Unusual, Floats]:
    """What is reported, and its scores."""
    model = FeatureModel(Watch(span=SPAN, side=0, dense=False, counts=False, reach=reach(THRESHOLD, 0), learning=True))
    offsets = np.arange(BUCKETS + 1) * SERIES
    found, updates = model.learn(offsets, np.tile(np.arange(SERIES), BUCKETS), table.ravel(), 0, SERIES)
    return found, score(RateCalibration(SPAN).learn(found.bucket, found.series, found.probability, updates, 0, SERIES))


@pytest.fixture(scope="module")
def quiet() -> tuple[Unusual, Floats]:
    return analysed(null())


def test_no_more_is_reported_than_the_threshold_allows(quiet: tuple[Unusual, Floats]) -> None:
    # Student's t expects worse than Gaussian noise: measured 0.4 % where 3.5 % are allowed.
    assert THRESHOLD / 20.0 < len(quiet[1]) / (BUCKETS * SERIES) < THRESHOLD


@pytest.mark.parametrize("least", [50.0, 60.0, 75.0])
def test_no_score_comes_more_often_than_it_says(quiet: tuple[Unusual, Floats], least: float) -> None:
    nominal = SERIES_WEEKS * 10.0 ** ((50.0 - least) / 13.45)
    assert np.count_nonzero(quiet[1] >= least) <= nominal + 2.0 * np.sqrt(nominal)


def test_false_alarms_are_spread_over_time_and_series(quiet: tuple[Unusual, Floats]) -> None:
    found, _ = quiet
    later = np.histogram(found.bucket, 5, (500, BUCKETS))[0]
    assert later.max() < 2 * later.min()
    assert np.bincount(found.series, minlength=SERIES).max() < 0.1 * len(found.series)


@pytest.mark.parametrize("deviations", [-10.0, 10.0])
def test_a_spike_of_ten_deviations_is_at_the_top(quiet: tuple[Unusual, Floats], deviations: float) -> None:
    table = null()
    table[2500, 17] = 50.0 + deviations * 5.0
    found, scores = analysed(table)
    top = int(scores.argmax())
    assert (found.bucket[top], found.series[top]) == (2500, 17)
    assert scores[top] > quiet[1].max() + 5.0
    assert found.typical[top] == pytest.approx(50.0, abs=2.5)
