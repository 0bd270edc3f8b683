import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tailmass.kernels.frequent import frequent
from tests.kernels.streams import fixed

VALUES = 4


def slow(buckets: list[list[int]]) -> list[list[bool]]:
    """For every bucket whether each value was in 95 % of the at least 20 buckets with anything before it."""
    out = []
    for b in range(len(buckets)):
        before = [bucket for bucket in buckets[:b] if bucket]
        out.append(
            [len(before) >= 20 and sum(v in each for each in before) >= 0.95 * len(before) for v in range(VALUES)]
        )
    return out


@fixed
@given(st.integers(0, 99), st.integers(1, 60), st.integers(0, 60))
def test_values_are_frequent_that_were_in_nearly_every_bucket_however_they_are_cut(
    seed: int, length: int, cut: int
) -> None:
    chance = np.random.default_rng(seed)
    buckets = [np.flatnonzero(chance.random(VALUES) < [1.0, 0.97, 0.9, 0.1]).tolist() for _ in range(length)]
    buckets = [bucket if chance.random() < 0.9 else [] for bucket in buckets]
    present, count = np.zeros(VALUES, np.int64), np.zeros(1, np.int64)
    told: list[bool] = []
    for part in (buckets[:cut], buckets[cut:]):
        offsets = np.cumsum([0, *map(len, part)])
        value = np.array([v for bucket in part for v in bucket], np.int64)
        asked = np.tile(np.arange(VALUES), len(part))
        bucket = np.repeat(np.arange(len(part)), VALUES)
        told += frequent(offsets, value, bucket, asked, present, count, True).tolist()
    assert told == [each for row in slow(buckets) for each in row]
