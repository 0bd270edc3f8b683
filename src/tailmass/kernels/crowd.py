"""How many persons of a stream show each value, counted as they are met.

    p(a) = (n_a + 1/2) / (P + 1)         n_a of P other persons have shown the value a

Persons are counted exactly up to SAMPLE a value. From then on those in a sample of persons are, which is halved every
time it is full: a person is in the sample of level l where the last l bits of a hash are 0, and stands for 2^l.

References
----------
Flajolet (1990), On adaptive sampling.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.columns import Floats, Ints
from tailmass.kernels.jit import inlined, kernel

SAMPLE = 64
EMPTY = -1
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: Knuth's multiplicative hashing
_SHIFT = np.uint64(32)


class Crowd(NamedTuple):
    """What is known of values, persons and streams."""

    size: npt.NDArray[np.int8]
    """(values,) persons in the value's sample."""
    level: npt.NDArray[np.int8]
    """(values,) how often that was halved."""
    met: npt.NDArray[np.int8]
    """(persons,) 1 once a person was met."""
    persons: Ints
    """(streams,) persons that were met."""


@inlined
def _place(keys: Ints, key: int) -> int:
    """Where a pair is in the table, or would be."""
    mask = len(keys) - 1
    place = np.int64((np.uint64(key) * _SPREAD) >> _SHIFT) & mask
    while keys[place] != EMPTY and keys[place] != key:
        place = (place + 1) & mask
    return int(place)


@inlined
def _sampled(person: int, level: int) -> bool:
    return bool(((np.uint64(person + 1) * _SPREAD) >> _SHIFT) & np.uint64((1 << level) - 1) == np.uint64(0))


@kernel
def fill(keys: Ints, pairs: Ints) -> None:
    """Put pairs (n,) into an empty table whose size is a power of two, and more than n."""
    for key in pairs:
        keys[_place(keys, key)] = key


@kernel
def shown(
    offsets: Ints, value: Ints, person: Ints, stream: Ints, crowd: Crowd, keys: Ints, learning: bool
) -> tuple[Floats, int]:
    """How rare each value is among the persons of its stream, by what came before its bucket.

    Parameters
    ----------
    offsets : (buckets + 1,) where each bucket's entries begin
    value, person, stream : (entries,) ids; a pair is there once a bucket
    crowd : changed in place where `learning`
    keys : (capacity,) table of the pairs that were met, as value * 2^32 + person; a power of two, with room for more

    Returns
    -------
    share : (entries,) p(a), without the person itself; in (0, 1)
    new : how many pairs were put into the table
    """
    share = np.empty(len(value))
    new = 0
    for b in range(len(offsets) - 1):
        for k in range(offsets[b], offsets[b + 1]):
            a, person_k = value[k], person[k]
            itself = keys[_place(keys, (a << 32) | person_k)] != EMPTY
            others = float(crowd.size[a]) * 2.0 ** crowd.level[a] - (2.0 ** crowd.level[a] if itself else 0.0)
            persons = float(crowd.persons[stream[k]] - crowd.met[person_k])
            share[k] = (min(max(others, 0.0), persons) + 0.5) / (persons + 1.0)
        if not learning:
            continue
        for k in range(offsets[b], offsets[b + 1]):
            a, person_k = value[k], person[k]
            if crowd.met[person_k] == 0:
                crowd.met[person_k] = 1
                crowd.persons[stream[k]] += 1
            if not _sampled(person_k, crowd.level[a]):
                continue
            key = (a << 32) | person_k
            place = _place(keys, key)
            if keys[place] == EMPTY:
                keys[place] = key
                new += 1
                crowd.size[a] += 1
                if crowd.size[a] == SAMPLE:
                    crowd.size[a] = SAMPLE // 2
                    crowd.level[a] += 1
    return share, new
