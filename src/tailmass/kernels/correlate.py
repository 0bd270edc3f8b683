"""Series that move together, and what is odd of one of them though it may not be odd by itself.

    z = (y - l) / s                  l, s: quick level and slow scale of a series, by the buckets before
    e = z_i - b z_j                  b = E z_i z_j / E z_j^2        of a series i and its peer j
    u = -log10 2 P(T5 > |e| / r)     r^2 = E e^2

All means are exponential with the memory of MEMORY buckets. A pair counts once it was followed for PROOF buckets after
it was found, and explains so much of i: b E z_i z_j / E z_i^2 >= STRONG. Of several peers that explain i about as well
the one that speaks least is heard: where i has left them all, all say so, and where one of them has left i, the others
do not. A peer that is far off itself is no witness, and what
is nearly as odd alone is none of their business.

Peers are looked for every EVERY buckets, by the last RING z of each series, which are kept in whole steps of 1/STEPS.
Signs of random projections make a key of BITS bits at most, about eight series a key, and series of a key are held
against each other, in BANDS of keys that are others each time: so that the cost is that of the series, and not that of
their pairs.

References
----------
Charikar (2002), Similarity estimation techniques from rounding algorithms. Welford (1962), Note on a method for
calculating corrected sums of squares and products.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.columns import Floats, Ints
from tailmass.kernels import surprise
from tailmass.kernels.jit import inlined, kernel

RING, STEPS, FARTHEST = 64, 25.0, 5.0
LEVEL_MEMORY, MEMORY = 6.0, 1000.0  # buckets
MATURE = 20.0  # values of a series before its z means anything
PEERS = 3
FIELDS = 5  # of a pair: buckets with both, and the means of z_i z_j, z_i^2, z_j^2 and e^2
PROOF, STRONG = 64.0, 0.6
ALIKE = 2.0  # times as much left unexplained as by the best peer: as good a witness
MORE = 1.0  # powers of ten: by so much it has to be odder beside its peers than alone
BOUND = 2.571  # of e / r: 2.5 % are beyond it on either side
WITNESS = 4.0  # of z: a peer that is farther off is none
CLIP = 6.0  # of e / r: what is learnt of one bucket
EVERY, BANDS, BITS = 32, 4, 16
FEW, CELL, NEXT = 64, 8, 64  # series that need no key, series a key, and how many of a key one is held against
OVERLAP, LIKELY = 32, 0.6  # values of both in their rings, and how much one has to explain of the other
BETTER = 0.1  # by so much a new peer has to explain more than one that it replaces
FEWEST_EVENTS = 3.0  # by which a count has to be off
LEVEL, VARIANCE, MET = 0, 1, 2
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class Moves(NamedTuple):
    """What is known of each series, 256 bytes."""

    own: Floats
    """(series, 3) level, squared scale, and values met; of counts, those of twice their roots."""
    last: Ints
    """(series,) number of the newest bucket with a value, plus one."""
    ring: npt.NDArray[np.int8]
    """(series, RING) the z of the last buckets, at their numbers modulo RING; 0 where there was no value."""
    peer: npt.NDArray[np.int32]
    """(series, PEERS) series, plus one; 0 is none."""
    pair: Floats
    """(series, PEERS * FIELDS)"""


class Broken(NamedTuple):
    """Series that have left those they move with; (found,) by bucket, then by series."""

    bucket: Ints
    series: Ints
    peer: Ints
    """The series that explains this one best."""
    evidence: Floats
    """u, powers of ten."""
    actual: Floats
    typical: Floats
    """By what the peer did; unit of the data."""
    lower: Floats
    """2.5 % of the values were expected below it, by what the peer did ..."""
    upper: Floats
    """... and 2.5 % above this one."""


@kernel
def follow(
    offsets: Ints, series: Ints, values: Floats, partition: Ints, moves: Moves, first: int, known: int, dense: bool,
    counts: bool, side: int, least: float, learning: bool,
) -> Broken:  # fmt: skip
    """Take series through consecutive buckets: judge each by what came before its bucket, then learn it.

    Parameters
    ----------
    offsets : (buckets + 1,) where each bucket's entries begin
    series : (entries,) ids, ascending within a bucket
    values : (entries,) unit of the data; NaN is no value
    partition : (known,) ids; series of different ones are no peers
    moves : changed in place where `learning`
    first : number of the first bucket
    known : series ids are below this
    dense : whether a series that had a value before has the value 0 where it has no entry
    counts : whether values are numbers of rows
    side : +1: only high values matter, -1: only low ones, 0: both
    least : evidence from which a value is told
    """
    own, last, ring, peer, pair = moves
    bucket, whose, whom = np.empty(64, np.int64), np.empty(64, np.int64), np.empty(64, np.int64)
    told = np.empty((64, 5))
    z, y = np.zeros(known), np.full(known, np.nan)
    found = 0
    for b in range(len(offsets) - 1):
        now = first + b
        for i in range(known):
            y[i] = 0.0 if dense and own[i, MET] > 0.0 else np.nan
        for k in range(offsets[b], offsets[b + 1]):
            y[series[k]] = values[k]
        for i in range(known):
            if math.isnan(y[i]):
                continue
            if counts:
                y[i] = 2.0 * math.sqrt(max(0.0, y[i]) + 0.375)
            z[i] = 0.0
            if own[i, MET] >= MATURE and own[i, VARIANCE] > 0.0:
                z[i] = (y[i] - own[i, LEVEL]) / math.sqrt(own[i, VARIANCE])
        for i in range(known):
            if math.isnan(y[i]) or own[i, MET] < MATURE or peer[i, 0] + peer[i, 1] + peer[i, 2] == 0:
                continue
            u, q = _heard(peer, pair, z, y, i)
            if q < 0 or u < max(least, surprise.evidence(z[i]) + MORE):
                continue
            j, f, scale = peer[i, q] - 1, q * FIELDS, math.sqrt(own[i, VARIANCE])
            middle = own[i, LEVEL] + scale * _slope(pair, i, f) * z[j]
            spread = BOUND * scale * math.sqrt(pair[i, f + 4])
            actual, typical = _back(y[i], counts), _back(middle, counts)
            off = actual - typical
            if (side != 0 and off * side <= 0.0) or (counts and abs(off) < FEWEST_EVENTS):
                continue
            if found == len(bucket):
                bucket = np.append(bucket, np.empty(found, np.int64))
                whose, whom = np.append(whose, np.empty(found, np.int64)), np.append(whom, np.empty(found, np.int64))
                told = np.concatenate((told, np.empty((found, 5))))
            bucket[found], whose[found], whom[found] = b, i, j
            told[found, 0], told[found, 1], told[found, 2] = u, actual, typical
            told[found, 3], told[found, 4] = _back(middle - spread, counts), _back(middle + spread, counts)
            found += 1
        if not learning:
            continue
        for i in range(known):
            if not math.isnan(y[i]):
                _learn_pairs(peer, pair, z, y, i)
        for i in range(known):
            if not math.isnan(y[i]):
                _learn(own, last, ring, y[i], z[i], i, now)
        if (now + 1) % EVERY == 0:
            _acquaint(own, last, ring, peer, pair, partition, now, known)
    return Broken(
        bucket[:found], whose[:found], whom[:found], told[:found, 0].copy(), told[:found, 1].copy(),
        told[:found, 2].copy(), told[:found, 3].copy(), told[:found, 4].copy(),
    )  # fmt: skip


@inlined
def _back(y: float, counts: bool) -> float:
    """In the unit of the data."""
    return max(0.0, 0.25 * max(0.0, y) ** 2 - 0.375) if counts else y


@inlined
def _slope(pair: Floats, i: int, f: int) -> float:
    return float(pair[i, f + 1] / pair[i, f + 3]) if pair[i, f + 3] > 0.0 else 0.0


@inlined
def _explained(pair: Floats, i: int, f: int) -> float:
    """Share of the squares of series `i` that a peer explains."""
    product = pair[i, f + 2] * pair[i, f + 3]
    return float(pair[i, f + 1] ** 2 / product) if product > 0.0 else 0.0


@inlined
def _heard(
    peer: npt.NDArray[np.int32], pair: Floats, z: Floats, y: Floats, i: int
) -> tuple[float, int]:  # fmt: skip
    """The evidence that series `i` has left its peers, and the place of the best one; -1 if there is no witness."""
    best, most = -1, 0.0
    for q in range(PEERS):
        j, f = peer[i, q] - 1, q * FIELDS
        if j < 0 or math.isnan(y[j]) or abs(z[j]) > WITNESS or pair[i, f] < PROOF or pair[i, f + 4] <= 0.0:
            continue
        explained = _explained(pair, i, f)
        if explained >= STRONG and explained > most:
            best, most = q, explained
    if best < 0:
        return 0.0, -1
    u = np.inf
    for q in range(PEERS):
        j, f = peer[i, q] - 1, q * FIELDS
        if j < 0 or math.isnan(y[j]) or abs(z[j]) > WITNESS or pair[i, f] < PROOF or pair[i, f + 4] <= 0.0:
            continue
        if 1.0 - _explained(pair, i, f) <= ALIKE * (1.0 - most) + 1e-9:
            e = z[i] - _slope(pair, i, f) * z[j]
            u = min(u, surprise.evidence(e / math.sqrt(pair[i, f + 4])))
    return u, best


@inlined
def _learn_pairs(peer: npt.NDArray[np.int32], pair: Floats, z: Floats, y: Floats, i: int) -> None:
    """What a bucket says of series `i` and its peers."""
    for q in range(PEERS):
        j, f = peer[i, q] - 1, q * FIELDS
        if j < 0 or math.isnan(y[j]):
            continue
        a, b = max(-FARTHEST, min(FARTHEST, z[i])), max(-FARTHEST, min(FARTHEST, z[j]))
        e = a - _slope(pair, i, f) * b
        square = e * e
        if pair[i, f] >= MATURE:
            square = min(square, CLIP * CLIP * pair[i, f + 4])
        pair[i, f] += 1.0
        gain = max(1.0 / pair[i, f], 1.0 / MEMORY)
        pair[i, f + 1] += gain * (a * b - pair[i, f + 1])
        pair[i, f + 2] += gain * (a * a - pair[i, f + 2])
        pair[i, f + 3] += gain * (b * b - pair[i, f + 3])
        pair[i, f + 4] += gain * (square - pair[i, f + 4])


@inlined
def _learn(own: Floats, last: Ints, ring: npt.NDArray[np.int8], y: float, z: float, i: int, now: int) -> None:
    """What a bucket says of series `i` alone."""
    _forget(last, ring, i, now)
    own[i, MET] += 1.0
    off = y - own[i, LEVEL] if own[i, MET] > 1.0 else 0.0
    square = off * off
    if own[i, MET] > MATURE and own[i, VARIANCE] > 0.0:
        square = min(square, CLIP * CLIP * own[i, VARIANCE])
    own[i, LEVEL] = y if own[i, MET] == 1.0 else own[i, LEVEL] + off * max(1.0 / own[i, MET], 1.0 / LEVEL_MEMORY)
    own[i, VARIANCE] += (square - own[i, VARIANCE]) * max(1.0 / own[i, MET], 1.0 / MEMORY)
    step = round(STEPS * max(-FARTHEST, min(FARTHEST, z)))
    ring[i, now % RING] = step if step != 0 else 1
    last[i] = now + 1


@inlined
def _forget(last: Ints, ring: npt.NDArray[np.int8], i: int, now: int) -> None:
    """Empty the places of the buckets before `now` in which series `i` had no value."""
    for missed in range(max(last[i], now - RING), now):
        ring[i, missed % RING] = 0


@kernel
def _acquaint(
    own: Floats, last: Ints, ring: npt.NDArray[np.int8], peer: npt.NDArray[np.int32], pair: Floats, partition: Ints,
    now: int, known: int,
) -> None:  # fmt: skip
    """Look for peers."""
    who = np.empty(known, np.int64)
    m = 0
    for i in range(known):
        if own[i, MET] < MATURE + OVERLAP or now + 1 - last[i] > RING - OVERLAP:
            continue
        _forget(last, ring, i, now + 1)
        who[m] = i
        m += 1
    if m < 2:
        return
    bits = min(BITS, int(math.log2(m / CELL))) if m > FEW else 0
    key = np.empty(m, np.int64)
    signs = np.empty((max(1, bits), RING))
    for band in range(BANDS if bits > 0 else 1):
        for bit in range(bits):
            for t in range(RING):
                number = (((now // EVERY) * BANDS + band) * BITS + bit) * RING + t
                signs[bit, t] = 1.0 if (np.uint64(number + 1) * _SPREAD >> np.uint64(37)) & np.uint64(1) else -1.0
        for k in range(m):
            key[k] = _key(ring, who[k], signs, bits) + (partition[who[k]] << BITS)
        order = np.argsort(key, kind="mergesort")
        for place in range(m):
            i = who[order[place]]
            for other in range(place + 1, min(m, place + 1 + NEXT)):
                if key[order[other]] != key[order[place]]:
                    break
                j = who[order[other]]
                explained = _alike(ring, i, j)
                if explained >= LIKELY:
                    _offer(peer, pair, i, j, explained)
                    _offer(peer, pair, j, i, explained)


@inlined
def _key(ring: npt.NDArray[np.int8], i: int, signs: Floats, bits: int) -> int:
    """The signs of projections, the first of which is taken for positive: who moves against another has its key."""
    key, turned = 0, 1.0
    for bit in range(bits):
        total = 0.0
        for t in range(RING):
            total += signs[bit, t] * ring[i, t]
        if bit == 0 and total < 0.0:
            turned = -1.0
        key = 2 * key + (1 if turned * total > 0.0 else 0)
    return key


@inlined
def _alike(ring: npt.NDArray[np.int8], i: int, j: int) -> float:
    """How much two series explain of each other, by their rings; 0 where they have too few values in common."""
    n, ab, aa, bb = 0, 0.0, 0.0, 0.0
    for t in range(RING):
        a, b = float(ring[i, t]), float(ring[j, t])
        if a != 0.0 and b != 0.0:
            n += 1
            ab += a * b
            aa += a * a
            bb += b * b
    return ab * ab / (aa * bb) if n >= OVERLAP else 0.0


@inlined
def _offer(peer: npt.NDArray[np.int32], pair: Floats, i: int, j: int, explained: float) -> None:
    """Make `j` a peer of series `i` where there is room, or one that explains less; a young pair is not judged yet."""
    worst, least = -1, explained - BETTER
    for q in range(PEERS):
        if peer[i, q] == j + 1:
            return
        if peer[i, q] == 0:
            if least > -1.0:
                worst, least = q, -1.0
        elif pair[i, q * FIELDS] >= PROOF:
            now = _explained(pair, i, q * FIELDS)
            if now < least:
                worst, least = q, now
    if worst >= 0:
        peer[i, worst] = j + 1
        for f in range(worst * FIELDS, (worst + 1) * FIELDS):
            pair[i, f] = 0.0
