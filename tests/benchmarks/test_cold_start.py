"""Young series beside old ones: what is planted, and that peers are worth something."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import cold_start, kit
from benchmarks.cold_start import JUDGED, LENGTHS, SPREAD, YOUNG, Village

ROWS = 3 * JUDGED + SPREAD


@pytest.fixture(scope="module")
def village() -> Village:
    flat = np.zeros((ROWS, 40))
    return cold_start.planted("flat", flat[:, :2], flat, np.full(40, 2.0), np.random.default_rng(1))


def test_every_series_has_a_spike_a_dip_and_a_shift_in_its_judged_day(village: Village) -> None:
    for values, labels, born in zip(village.values.T, village.labels.T, village.born, strict=True):
        assert 0 <= born <= ROWS - YOUNG - JUDGED
        day = slice(born + YOUNG, born + YOUNG + JUDGED)
        assert labels.sum() == labels[day].sum() == sum(LENGTHS.values())
        assert np.count_nonzero(np.diff(labels) == 1) == 3
        assert ((values != 0.0) == (labels == 1)).all()
        assert set(np.abs(values[labels == 1])) <= {2.0 * size for size in cold_start.SIZES}
        assert values.min() < 0.0 < values.max()


def test_young_series_are_born_at_any_time_of_a_day(village: Village) -> None:
    hours = village.born % cold_start.PER_DAY * 24 // cold_start.PER_DAY
    assert len(np.unique(hours)) > 12


def test_what_is_planted_is_the_same_for_a_seed() -> None:
    one, other, third = (cold_start.generated(seed, 2, 3) for seed in (7, 7, 8))
    assert one.values.tobytes() == other.values.tobytes()
    assert one.values.tobytes() != third.values.tobytes()


def test_evidence_is_that_of_the_series_asked_for() -> None:
    table = np.random.default_rng(2).normal(size=(400, 3))
    table[:100, 1], table[300, 1] = np.nan, 40.0
    scores = cold_start.evidence(table, 2)
    assert scores.shape == (400, 2)
    assert not scores[:120, 1].any()
    assert scores.argmax() == 300 * 2 + 1


def test_young_series_among_peers_are_nearer_to_mature_ones_than_alone(shared: Path) -> None:
    found = cold_start.judge(kit.load(), [cold_start.generated(1973, 40, 20)])
    assert found["events"] == 60
    mature, pooled, alone = (found[way] for way in ("mature", "pooled", "alone"))
    assert pooled["f1"] >= 0.8 * mature["f1"]
    assert pooled["f1"] > alone["f1"]
    assert pooled["alarms"] <= 2.0 * mature["alarms"]
    assert pooled["alarms_early"] <= 2.0 * mature["alarms"]
