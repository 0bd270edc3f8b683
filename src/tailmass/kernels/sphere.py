"""How unusual it is that a series is at a place: clusters on the sphere, and how fast it came there.

    p = nu + sum of w_c (1 + d_c^2 / (4 s_c^2))^-2 / sum of w        d_c: angle to cluster c

The sum is the share of the series' places that are farther from their cluster than this one is, each cluster being a
bivariate t of four degrees of freedom. nu is the recent share of buckets with a place far from all clusters: a series
that is always somewhere else has a great nu, and no place is unusual. Each bucket has the weight 1, shared among its
rows. A place far from all clusters begins one; once there are CLUSTERS of them it belongs to the nearest one, which
widens.

A second channel asks whether the way from the place before can be travelled at all: more than FASTEST, and farther than
maps of network addresses are wrong. Its p is the recent share of buckets with such a way.

Where series are compared with others, those of a population have clusters together, PEER_CLUSTERS at most, which count
for BORROWED of a series' own buckets; nu leans on that of all of them as if it were NU_WORTH of these. So a place is
unusual where neither the series nor its peers are, and no young series is without a past.

References
----------
Mardia & Jupp (2000), Directional statistics. Kotz & Nadarajah (2004), Multivariate t distributions and their
applications.
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels.jit import inlined, kernel

CLUSTERS = 4
FIELDS = 5  # of a cluster: the three coordinates of its centre, its weight, and s^2 times that
EARTH_KM = 6371.0
FASTEST_KM_H, NEAR_KM = 900.0, 100.0
SCALE_KM, SCALE_WORTH = 20.0, 2.0  # of a cluster before anything is known of it
FAR = 0.01  # share of a cluster beyond a place from which on that is far from it
LEARNING = 20  # buckets of a series before anything is unusual
RISE, PRIOR = 3.0, 0.5  # as of new values in `kernels.rare`
WORTH = RISE * RISE / (2.0 * RISE - 1.0)
PLACE, TRAVEL = 0, 1
PEER_CLUSTERS, BORROWED, NU_WORTH = 32, 500.0, 20.0


class Places(NamedTuple):
    """What is known of each series."""

    clusters: Floats
    """(series, CLUSTERS * FIELDS); a weight of 0 is no cluster."""
    buckets: Ints
    """(series,) with a place."""
    news: Floats
    """(series, 2) share of buckets with a place far from all clusters, and with a way too fast."""
    last: Floats
    """(series, 3) the newest place, on the unit sphere."""
    time: Ints
    """(series,) its epoch second."""


class Peers(NamedTuple):
    """What the series of a population have in common."""

    clusters: Floats
    """(populations, PEER_CLUSTERS * FIELDS); no columns where series are compared with nobody."""
    buckets: Ints
    """(populations,) with any place."""
    met: Ints
    """(populations,) number of the newest of them, plus one."""
    visits: Floats
    """(populations,) buckets of all series together."""
    news: Floats
    """(populations, 2) shares of these, as `Places.news`."""
    alone: Ints
    """(populations,) the only series so far, plus one; 0 before the first, -1 once there are several."""


class Unusual(NamedTuple):
    """Series at unusual places, one row for each and bucket; (found,) arrays in the order of the rows."""

    row: Ints
    chance: Floats
    """In (0, 1], of either channel."""
    kind: Ints
    """PLACE or TRAVEL"""
    latitude: Floats
    """Of where the series was expected, degrees: its nearest cluster, or the place before."""
    longitude: Floats


@inlined
def _angle(x: float, y: float, z: float, a: float, b: float, c: float) -> float:
    """Between two points of the unit sphere; exact for small ones, too."""
    chord = math.sqrt((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2)
    return 2.0 * math.asin(min(1.0, 0.5 * chord))


@inlined
def _beyond(clusters: Floats, i: int, c: int, d: float) -> float:
    """Share of a cluster that is farther from its centre than `d`."""
    weight, spread = clusters[i, c * FIELDS + 3], clusters[i, c * FIELDS + 4]
    prior = (SCALE_KM / EARTH_KM) ** 2
    square = (SCALE_WORTH * prior + spread) / (SCALE_WORTH + weight)
    return float((1.0 + d * d / (4.0 * square)) ** -2.0)


@inlined
def _held(clusters: Floats, i: int, x: float, y: float, z: float) -> tuple[float, float, float, int]:
    """Weighted sum of the shares beyond a place, that of weights, the largest share, and the cluster that has it."""
    inside, total, close, near = 0.0, 0.0, 0.0, -1
    for c in range(clusters.shape[1] // FIELDS):
        f = c * FIELDS
        weight = clusters[i, f + 3]
        if weight > 0.0:
            d = _angle(clusters[i, f], clusters[i, f + 1], clusters[i, f + 2], x, y, z)
            beyond = _beyond(clusters, i, c, d)
            inside += weight * beyond
            total += weight
            if beyond > close or near < 0:
                close, near = beyond, c
    return inside, total, close, near


@kernel
def stay(
    offsets: Ints, series: Ints, population: Ints, second: Ints, point: Floats, places: Places, peers: Peers,
    first: int, keep: float, most: float, learning: bool,
) -> tuple[Unusual, Ints]:  # fmt: skip
    """Take series through consecutive buckets: judge each by what came before its bucket, then learn it.

    Parameters
    ----------
    offsets : (buckets + 1,) where each bucket's rows begin
    series : (rows,) ids, ascending within a bucket
    population : (rows,) ids of what each series is compared with
    second : (rows,) epoch seconds, ascending for a series
    point : (rows, 3) on the unit sphere
    places, peers : changed in place where `learning`
    first : number of the first bucket
    keep : share of a weight that is kept from one bucket of a series to the next
    most : the chance up to which a place is told

    Returns
    -------
    unusual : the most unusual row of each series and bucket
    present : (buckets,) series with rows
    """
    row, chance = np.empty(len(series), np.int64), np.empty(len(series))
    kind, latitude, longitude = np.empty(len(series), np.int64), np.empty(len(series)), np.empty(len(series))
    present = np.zeros(len(offsets) - 1, np.int64)
    compared = peers.clusters.shape[1] > 0
    news = np.zeros((len(series) if compared else 0, 2))  # by the first row of each series and bucket
    found = 0
    for b in range(len(offsets) - 1):
        begin = offsets[b]
        while begin < offsets[b + 1]:
            i, g = series[begin], population[begin]
            end = begin
            while end < offsets[b + 1] and series[end] == i:
                end += 1
            present[b] += 1
            own = np.float64(places.buckets[i])
            strange, hasty = _news(places, peers, i, g, compared)
            least, where, which = 2.0, begin, PLACE
            centre = (0.0, 0.0, 0.0)
            far, fast = 0.0, 0.0
            x, y, z, time = places.last[i, 0], places.last[i, 1], places.last[i, 2], places.time[i]
            for k in range(begin, end):
                a, b_, c = point[k, 0], point[k, 1], point[k, 2]
                inside, total, close, near = _held(places.clusters, i, a, b_, c)
                clusters, f = places.clusters[i], near * FIELDS
                if compared:
                    shared, weight, closest, nearest = _held(peers.clusters, g, a, b_, c)
                    if weight > 0.0:
                        inside, total = inside + BORROWED * shared / weight, total + BORROWED
                    if closest > close or near < 0:
                        close, near, clusters, f = closest, nearest, peers.clusters[g], nearest * FIELDS
                if close < FAR and total > 0.0:
                    far = 1.0
                p = strange + (inside / total if total > 0.0 else 1.0)
                if p < least:
                    least, where, which = p, k, PLACE
                    if near >= 0:
                        centre = (clusters[f], clusters[f + 1], clusters[f + 2])
                if places.buckets[i] > 0 or k > begin:
                    way = EARTH_KM * _angle(x, y, z, a, b_, c)
                    if way > NEAR_KM and way > FASTEST_KM_H * max(1, second[k] - time) / 3600.0:
                        fast = 1.0
                        if hasty < least:
                            least, where, which = hasty, k, TRAVEL
                            centre = (x, y, z)
                x, y, z, time = a, b_, c, second[k]
            p = 1.0 - (1.0 - min(1.0, least)) ** 2  # the less probable of two channels
            known = own >= LEARNING
            if compared:
                known = peers.buckets[g] >= LEARNING and peers.alone[g] != i + 1
            if known and p <= most:
                row[found], chance[found], kind[found] = where, p, which
                latitude[found] = math.degrees(math.asin(max(-1.0, min(1.0, centre[2]))))
                longitude[found] = math.degrees(math.atan2(centre[1], centre[0]))
                found += 1
            if learning:
                _fade(places.clusters, i, keep)
                for k in range(begin, end):
                    _join(places.clusters, i, point[k, 0], point[k, 1], point[k, 2], 1.0 / (end - begin))
                places.buckets[i] += 1
                gain = max(RISE / (places.buckets[i] + RISE - 1.0), RISE * (1.0 - keep))
                places.news[i, PLACE] += gain * (far - places.news[i, PLACE])
                places.news[i, TRAVEL] += gain * (fast - places.news[i, TRAVEL])
                places.last[i, 0], places.last[i, 1], places.last[i, 2] = x, y, z
                places.time[i] = time
                if compared:
                    news[begin, PLACE], news[begin, TRAVEL] = far, fast
            begin = end
        if compared and learning:
            _meet(peers, series, population, point, news, offsets[b], offsets[b + 1], first + b, keep)
    return Unusual(row[:found], chance[:found], kind[:found], latitude[:found], longitude[:found]), present


@inlined
def _news(places: Places, peers: Peers, i: int, g: int, compared: bool) -> tuple[float, float]:
    """nu of series `i`, for places and for ways."""
    own = np.float64(places.buckets[i])
    if not compared:
        prior = PRIOR / (own / WORTH + 1.0)
        return places.news[i, PLACE] + prior, places.news[i, TRAVEL] + prior
    prior = PRIOR / (peers.visits[g] / WORTH + 1.0)
    share = own / (own + NU_WORTH)
    strange = share * places.news[i, PLACE] + (1.0 - share) * peers.news[g, PLACE]
    hasty = share * places.news[i, TRAVEL] + (1.0 - share) * peers.news[g, TRAVEL]
    return strange + prior, hasty + prior


@inlined
def _meet(
    peers: Peers, series: Ints, population: Ints, point: Floats, news: Floats, begin: int, end: int, bucket: int,
    keep: float,
) -> None:  # fmt: skip
    """What the rows of a bucket add to what populations have in common."""
    start = begin
    while start < end:
        i, g = series[start], population[start]
        stop = start
        while stop < end and series[stop] == i:
            stop += 1
        if peers.met[g] != bucket + 1:
            peers.met[g] = bucket + 1
            peers.buckets[g] += 1
            _fade(peers.clusters, g, keep)
        for k in range(start, stop):
            _join(peers.clusters, g, point[k, 0], point[k, 1], point[k, 2], 1.0 / (stop - start))
        peers.visits[g] += 1.0
        gain = max(RISE / (peers.visits[g] + RISE - 1.0), RISE * (1.0 - keep))
        peers.news[g, PLACE] += gain * (news[start, PLACE] - peers.news[g, PLACE])
        peers.news[g, TRAVEL] += gain * (news[start, TRAVEL] - peers.news[g, TRAVEL])
        if peers.alone[g] == 0:
            peers.alone[g] = i + 1
        elif peers.alone[g] != i + 1:
            peers.alone[g] = -1
        start = stop


@inlined
def _fade(clusters: Floats, i: int, keep: float) -> None:
    for c in range(clusters.shape[1] // FIELDS):
        clusters[i, c * FIELDS + 3] *= keep
        clusters[i, c * FIELDS + 4] *= keep


@inlined
def _join(clusters: Floats, i: int, x: float, y: float, z: float, weight: float) -> None:
    """A place becomes part of the cluster it is least far from, or a cluster of its own."""
    near, free, close, angle = -1, -1, 0.0, 0.0
    for c in range(clusters.shape[1] // FIELDS):
        f = c * FIELDS
        if clusters[i, f + 3] == 0.0:
            free = c if free < 0 else free
            continue
        d = _angle(clusters[i, f], clusters[i, f + 1], clusters[i, f + 2], x, y, z)
        beyond = _beyond(clusters, i, c, d)
        if beyond > close or near < 0:
            near, close, angle = c, beyond, d
    if near < 0 or (close < FAR and free >= 0):
        f = free * FIELDS
        clusters[i, f], clusters[i, f + 1], clusters[i, f + 2] = x, y, z
        clusters[i, f + 3], clusters[i, f + 4] = weight, 0.0
        return
    f = near * FIELDS
    clusters[i, f + 3] += weight
    # Half of the square is that of either direction; the share is Welford's, with the old mean and the new one.
    share = weight / clusters[i, f + 3]
    clusters[i, f + 4] += 0.5 * weight * (1.0 - share) * angle * angle
    a = clusters[i, f] + share * (x - clusters[i, f])
    b = clusters[i, f + 1] + share * (y - clusters[i, f + 1])
    c_ = clusters[i, f + 2] + share * (z - clusters[i, f + 2])
    length = math.sqrt(a * a + b * b + c_ * c_)
    if length > 1e-9:
        clusters[i, f], clusters[i, f + 1], clusters[i, f + 2] = a / length, b / length, c_ / length
