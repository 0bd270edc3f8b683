"""How unusual it is that a value occurs: by the buckets it was in, and by how often the stream brings new ones.

    E(c) = nu + sum of (n - sigma) / T        over the values that were in no more buckets than c
    p(c) = 1 - exp(-E(c))

n is the decayed number of buckets a value was in, T that of all buckets of the stream, nu the recent number of new
values a bucket. E(c) is the number of values at most as frequent as c that a bucket brings, so that p is the chance of
a bucket with such a value. A stream that always brings new values has a great nu, and none of them is unusual.

sigma is the discount of the two-parameter Poisson-Dirichlet process, m1 / (m1 + 2 m2) with m1 and m2 values that were
in one bucket and in two; nu is what Good and Turing are about, measured as it comes: whether a value was new when it
came, later buckets counting more, so that the vocabulary of the first hours is soon no argument.

References
----------
Good (1953), The population frequencies of species and the estimation of population parameters.
Pitman & Yor (1997), The two-parameter Poisson-Dirichlet distribution derived from a stable subordinator.
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints, Singles
from tailmass.kernels.jit import inlined, kernel

BINS = 64
ONCE, TWICE = 1.5, 2.5  # decayed buckets up to which a value was in one of them, or in two
WIDTH = 4.0  # bins an octave
FADING = 64  # buckets of a stream after which all that was counted fades at once: each time costs a pass over the bins
LEARNING = 20  # buckets of a stream before anything is unusual
MOST_NEW = 3.0  # new values that one bucket may count for: a release must not hide those of the next weeks
RISE = 3.0  # the share of new values is weighted by the square of the bucket's number
PRIOR = 0.5  # new values that a stream is taken to have brought
WORTH = RISE * RISE / (2.0 * RISE - 1.0)  # how many times more buckets there are than those weights are worth


class Values(NamedTuple):
    """What is known of each value of each stream, eight bytes."""

    count: Singles  # type: ignore[assignment]  # hides tuple.count, which nobody misses
    """(values,) decayed buckets with the value, as of the bucket `last`; 0 before the first."""
    last: np.ndarray[tuple[int, ...], np.dtype[np.int32]]
    """(values,) number of the bucket with the value, among those of its stream."""


class Streams(NamedTuple):
    """What is known of each stream."""

    buckets: Ints
    """(streams,) buckets with any value."""
    total: Floats
    """(streams,) the same, decayed."""
    news: Floats
    """(streams,) new values a bucket."""
    met: Ints
    """(streams,) number of the job's bucket that was met last, plus one."""
    fresh: Floats
    """(streams,) new values of the bucket that is being learnt; 0 in between."""
    mass: Singles
    """(streams, BINS) decayed buckets of the values that were last seen with about so many."""
    number: Singles
    """(streams, BINS) such values, decayed alike."""


class Presence(NamedTuple):
    """Values of consecutive buckets that may be unusual; (found,) arrays in the order of the entries."""

    entry: Ints
    expected: Floats
    """Values at most as frequent that a bucket brings."""
    share: Floats
    """Of the stream's buckets that had the value."""


@inlined
def bin_of(n: float) -> int:
    """Where a value that was in so many buckets is counted: 0 up to ONCE, then WIDTH an octave."""
    if n < ONCE:
        return 0
    return min(BINS - 1, 1 + int(WIDTH * math.log2(n / ONCE)))


@inlined
def discount(number: Singles, s: int) -> float:
    """sigma of stream `s`, in [0, 1)."""
    once, twice = float(number[s, 0]), 0.0
    for j in range(1, bin_of(TWICE) + 1):
        twice += float(number[s, j])
    return float(once / (once + 2.0 * twice + 1.0))


@inlined
def _expected(streams: Streams, s: int, n: float) -> float:
    """E of a value of stream `s` that was in `n` buckets when it was there last, which is where its bin has it."""
    age = float(streams.buckets[s])
    expected = streams.news[s] + PRIOR / (age / WORTH + 1.0)
    if n > 0.0:
        sigma = discount(streams.number, s)
        for j in range(bin_of(n) + 1):
            mass, number = np.float64(streams.mass[s, j]), np.float64(streams.number[s, j])
            expected += max(0.0, mass - sigma * number) / streams.total[s]
    return float(expected)


