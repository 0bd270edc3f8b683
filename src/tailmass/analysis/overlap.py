"""Two views of the same rows, one half a bucket after the other: which of them a bucket is told by."""

from dataclasses import replace

import numpy as np

from tailmass.analysis.detector import Findings
from tailmass.analysis.selection import joined, taken
from tailmass.columns import Floats, Ints
from tailmass.jobs import Detector

_CUT_BY_NO_BOUNDARY = frozenset({"min", "max", "time_of_day", "time_of_week", "lat_long"})
"""What is a matter of single rows: a second view would see nothing more."""


def worth_a_second_view(detector: Detector) -> bool:
    """Whether what a detector watches can be spread over two buckets."""
    return any(measure not in _CUT_BY_NO_BOUNDARY for measure in detector.definition.measures)


def more_anomalous(found: Findings, later: Findings | None, *, back: bool) -> Findings:
    """What the series did in each bucket, as the view tells it that finds more.

    Bucket k of the later view has the second half of bucket k and the first one of bucket k + 1. Its finding counts if
    there is more evidence in it than the same series has in either of the two. It then stands for what happened in the
    one that has the more evidence itself, the first one if they are alike, so that what lies in one bucket stays there.

    Parameters
    ----------
    found, later : what either view found, `bucket` being the numbers of buckets; by bucket, then by series
    back : whether the first of the two buckets can still be told otherwise; if not the second one is
    """
    if later is None or not len(later.series):
        return found
    series = 1 + max(int(found.series.max(initial=0)), int(later.series.max()))
    keys = found.bucket * series + found.series
    at = later.bucket * series + later.series
    first, second = _evidence(found.evidence, keys, at), _evidence(found.evidence, keys, at + series)
    bucket = np.where((first >= second) & back, later.bucket, later.bucket + 1)
    more = np.flatnonzero(later.evidence > np.maximum(first, second))
    both = joined([found, taken(replace(later, bucket=bucket), more)])
    order = np.lexsort((-both.evidence, both.series, both.bucket))
    same = (np.diff(both.bucket[order]) == 0) & (np.diff(both.series[order]) == 0)
    return taken(both, order[np.append(True, ~same)[: len(order)]])


def _evidence(evidence: Floats, keys: Ints, asked: Ints) -> Floats:
    """(asked,) evidence of the ascending keys; 0 of those that are not there."""
    if not len(keys):
        return np.zeros(len(asked))
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, evidence[place], 0.0)
