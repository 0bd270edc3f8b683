"""Evidence to a score of 0 to 100 that means a rate: how often would something at least this unusual appear here?"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels.rate import BINS, History, current_rates, rates

WEEK = 604_800
HALF_LIFE_WEEKS = 13.0  # an event of last quarter counts half
PRIOR_WEEKS = 2.0  # series-weeks after which a detector's own past outweighs the prior
ONCE_A_WEEK, A_DECADE = 50.0, 13.45  # score of a rate of 1 a week, and what a tenth of it adds


def score(rate: Floats) -> Floats:
    """Score of a rate: clip(50 - 13.45 log10(rate), 0, 100), for any shape.

    1 a day is 39, 1 a week 50, 1 a month 58, 1 a year 73, 1 a decade 86, 1 a century 100.

    Parameters
    ----------
    rate : events a week, > 0

    >>> score(np.array([7.0, 1.0, 1 / 52.2, 1e-9])).round(1).tolist()
    [38.6, 50.0, 73.1, 100.0]
    """
    return np.clip(ONCE_A_WEEK - A_DECADE * np.log10(rate), 0.0, 100.0)


class RateCalibration:
    """What counts as rare: for one detector by the events of all its series, for a job by those of its buckets.

    Parameters
    ----------
    span : seconds of a bucket
    """

    def __init__(self, span: int) -> None:
        self._per_week = WEEK / span
        self._keep = 0.5 ** (1.0 / (HALF_LIFE_WEEKS * self._per_week))
        self._worth = PRIOR_WEEKS * self._per_week
        self._history = History(np.zeros(BINS), np.zeros(1), np.zeros(0, np.int64), np.zeros(0))
        self._tails = np.zeros(BINS + 1)

    def learn(self, bucket: Ints, series: Ints, evidence: Floats, updates: Ints, first: int, known: int) -> Floats:
        """Rate of each unusual value, a week and series, by what came before its bucket.

        Parameters
        ----------
        bucket, series, evidence : (found,) position of the bucket, series id, powers of ten; by bucket
        updates : (buckets,) series that met a value
        first : number of the first bucket
        known : series ids are below this
        """
        self._make_room(known)
        return self._rates(bucket, series, evidence, np.ones(len(bucket)), updates, first)

    def learn_buckets(self, evidence: Floats, watched: Ints, first: int) -> Floats:
        """Rate of each bucket, a week, by what came before it.

        Parameters
        ----------
        evidence : (buckets,) powers of ten; 0 where nothing was unusual
        watched : (buckets,) series that met a value: before the job has a past, the prior speaks for all of them
        first : number of the first bucket
        """
        self._make_room(1)
        found = np.flatnonzero(evidence > 0.0)
        rate = np.full(len(evidence), np.inf)
        family, once = watched[found].astype(np.float64), np.ones(len(evidence), np.int64)
        rate[found] = self._rates(found, np.zeros(len(found), np.int64), evidence[found], family, once, first)
        return rate

    def rate(self, evidence: Floats, family: Floats | None = None) -> Floats:
        """The same by what is known now; nothing is learnt. `family` is what `watched` is to `learn_buckets`."""
        family = np.ones(len(evidence)) if family is None else family
        return current_rates(evidence, family, self._worth, self._history, self._tails) * self._per_week

    def _rates(self, bucket: Ints, series: Ints, evidence: Floats, family: Floats, updates: Ints, first: int) -> Floats:
        keep, worth, history = self._keep, self._worth, self._history
        found = rates(bucket, series, evidence, family, updates, first, keep, worth, history, self._tails)
        return found * self._per_week

    def state(self, prefix: str) -> dict[str, np.ndarray[Any, Any]]:
        """The history as arrays."""
        return {f"{prefix}.{name}": array.copy() for name, array in self._history._asdict().items()}

    def restore(self, prefix: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Become the calibration that `state` was taken of."""
        self._history = History(*(np.array(arrays[f"{prefix}.{name}"]) for name in History._fields))

    def _make_room(self, series: int) -> None:
        last, height = self._history.last, self._history.height
        if series > len(last):
            more = max(series, 2 * len(last)) - len(last)
            self._history = self._history._replace(
                last=np.append(last, np.zeros(more, np.int64)), height=np.append(height, np.zeros(more))
            )
