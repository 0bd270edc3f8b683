"""Rows by what they bring: a part is all rows of a bucket that share a key and a value of another field."""

from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels.ids import EMPTY
from tailmass.kernels.jit import inlined, kernel
from tailmass.kernels.moments import LARGEST

_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: Knuth's multiplicative hashing
_FAR = np.uint64(32)


class Held(NamedTuple):
    """What the rows of each part come to; (part,) each."""

    rows: Floats
    total: Floats
    """Sum of the values as they came, whatever they stand for."""
    low: Floats
    high: Floats
    mean: Floats
    """Weighted by the rows."""
    m2: Floats
    """Sum of squared deviations from the mean, unit squared."""


@inlined
def _place(bucket: int, key: int, value: int) -> np.uint64:
    h = np.uint64(bucket) * _SPREAD
    h = ((h ^ (h >> _FAR)) + np.uint64(key)) * _SPREAD
    h = ((h ^ (h >> _FAR)) + np.uint64(value)) * _SPREAD
    return h ^ (h >> _FAR)


@kernel
def number_parts(
    bucket: Ints, key: Ints, value: Ints, table: Ints, held_bucket: Ints, held_key: Ints, held_value: Ints, taken: int
) -> Ints:
    """The part of each row, by a hash table with open addressing.

    Parameters
    ----------
    bucket, key, value : (n,) of each row, which has no part where the key or the value is negative
    table : (capacity,) the number of the part at each place, a power of two with room for all; -1 where it is free;
        filled in
    held_bucket, held_key, held_value : (parts,) of each part, with room for all; filled in
    taken : how many parts there are already

    Returns
    -------
    part : (n + 1,) of each row, -1 where it has none; the last one is how many parts there are now
    """
    part = np.empty(len(bucket) + 1, np.int64)
    mask = np.uint64(len(table) - 1)
    for row in range(len(bucket)):
        b, k, v = bucket[row], key[row], value[row]
        if k < 0 or v < 0:
            part[row] = EMPTY
            continue
        place = _place(b, k, v) & mask
        found = table[place]
        while found != EMPTY and (held_value[found] != v or held_key[found] != k or held_bucket[found] != b):
            place = (place + np.uint64(1)) & mask
            found = table[place]
        if found == EMPTY:
            found = taken
            table[place] = found
            held_bucket[found], held_key[found], held_value[found] = b, k, v
            taken += 1
        part[row] = found
    part[len(bucket)] = taken
    return part


@kernel
def gather(part: Ints, values: Floats, weights: Floats | None, held: Held) -> None:
    """Add rows to their parts, in the order of the rows.

    Parameters
    ----------
    part : (n,) negative where the row is passed over
    values : (n,) unit of the data
    weights : (n,) rows that each row stands for, > 0; None where each is one
    held : changed in place; a part without rows is all zeros
    """
    rows, total, low, high, mean, m2 = held
    for row in range(len(part)):
        i = part[row]
        if i < 0:
            continue
        own = 1.0 if weights is None else weights[row]
        value = values[row]
        low[i] = value if rows[i] == 0.0 else min(low[i], value)
        high[i] = value if rows[i] == 0.0 else max(high[i], value)
        rows[i] += own
        total[i] += value
        bounded = max(-LARGEST, min(LARGEST, value))
        deviation = bounded - mean[i]
        mean[i] += own / rows[i] * deviation
        m2[i] += own * deviation * (bounded - mean[i])


@kernel
def remember(bucket: Ints, ids: Ints, rows: Floats, total: Floats, keep: float, held: Floats) -> None:
    """Add what parts brought to what is remembered, which fades from bucket to bucket.

    Parameters
    ----------
    bucket : (n,) numbers, ascending
    ids : (n,) whose memory each adds to
    rows, total : (n,)
    keep : share that is kept from one bucket to the next, in (0, 1]
    held : (ids, 3) rows, total, and the bucket that both are of; changed in place
    """
    for k in range(len(ids)):
        i = ids[k]
        fading = keep ** (bucket[k] - held[i, 2])
        held[i, 0] = held[i, 0] * fading + rows[k]
        held[i, 1] = held[i, 1] * fading + total[k]
        held[i, 2] = bucket[k]


@kernel
def medians_without(offsets: Ints, values: Floats, weights: Floats, part: Ints, asked: Ints, whose: Ints) -> Floats:
    """Weighted medians of groups of values but for those of one part each.

    Parameters
    ----------
    offsets : (groups + 1,) where each group begins
    values : (n,) ascending within a group
    weights : (n,) > 0
    part : (n,) of each value
    asked : (m,) the part to leave out
    whose : (m,) the group it is left out of

    Returns
    -------
    medians : (m,) unit of the data; NaN where nothing is left
    """
    found = np.full(len(asked), np.nan)
    for k in range(len(asked)):
        begin, end = offsets[whose[k]], offsets[whose[k] + 1]
        total = 0.0
        for row in range(begin, end):
            if part[row] != asked[k]:
                total += weights[row]
        below, lower = 0.0, np.nan
        for row in range(begin, end):
            if part[row] == asked[k]:
                continue
            if not np.isnan(lower):
                found[k] = 0.5 * lower + 0.5 * values[row]
                break
            below += weights[row]
            if 2.0 * below > total:
                found[k] = values[row]
                break
            if 2.0 * below == total:
                lower = found[k] = values[row]
    return found
