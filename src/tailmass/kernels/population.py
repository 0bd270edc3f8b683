"""How unlike its peers each member of a population is in a bucket.

    z = (y - m) / s          m, s: middle and spread of the bucket, with those of earlier ones
    t = asinh(z)             straight within a spread or so, logarithmic far out
    d = t - o n / (n + 10)   o: the member's own mean t, n: buckets it was in

m is the mean of the middle half of the members, and s the distance from it to the mean of the four tenths next to the
median on the side of y, times what makes it the standard deviation of a normal sample. Means of a part of the order
statistics are as robust as quantiles, and do not jump with counts as those do. The middle is weighted n : 10 with what
it was before, n being the members that are present, and the spread, of which few members tell far less, n^2 : 20^2; so
a bucket of ten members leans on the past and one of a thousand does not. d is held against the tail of all d that there
were (`kernels.tail`). So a member that has always been unlike its peers is no news, and one that comes to be so is.

References
----------
Tukey & McLaughlin (1963), Less vulnerable confidence and significance procedures for location based on a single sample.
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints, Singles
from tailmass.kernels.jit import inlined, kernel
from tailmass.kernels.tail import HIGH, LOW, Tails, age, chance, enter, fitted

NEAR = 0.4  # of the members, next to the median on either side
NORMAL = 0.5586098711723646  # mean of those of a standard normal sample: (phi(0) - phi(1.2816)) / 0.4
PEERS = 10.0  # members that the past is worth
PEERS_OF_SPREAD = 20.0  # of whose spread half is believed; fewer tell far less
OWN = 10.0  # buckets after which half of a member's own habit is believed
MEMORY = 50.0  # buckets that a habit is the mean of
SLOW = 0.05  # how fast the middle and the spread of a population are remembered
LEAST_RATIO = 1e-3  # of the middle: the least spread
LEAST_DEVIATION = 0.1  # of the mean absolute deviation: the least spread where most members are the same
FARTHEST = 20.0  # of t: two hundred million spreads
LEAST_COUNTS = 3.0  # rows by which a count has to be off
LEAST_EXCESS = 0.02  # of d over the height of its tail: the least mean
LEAST_STEP = 0.25  # the same where the values are sums of a few, which make for few different d
DAY = 86_400
ENTRIES = 3.0  # draws beyond u that a member may bring to the tail a day, beside three times its share


class Populations(NamedTuple):
    """What is known of each population."""

    seen: Ints
    """(populations,) buckets."""
    middle: Floats
    """(populations,) unit of the data."""
    above: Floats
    """(populations,) the spread of the upper half, unit of the data."""
    below: Floats
    """(populations,) that of the lower half."""
    alone: Ints
    """(populations,) the only member so far, plus one; 0 before the first, -1 once there are several."""


class Members(NamedTuple):
    """What is known of each member, twelve bytes."""

    habit: Singles
    """(members,) mean t."""
    met: Singles
    """(members,) buckets."""
    entries: np.ndarray[tuple[int, ...], np.dtype[np.int32]]
    """(members,) day of the last draw beyond u, times 64, plus how many there were on it."""


class Unlike(NamedTuple):
    """Members that may be unlike their peers; (found,) arrays in the order of buckets."""

    entry: Ints
    chance: Floats
    """Of a member that far off on this side, or on either where both are watched; in (0, 1]."""
    typical: Floats
    """Where the member was expected, unit of the data."""


@kernel
def compare(
    offsets: Ints, member: Ints, population: Ints, values: Floats, populations: Populations, members: Members,
    tails: Tails, first: int, span: int, generation: int, side: int, counts: bool, unit: float, least_seen: int,
    most: float, learning: bool,
) -> Unlike:  # fmt: skip
    """Take populations through consecutive buckets: judge each by what came before it, then learn it.

    Parameters
    ----------
    offsets : (buckets + 1,) where each bucket's entries begin
    member, population : (entries,) ids
    values : (entries,) unit of the data
    populations, members, tails : changed in place where `learning`
    first : number of the first bucket
    span : seconds of a bucket
    generation : buckets after which the tail begins a new generation
    side : 1, -1 or 0 for both
    counts : whether the values are numbers of rows
    unit : the spread around 0, where the scale of the values is known; 0 where it is that of the peers
    least_seen : buckets of a population before its members count
    most : the chance up to which a member is told
    """
    entry, chances, typical = np.empty(len(member), np.int64), np.empty(len(member)), np.empty(len(member))
    least = LEAST_STEP if unit > 0.0 else LEAST_EXCESS
    found = 0
    for b in range(len(offsets) - 1):
        begin, end = offsets[b], offsets[b + 1]
        bucket = first + b
        if learning:
            age(tails, bucket, generation)
        high, low = fitted(tails, HIGH, least), fitted(tails, LOW, least)
        day = (bucket * span) // DAY
        allowed = min(60.0, ENTRIES + 3.0 * max(high.share, low.share) * (DAY / span)) if high.draws > 0.0 else 60.0
        order = np.arange(begin, end)
        if end > begin and population[begin:end].min() < population[begin:end].max():
            order = begin + np.argsort(population[begin:end], kind="mergesort")
        draws = 0
        start = 0
        while start < len(order):
            g = population[order[start]]
            stop = start
            while stop < len(order) and population[order[stop]] == g:
                stop += 1
            group = order[start:stop]
            start = stop
            m, above, below, centre, up, down = _described(values[group], populations, g, counts, unit)
            several = populations.alone[g] < 0
            if not several:
                for k in group:
                    several = several or (populations.alone[g] > 0 and populations.alone[g] != member[k] + 1)
                    if learning and not several:
                        populations.alone[g] = member[k] + 1
                if learning and several:
                    populations.alone[g] = -1
            counted = several and populations.seen[g] >= least_seen
            for k in group:
                i, y = member[k], values[k]
                t = max(-FARTHEST, min(FARTHEST, math.asinh((y - m) / (above if y > m else below))))
                n = np.float64(members.met[i])
                habit = np.float64(members.habit[i]) * n / (n + OWN)
                d = t - habit
                if counted:
                    draws += 1
                    p = 1.0
                    if d > 0.0 and side >= 0:
                        p = chance(high, d)
                    elif d < 0.0 and side <= 0:
                        p = chance(low, -d)
                    if side == 0:
                        p = min(1.0, 2.0 * p)
                    if p <= most:
                        expected = m + math.sinh(habit) * (above if habit > 0.0 else below)
                        if not counts or abs(y - expected) >= LEAST_COUNTS:
                            entry[found], chances[found], typical[found] = k, p, expected
                            found += 1
                    if learning:
                        _draw(tails, members, i, d, high.height, low.height, high.most, low.most, day, allowed)
                if learning:
                    members.met[i] = n + 1.0
                    members.habit[i] += (t - np.float64(members.habit[i])) / min(n + 1.0, MEMORY)
            if learning:
                _learn(populations, g, centre, up, down, len(group))
        if learning:
            tails.draws[0] += draws
    return Unlike(entry[:found], chances[:found], typical[:found])


@kernel
def _described(
    values: Floats, populations: Populations, g: int, counts: bool, unit: float
) -> tuple[float, float, float, float, float, float]:
    """Middle and spreads that the members of population `g` are held against, and those of the bucket alone."""
    if unit > 0.0:
        return 0.0, unit, unit, 0.0, 0.0, 0.0
    ordered = np.sort(values)
    n = len(ordered)
    centre = _mean_between(ordered, 0.25, 0.75)
    up = max(0.0, _mean_between(ordered, 0.5, 0.5 + NEAR) - centre) / NORMAL
    down = max(0.0, centre - _mean_between(ordered, 0.5 - NEAR, 0.5)) / NORMAL
    deviation = 0.0
    for y in ordered:
        deviation += abs(y - centre)
    deviation /= n
    own = n / (n + PEERS) if populations.seen[g] > 0 else 1.0
    m = own * centre + (1.0 - own) * populations.middle[g]
    least = max(LEAST_DEVIATION * own * deviation, max(0.5 if counts else 1e-300, LEAST_RATIO * abs(m)))
    lean = n * n / (n * n + PEERS_OF_SPREAD**2) if populations.seen[g] > 0 else 1.0
    above = max(least, lean * up + (1.0 - lean) * populations.above[g])
    below = max(least, lean * down + (1.0 - lean) * populations.below[g])
    return m, above, below, centre, up, down


@inlined
def _mean_between(ordered: Floats, low: float, high: float) -> float:
    """Mean of the sorted values between two shares of them; those at the ends count in part."""
    n = len(ordered)
    total = 0.0
    for place in range(int(low * n), min(n, int(high * n) + 1)):
        total += ordered[place] * max(0.0, min(place + 1.0, high * n) - max(float(place), low * n))
    return total / ((high - low) * n)


@inlined
def _draw(
    tails: Tails, members: Members, i: int, d: float, high: float, low: float, most_high: float, most_low: float,
    day: int, allowed: float,
) -> None:  # fmt: skip
    """A draw of member `i`; beyond the heights `high` and `low` it may bring no more than so many a day."""
    side, x, height, most = HIGH, d, high, most_high
    if d <= 0.0:
        side, x, height, most = LOW, -d, low, most_low
    if x > height and height < np.inf:
        brought = members.entries[i] - 64 * day if members.entries[i] // 64 == day else 0
        if brought >= allowed:
            return
        members.entries[i] = 64 * day + brought + 1
    enter(tails, side, min(x, most))


@inlined
def _learn(populations: Populations, g: int, centre: float, up: float, down: float, n: int) -> None:
    """What a bucket of `n` members adds to what is known of population `g`."""
    populations.seen[g] += 1
    gain = max(1.0 / populations.seen[g], SLOW * n / (n + PEERS))
    populations.middle[g] += gain * (centre - populations.middle[g])
    populations.above[g] += gain * (up - populations.above[g])
    populations.below[g] += gain * (down - populations.below[g])
