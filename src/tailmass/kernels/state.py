"""Where in the arrays the parts of a series are: a series a row, so that its hot parts share a few cache lines."""

from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Shorts, Singles
from tailmass.kernels.exceedances import Exceedances
from tailmass.kernels.flat import Flat
from tailmass.kernels.fuse import Onset
from tailmass.kernels.jit import inlined
from tailmass.kernels.peaks import Ages
from tailmass.kernels.precision import Rows
from tailmass.kernels.predict import Level
from tailmass.kernels.season import Gate, Pass
from tailmass.kernels.surprise import Spread

# Columns of `exact`.
LAST, UNIT, LEVEL, PREVIOUS, ANCHOR = range(5)
EXACT = 5
# Columns of `brief`: single numbers by their own, the others by the first of their block.
UPDATES, SPREAD, PREDICTOR = 0, 1, 5
DRIFT, QUICK, ERRORS = 9, 12, 14  # of the predictor: Page's sums and the run, the quick level, E of each expert,
LAG, PAST = 17, 21  # ... its coefficients and its last residuals
DAY_GATE, WEEK_GATE, DAY_PASS, WEEK_PASS, NOISE_PASS = 25, 28, 31, 33, 35
STEP, OUTSIDE, WINDOW = 37, 38, 39
EXCEEDANCES, AGES, MEANS, ONSET, ROWS, LOWEST_PEAKS = 40, 44, 47, 50, 53, 55
OFFSET = 61  # of local time, seconds, in the last bucket
FLAT = 66  # see `flat`
HIGHEST = 62  # of the raw channel, high and low side, in this generation and in the previous one, whatever was entered
BORROWED = 69  # buckets of its peers that the onsets of a series stand for besides its own
BRIEF = 70

CHANNELS = 3
"""Window, raw and envelope, in this order."""


class Model(NamedTuple):
    """All that is known of the series of one feature; a row each."""

    exact: Floats
    """(series, EXACT) what 32 bits would blur."""
    brief: Singles
    """(series, BRIEF) every other single number."""
    day: Shorts
    """(series, slots) mean deviation from the level at each time of day, as `season` packs it."""
    week: Shorts
    """(series, slots) mean deviation from level and day at each time of the week."""
    noise: Shorts
    """(series, slots) variance of each time of day over that of the series."""
    envelope: Singles
    """(series, 2 slots) highest and lowest value of each hour of the day, less the anchor."""
    peaks: Singles
    """(series, 2 CHANNELS fields) `peaks` of each channel: the high side, then the low one."""
    sums: Singles
    """(series, K) highest onsets of the fused sum."""


@inlined
def _wide(brief: Singles, i: int, k: int) -> float:
    """A short number in the 64 bits that the arithmetic has."""
    return np.float64(brief[i, k])


@inlined
def level(exact: Floats, brief: Singles, i: int) -> Level:
    """The predictor of series `i`."""
    p = PREDICTOR
    return Level(
        _wide(brief, i, UPDATES), exact[i, LAST], exact[i, LEVEL], exact[i, PREVIOUS],
        _wide(brief, i, p), _wide(brief, i, p + 1), _wide(brief, i, p + 2), _wide(brief, i, p + 3),
        _wide(brief, i, p + 4), _wide(brief, i, p + 5), _wide(brief, i, p + 6),
        exact[i, LEVEL] + _wide(brief, i, p + 7), _wide(brief, i, p + 8),
        _wide(brief, i, p + 9), _wide(brief, i, p + 10), _wide(brief, i, p + 11),
        (_wide(brief, i, p + 12), _wide(brief, i, p + 13), _wide(brief, i, p + 14), _wide(brief, i, p + 15)),
        (_wide(brief, i, p + 16), _wide(brief, i, p + 17), _wide(brief, i, p + 18), _wide(brief, i, p + 19)),
    )  # fmt: skip


