"""What a series would have done without the rows of one value of an influencer."""

from dataclasses import dataclass

import numpy as np

from tailmass.analysis.parts import Parts, Table
from tailmass.analysis.usual import Share
from tailmass.columns import Floats, Ints
from tailmass.kernels.parts import medians_without

MEASURES = frozenset({"count", "sum", "mean", "min", "max", "median", "varp", "distinct_count", "info_content"})
"""What is one number of the rows of a series; of the others there is only whether rows are there."""
GROWING = frozenset({"count", "sum", "distinct_count", "info_content"})
"""What grows with every row, so that rows that are missing make it small."""
_ONE_SIDED = {"min": -1.0, "max": 1.0}
_LARGEST_SHARE = 0.999  # of all rows: what is left over says nothing of how many there would be without


@dataclass(frozen=True, slots=True)
class Values:
    """Values of an influencer in what was found, by claim; (n,) each but for the last."""

    claim: Ints
    """Position of the claim, ascending."""
    parts: Table
    """What the rows come to; all zeros of a value that usually is there and now is not, whose number is -1."""
    share: Share
    """What is usual of them."""
    claims: int


def without(measure: str, actual: Floats, values: Values, kept: Parts) -> Floats:
    """(n,) what was measured, had the rows of each value not been there; NaN where nothing would be left.

    It is put so that it can be held against what was expected of all rows: what grows with every row is scaled up by
    the share of rows that usually are left, and a mean is moved by what is usual of the mean of the rest.

    Parameters
    ----------
    measure : one of `MEASURES`
    actual : (n,) what was measured
    values : whose rows are left out, all of claims that are about this measure
    kept : what more there is of the parts
    """
    held, claim = values.parts.held, values.claim
    rest = _sums(held.rows, claim, values.claims) - held.rows
    if measure == "count":
        return _scaled(actual - held.rows, values.share.rows)
    if measure == "sum":
        return _scaled(actual - held.total, values.share.total)
    if measure in ("distinct_count", "info_content"):
        assert kept.texts is not None
        number, length = kept.texts.only_here(values.parts.number)
        if measure == "distinct_count":
            return _scaled(actual - number, values.share.rows)
        # What bytes tell depends on the other texts; on an average each byte tells as much.
        every = kept.texts.lengths(values.parts.number, claim, values.claims)[claim]
        return _scaled(actual * (1.0 - _ratio(length, every)), values.share.rows)
    if measure == "mean":
        mean = _ratio(_sums(held.rows * held.mean, claim, values.claims) - held.rows * held.mean, rest)
        return np.where(rest > 0.0, mean - values.share.shift, np.nan)
    if measure == "varp":
        return _variances(values, rest)
    if measure == "median":
        return _medians(values, kept)
    return _extremes(held.low if measure == "min" else -held.high, values) * (1.0 if measure == "min" else -1.0)


def influence(measure: str, actual: Floats, typical: Floats, left: Floats) -> Floats:
    """How much of the evidence against what was expected goes with the rows of a value; (n,), in [0, 1].

        1 - A(left) / A(actual),  A(y) = (y - typical)^2

    which is the evidence of the normal distribution far from its middle, whatever the scale. Rows that are left out
    only make a maximum smaller and a minimum larger: what is beyond the expected on that side is no evidence.

    Parameters
    ----------
    measure : one of `MEASURES`
    actual, typical : (n,) what was measured and what was expected
    left : (n,) what would have been measured; NaN where nothing would be left, which is no evidence of anything
    """
    far, near = actual - typical, left - typical
    if measure in _ONE_SIDED:
        near = np.where(np.sign(near) == np.sign(far), near, 0.0)
    share = np.divide(near, far, out=np.full(len(far), np.inf), where=far != 0.0)
    found: Floats = np.clip(1.0 - np.where(np.isnan(left) & (far != 0.0), 0.0, share) ** 2, 0.0, 1.0)
    return np.where(np.isnan(found), 0.0, found)


def _scaled(rest: Floats, share: Floats) -> Floats:
    return rest / np.maximum(1.0 - share, 1.0 - _LARGEST_SHARE)


def _sums(numbers: Floats, claim: Ints, claims: int) -> Floats:
    """(n,) the sum over all values of each one's claim."""
    sums = np.zeros(claims)
    np.add.at(sums, claim, numbers)
    found: Floats = sums[claim]
    return found


def _variances(values: Values, rest: Floats) -> Floats:
    held, claim, claims = values.parts.held, values.claim, values.claims
    whole = rest + held.rows
    middle = _ratio(_sums(held.rows * held.mean, claim, claims), whole)
    mean = held.mean - middle  # from a point that is near to all of them
    first, second = held.rows * mean, held.m2 + held.rows * mean**2
    first, second = (_sums(each, claim, claims) - each for each in (first, second))
    variance = np.maximum(0.0, _ratio(second, rest) - _ratio(first, rest) ** 2)
    return np.where(rest > 1.0, variance, np.nan)


def _extremes(low: Floats, values: Values) -> Floats:
    """The smallest number of the other values of each one's claim; NaN where there are no others."""
    there = values.parts.held.rows > 0.0
    lowest, second = np.full((2, values.claims), np.inf)
    low = np.where(there, low, np.inf)
    order = np.lexsort((low, values.claim))
    claim = values.claim[order]
    begins = np.flatnonzero(np.append(True, np.diff(claim) != 0)[: len(claim)])
    lowest[claim[begins]] = low[order[begins]]
    more = begins + 1
    more = more[(more < len(claim))]
    more = more[claim[more] == claim[more - 1]]
    second[claim[more]] = low[order[more]]
    first = np.zeros(len(low), np.bool_)
    first[order[begins]] = True
    found = np.where(first, second[values.claim], lowest[values.claim])
    return np.where(np.isfinite(found), found, np.nan)


def _medians(values: Values, kept: Parts) -> Floats:
    assert kept.values is not None
    number = values.parts.number
    place, value, weight = kept.values.of(number)
    claim = values.claim[place]
    order = np.lexsort((value, claim))
    offsets = np.searchsorted(claim[order], np.arange(values.claims + 1)).astype(np.int64)
    asked = np.arange(len(number))
    return medians_without(offsets, value[order], weight[order], place[order], asked, values.claim)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0.0)
