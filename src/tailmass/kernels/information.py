"""How much texts tell to one who knows what was told before: code lengths under an adaptive model of bytes.

A byte is eight binary decisions, the high bit first. Each is expected by how often it went either way after the same
bits, in three contexts that lean on one another where they have seen little:

    P_0 = (n_0 + 1/2) / (N_0 + 1)         no context
    P_1 = (n_1 + P_0) / (N_1 + 1)         the byte before
    P_2 = (n_2 + P_1) / (N_2 + 1)         the two bytes before
    length = -sum log2 P_2(bit) / 8       bytes, a text and the 0 that ends it

n is what a decision has been so far and N how often it came up; both are halved when N is LIMIT, so that what is no
longer said is forgotten. The contexts of two bytes share SLOTS pairs of counts by a hash; since both ways of a decision
are counted in the same place, lengths remain those of a code that could be decoded.

A model that has been told next to nothing finds everything new. So long as it has not been told ENOUGH bytes it learns
a lot of texts before they are measured: the first lots would be a steep fall otherwise, which says nothing of them.

References
----------
Krichevsky & Trofimov (1981), The performance of universal encoding (the halves).
Cleary & Witten (1984), Data compression using adaptive coding and partial string matching (the contexts).
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints, Singles
from tailmass.kernels.delimited import Bytes
from tailmass.kernels.jit import inlined, kernel

SLOTS = 1 << 16
LIMIT = 1024.0
ENOUGH = 4096.0
_SPREAD, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(48)  # the 16 highest bits of a product
NODES = 256  # of the tree of eight decisions


class Model(NamedTuple):
    """How often each decision was 0 and 1, by context; halves to begin with are in the formulas."""

    zeroth: Singles
    """(NODES, 2)"""
    first: Singles
    """(256 NODES, 2)"""
    second: Singles
    """(SLOTS, 2)"""
    told: Floats
    """(1,) bytes learnt."""


@kernel
def measure(text: Bytes, ends: Ints, order: Ints, offsets: Ints, model: Model) -> Floats:
    """What each text takes under the model, which learns one lot of texts after the other.

    Parameters
    ----------
    text : (bytes,) the texts after one another
    ends : (n,) where each ends
    order : (chosen,) the texts to measure, lot by lot
    offsets : (lots + 1,) where each lot begins in `order`
    model : what was told before; changed in place

    Returns
    -------
    lengths : (chosen,) bytes, > 0
    """
    lengths = np.empty(len(order))
    for lot in range(len(offsets) - 1):
        early = model.told[0] < ENOUGH
        for turn in range(2):
            learning = (turn == 0) == early
            for place in range(offsets[lot], offsets[lot + 1]):
                row = order[place]
                own = text[ends[row - 1] if row > 0 else 0 : ends[row]]
                if learning:
                    _learn(own, model)
                else:
                    lengths[place] = _length(own, model)
    return lengths


@kernel
def _length(text: Bytes, model: Model) -> float:
    """Bytes that one text takes."""
    zeroth, first, second, _ = model
    before, last, bits = 0, 0, 0.0
    for place in range(len(text) + 1):
        byte = int(text[place]) if place < len(text) else 0
        chance, node = 1.0, 1
        for shift in range(7, -1, -1):
            bit = (byte >> shift) & 1
            one, two = _contexts(before, last, node)
            p = (zeroth[node, bit] + 0.5) / (zeroth[node, 0] + zeroth[node, 1] + 1.0)
            p = (first[one, bit] + p) / (first[one, 0] + first[one, 1] + 1.0)
            chance *= (second[two, bit] + p) / (second[two, 0] + second[two, 1] + 1.0)
            node = 2 * node + bit
        bits -= math.log2(chance)
        before, last = last, byte
    return bits / 8.0


@kernel
def _learn(text: Bytes, model: Model) -> None:
    """Let the model know one text."""
    zeroth, first, second, told = model
    told[0] += len(text) + 1.0
    before, last = 0, 0
    for place in range(len(text) + 1):
        byte = int(text[place]) if place < len(text) else 0
        node = 1
        for shift in range(7, -1, -1):
            bit = (byte >> shift) & 1
            one, two = _contexts(before, last, node)
            _count(zeroth, node, bit)
            _count(first, one, bit)
            _count(second, two, bit)
            node = 2 * node + bit
        before, last = last, byte


@inlined
def _contexts(before: int, last: int, node: int) -> tuple[int, int]:
    """Where the counts of a decision are: after one byte, and after two."""
    one = NODES * last + node
    return one, int((np.uint64((before << 16) | one) * _SPREAD) >> _SHIFT)


@inlined
def _count(counts: Singles, place: int, bit: int) -> None:
    counts[place, bit] += np.float32(1.0)
    if counts[place, 0] + counts[place, 1] >= LIMIT:
        counts[place, 0] *= np.float32(0.5)
        counts[place, 1] *= np.float32(0.5)
