"""How much a mean of few rows is to be believed.

    variance of a mean of n rows = s^2 (1 + theta (n'/n - 1)),   n' = the usual number of rows, theta in [0, 1]

theta is the share of the variance that comes from the rows themselves and not from the buckets: 1 where the mean would
be as still as a stone with enough rows, 0 where their number does not matter. It is learnt from the innovations by
normalised least mean squares on e^2/s^2.
"""

from typing import NamedTuple

from tailmass.kernels.jit import inlined

USUAL = 0.01  # how fast the usual number of rows is learnt
RATE = 0.02
FEWEST, MOST = -0.9, 999.0  # n'/n - 1
LARGEST_SQUARE = 9.0  # of what is expected


class Rows(NamedTuple):
    """What the number of rows says of one series."""

    usual: float
    """n', rows a bucket; 0 before the first bucket."""
    theta: float


@inlined
def lack(s: Rows, n: float) -> float:
    """n'/n - 1, within bounds; 0 where nothing is known."""
    return max(FEWEST, min(MOST, s.usual / n - 1.0)) if n > 0.0 and s.usual > 0.0 else 0.0


@inlined
def factor(s: Rows, n: float) -> float:
    """Variance of this bucket's mean over the usual one, > 0."""
    return 1.0 + s.theta * lack(s, n)


@inlined
def learn(s: Rows, n: float, square: float, updates: float) -> Rows:
    """After a mean of `n` rows, `square` being e^2/s^2 without the factor."""
    if n <= 0.0:
        return s
    d = lack(s, n)
    theta = s.theta
    if s.usual > 0.0:
        theta += RATE * (min(square, LARGEST_SQUARE * max(1.0, 1.0 + theta * d)) - 1.0 - theta * d) * d / (1.0 + d * d)
    usual = s.usual + max(1.0 / (updates + 1.0), USUAL) * (n - s.usual) if s.usual > 0.0 else n
    return Rows(usual, max(0.0, min(1.0, theta)))
