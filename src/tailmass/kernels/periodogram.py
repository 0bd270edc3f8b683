"""What period a series has, if any: its whole past at 256 points, and where the power of that is.

A ring keeps the means of blocks of buckets. When its 256 places are taken, blocks are joined in pairs, so that it
always spans everything since the series began, at an ever coarser resolution. Whenever a series is 64, 128, 256, ...
buckets old, `dominant_period` looks at its ring: short periods show in the first looks, long ones in later ones.

    r(f)  = I(f) / B(f)                        periodogram over a background of noise with memory
    B(f)  = c / (1 - 2 phi cos f + phi^2)      phi and c by least absolute deviations of log I - log B
    a(l)  = inverse transform of r             autocorrelation of what the background does not explain
    T_h   = r(f) + r(2f) + ... + r(hf)         a period of any form has power at multiples of its frequency

A period is a lag of a peak of a(l) of at least 0.3, or a whole part of that lag: the one with the smallest

    P = tests sum over k < h of exp(-T_h) T_h^k / k!,      P <= 1e-6,  h from 1 to 12

which for h = 1 is Fisher's M exp(-g). The background is fitted, where Fisher has the mean, because a random walk has
almost all of its power at a few low frequencies, and no period.

References
----------
Fisher (1929), Tests of significance in harmonic analysis.
Mann & Lees (1996), Robust estimation of background noise and signal detection in climatic time series.
de Jager, Raubenheimer & Swanepoel (1989), A powerful test for weak periodic signals with unknown light curve shape in
sparse data (sums over harmonics).
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints, Shorts
from tailmass.kernels.jit import inlined, kernel

LENGTH = 256
FIRST_LOOK = 64  # buckets; the next looks come at twice the age of the last one

# Columns of `exact`.
BUCKETS, LAST, ORIGIN, VALUE, CENTER, SPREAD, UNIT, USED, BLOCK, COUNT, MEAN = range(11)
EXACT = 11
LARGEST = 32_767.0
SMALLEST = 1e-300  # unit; twice nothing would be nothing for ever
RESOLUTION = 1024.0  # units in the first deviation from the origin
OUTLIER = 32.0  # spreads; beyond, a value would cost all others their resolution
SETTLED, SLOW = 16.0, 1.0 / 256.0  # values before the spread says anything, and how fast it is learnt in the end

FEWEST_POINTS = 32
SHORTEST = 4.0  # points; less has no form, and may be the alias of a period shorter than a block
CYCLES = 3  # times a period has to have come round
LEAST = 0.3  # autocorrelation
RAREST = 1e-6
HARMONICS = 12
PARTS = 8  # of a lag that may be the period
FAR = 24  # steps around a part
COARSE, FINE = 5e-3, 5e-4  # steps, of the period
TIED = 0.85  # of the highest peak, from which another one may be as high
PADDING = 8  # times the length, so that every frequency is close to one of the transform
CLIP = 5.0  # deviations
AT_ONCE = 256  # series; bounds the room that the transforms take
GREATEST = 1e12  # of a power over its background, which may be 0
PHIS = (-0.7, -0.3, 0.0, 0.3, 0.5, 0.7, 0.8, 0.88, 0.94, 0.97, 0.99, 1.0)


class Rings(NamedTuple):
    """The past of the series of one feature; a series a row."""

    exact: Floats
    """(series, EXACT) age in buckets, number of the last one, first and last value, running mean and mean absolute
    deviation, unit of the codes, blocks, buckets of a block, buckets and mean of the unfinished block."""
    codes: Shorts
    """(series, LENGTH) block means, as units off the first value."""


@kernel
def push(
    rings: Rings, offsets: Ints, series: Ints, values: Floats, first: int, start: int, known: int, dense: bool,
    due: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Take values in, from the bucket at `start` on, until the buckets end or one brings a series to its next look.

    A missed bucket is taken to have had the value before. A series that was away for longer than it had been there
    begins anew.

    Parameters
    ----------
    rings : changed in place
    offsets, series, values : (buckets + 1,), (entries,), (entries,) by bucket, then by series, as in `observe.Entries`
    first : number of the first bucket
    start : position of the bucket to begin with
    known : series from here on have no ring
    dense : whether a series that has been seen has the value 0 where it has no entry
    due : filled with the series to look at; holds at least `known`

    Returns
    -------
    stop, filled : position of the bucket to go on with, and how much of `due` is in use
    """
    exact, codes = rings
    filled = 0
    for b in range(start, len(offsets) - 1):
        entry, end = offsets[b], offsets[b + 1]
        meetings = known if dense else end - entry
        for meeting in range(meetings):
            i, y = meeting, 0.0
            if not dense:
                i, y = series[entry], values[entry]
                entry += 1
                if i >= known:
                    continue
            elif entry < end and series[entry] == i:
                y = values[entry]
                entry += 1
            elif exact[i, BUCKETS] == 0.0:
                continue  # not seen yet
            if _meet(exact, codes, i, first + b, y):
                due[filled] = i
                filled += 1
        if filled > 0:
            return b + 1, filled
    return len(offsets) - 1, 0


