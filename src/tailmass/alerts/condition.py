"""What somebody waits for."""

from dataclasses import dataclass

import numpy as np

from tailmass.alerts.alert import Alert
from tailmass.alerts.news import News
from tailmass.errors import CannotAlertOnProbability, InvalidThreshold, UnknownAlertType

TYPES = ("bucket", "bucketinfluencer", "influencer")
"""The types of results that an alert can be about."""

HIGHEST = 100.0


@dataclass(frozen=True, slots=True)
class Condition:
    """Results from a score or a probability upwards; one that exists can be met.

    Raises
    ------
    InvalidThreshold : there is none, or one that no result is below or none above
    UnknownAlertType : `alert_on` has a type that results do not have
    CannotAlertOnProbability : a probability is awaited of results that have none
    """

    score: float | None = None
    """The least `anomalyScore`, of results of any of the types."""
    probability: float | None = None
    """The least `normalizedProbability` of a record, which is a matter of buckets."""
    alert_on: tuple[str, ...] = ("bucket",)
    """Some of `TYPES`, the first of which that is met is told."""
    include_interim: bool = False

    def __post_init__(self) -> None:
        if self.score is None and self.probability is None:
            raise InvalidThreshold("There is nothing to wait for: give a 'score' or a 'probability' from 0 to 100")
        for name, threshold in (("score", self.score), ("probability", self.probability)):
            if threshold is not None and not 0.0 <= threshold <= HIGHEST:
                raise InvalidThreshold(f"{name!r} is {threshold:g}: it goes from 0 to {HIGHEST:g}")
        for each in self.alert_on:
            if each not in TYPES:
                raise UnknownAlertType(f"'alertOn' has {each!r}: alerts are on any of {', '.join(TYPES)}")
        if self.probability is not None and "bucket" not in self.alert_on:
            raise CannotAlertOnProbability(
                f"'probability' is given and 'alertOn' is {','.join(self.alert_on)}: only records have a probability, "
                "add 'bucket' to 'alertOn' or wait for a 'score'"
            )

    def met_by(self, news: News) -> Alert | None:
        """The alert about the earliest bucket that meets it, None where none does."""
        if news.interim and not self.include_interim:
            return None
        scored = {} if self.score is None else {kind: news.scores[kind] >= self.score for kind in self.alert_on}
        probable = news.probabilities >= (np.inf if self.probability is None else self.probability)
        met = np.flatnonzero(np.logical_or.reduce([probable, *scored.values()]))
        if not len(met):
            return None
        first = int(met[0])
        kind = next((kind for kind, reached in scored.items() if reached[first]), None)
        bucket = news.bucket(first)
        least = self.probability
        return Alert(
            kind=kind or "bucket",
            anomaly_score=float(news.scores[kind or "bucket"][first]),
            bucket=bucket,
            by_score=kind is not None,
            records=tuple(each for each in bucket.records if each.normalized_probability >= least)
            if least is not None and probable[first]
            else None,
        )
