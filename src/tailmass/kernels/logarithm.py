"""Variances on a scale on which their noise does not depend on their size.

    x = log(v + floor) - (bias(n) - bias(n')),    bias(n) = psi((n - 1)/2) - log(n/2)

The logarithm of the variance of n rows has a standard deviation near sqrt(2/(n - 1)), whatever is measured in what
unit, and is on average short of that of the true variance by bias(n), as for Gaussian rows. n' is the usual number of
rows of the series, so that nothing is added or taken where that does not vary. The floor is a billionth of the first
variance of a series that was not 0, as a power of two: values that stand still are 21 below it, not at minus infinity.

References
----------
Bartlett & Kendall (1946), The statistical analysis of variance-heterogeneity and the logarithmic transformation.
"""

import math
from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels import predict
from tailmass.kernels.jit import inlined, kernel

STILL = 2.0**-30  # of the unit: what a variance of 0 counts as
USUAL = 0.01  # how fast the usual number of rows is learnt


class Logs(NamedTuple):
    """What the scale of each series is; (series,) each, zeros before its first value."""

    unit: Floats
    """Power of two near the first variance that was not 0."""
    usual: Floats
    """n', rows a bucket."""
    updates: Floats
    """Buckets learnt from."""


@kernel
def logarithms(series: Ints, variances: Floats, rows: Floats, held: Logs, learning: bool) -> tuple[Floats, Floats]:
    """The variances on the scale of their series.

    Parameters
    ----------
    series : (n,) by bucket, then by series
    variances : (n,) unit of the data squared, >= 0
    rows : (n,) rows that each is of, at least 2
    held : changed in place if `learning`

    Returns
    -------
    logs : (n,)
    shifts : (n,) what has been taken off each
    """
    unit, usual, updates = held
    logs, shifts = np.empty(len(series)), np.empty(len(series))
    for k in range(len(series)):
        i, v = series[k], variances[k]
        own, often = unit[i], usual[i]
        if own == 0.0:
            own = predict.unit_of(v)
        if often == 0.0:
            often = rows[k]
        shifts[k] = bias(rows[k]) - bias(often)
        logs[k] = math.log(max(v + STILL * own, LEAST)) - shifts[k]
        if learning:
            unit[i] = own
            usual[i] = often + max(1.0 / (updates[i] + 1.0), USUAL) * (rows[k] - often)
            updates[i] += 1.0
    return logs, shifts


LEAST = 1e-300


@inlined
def bias(n: float) -> float:
    """Mean of the logarithm of the variance of `n` >= 2 Gaussian rows, over that of the true one; <= 0."""
    n = max(n, 2.0)
    return _digamma(0.5 * (n - 1.0)) - math.log(0.5 * n)


@inlined
def _digamma(x: float) -> float:
    """psi, to 1e-9 for x >= 1/2."""
    steps = 0.0
    while x < 8.0:
        steps += 1.0 / x
        x += 1.0
    s = 1.0 / (x * x)
    return math.log(x) - 0.5 / x - s * (1.0 / 12.0 - s * (1.0 / 120.0 - s / 252.0)) - steps
