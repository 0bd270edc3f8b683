"""Mean and variance of the values of many cells, one value after the other.

W += w,  d = y - mean,  mean += w d/W,  m2 += w d (y - mean)
"""

from typing import NamedTuple

import numpy as np

from tailmass.columns import Floats, Ints
from tailmass.kernels.jit import kernel

ROUNDING = 2.0**-50  # of the mean: a deviation of that size is the noise of its own arithmetic
LARGEST = 1e150  # what is larger counts as this: the square of a deviation has to be finite
FEWEST = 2.0  # rows, without which there is no variance to speak of


class Moments(NamedTuple):
    """What has been added up; (cell,) each."""

    weight: Floats
    """Rows."""
    mean: Floats
    """Unit of the data."""
    m2: Floats
    """Sum of squared deviations from the mean, unit squared."""


@kernel
def add(cells: Ints, values: Floats, weights: Floats | None, held: Moments) -> None:
    """Add values to their cells in the order of the rows.

    Parameters
    ----------
    cells : (n,) the cell of each row; negative where the row is passed over
    values : (n,) unit of the data
    weights : (n,) rows that each row stands for, > 0; None where each is one
    held : changed in place

    References
    ----------
    Welford (1962), Note on a method for calculating corrected sums of squares and products.
    West (1979), Updating mean and variance estimates: an improved method (the weights).
    """
    weight, mean, m2 = held
    for row in range(len(cells)):
        cell = cells[row]
        if cell < 0:
            continue
        own = 1.0 if weights is None else weights[row]
        weight[cell] += own
        value = max(-LARGEST, min(LARGEST, values[row]))
        deviation = value - mean[cell]
        mean[cell] += own / weight[cell] * deviation
        m2[cell] += own * deviation * (value - mean[cell])


@kernel
def variances(held: Moments) -> Floats:
    """(cell,) variances of the rows as a population; NaN where there is one row, which says nothing of how they vary.

    What is no more than the rounding of the mean is 0: values that are all the same have no variance.
    """
    found = np.empty(len(held.weight))
    for cell in range(len(found)):
        noise = ROUNDING * held.mean[cell]
        variance = held.m2[cell] / held.weight[cell]
        found[cell] = np.nan if held.weight[cell] < FEWEST else 0.0 if variance <= noise * noise else variance
    return found
