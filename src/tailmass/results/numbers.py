"""Numbers as documents may hold them: never NaN, never infinite, a probability never 0."""

import math

SMALLEST_PROBABILITY = 2.22507e-308
"""What is written for anything less probable: clients know this number as the floor."""


def score(value: float) -> float:
    """A score as documents write it; one that is no number claims nothing."""
    return float(value) if math.isfinite(value) else 0.0


def probability(value: float) -> float:
    """A probability as documents write it, in [`SMALLEST_PROBABILITY`, 1].

    >>> probability(0.0)
    2.22507e-308
    """
    return 1.0 if math.isnan(value) else min(max(float(value), SMALLEST_PROBABILITY), 1.0)


def feature(value: float | tuple[float, ...] | None) -> float | list[float] | None:
    """What was seen or expected: bare when it is one number, an array when several, None when it is not a number.

    >>> feature(242.75), feature((242.75,)), feature((51.5, -0.1)), feature(float("nan"))
    (242.75, 242.75, [51.5, -0.1], None)
    """
    if value is None:
        return None
    values = [float(each) for each in value] if isinstance(value, tuple) else [float(value)]
    if not values or not all(math.isfinite(each) for each in values):
        return None
    return values[0] if len(values) == 1 else values
