"""Medians of many groups of values at once, each by selection.

    median = the value with half of the weight below it; the middle between two where exactly half lies on either side

Without weights that is the middle value, or the mean of the two in the middle.
"""

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels.jit import inlined, kernel

_STEP, _ODD, _HIGH = np.uint64(6364136223846793005), np.uint64(1442695040888963407), np.uint64(33)
"""Knuth's linear congruential generator for MMIX."""


@kernel
def medians(groups: Ints, values: Floats, number: int) -> Floats:
    """The median of each group.

    Parameters
    ----------
    groups : (n,) the group of each value, below `number`; negative where the value is in none
    values : (n,) unit of the data, no NaN
    number : groups, each of which has a value

    Returns
    -------
    medians : (number,) unit of the data; each depends on nothing but the values of its group

    References
    ----------
    Hoare (1961), Algorithm 65: find.
    """
    ends = np.zeros(number + 1, np.int64)
    for row in range(len(groups)):
        if groups[row] >= 0:
            ends[groups[row] + 1] += 1
    for group in range(number):
        ends[group + 1] += ends[group]
    places = ends[:number].copy()
    by_group = np.empty(ends[number])
    for row in range(len(groups)):
        group = groups[row]
        if group >= 0:
            by_group[places[group]] = values[row]
            places[group] += 1
    found = np.empty(number)
    for group in range(number):
        found[group] = _median(by_group[ends[group] : ends[group + 1]])
    return found


@kernel
def weighted_medians(groups: Ints, values: Floats, weights: Floats, number: int) -> Floats:
    """The same of values that stand for several rows each.

    Parameters
    ----------
    groups : (n,) as above, but in ascending order
    values : (n,) in ascending order within a group
    weights : (n,) rows that each value stands for, > 0
    """
    totals = np.zeros(number)
    for row in range(len(groups)):
        if groups[row] >= 0:
            totals[groups[row]] += weights[row]
    found = np.empty(number)
    below, before = 0.0, -1
    for row in range(len(groups)):
        group = groups[row]
        if group < 0:
            continue
        if group != before:
            below, before = 0.0, group
        half = below < 0.5 * totals[group]
        below += weights[row]
        if half and 2.0 * below >= totals[group]:
            exact = 2.0 * below == totals[group] and row + 1 < len(groups) and groups[row + 1] == group
            found[group] = _between(values[row], values[row + 1]) if exact else values[row]
    return found


@inlined
def _between(a: float, b: float) -> float:
    """The middle of two values, which may be as large as they come."""
    middle = 0.5 * (a + b)
    return middle if abs(middle) < np.inf else 0.5 * a + 0.5 * b


@kernel
def _median(values: Floats) -> float:
    """The median of values, which change places."""
    n = len(values)
    upper = _select(values, n // 2)
    if n % 2 == 1:
        return upper
    lower = values[0]
    for place in range(1, n // 2):  # all that is below the place is no larger
        lower = max(lower, values[place])
    return _between(lower, upper)


@kernel
def _select(values: Floats, k: int) -> float:
    """The k-th smallest value, counted from 0; afterwards no value before place k is larger."""
    begin, end = 0, len(values) - 1
    at = np.uint64(len(values))
    while begin < end:
        # At places that jump about: no order in which values are likely to come makes the narrowing down slow. With
        # the first and the last value among them, falling ones took the square of their number.
        at = at * _STEP + _ODD
        a = values[begin + int((at >> _HIGH) % np.uint64(end - begin + 1))]
        at = at * _STEP + _ODD
        b = values[begin + int((at >> _HIGH) % np.uint64(end - begin + 1))]
        at = at * _STEP + _ODD
        c = values[begin + int((at >> _HIGH) % np.uint64(end - begin + 1))]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = begin, end
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            end = j
        elif k >= i:
            begin = i
        else:
            break
    found: float = values[k]
    return found
