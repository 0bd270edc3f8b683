import numpy as np

from tailmass.analysis.features import FEATURES
from tailmass.kernels.buckets import Closed

CLOSED = Closed(
    np.array([0, 2]),
    np.array([0, 1]),
    np.array([4.0, 1.0]),
    np.array([10.0, -2.0]),
    np.array([1.0, -2.0]),
    np.array([5.0, -2.0]),
)


def test_features_are_what_their_names_say() -> None:
    assert {name: feature(CLOSED).tolist() for name, feature in FEATURES.items()} == {
        "count": [4.0, 1.0],
        "mean": [2.5, -2.0],
        "min": [1.0, -2.0],
        "max": [5.0, -2.0],
        "sum": [10.0, -2.0],
    }