@kernel
def meet(
    offsets: Ints, entries: Ints, stream: Ints, values: Values, streams: Streams, first: int, keep: float, most: float,
    learning: bool,
) -> tuple[Presence, Ints]:  # fmt: skip
    """Take streams through consecutive buckets: judge each by what came before it, then learn it.

    Parameters
    ----------
    offsets : (buckets + 1,) where each bucket's entries begin
    entries : (entries,) the values that are present, each once a bucket
    stream : (entries,) the stream of each
    values, streams : changed in place where `learning`
    first : number of the first bucket
    keep : share of a count that is kept from one bucket of a stream to the next, in (0, 1]
    most : the expected number up to which a value is told

    Returns
    -------
    unusual : the values with an E of at most `most`
    present : (buckets,) streams with a value in each bucket
    """
    entry, expected, share = np.empty(len(entries), np.int64), np.empty(len(entries)), np.empty(len(entries))
    present = np.zeros(len(offsets) - 1, np.int64)
    marked = np.zeros(0 if learning else len(streams.met), np.int64)
    found = 0
    for b in range(len(offsets) - 1):
        for k in range(offsets[b], offsets[b + 1]):
            i, s = entries[k], stream[k]
            if streams.buckets[s] < LEARNING:
                continue
            n = np.float64(values.count[i])
            e = _expected(streams, s, n)
            if e <= most:
                n *= _faded(keep, values.last[i], streams.buckets[s])
                entry[found], expected[found], share[found] = k, e, n / streams.total[s]
                found += 1
        for k in range(offsets[b], offsets[b + 1]):
            i, s = entries[k], stream[k]
            if not learning:
                if marked[s] != b + 1:
                    marked[s] = b + 1
                    present[b] += 1
                continue
            if streams.met[s] != first + b + 1:
                streams.met[s] = first + b + 1
                present[b] += 1
                streams.buckets[s] += 1
                if streams.buckets[s] % FADING == 0:
                    _fade(streams, s, keep)
                streams.total[s] += 1.0
            _count(values, streams, i, s, keep)
        if learning:
            for k in range(offsets[b], offsets[b + 1]):
                s = stream[k]
                if streams.fresh[s] >= 0.0:
                    gain = max(RISE / (streams.buckets[s] + RISE - 1.0), RISE * (1.0 - keep))
                    streams.news[s] += gain * (min(streams.fresh[s], MOST_NEW) - streams.news[s])
                    streams.fresh[s] = -1.0
            for k in range(offsets[b], offsets[b + 1]):
                streams.fresh[stream[k]] = 0.0
    return Presence(entry[:found], expected[:found], share[:found]), present


@inlined
def _faded(keep: float, since: int, now: int) -> float:
    """What is left of a count of bucket `since`."""
    return keep ** (FADING * (now // FADING - since // FADING))


@inlined
def _fade(streams: Streams, s: int, keep: float) -> None:
    """Let all that was counted in stream `s` fade."""
    share = keep**FADING
    streams.total[s] *= share
    for j in range(BINS):
        streams.mass[s, j] *= share
        streams.number[s, j] *= share


@inlined
def _count(values: Values, streams: Streams, i: int, s: int, keep: float) -> None:
    """One bucket more of value `i`, in the one that stream `s` is at."""
    now = streams.buckets[s]
    n = np.float64(values.count[i])
    if n > 0.0:
        faded = _faded(keep, values.last[i], now)
        j = bin_of(n)
        streams.mass[s, j] = max(0.0, np.float64(streams.mass[s, j]) - n * faded)
        streams.number[s, j] = max(0.0, np.float64(streams.number[s, j]) - faded)
        n *= faded
    else:
        streams.fresh[s] += 1.0
    n += 1.0
    values.count[i] = n
    values.last[i] = now
    j = bin_of(np.float64(values.count[i]))
    streams.mass[s, j] += np.float64(values.count[i])
    streams.number[s, j] += 1.0
