"""`trim`: the value without the blanks around it."""

from collections.abc import Sequence

import polars as pl

from tailmass.intake.transforms.step import Outcome, Step
from tailmass.jobs import Transform

BLANKS = "".join(map(chr, range(0x21)))
"""What Java's `trim` takes away: the space, and every control character before it."""


def trim(transform: Transform) -> Step:
    """Takes the blanks away at both ends."""
    del transform

    def run(inputs: Sequence[pl.Series]) -> Outcome:
        return Outcome((inputs[0].str.strip_chars(BLANKS),))

    return run
