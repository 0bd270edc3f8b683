"""A series as one line of block characters."""

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = 24) -> str:
    """The values from left to right in at most `width` characters, lowest to highest; a gap where there is none.

    Where several values share a character the one farthest from the middle of all is shown, so that a spike is never
    averaged away.

    >>> sparkline([1, 1, 2, 8, 1])
    '▁▁▂█▁'
    >>> sparkline([1, float("nan"), 3])
    '▁ █'
    """
    known = sorted(value for value in values if isfinite(value))
    if not known:
        return " " * min(width, len(values))
    low, high, middle = known[0], known[-1], known[len(known) // 2]
    characters = []
    for piece in _pieces(values, width):
        real = [value for value in piece if isfinite(value)]
        if not real:
            characters.append(" ")
            continue
        value = max(real, key=lambda value: abs(value - middle))
        characters.append(BARS[round((value - low) / (high - low) * (len(BARS) - 1)) if high > low else 0])
    return "".join(characters)


def _pieces(values: Sequence[float], width: int) -> list[Sequence[float]]:
    """The values cut into at most `width` runs of nearly the same length."""
    count = min(width, len(values))
    edges = [len(values) * i // count for i in range(count + 1)] if count else [0]
    return [values[start:end] for start, end in pairwise(edges)]
