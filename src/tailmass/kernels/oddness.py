"""How new an odd form is: the oddness of a series against the oddest it has been, and which of it is news.

The evidence k of an oddness is its novelty among the eight highest peaks of its series, as in `peaks`, but for this:

    peaks within 64 buckets are one, half the longest window: for so long an odd stretch is in most of the windows
    the mean excess is 0.04 at least
    generations are of 512, 1024, 2048 ... 20,000 values: a series that knows little is odd in all it does, and the
    peaks of its youth are not what its later ones are to be held against

Values before the 512th that has an oddness, and those without one, are passed by.

A shape is news if k is above the evidence of the value itself, and a tenth or more above all that was told of the
series in the last 256 buckets, twice the longest window: a spike makes the windows odd that it is in, and has been told
already, and the same oddness is a little newer in every bucket that it lasts.
"""

from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints, Singles
from tailmass.kernels import peaks
from tailmass.kernels.jit import inlined, kernel
from tailmass.kernels.peaks import Ages

WARM = 512.0  # values with an oddness
FIRST = 512.0  # values of the first generation
TOGETHER = 64.0  # buckets; 32 measured worse, and of 128 a first generation does not fill the eight places
LEAST = 0.04  # 0.02 measured the same, but told noise too often
ECHO = 256.0  # buckets; 128 measured worse, 512 no better

MORE = 0.1  # powers of ten

# Columns of `ages`.
MET, NOW, BEFORE, EXPECTED, LENGTH = range(5)
AGES = 5
# Columns of `told`.
WHEN, HEIGHT = range(2)
TOLD = 2


class Tails(NamedTuple):
    """How odd the series of one feature have been; a series a row."""

    ages: Floats
    """(series, AGES) values with an oddness so far; `peaks.Ages`; values of a complete generation."""
    peaks: Singles
    """(series, peaks.FIELDS)"""
    told: Floats
    """(series, TOLD) bucket and evidence of the last that was told, unless less than what was told shortly before."""


@kernel
def weigh(tails: Tails, offsets: Ints, series: Ints, oddness: Floats, known: int, dense: bool) -> Floats:
    """Let the series meet their oddness, and tell how new each is.

    Parameters
    ----------
    tails : changed in place
    offsets, series : (buckets + 1,), (entries,) by bucket, then by series, as in `observe.Entries`
    oddness : >= 0, as `shape.recognize` tells it
    known : series ids are below this
    dense : whether `oddness` is (buckets * known,) rather than (entries,)

    Returns
    -------
    evidence : k in [0, 10], powers of ten, of every oddness
    """
    ages, tops, _ = tails
    evidence = np.zeros(len(oddness))
    for b in range(len(offsets) - 1):
        begin = b * known if dense else offsets[b]
        meetings = known if dense else offsets[b + 1] - begin
        for place in range(begin, begin + meetings):
            if oddness[place] > 0.0:
                i = place - begin if dense else series[place]
                evidence[place] = _novelty(ages, tops, i, oddness[place])
    return evidence


@kernel
def news(
    told: Floats, offsets: Ints, series: Ints, shapes: Floats, first: int, known: int, dense: bool, least: float,
    bucket: Ints, whose: Ints, evidence: Floats,
) -> Floats:  # fmt: skip
    """Which shapes are news, among values that are worth a look.

    Parameters
    ----------
    told : of `Tails`, changed in place
    offsets, series, first, known, dense : as above
    shapes : what `weigh` told
    least : evidence from which something is told
    bucket, whose : (found,) position of the bucket and series of a value, in the order of the entries
    evidence : (found,) what the value itself has, powers of ten

    Returns
    -------
    fused : (found,) the evidence, or k where it is news
    """
    fused, place = evidence.copy(), 0
    for k in range(len(bucket)):
        b, i = bucket[k], whose[k]
        place = b * known + i if dense else max(place, offsets[b])
        while not dense and series[place] != i:
            place += 1
        recent = told[i, HEIGHT] > 0.0 and first + b - told[i, WHEN] <= ECHO
        height = told[i, HEIGHT] if recent else 0.0
        if shapes[place] > evidence[k] and (not recent or shapes[place] >= height + MORE):
            fused[k] = shapes[place]
        if fused[k] >= max(least, height):
            told[i, WHEN], told[i, HEIGHT] = first + b, fused[k]
    return fused


@inlined
def _novelty(ages: Floats, tops: Singles, i: int, oddness: float) -> float:
    """k of series `i`, and the entry of its oddness among the peaks."""
    if ages[i, MET] == 0.0:
        peaks.clear(tops, i, 0)
        ages[i, LENGTH] = FIRST
    ages[i, MET] += 1.0
    if ages[i, MET] <= WARM:
        return 0.0
    age, k = Ages(ages[i, NOW], ages[i, BEFORE], ages[i, EXPECTED]), 0.0
    peak = np.float64(np.float32(oddness))
    if peak > tops[i, peaks.NOW + peaks.K - 1]:
        threshold = np.float64(tops[i, peaks.THRESHOLD])
        k = peaks.novelty(tops, i, 0, peak, threshold, LEAST, age, True, True, TOGETHER)
    ages[i, NOW], ages[i, EXPECTED] = age.now + 1.0, age.expected + peaks.share(age)
    if age.now + 1.0 >= ages[i, LENGTH]:
        peaks.turn(tops, i, 0, ages[i, LENGTH])
        ages[i, NOW], ages[i, BEFORE] = 0.0, ages[i, LENGTH]
        ages[i, LENGTH] = min(peaks.GENERATION, 2.0 * ages[i, LENGTH])
    return k
