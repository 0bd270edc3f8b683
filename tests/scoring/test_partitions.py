import numpy as np
import pytest

from tailmass.columns import Floats, Ints
from tailmass.kernels.partitions import Present
from tailmass.kernels.rate import prior
from tailmass.scoring.partitions import PartitionCalibration
from tailmass.scoring.rate import WEEK

SPAN, PER_WEEK = 3600, WEEK // 3600
BOTH: Ints = np.array([0, 1])


def learnt(calibration: PartitionCalibration, hours: int, evidence: float = 4.0, first: int = 0) -> Floats:
    """Rates of one finding in each of two partitions at the end of some hours; only the first ever had one before."""
    present = Present(2 * np.arange(hours + 1), np.tile(BOTH, hours), np.arange(2 * hours) < 2 * (first == 0))
    bucket = np.append(np.arange(0, hours - 1, 60), [hours - 1] * 2)
    partition = np.append(np.zeros(len(bucket) - 2, np.int64), BOTH)
    return calibration.learn(bucket, partition, partition, np.full(len(bucket), evidence), present, first)[-2:]


@pytest.mark.parametrize("watching", ["present", "known", "once"])
def test_what_one_partition_has_had_is_no_past_of_another(watching: str) -> None:
    often, never = learnt(PartitionCalibration(SPAN, watching), 20 * PER_WEEK)
    assert often > 0.8 * PER_WEEK / 60
    assert never < 0.2 * PER_WEEK * prior(4.0)


@pytest.mark.parametrize("watching", ["present", "known", "once"])
def test_without_a_past_a_rate_is_the_priors(watching: str) -> None:
    calibration = PartitionCalibration(SPAN, watching)
    asked = calibration.rate(np.zeros(2, np.int64), BOTH, np.array([2.0, 7.0]))
    assert asked == pytest.approx([PER_WEEK * prior(2.0), PER_WEEK * prior(7.0)])


def test_a_calibration_goes_on_from_its_state() -> None:
    one, other = PartitionCalibration(SPAN, "known"), PartitionCalibration(SPAN, "known")
    learnt(one, 100)
    one.rate(np.array([100]), np.array([50]), np.array([2.0]))
    other.restore("x", one.state("x"))
    assert learnt(other, 100, first=100).tolist() == learnt(one, 100, first=100).tolist()
    assert {name: part.tolist() for name, part in other.state("x").items()} == {
        name: part.tolist() for name, part in one.state("x").items()
    }