@inlined
def keep_level(exact: Floats, brief: Singles, i: int, s: Level) -> None:
    """Put the predictor of series `i` away."""
    p = PREDICTOR
    brief[i, UPDATES], exact[i, LAST], exact[i, LEVEL], exact[i, PREVIOUS] = s.updates, s.last, s.level, s.previous
    brief[i, p], brief[i, p + 1], brief[i, p + 2], brief[i, p + 3] = s.peak, s.step, s.scale_e, s.scale_r
    brief[i, p + 4], brief[i, p + 5], brief[i, p + 6] = s.above, s.below, s.run
    brief[i, p + 7], brief[i, p + 8] = s.quick - s.level, s.quick_updates
    brief[i, p + 9], brief[i, p + 10], brief[i, p + 11] = s.error_lags, s.error_seasons, s.error_quick
    brief[i, p + 12], brief[i, p + 13], brief[i, p + 14], brief[i, p + 15] = s.phi
    brief[i, p + 16], brief[i, p + 17], brief[i, p + 18], brief[i, p + 19] = s.past


@inlined
def spread(brief: Singles, i: int) -> Spread:
    """The scales of series `i`."""
    k = SPREAD
    return Spread(_wide(brief, i, k), _wide(brief, i, k + 1), _wide(brief, i, k + 2), _wide(brief, i, k + 3))


@inlined
def keep_spread(brief: Singles, i: int, s: Spread) -> None:
    """Put the scales of series `i` away."""
    brief[i, SPREAD], brief[i, SPREAD + 1], brief[i, SPREAD + 2], brief[i, SPREAD + 3] = s


@inlined
def gate(brief: Singles, i: int, k: int) -> Gate:
    """The gate of series `i` that begins in column `k`."""
    return Gate(_wide(brief, i, k), _wide(brief, i, k + 1), _wide(brief, i, k + 2))


@inlined
def keep_gate(brief: Singles, i: int, k: int, s: Gate) -> None:
    """Put a gate of series `i` away."""
    brief[i, k], brief[i, k + 1], brief[i, k + 2] = s


@inlined
def running(brief: Singles, i: int, k: int) -> Pass:
    """The pass of series `i` that begins in column `k`."""
    return Pass(_wide(brief, i, k), _wide(brief, i, k + 1))


@inlined
def keep_running(brief: Singles, i: int, k: int, s: Pass) -> None:
    """Put a pass of series `i` away."""
    brief[i, k], brief[i, k + 1] = s


@inlined
def exceedances(brief: Singles, i: int) -> Exceedances:
    """The exceedances of series `i`."""
    k = EXCEEDANCES
    return Exceedances(_wide(brief, i, k), _wide(brief, i, k + 1), _wide(brief, i, k + 2), _wide(brief, i, k + 3))


@inlined
def keep_exceedances(brief: Singles, i: int, s: Exceedances) -> None:
    """Put the exceedances of series `i` away."""
    k = EXCEEDANCES
    brief[i, k], brief[i, k + 1], brief[i, k + 2], brief[i, k + 3] = s


@inlined
def ages(brief: Singles, i: int) -> Ages:
    """What the channels of series `i` share."""
    return Ages(_wide(brief, i, AGES), _wide(brief, i, AGES + 1), _wide(brief, i, AGES + 2))


@inlined
def keep_ages(brief: Singles, i: int, s: Ages) -> None:
    """Put what the channels of series `i` share away."""
    brief[i, AGES], brief[i, AGES + 1], brief[i, AGES + 2] = s


@inlined
def onset(brief: Singles, i: int) -> Onset:
    """The last onset of series `i`."""
    return Onset(_wide(brief, i, ONSET), _wide(brief, i, ONSET + 1), _wide(brief, i, ONSET + 2))


@inlined
def keep_onset(brief: Singles, i: int, s: Onset) -> None:
    """Put the last onset of series `i` away."""
    brief[i, ONSET], brief[i, ONSET + 1], brief[i, ONSET + 2] = s


@inlined
def rows(brief: Singles, i: int) -> Rows:
    """What the number of rows says of the noise of series `i`."""
    return Rows(_wide(brief, i, ROWS), _wide(brief, i, ROWS + 1))


@inlined
def keep_rows(brief: Singles, i: int, s: Rows) -> None:
    """Put that away."""
    brief[i, ROWS], brief[i, ROWS + 1] = s


@inlined
def flat(brief: Singles, i: int) -> Flat:
    """How long series `i` has stood still."""
    return Flat(_wide(brief, i, FLAT), _wide(brief, i, FLAT + 1), _wide(brief, i, FLAT + 2))


@inlined
def keep_flat(brief: Singles, i: int, s: Flat) -> None:
    """Put that away."""
    brief[i, FLAT], brief[i, FLAT + 1], brief[i, FLAT + 2] = s
