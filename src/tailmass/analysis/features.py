"""The number that a function takes from a bucket of one series."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tailmass.analysis.gatherers import Distinct, Gatherer, Information, Means, Medians, Variances
from tailmass.analysis.model import FeatureModel
from tailmass.analysis.variance import VarianceModel
from tailmass.columns import Floats
from tailmass.kernels.buckets import Closed

Model = FeatureModel | VarianceModel


@dataclass(frozen=True, slots=True)
class Feature:
    """How what is measured is got from the rows of a bucket, and what models it."""

    of: Callable[[Closed], Floats] | None = None
    """(entries,) values from the closed buckets, in the unit of the data; None where only a gatherer can tell."""
    gatherer: Callable[[], Gatherer] | None = None
    """What keeps more of the open buckets than their count, sum, smallest and largest."""
    summarised: Callable[[], Gatherer] | None = None
    """The same where a row stands for several and its value for theirs; None where nothing changes."""
    rows: bool = False
    """Whether a value of fewer rows than usual is the less sure."""
    partial: bool = False
    """Whether a bucket with rows may have no value, which is NaN then."""
    model: type[Model] = FeatureModel
    power_of_peers: float = 1.0
    """The power of the value at which peers spread alike on both sides."""

    def gathers(self, *, summarised: bool) -> Gatherer | None:
        """A new gatherer, if one is needed for rows of this kind."""
        made = self.summarised if summarised and self.summarised is not None else self.gatherer
        return None if made is None else made()


FEATURES: dict[str, Feature] = {
    "count": Feature(lambda closed: closed.count),
    "mean": Feature(lambda closed: closed.total / closed.count, summarised=Means, rows=True),
    "min": Feature(lambda closed: closed.low),
    "max": Feature(lambda closed: closed.high),
    "sum": Feature(lambda closed: closed.total),
    "median": Feature(gatherer=Medians, summarised=partial(Medians, weighted=True), rows=True),
    # What comes summarised is a variance already, and of several the mean is all that can be had.
    "varp": Feature(
        gatherer=Variances, summarised=Means, rows=True, partial=True, model=VarianceModel, power_of_peers=0.5
    ),
    "distinct_count": Feature(gatherer=Distinct),
    "info_content": Feature(gatherer=Information),
}
"""By the name of what is measured."""
