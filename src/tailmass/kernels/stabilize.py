"""The map from the unit of the data to the model's, chosen per series so that noise is as even as it can be.

    identity   v                                    v = y / unit, unit a power of two near the first value
    asinh      w asinh((v - c) / w)                 heavy tails on both sides; slope 1 at c
    counts     2 sqrt(r) asinh(sqrt((v + 3/8) / r)) counts with negative binomial size r; 2 sqrt(v + 3/8) as r grows

Every series starts with the identity. From update 20 to 200 each candidate predicts the next value by its own running
mean and Student's t, its density carried back to the data's unit by the Jacobian; the best one is then kept for good.

References
----------
Anscombe (1948), The transformation of Poisson, binomial and negative-binomial data.
"""

import math
from typing import NamedTuple

from tailmass.kernels import student
from tailmass.kernels.jit import inlined
from tailmass.kernels.predict import Level
from tailmass.kernels.season import Gate
from tailmass.kernels.surprise import Spread

IDENTITY, ASINH, COUNTS = 0.0, 1.0, 2.0
TRIAL_BEGINS, TRIAL_ENDS = 20.0, 200.0
SETTLED = 20.0  # values a candidate sees before its bids count
TRIAL_MEMORY = 0.05
HANDICAP = 100.0  # nats, half a nat a value, by which another map must win: a few odd values must not decide
FARTHEST = 1e30  # in units, even if the first value was mere rounding noise; squares and 32-bit slots stay finite
POISSON = 1e9  # a negative binomial size that is as good as infinite
NARROWEST = 1e-9
IMPOSSIBLE = -1e300  # the evidence of a map that is not allowed
LEAST_SLOPE = 1e-300


class Map(NamedTuple):
    """The map of one series."""

    unit: float
    """Power of two; 0 until the first value that is not 0."""
    kind: float
    centre: float
    """c of asinh, in units."""
    width: float
    """w of asinh, in units."""
    size: float
    """r of counts."""


class Bid(NamedTuple):
    """How well one candidate has done in the trial."""

    mean: float
    """Running mean of the mapped values."""
    variance: float
    """Running variance of the same."""
    evidence: float
    """Log predictive density, summed."""


@inlined
def forward(m: Map, kind: float, v: float) -> float:
    """The model's value of `v`, a value in units."""
    if kind == ASINH:
        return m.width * math.asinh((v - m.centre) / m.width)
    if kind == COUNTS:
        return 2.0 * math.sqrt(m.size) * math.asinh(math.sqrt((max(v, 0.0) + 0.375) / m.size))
    return v


@inlined
def backward(m: Map, x: float) -> float:
    """The inverse of `forward` with the map's own kind; at least 0 for counts."""
    if m.kind == ASINH:
        return m.centre + m.width * math.sinh(max(-500.0, min(500.0, x / m.width)))
    if m.kind == COUNTS:
        root = math.sinh(max(0.0, min(300.0, x / (2.0 * math.sqrt(m.size)))))
        return max(0.0, m.size * root * root - 0.375)
    return x


@inlined
def slope(m: Map, kind: float, v: float) -> float:
    """The derivative of `forward` at `v`, > 0."""
    if kind == ASINH:
        d = (v - m.centre) / m.width
        return 1.0 / math.sqrt(1.0 + d * d)
    if kind == COUNTS:
        shifted = max(v, 0.0) + 0.375
        return 1.0 / math.sqrt(shifted * (1.0 + shifted / m.size))
    return 1.0


@inlined
def unit_of(y: float) -> float:
    """The power of two at or below |y|; 0 for 0."""
    if y == 0.0:
        return 0.0
    return float(2.0 ** max(-1000.0, math.floor(math.log2(min(abs(y), 1e300)))))


@inlined
def measured(m: Map, y: float) -> float:
    """`y` in units; 0 while there is no unit."""
    return max(-FARTHEST, min(FARTHEST, y / m.unit)) if m.unit > 0.0 else 0.0


@inlined
def entered(m: Map, level: float, scale: float) -> Map:
    """The map with the parameters that its candidates take into the trial, from the identity's level and scale."""
    y, variance = level * m.unit, (scale * m.unit) ** 2
    size = y * y / (variance - y) if variance > y > 0.0 else POISSON
    if not math.isfinite(size):  # beyond 1e154 the squares overflow; nothing that large is a count
        size = POISSON
    return Map(m.unit, m.kind, level, max(scale, NARROWEST), size)


@inlined
def raised(m: Map, kind: float, bid: Bid, v: float, n: float) -> Bid:
    """The bid of a candidate after `v`, the series' `n`-th value."""
    seen = n - TRIAL_BEGINS
    unit = m.unit if kind == COUNTS else 1.0  # counts are mapped as they are: the map depends on how many they are
    deviation = forward(m, kind, v * unit) - bid.mean
    evidence = bid.evidence
    if seen >= SETTLED:
        s = math.sqrt(max(bid.variance, NARROWEST**2))
        density = student.log_density(deviation / s) - math.log(s)
        evidence += density + math.log(max(slope(m, kind, v * unit) * unit, LEAST_SLOPE))
    gain = max(1.0 / (seen + 1.0), TRIAL_MEMORY)
    variance = bid.variance + gain * (deviation * deviation * (1.0 - gain) - bid.variance)
    return Bid(bid.mean + gain * deviation, variance, evidence)


@inlined
def winner(identity: float, asinh: float, counts: float) -> float:
    """The kind with the highest evidence, the identity having a start of HANDICAP."""
    if max(asinh, counts) <= identity + HANDICAP:
        return IDENTITY
    return ASINH if asinh >= counts else COUNTS


@inlined
def adopted(m: Map, kind: float) -> Map:
    """The map from now on; counts have the unit 1."""
    return Map(1.0 if kind == COUNTS else m.unit, kind, m.centre, m.width, m.size)


@inlined
def carried(m: Map, s: Level, ratio: float) -> Level:
    """The predictor of the identity, in old units, carried over to the map `m`; `ratio` old unit over new.

    Places are mapped; widths, which is all the rest, are stretched by the slope at the level.
    """
    stretch = ratio * slope(m, m.kind, s.level * ratio)
    level, previous = forward(m, m.kind, s.level * ratio), forward(m, m.kind, s.previous * ratio)
    peak = abs(forward(m, m.kind, s.peak * ratio))
    step, scale_e, scale_r = s.step * stretch, s.scale_e * stretch, s.scale_r * stretch
    past = (s.past[0] * stretch, s.past[1] * stretch, s.past[2] * stretch, s.past[3] * stretch)
    return Level(s.updates, s.last, level, previous, peak, step, scale_e, scale_r, s.phi, past)


@inlined
def carried_spread(s: Spread, stretch: float) -> Spread:
    """Second moments, stretched."""
    square = stretch * stretch
    return Spread(s.up * square, s.down * square, s.both * square, s.fast * square)


@inlined
def carried_gate(gate: Gate, stretch: float) -> Gate:
    """Mean errors, stretched."""
    return Gate(gate.plain * stretch, gate.seasonal * stretch)


@inlined
def carried_slot(m: Map, value: float, level: float, ratio: float) -> float:
    """A slot's deviation from the identity's `level`, carried over to the map `m`."""
    return forward(m, m.kind, (level + value) * ratio) - forward(m, m.kind, level * ratio)
