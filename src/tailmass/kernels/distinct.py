"""Which texts a cell meets for the first time: 64-bit keys in a hash set with open addressing.

Two texts are taken for one if their keys agree. Of a million texts in a cell, some pair does so with a chance of 3e-8.
"""

import numpy as np
import numpy.typing as npt

from tailmass.columns import Ints
from tailmass.kernels.delimited import Bytes
from tailmass.kernels.jit import inlined, kernel

Keys = npt.NDArray[np.uint64]

FREE = np.uint64(0)
_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_MIX_1, _MIX_2, _FAR = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)


@inlined
def _mixed(h: np.uint64) -> np.uint64:
    """All bits of a key depend on all bits of it; the final step of MurmurHash3."""
    h = (h ^ (h >> _FAR)) * _MIX_1
    h = (h ^ (h >> _FAR)) * _MIX_2
    return h ^ (h >> _FAR)


@kernel
def keys_of(text: Bytes, ends: Ints, buckets: Ints, series: Ints) -> Keys:
    """Keys of texts in their cells.

    Parameters
    ----------
    text : (bytes,) the texts after one another
    ends : (n,) where each ends
    buckets, series : (n,) the cell of each

    Returns
    -------
    keys : (n,) never FREE

    References
    ----------
    Fowler, Noll & Vo (1991), the hash of the bytes (FNV-1a). Appleby (2008), the mixing of the three.
    """
    keys = np.empty(len(ends), np.uint64)
    begin = 0
    for row in range(len(ends)):
        h = _OFFSET
        for place in range(begin, ends[row]):
            h = (h ^ np.uint64(text[place])) * _PRIME
        begin = ends[row]
        h = _mixed(_mixed(_mixed(h) + np.uint64(buckets[row])) + np.uint64(series[row]))
        keys[row] = h if h != FREE else np.uint64(1)
    return keys


@kernel
def enter(keys: Keys, table: Keys) -> Ints:
    """Put keys into a set.

    Parameters
    ----------
    keys : (n,)
    table : (capacity,) the set, a power of two with room for all; FREE marks a free place; filled in

    Returns
    -------
    fresh : (new,) the rows whose key was not there yet, in their order
    """
    fresh = np.empty(len(keys), np.int64)
    new = 0
    mask = np.uint64(len(table) - 1)
    for row in range(len(keys)):
        place = keys[row] & mask
        while table[place] != FREE and table[place] != keys[row]:
            place = (place + np.uint64(1)) & mask
        if table[place] == FREE:
            table[place] = keys[row]
            fresh[new] = row
            new += 1
    return fresh[:new]
