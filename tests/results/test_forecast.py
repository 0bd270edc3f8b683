import json

import numpy as np

from tailmass.results import Forecast


def test_a_forecast_is_written_bucket_by_bucket() -> None:
    made = Forecast(
        times=np.array([1_403_712_000, 1_403_715_600]),
        mean=np.array([100.5, 101.0]),
        lower=np.array([90.0, 88.5]),
        upper=np.array([111.0, 113.5]),
    )
    assert made.documents() == [
        {"timestamp": "2014-06-25T16:00:00.000+0000", "mean": 100.5, "lower": 90.0, "upper": 111.0},
        {"timestamp": "2014-06-25T17:00:00.000+0000", "mean": 101.0, "lower": 88.5, "upper": 113.5},
    ]


def test_no_forecast_holds_what_json_cannot() -> None:
    made = Forecast(np.array([0]), np.array([1.0]), np.array([-np.inf]), np.array([np.nan]))
    assert json.loads(json.dumps(made.documents(), allow_nan=False)) == [
        {"timestamp": "1970-01-01T00:00:00.000+0000", "mean": 1.0}
    ]
