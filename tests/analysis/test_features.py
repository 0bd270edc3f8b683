import numpy as np

from tailmass.analysis.features import FEATURES
from tailmass.jobs import FUNCTIONS
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
    assert {name: feature.of(CLOSED).tolist() for name, feature in FEATURES.items() if feature.of} == {
        "count": [4.0, 1.0],
        "mean": [2.5, -2.0],
        "min": [1.0, -2.0],
        "max": [5.0, -2.0],
        "sum": [10.0, -2.0],
    }


def test_a_feature_comes_from_the_closed_buckets_or_from_a_gatherer() -> None:
    for name, feature in FEATURES.items():
        assert (feature.of is None) == (feature.gatherer is not None), name


def test_what_needs_the_least_gathers_nothing_where_rows_are_single() -> None:
    gathering = {name for name, feature in FEATURES.items() if feature.gathers(summarised=False) is not None}
    assert gathering == {"median", "varp", "distinct_count", "info_content"}
    assert {name for name, feature in FEATURES.items() if feature.gathers(summarised=True)} == gathering | {"mean"}


def test_every_feature_is_measured_by_some_function() -> None:
    assert set(FEATURES) <= {measure for function in FUNCTIONS for measure in function.measures}
