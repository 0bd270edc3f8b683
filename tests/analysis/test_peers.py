import numpy as np
import pytest

from tailmass.analysis.peers import MOST_CAUSES, worth_telling


def told(chances: list[float], *, peers: int = 100, tests: int = 1) -> dict[int, float]:
    """The persons of one bucket that are told of, with their probability."""
    person = np.arange(len(chances))
    zeros = np.zeros(len(chances), np.int64)
    worth = worth_telling(zeros, person, np.array(chances), zeros + tests, zeros, zeros + peers)
    return dict(zip(worth.person.tolist(), worth.probability.tolist(), strict=True))


def test_one_that_is_far_off_counts_less_the_more_there_are() -> None:
    assert told([1e-6], peers=100) == pytest.approx({0: 1e-4})
    assert told([1e-6], peers=10_000) == pytest.approx({0: 1e-2})
    assert told([1e-6], peers=100_000) == {}


def test_many_that_are_somewhat_off_support_each_other() -> None:
    assert told([1e-3]) == {}
    assert told([1e-3] * 10) == pytest.approx(dict.fromkeys(range(10), 1e-2))


def test_a_person_with_many_values_had_as_many_chances() -> None:
    assert told([1e-6], tests=10)[0] == pytest.approx(1e-3, rel=1e-4)


def test_chance_alone_seldom_brings_a_bucket_with_a_finding() -> None:
    chance = np.random.default_rng(3)
    share = np.mean([bool(told(chance.random(100).tolist())) for _ in range(1000)])
    assert share == pytest.approx(0.035, abs=0.015)  # two and a half standard deviations


def test_the_causes_of_a_person_are_its_worst_ones_in_order() -> None:
    chances = np.geomspace(1e-3, 1e-9, MOST_CAUSES + 3)
    zeros = np.zeros(len(chances), np.int64)
    worth = worth_telling(zeros, zeros, chances, zeros + 1, zeros, zeros + 2)
    assert worth.offsets.tolist() == [0, MOST_CAUSES]
    assert worth.causes.tolist() == list(range(len(chances) - 1, 2, -1))
