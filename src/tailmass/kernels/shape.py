"""How odd the form of the newest stretch of a series is: its distance to the nearest of those it remembers.

Four levels look at the last 16, 32, 64 and 128 buckets, each as a window of 16 block means. A window is

    w = (b - mean b) / sqrt(var b + 0.3 v),     v = mean of var b over all windows so far

in whole forty-eighths, from -127 to 127. Flat stretches of a series stay flatter than its tall ones, but not as much
as they were. With d the distance to the nearest remembered window (root mean square over the blocks), and both of

    h = mean distance of those that had this one as their nearest,     t = mean distance of all

the oddness of a level is (d / (h + t + 0.02))^2: how far this window is from where such windows usually are. The
oddness of a series is the mean over the levels that have compared 64 windows.

A window is remembered once it is as old as it is long, so that none is compared with a part of itself, and only if its
distance was above t: what is well known already is not worth a place. When all places are taken, the j-th such window
takes one at random with probability N/min(j, 4 N), N being the places. "At random" is a hash of j: the same on every
run.

References
----------
Keogh, Chakrabarti, Pazzani & Mehrotra (2001), Dimensionality reduction for fast similarity search in large time series
databases (block means).
Yeh et al. (2016), Matrix profile I; Lu, Wu, Mueen, Zuluaga & Keogh (2022), Matrix profile XXIV (nearest neighbours
among earlier windows).
Breunig, Kriegel, Ng & Sander (2000), LOF: identifying density-based local outliers (d against h).
Aggarwal (2006), On biased reservoir sampling in the presence of stream evolution.
Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators (the hash).
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tailmass.columns import Floats, Ints, Singles
from tailmass.kernels import predict
from tailmass.kernels.jit import inlined, kernel

LEVELS = 4  # a fifth, of 256 buckets, measured no better; without the first it measured far worse
BLOCKS = 16  # of a window; 12 and 20 measured worse
STRIDE = 4  # blocks from one window to the next; 2 measured no better
SOFTNESS = 0.3
STEPS = 48.0  # into which one deviation is divided; as good as real numbers, and 32 measured a little worse
HIGHEST = 127.0  # steps; a block that is further off is a spike, which is for others to see
FLOOR = 0.02  # distance that may be nothing but the steps
FEWEST = 8  # windows to have before one is compared with them
WARM = 64.0  # comparisons before a level has a say: the first ones are all far, for want of neighbours
YOUNG = 16.0  # comparisons before it is known what is far too far
MOST = 4.0  # of what is usual: more of one distance, or standard deviation, is not learnt
SLOW, FAST = 1.0 / 2000.0, 0.3  # how fast t and h are learnt
AGING = 4.0  # how many times the places the windows are that compete for them

RING = 2 * BLOCKS  # blocks kept: the newest window, and the one that is just old enough
AWAITING = BLOCKS // STRIDE  # windows that are not old enough

# Columns of `exact`.
VALUES, LAST, UNIT, VALUE = range(4)
EXACT = 4
# Columns of `levels`.
COUNT, SPREAD, WINDOWS, COMPARED, TYPICAL, KEPT, WORTHY, ODDNESS, DISTANCES = range(9)
FIELDS = DISTANCES + AWAITING
SILENT = -1.0  # oddness of a level that has nothing to say
UNKNOWN = -1.0  # distance of a window that was not compared

Codes = npt.NDArray[np.int8]


class Memory(NamedTuple):
    """What the series of one feature remember of their forms; a series a row."""

    exact: Floats
    """(series, EXACT) values so far, number of the last bucket, unit, last value in units."""
    blocks: Floats
    """(series, LEVELS, RING) the last block means, in units."""
    levels: Floats
    """(series, LEVELS, FIELDS) blocks since the windows began afresh; v; windows; comparisons; t; remembered windows;
    windows that were worth it; oddness; distances of those that are not old enough."""
    windows: Codes
    """(series, LEVELS, BLOCKS, places) remembered windows, in steps; side by side, for the sake of the search."""
    habits: Singles
    """(series, LEVELS, places) h."""


@kernel
def recognize(
    memory: Memory, offsets: Ints, series: Ints, values: Floats, first: int, known: int, dense: bool
) -> Floats:
    """Let the series meet their values, and tell how odd the form of each has been of late.

    Up to four missed buckets are taken to have had the value before; after more the windows begin afresh.

    Parameters
    ----------
    memory : changed in place
    offsets, series, values : (buckets + 1,), (entries,), (entries,) by bucket, then by series, as in `observe.Entries`
    first : number of the first bucket
    known : series ids are below this
    dense : whether a series that has been seen has the value 0 where it has no entry

    Returns
    -------
    oddness : >= 0, about 0.2 where all is as usual; 0 where there is nothing to say. (entries,), or if dense
        (buckets * known,) by bucket, then by series
    """
    exact, blocks, levels, windows, habits = memory
    buckets = len(offsets) - 1
    oddness = np.zeros(buckets * known if dense else offsets[buckets])
    window, squares = np.zeros(BLOCKS, np.float32), np.zeros(habits.shape[2], np.float32)
    for b in range(buckets):
        entry, end = offsets[b], offsets[b + 1]
        meetings = known if dense else end - entry
        for meeting in range(meetings):
            i, y, place = meeting, 0.0, b * known + meeting
            if not dense:
                i, y, place = series[entry], values[entry], entry
                entry += 1
            elif entry < end and series[entry] == i:
                y = values[entry]
                entry += 1
            elif exact[i, VALUES] == 0.0:
                continue  # not seen yet
            _meet(exact, blocks, levels, windows, habits, window, squares, i, first + b, y)
            oddness[place] = _mean_oddness(levels, i)
    return oddness


@inlined
def _meet(
    exact: Floats, blocks: Floats, levels: Floats, windows: Codes, habits: Singles, window: Singles, squares: Singles,
    i: int, bucket: int, y: float,
) -> None:  # fmt: skip
    """Series `i` has the value `y` in a bucket."""
    if exact[i, UNIT] == 0.0:
        exact[i, UNIT] = predict.unit_of(y)
    x = predict.measured(exact[i, UNIT], y)
    missed = bucket - exact[i, LAST] - 1.0 if exact[i, VALUES] > 0.0 else 0.0
    if exact[i, VALUES] == 0.0 or missed > predict.STALE:
        for level in range(LEVELS):
            levels[i, level, COUNT] = 0.0
            levels[i, level, ODDNESS] = SILENT
        missed = 0.0
    for _ in range(int(missed)):
        _push(blocks, levels, windows, habits, window, squares, i, exact[i, VALUE])
    _push(blocks, levels, windows, habits, window, squares, i, x)
    exact[i, VALUES] += 1.0
    exact[i, LAST], exact[i, VALUE] = bucket, x


@inlined
def _push(
    blocks: Floats, levels: Floats, windows: Codes, habits: Singles, window: Singles, squares: Singles, i: int, x: float
) -> None:
    """One bucket more: a block of the first level, and of every other one when two of the level below are complete."""
    block = x
    for level in range(LEVELS):
        before = int(levels[i, level, COUNT])
        blocks[i, level, before % RING] = block
        count = before + 1
        levels[i, level, COUNT] = count
        if count >= BLOCKS and count % STRIDE == 0:
            _compare(blocks, levels, windows, habits, window, squares, i, level, count)
        if count % 2 == 1:
            break
        block = 0.5 * (blocks[i, level, (count - 2) % RING] + block)


@inlined
def _compare(
    blocks: Floats, levels: Floats, windows: Codes, habits: Singles, window: Singles, squares: Singles,
    i: int, level: int, count: int,
) -> None:  # fmt: skip
    """Hold the window of the last blocks against those remembered, and remember the one that is old enough now."""
    seen = levels[i, level, WINDOWS] + 1.0
    spread = levels[i, level, SPREAD]
    variance = _variance(blocks, i, level, count - BLOCKS)
    if seen > FEWEST:
        variance = min(variance, MOST * MOST * spread)
    spread += max(1.0 / seen, SLOW) * (variance - spread)
    levels[i, level, WINDOWS], levels[i, level, SPREAD] = seen, spread
    _encode(blocks, i, level, count - BLOCKS, spread, window)

    distance, typical = UNKNOWN, levels[i, level, TYPICAL]
    kept = int(levels[i, level, KEPT])
    if kept >= FEWEST:
        nearest = _nearest(windows, window, squares, i, level, kept)
        distance = math.sqrt(squares[nearest] / BLOCKS) / STEPS
        habit = np.float64(habits[i, level, nearest])
        compared = levels[i, level, COMPARED] + 1.0
        if compared > WARM:
            levels[i, level, ODDNESS] = (distance / (habit + typical + FLOOR)) ** 2
        taken = min(distance, MOST * typical) if compared > YOUNG else distance
        typical += max(1.0 / compared, SLOW) * (taken - typical)
        habits[i, level, nearest] = habit + FAST * (min(distance, max(MOST * typical, habit)) - habit)
        levels[i, level, COMPARED], levels[i, level, TYPICAL] = compared, typical

    turn = DISTANCES + (count // STRIDE) % AWAITING
    older = levels[i, level, turn]
    levels[i, level, turn] = distance
    if count >= RING and (older == UNKNOWN or older > typical):
        _remember(blocks, levels, windows, habits, window, i, level, count - RING, older)


@inlined
def _remember(
    blocks: Floats, levels: Floats, windows: Codes, habits: Singles, window: Singles,
    i: int, level: int, begin: int, distance: float,
) -> None:  # fmt: skip
    """Give the window from block `begin` on a place, if it is to have one."""
    places, kept = habits.shape[2], int(levels[i, level, KEPT])
    levels[i, level, WORTHY] += 1.0
    place = kept
    if kept == places:
        rivals = min(levels[i, level, WORTHY], AGING * places)
        # Through int64: an unsigned place would make all of them floating point numbers.
        place = int(np.int64(mixed(np.uint64(levels[i, level, WORTHY])) % np.uint64(rivals)))
    if place >= places:
        return
    levels[i, level, KEPT] = max(kept, place + 1)
    _encode(blocks, i, level, begin, levels[i, level, SPREAD], window)
    for block in range(BLOCKS):
        windows[i, level, block, place] = np.int8(window[block])
    habits[i, level, place] = max(0.0, distance)


@inlined
def _nearest(windows: Codes, window: Singles, squares: Singles, i: int, level: int, kept: int) -> int:
    """Which remembered window is nearest; `squares` are set to the squared distances, in steps.

    Sums of 16 squares of whole numbers up to 254 are exact in 32 bits, so their order does not matter.
    """
    for k in range(kept):
        squares[k] = np.float32(0.0)
    for block in range(BLOCKS):
        height = window[block]
        for k in range(kept):
            off = height - np.float32(windows[i, level, block, k])
            squares[k] += off * off
    nearest = 0
    for k in range(1, kept):
        if squares[k] < squares[nearest]:
            nearest = k
    return nearest


@inlined
def _mean(blocks: Floats, i: int, level: int, begin: int) -> float:
    """Mean of the window from block `begin` on."""
    total = 0.0
    for block in range(begin, begin + BLOCKS):
        total += blocks[i, level, block % RING]
    return total / BLOCKS


@inlined
def _variance(blocks: Floats, i: int, level: int, begin: int) -> float:
    """Variance of the window from block `begin` on."""
    mean, total = _mean(blocks, i, level, begin), 0.0
    for block in range(begin, begin + BLOCKS):
        off = blocks[i, level, block % RING] - mean
        total += off * off
    return total / BLOCKS


@inlined
def _encode(blocks: Floats, i: int, level: int, begin: int, spread: float, window: Singles) -> None:
    """Set `window` to the one from block `begin` on, in steps."""
    mean = _mean(blocks, i, level, begin)
    size = math.sqrt(_variance(blocks, i, level, begin) + SOFTNESS * spread)
    scale = STEPS / size if size > 0.0 else 0.0
    for block in range(BLOCKS):
        steps = math.floor((blocks[i, level, (begin + block) % RING] - mean) * scale + 0.5)
        window[block] = max(-HIGHEST, min(HIGHEST, steps))


@inlined
def _mean_oddness(levels: Floats, i: int) -> float:
    """Mean over the levels that have something to say, or 0."""
    total, told = 0.0, 0
    for level in range(LEVELS):
        if levels[i, level, ODDNESS] != SILENT:
            total += levels[i, level, ODDNESS]
            told += 1
    return total / told if told > 0 else 0.0


@kernel
def mixed(number: np.uint64) -> np.uint64:
    """The number with its bits mixed, as splitmix64 does it."""
    z = number * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
