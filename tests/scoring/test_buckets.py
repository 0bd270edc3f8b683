import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.scoring.buckets import NOISE, bucket_evidence, bucket_probability

fixed = settings(max_examples=50, deadline=None, derandomize=True)
EVIDENCE, PROBABILITIES = st.floats(1.456, 300.0), st.floats(1e-300, 0.035)
Records = list[tuple[int, float]]


def evidence(*records: tuple[int, float], buckets: int = 1) -> list[float]:
    """Evidence of each bucket, from records of bucket and evidence."""
    bucket, each = np.array([one for one, _ in records], np.int64), np.array([float(one) for _, one in records])
    told: list[float] = bucket_evidence(bucket, each, buckets).tolist()
    return told


def probability(*records: tuple[int, float], watched: list[int]) -> list[float]:
    """Probability of each bucket, from records of bucket and probability."""
    bucket, each = np.array([one for one, _ in records], np.int64), np.array([float(one) for _, one in records])
    told: list[float] = bucket_probability(bucket, each, np.array(watched)).tolist()
    return told


def test_a_single_record_says_what_it_says() -> None:
    assert evidence((1, 4.5), buckets=3) == [0.0, pytest.approx(4.5), 0.0]


def test_records_add_like_the_sides_of_a_right_angle_above_the_noise() -> None:
    assert evidence((0, 4.0), (0, 5.0)) == [pytest.approx(6.0)]
    assert evidence(*[(0, 3.0)] * 9) == [pytest.approx(7.0)]


def test_a_crowd_of_what_any_series_has_now_and_then_adds_nothing() -> None:
    assert evidence((0, 4.5), *[(0, NOISE)] * 1000, *[(0, 0.5)] * 1000) == [pytest.approx(4.5)]


@fixed
@given(st.lists(st.tuples(st.integers(0, 3), EVIDENCE), max_size=12))
def test_a_bucket_says_what_its_definition_says_in_any_order(records: Records) -> None:
    told = evidence(*records, buckets=4)
    for bucket in range(4):
        own = [each for place, each in records if place == bucket]
        expected = 1.0 + math.sqrt(sum((each - 1.0) ** 2 for each in own)) if own else 0.0
        assert told[bucket] == pytest.approx(expected, rel=1e-12)
    assert evidence(*reversed(records), buckets=4) == pytest.approx(told, rel=1e-12)


@fixed
@given(st.lists(EVIDENCE, min_size=1, max_size=9), EVIDENCE)
def test_one_more_record_never_takes_from_a_bucket(own: list[float], more: float) -> None:
    [before], [after] = evidence(*[(0, each) for each in own]), evidence(*[(0, each) for each in [*own, more]])
    assert after > before or after == pytest.approx(before)
    assert max(*own, more) <= after * (1.0 + 1e-12) <= (1.0 + sum(own) + more) * (1.0 + 1e-12)


def test_no_records_have_no_evidence() -> None:
    assert evidence(buckets=2) == [0.0, 0.0]


def test_the_probability_is_that_of_the_least_of_all_series() -> None:
    assert probability((0, 0.01), watched=[100]) == [pytest.approx(1.0 - 0.99**100)]
    assert probability((0, 1e-300), watched=[100]) == [pytest.approx(1e-298)]
    assert probability((0, 1e-3), (0, 1e-2), watched=[1]) == [pytest.approx(1e-3)]


def test_a_bucket_without_records_is_quite_probable() -> None:
    assert probability((1, 0.01), watched=[3, 1, 0]) == [1.0, pytest.approx(0.01), 1.0]


@fixed
@given(st.lists(st.tuples(st.integers(0, 3), PROBABILITIES), max_size=12), st.integers(0, 10**6))
def test_probabilities_stay_in_their_range(records: Records, series: int) -> None:
    told = probability(*records, watched=[series] * 4)
    for bucket in range(4):
        assert min([1.0, *(each for place, each in records if place == bucket)]) <= told[bucket] <= 1.0