def readings(rings: Rings, series: Ints) -> list[tuple[Ints, Floats]]:
    """The rings of some series, those of a length together: positions in `series` and (positions, length) values."""
    used = rings.exact[series, USED].astype(np.int64)
    by_length = [(np.flatnonzero(used == length), length) for length in np.unique(used)]
    return [(where, rings.codes[series[where], :length].astype(np.float64)) for where, length in by_length]


def dominant_period(values: Floats) -> tuple[Floats, Floats]:
    """The period of each series, from the longest pattern that keeps coming back to its shortest unit.

    Parameters
    ----------
    values : (series, n) evenly spaced, finite; n >= 32

    Returns
    -------
    periods : (series,) in points, between 4 and n/3; 0 where there is none
    strength : (series,) autocorrelation at that lag, in [0.3, 1]; 0 where there is no period

    Raises
    ------
    ValueError : not a table, too few points, or not finite
    """
    if values.ndim != 2 or values.shape[1] < FEWEST_POINTS:
        raise ValueError(f"expected (series, n >= {FEWEST_POINTS}) values, not {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("values must be finite")
    n = values.shape[1]
    periods, strength = np.zeros(len(values)), np.zeros(len(values))
    for begin in range(0, len(values), AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        spectrum = np.fft.rfft(_prepared(np.ascontiguousarray(values[part], np.float64)), PADDING * n)
        power = _over_background(spectrum.real**2 + spectrum.imag**2, n)
        correlation = np.fft.irfft(power[:, :: PADDING // 2])[:, :n]
        _choose(power, correlation, periods[part], strength[part])
    return periods, strength


@inlined
def _meet(exact: Floats, codes: Shorts, i: int, bucket: int, y: float) -> bool:
    """Series `i` has the value `y` in a bucket; whether it has come to its next look."""
    x = max(-1e300, min(1e300, y))
    age = exact[i, BUCKETS]
    missed = bucket - exact[i, LAST] - 1.0
    if age == 0.0 or missed > age:
        for k in range(EXACT):
            exact[i, k] = 0.0
        exact[i, ORIGIN], exact[i, CENTER], exact[i, BLOCK] = x, x, 1.0
        age = missed = 0.0
    if missed > 0.0:
        _fill(exact, codes, i, exact[i, VALUE], missed)
    n = age + 1.0
    off, spread = x - exact[i, CENTER], exact[i, SPREAD]
    if n > SETTLED and spread > 0.0:
        off = max(-OUTLIER * spread, min(OUTLIER * spread, off))
    x = exact[i, CENTER] + off
    gain = max(1.0 / n, SLOW)
    exact[i, CENTER] += gain * off
    exact[i, SPREAD] += gain * (abs(off) - spread)
    _fill(exact, codes, i, x, 1.0)
    exact[i, BUCKETS], exact[i, LAST], exact[i, VALUE] = age + missed + 1.0, bucket, x
    return _looks(age + missed + 1.0) > _looks(age)


@inlined
def _looks(age: float) -> float:
    """How many looks a series of that age has had."""
    return math.floor(math.log2(age / FIRST_LOOK)) + 1.0 if age >= FIRST_LOOK else 0.0


@inlined
def _fill(exact: Floats, codes: Shorts, i: int, x: float, buckets: float) -> None:
    """So many buckets of the value `x`."""
    while buckets > 0.0:
        if exact[i, USED] == LENGTH:
            _join(exact, codes, i)
        taken = min(buckets, exact[i, BLOCK] - exact[i, COUNT])
        exact[i, COUNT] += taken
        exact[i, MEAN] += (x - exact[i, MEAN]) * (taken / exact[i, COUNT])
        buckets -= taken
        if exact[i, COUNT] == exact[i, BLOCK]:
            _keep(exact, codes, i, exact[i, MEAN] - exact[i, ORIGIN])
            exact[i, COUNT] = 0.0


@inlined
def _keep(exact: Floats, codes: Shorts, i: int, deviation: float) -> None:
    """Put the mean of a block away, `deviation` off the origin, in a unit that is large enough for all of them."""
    used, unit = int(exact[i, USED]), exact[i, UNIT]
    if unit == 0.0:
        unit = max(abs(deviation) / RESOLUTION, SMALLEST) if deviation != 0.0 else 0.0
    halvings = 0
    while abs(deviation) > LARGEST * unit:
        unit *= 2.0
        halvings += 1
    if halvings > 0:
        for k in range(used):
            codes[i, k] = np.int16(np.int64(codes[i, k]) >> min(halvings, 15))
    codes[i, used] = np.int16(math.floor(deviation / unit + 0.5)) if unit > 0.0 else np.int16(0)
    exact[i, USED], exact[i, UNIT] = used + 1.0, unit


@inlined
def _join(exact: Floats, codes: Shorts, i: int) -> None:
    """Make one block of every two."""
    for k in range(LENGTH // 2):
        codes[i, k] = np.int16((np.int64(codes[i, 2 * k]) + np.int64(codes[i, 2 * k + 1])) >> 1)
    exact[i, USED] = LENGTH // 2
    exact[i, BLOCK] *= 2.0


@kernel
def _prepared(values: Floats) -> Floats:
    """The values without their median, outliers, trend and unit; all 0 where they do not vary."""
    n = values.shape[1]
    out = np.zeros(values.shape)
    for i in range(len(values)):
        x = values[i] - np.median(values[i])
        size = np.abs(x)
        # Of a series that is mostly still, the median deviation is 0.
        deviation = max(1.4826 * np.median(size), 0.5 * 1.2533 * np.mean(size))
        total, slope, square = 0.0, 0.0, 0.0
        for t in range(n):
            x[t] = max(-CLIP * deviation, min(CLIP * deviation, x[t]))
            place = t - 0.5 * (n - 1)
            total += x[t]
            slope += x[t] * place
            square += place * place
        largest = 0.0
        for t in range(n):
            x[t] -= total / n + slope / square * (t - 0.5 * (n - 1))
            largest = max(largest, abs(x[t]))
        if largest > 1e-9 * deviation:
            out[i] = x / largest
    return out


@kernel
def _over_background(power: Floats, n: int) -> Floats:
    """Power over what noise with memory would have there; 0 below CYCLES a series.

    Parameters
    ----------
    power : (series, PADDING n / 2 + 1) periodograms of n points, padded
    """
    inner = (n - 1) // 2
    whitening = np.empty((len(PHIS), power.shape[1]))
    for candidate, phi in enumerate(PHIS):
        for k in range(power.shape[1]):
            whitening[candidate, k] = _whitening(phi, 2.0 * math.pi * k / (PADDING * n))
    levels = np.log(whitening)
    out, own, logs = np.zeros(power.shape), np.empty(inner), np.empty(inner)
    for i in range(len(power)):
        if not power[i].max() > 0.0:
            continue
        for k in range(inner):
            own[k] = math.log(max(power[i, (k + 1) * PADDING], 1e-300))
        smallest, fitted, middle = np.inf, 0, 0.0
        for candidate in range(len(PHIS)):
            for k in range(inner):
                logs[k] = own[k] + levels[candidate, (k + 1) * PADDING]
            median = float(np.median(logs))
            deviation = 0.0
            for k in range(inner):
                deviation += abs(logs[k] - median)
            if deviation < smallest:
                smallest, fitted, middle = deviation, candidate, median
        # The median of an exponential distribution is log 2 times its mean.
        background = math.exp(middle) / math.log(2.0)
        for k in range(PADDING * CYCLES - PADDING // 2, power.shape[1]):
            out[i, k] = min(GREATEST, power[i, k] * whitening[fitted, k] / background)
    return out


@inlined
def _whitening(phi: float, frequency: float) -> float:
    """What makes noise with memory `phi` even again at a frequency in radians a point."""
    return 1.0 - 2.0 * phi * math.cos(frequency) + phi * phi + 1e-9


@kernel
def _choose(power: Floats, correlation: Floats, periods: Floats, strength: Floats) -> None:
    """Set the periods and their strength.

    Parameters
    ----------
    power : (series, PADDING n / 2 + 1) over the background
    correlation : (series, n) its inverse transform
    """
    n = correlation.shape[1]
    longest = n // CYCLES
    tests = 0.5 * n * HARMONICS * PARTS * (2 * FAR + 1)
    for i in range(len(power)):
        lag = _lag(correlation, i, longest)
        rarest, period = 0.0, 0.0
        for part in range(1, PARTS + 1):
            for step in range(-FAR, FAR + 1):
                candidate = lag / part * (1.0 + COARSE * step)
                if SHORTEST <= candidate <= longest + 1.0:
                    rarity = _rarity(power, i, candidate, n)
                    if rarity < rarest:
                        rarest, period = rarity, candidate
        if rarest + math.log(tests) > math.log(RAREST):
            continue
        coarse = period
        for step in range(-10, 11):
            candidate = coarse * (1.0 + FINE * step)
            rarity = _rarity(power, i, candidate, n)
            if rarity < rarest:
                rarest, period = rarity, candidate
        found = _strength(correlation, i, period, longest)
        if found >= LEAST:
            periods[i], strength[i] = period, min(found, 1.0)


@inlined
def _correlation(correlation: Floats, i: int, lag: int) -> float:
    """Autocorrelation at a lag, with the fewer pairs of long lags made up for."""
    n = correlation.shape[1]
    return float(correlation[i, lag] / correlation[i, 0] * n / (n - lag))


@inlined
def _lag(correlation: Floats, i: int, longest: int) -> int:
    """The shortest lag with a peak about as high as the highest; 0 if none is high.

    Peaks count from where the autocorrelation first falls to 0: before, noise makes peaks on its slope.
    """
    if not correlation[i, 0] > 0.0:
        return 0
    begin = 1
    while begin <= longest and correlation[i, begin] > 0.0:
        begin += 1
    highest = 0.0
    for lag in range(max(2, begin), longest + 1):
        if correlation[i, lag - 1] <= correlation[i, lag] >= correlation[i, lag + 1]:
            highest = max(highest, _correlation(correlation, i, lag))
    if highest < LEAST:
        return 0
    # Three deviations of noise below the highest, any peak may be the same one.
    near = max(0.8 * LEAST, min(TIED * highest, highest - 3.0 / math.sqrt(correlation.shape[1])))
    for lag in range(max(2, begin), longest + 1):
        at_peak = correlation[i, lag - 1] <= correlation[i, lag] >= correlation[i, lag + 1]
        if at_peak and _correlation(correlation, i, lag) >= near:
            return lag
    return 0


@inlined
def _rarity(power: Floats, i: int, period: float, n: int) -> float:
    """Logarithm of the chance of so much power at the harmonics of a period, at the best number of them; 0 at most."""
    rarest, total = 0.0, 0.0
    for h in range(1, HARMONICS + 1):
        k = int(PADDING * n * h / period + 0.5)
        if 2 * k > PADDING * n:
            break
        total += power[i, k]
        if total > h:
            term, terms = 1.0, 1.0
            for j in range(1, h):
                term *= total / j
                terms += term
            rarest = min(rarest, math.log(terms) - total)
    return rarest


@inlined
def _strength(correlation: Floats, i: int, period: float, longest: int) -> float:
    """Autocorrelation at a period; the best of its first four multiples, one of which is close to a whole lag."""
    best = 0.0
    for multiple in range(1, 5):
        near = int(multiple * period + 0.5)
        for lag in range(max(1, near - 1), min(longest + 1, near + 1) + 1):
            best = max(best, _correlation(correlation, i, lag))
    return best
