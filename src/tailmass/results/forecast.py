"""What a model expects of one series in the buckets to come."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.results.numbers import feature
from tailmass.results.times import wire_time


class Forecast(NamedTuple):
    """The next buckets of one series, one after the other."""

    times: npt.NDArray[np.int64]
    """(buckets,) starts, epoch seconds."""
    mean: npt.NDArray[np.float64]
    """(buckets,) expected values, unit of the data."""
    lower: npt.NDArray[np.float64]
    """(buckets,) with `upper`, the bounds between which 95 % of values are expected."""
    upper: npt.NDArray[np.float64]

    def documents(self) -> list[dict[str, Any]]:
        """The buckets as clients read them; what is not a number is left out."""
        rows = zip(self.times.tolist(), self.mean.tolist(), self.lower.tolist(), self.upper.tolist(), strict=True)
        return [_document(*row) for row in rows]


def _document(time: int, mean: float, lower: float, upper: float) -> dict[str, Any]:
    told = {"mean": feature(mean), "lower": feature(lower), "upper": feature(upper)}
    return {"timestamp": wire_time(time * 1000)} | {name: value for name, value in told.items() if value is not None}
