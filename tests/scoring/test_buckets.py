import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailmass.scoring.buckets import bucket_scores
from tailmass.scoring.rate import score

fixed = settings(max_examples=50, deadline=None, derandomize=True)
RATES, PROBABILITIES = st.floats(1e-12, 10.0), st.floats(1e-300, 0.035)


def scored(*records: tuple[int, float, float], watched: list[int]) -> tuple[list[float], list[float]]:
    """Score and probability of each bucket, from records of bucket, rate and probability."""
    bucket, rate, probability = (np.array([each[k] for each in records]) for k in range(3))
    scores, probabilities = bucket_scores(bucket.astype(np.int64), rate, probability, np.array(watched))
    return scores.tolist(), probabilities.tolist()


def test_a_bucket_without_records_has_nothing_to_tell() -> None:
    assert scored((1, 1.0, 0.01), watched=[3, 1, 0]) == ([0.0, 50.0, 0.0], [1.0, pytest.approx(0.01), 1.0])


def test_a_bucket_scores_as_often_as_any_of_its_series_would() -> None:
    [one], _ = scored((0, 0.01, 1e-6), watched=[1])
    [ten], _ = scored((0, 0.01, 1e-6), watched=[10])
    assert one - ten == pytest.approx(13.45)
    assert one == score(np.array([0.01]))[0]


def test_a_bucket_is_as_unusual_as_its_rarest_record() -> None:
    scores, probabilities = scored((0, 0.5, 1e-3), (0, 0.01, 1e-2), (0, 3.0, 1e-2), watched=[1])
    assert scores == score(np.array([0.01])).tolist()
    assert probabilities == pytest.approx([1e-3])


def test_the_probability_is_that_of_the_least_of_all_series() -> None:
    _, [probability] = scored((0, 1.0, 0.01), watched=[100])
    assert probability == pytest.approx(1.0 - 0.99**100)
    _, [probability] = scored((0, 1.0, 1e-300), watched=[100])
    assert probability == pytest.approx(1e-298)


@fixed
@given(st.lists(st.tuples(st.integers(0, 3), RATES, PROBABILITIES), max_size=12), st.integers(0, 10**6))
def test_scores_and_probabilities_stay_in_their_ranges(records: list[tuple[int, float, float]], series: int) -> None:
    scores, probabilities = scored(*records, watched=[series] * 4)
    for bucket in range(4):
        own = [each for each in records if each[0] == bucket]
        assert 0.0 <= scores[bucket] <= max([0.0, *(score(np.array([rate]))[0] for _, rate, _ in own)])
        assert min([1.0, *(p for *_, p in own)]) <= probabilities[bucket] <= 1.0
