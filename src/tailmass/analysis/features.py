"""The number that a function takes from a bucket of one series."""

from collections.abc import Callable

from tailmass.columns import Floats
from tailmass.kernels.buckets import Closed

FEATURES: dict[str, Callable[[Closed], Floats]] = {
    "count": lambda closed: closed.count,
    "mean": lambda closed: closed.total / closed.count,
    "min": lambda closed: closed.low,
    "max": lambda closed: closed.high,
    "sum": lambda closed: closed.total,
}
"""By the name of what is measured: (entries,) values from the closed buckets, in the unit of the data."""
