"""Dense ids: small integers in the order in which their owners first appeared."""

import numpy as np

from tailmass.columns import Ints
from tailmass.kernels.jit import kernel

EMPTY = -1
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: Knuth's multiplicative hashing
_SHIFT = np.uint64(32)


@kernel
def renumber(codes: Ints, table: Ints, taken: int) -> tuple[Ints, Ints]:
    """Ids for codes, giving a code met for the first time the next free id.

    Parameters
    ----------
    codes : (n,) any dense numbering, each in [0, len(table)); negative where the row has none
    table : (codes,) the id of every code met so far, -1 otherwise; filled in
    taken : how many ids are given away already

    Returns
    -------
    ids : (n,) the id of each row, -1 where it has no code
    fresh : (new,) for each new id, in order, the row that brought it
    """
    ids = np.empty(len(codes), np.int64)
    fresh = np.empty(len(codes), np.int64)
    new = 0
    for row in range(len(codes)):
        code = codes[row]
        if code < 0:
            ids[row] = EMPTY
            continue
        if table[code] == EMPTY:
            table[code] = taken + new
            fresh[new] = row
            new += 1
        ids[row] = table[code]
    return ids, fresh[:new]


@kernel
def number_pairs(left: Ints, right: Ints, keys: Ints, values: Ints, taken: int) -> tuple[Ints, Ints]:
    """Ids for pairs of ids, by a hash table with open addressing.

    Parameters
    ----------
    left, right : (n,) two ids a row, each below 2^31; the row has no pair where either is negative
    keys, values : (capacity,) the table, capacity a power of two with room for all; -1 marks a free place; filled in
    taken : how many pair ids are given away already

    Returns
    -------
    ids : (n,) the id of each row's pair, -1 where it has none
    fresh : (new,) for each new id, in order, the row that brought it
    """
    ids = np.empty(len(left), np.int64)
    fresh = np.empty(len(left), np.int64)
    new = 0
    mask = len(keys) - 1
    for row in range(len(left)):
        if left[row] < 0 or right[row] < 0:
            ids[row] = EMPTY
            continue
        key = (left[row] << 32) | right[row]
        place = np.int64((np.uint64(key) * _SPREAD) >> _SHIFT) & mask
        while keys[place] != EMPTY and keys[place] != key:
            place = (place + 1) & mask
        if keys[place] == EMPTY:
            keys[place] = key
            values[place] = taken + new
            fresh[new] = row
            new += 1
        ids[row] = values[place]
    return ids, fresh[:new]


@kernel
def find_pairs(left: Ints, right: Ints, keys: Ints, values: Ints) -> Ints:
    """(n,) the ids of pairs as `number_pairs` gave them; -1 where a pair has none, or either id is negative."""
    ids = np.full(len(left), EMPTY, np.int64)
    mask = len(keys) - 1
    for row in range(len(left)):
        if left[row] < 0 or right[row] < 0:
            continue
        key = (left[row] << 32) | right[row]
        place = np.int64((np.uint64(key) * _SPREAD) >> _SHIFT) & mask
        while keys[place] != EMPTY and keys[place] != key:
            place = (place + 1) & mask
        if keys[place] == key:
            ids[row] = values[place]
    return ids


@kernel
def distinct_pairs(rows: Ints, order: Ints) -> Ints:
    """Every bucket and pair once: numbers of rows added up, the smallest of another number kept.

    Parameters
    ----------
    rows : (5, n) bucket, left id, right id, number of rows, and that other number
    order : (n,) positions by bucket, left and right id

    Returns
    -------
    once : (5, distinct) in that order
    """
    once = np.empty_like(rows)
    n = -1
    for place in order:
        bucket, left, right = rows[0, place], rows[1, place], rows[2, place]
        if n < 0 or once[0, n] != bucket or once[1, n] != left or once[2, n] != right:
            n += 1
            once[0, n], once[1, n], once[2, n] = bucket, left, right
            once[3, n], once[4, n] = rows[3, place], rows[4, place]
        else:
            once[3, n] += rows[3, place]
            once[4, n] = min(once[4, n], rows[4, place])
    return once[:, : n + 1].copy()
