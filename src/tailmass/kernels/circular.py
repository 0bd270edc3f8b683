"""How unusual it is that a series has events at this time of the day or of the week.

    f_j = (s_j + q_j) / (N + sum of q)           of slot j, s its counts smoothed over its neighbours by 1/4, 1/2, 1/4
    p   = sum of f_k over all slots k with f_k <= f_j

A slot counts once a day (or week), however many events it has: n_j is the decayed number of days with events in slot j,
and N the sum of all of them. So a night in which something runs amok is one night. q is what is expected of a slot
before anything was seen: HALF an event anywhere, one more for each slot that was seen once, as there will be as many of
those again; of a series that has next to no habits, as many in each slot as its slots are alike; and what the other
series of its group do, which counts for up to `borrowed` events, and for up to `leaning` times what slots seen once do:
who has shown its habits does not take on those of others. p is the share of a series' times that are at most as usual
as this one; the circle has no midnight. What is told is at most half as usual as times are on the average.

References
----------
Good (1953), The population frequencies of species. Mardia & Jupp (2000), Directional statistics. Gelman et al. (2013),
Bayesian data analysis, 3.4 (Dirichlet prior).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.columns import Floats, Ints, Singles
from tailmass.kernels.jit import inlined, kernel

HALF = 0.5
ONCE = 1.5  # decayed periods up to which a slot was seen once
EVENEST = 20.0  # shape of a gamma: slots that differ by less than a quarter are taken to do so by chance
UNUSUAL = 0.5  # of the mean density
OTHERS = 200.0  # events of others after which half of the most is borrowed


class Habits(NamedTuple):
    """When each series has events."""

    slots: Singles
    """(series, slots) decayed number of periods with events in each slot."""
    periods: Singles
    """(series,) decayed number of periods with events."""
    last: npt.NDArray[np.int32]
    """(series,) the newest slot with events, numbered from the epoch on."""
    everybody: Floats
    """(groups, slots) all series of a group together."""


class Unusual(NamedTuple):
    """Events at unusual times; (found,) arrays in the order of the entries."""

    entry: Ints
    chance: Floats
    """p, in (0, 1]"""
    rate: Floats
    """Of a series: slots with events a period, times p."""
    typical: Ints
    """The nearest slot that is usual."""


@inlined
def _smooth(slots: Singles, i: int, j: int) -> float:
    """s of slot `j` of a series."""
    n = slots.shape[1]
    left, right = np.float64(slots[i, j - 1 if j > 0 else n - 1]), np.float64(slots[i, j + 1 if j + 1 < n else 0])
    return float(0.25 * left + 0.5 * np.float64(slots[i, j]) + 0.25 * right)


@inlined
def _around(everybody: Floats, g: int, j: int) -> float:
    """The same of all series of a group."""
    n = everybody.shape[1]
    left, right = everybody[g, j - 1 if j > 0 else n - 1], everybody[g, j + 1 if j + 1 < n else 0]
    return float(0.25 * left + 0.5 * everybody[g, j] + 0.25 * right)


@inlined
def _evenness(mean: float, variance: float) -> float:
    """Events to expect of each slot, as slots with this mean and variance are Poisson about a gamma of that shape.

    A shape of one is one of habits, which are to be believed; what is above it says that there are none.
    """
    return max(0.0, mean * mean / max(variance - mean, mean * mean / EVENEST) - 1.0) if mean > 0.0 else 0.0


@kernel
def visit(
    offsets: Ints, series: Ints, group: Ints, slot: Ints, habits: Habits, keep: float, borrowed: float, leaning: float,
    least_periods: float, most: float, learning: bool,
) -> tuple[Unusual, Ints]:  # fmt: skip
    """Take series through consecutive buckets: judge each slot by what came before its bucket, then learn it.

    Parameters
    ----------
    offsets : (buckets + 1,) where each bucket's entries begin
    series : (entries,) ids
    group : (entries,) ids of what each series is compared with
    slot : (entries,) numbers of slots from the epoch on, ascending for a series
    habits : changed in place where `learning`
    keep : share of a count that is kept from one period of a series to the next
    borrowed : events that others count for at most
    leaning : times those of slots that were seen once: the same
    least_periods : periods of a series before anything is unusual
    most : the p up to which a slot is told

    Returns
    -------
    unusual : the slots with a p of at most `most`
    watched : (buckets,) series that had events up to each bucket: that one of them is silent is no news, and that it is
        not may be
    """
    entry, chance = np.empty(len(series), np.int64), np.empty(len(series))
    rate, typical = np.empty(len(series)), np.empty(len(series), np.int64)
    n = habits.slots.shape[1]
    density = np.empty(n)
    watched = np.zeros(len(offsets) - 1, np.int64)
    seen = habits.periods > 0.0
    known = np.sum(seen)
    found = 0
    for b in range(len(offsets) - 1):
        for k in range(offsets[b], offsets[b + 1]):
            i, g, now = series[k], group[k], slot[k] % n
            if habits.periods[i] < least_periods:
                continue
            total, everybody, once, squares = 0.0, 0.0, 0.0, 0.0
            for j in range(n):
                visits = np.float64(habits.slots[i, j])
                total += visits
                once += visits if visits < ONCE else 0.0
                squares += visits * visits
                everybody += habits.everybody[g, j]
            mean = total / n
            spare = (HALF + once) / n + _evenness(mean, squares / n - mean * mean)
            others = max(0.0, everybody - total)
            weight = min(borrowed, leaning * (HALF + once)) / (others + OTHERS)
            for j in range(n):
                own = _smooth(habits.slots, i, j)
                density[j] = own + spare + weight * max(0.0, _around(habits.everybody, g, j) - own)
            height = density[now] * (1.0 + 1e-9)  # the sums of equal slots may differ in their last bit
            beneath, sum_ = 0.0, 0.0
            for j in range(n):
                sum_ += density[j]
                if density[j] <= height:
                    beneath += density[j]
            p = beneath / sum_
            if p <= most and density[now] <= UNUSUAL * sum_ / n:
                entry[found], chance[found] = k, p
                rate[found] = p * (total + 1.0) / (np.float64(habits.periods[i]) + 1.0)
                typical[found] = _nearest_usual(density, now, sum_ / n)
                found += 1
        for k in range(offsets[b], offsets[b + 1]):
            known += not seen[series[k]]
            seen[series[k]] = True
            if learning:
                _learn(habits, series[k], group[k], slot[k], keep)
        watched[b] = known
    return Unusual(entry[:found], chance[:found], rate[:found], typical[:found]), watched


@inlined
def _nearest_usual(density: Floats, now: int, usual: float) -> int:
    """The slot nearest to `now` with a density of at least `usual`, which one slot always has; the earlier of two."""
    n = len(density)
    for distance in range(n):
        if density[(now - distance) % n] >= usual:
            return (now - distance) % n
        if density[(now + distance) % n] >= usual:
            return (now + distance) % n
    return now


@inlined
def _learn(habits: Habits, i: int, g: int, slot: int, keep: float) -> None:
    """Events of series `i` of group `g` in a slot."""
    n = habits.slots.shape[1]
    if habits.periods[i] > 0.0 and slot <= habits.last[i]:
        return
    if habits.periods[i] == 0.0 or slot // n > habits.last[i] // n:
        for j in range(n):
            faded = np.float64(habits.slots[i, j]) * keep
            habits.everybody[g, j] += faded - np.float64(habits.slots[i, j])
            habits.slots[i, j] = faded
        habits.periods[i] = np.float64(habits.periods[i]) * keep + 1.0
    habits.slots[i, slot % n] += 1.0
    habits.everybody[g, slot % n] += 1.0
    habits.last[i] = slot
