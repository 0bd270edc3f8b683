"""`uppercase`: the value in capital letters."""

from collections.abc import Sequence

import polars as pl

from tailmass.intake.transforms.step import Outcome, Step
from tailmass.jobs import Transform


def uppercase(transform: Transform) -> Step:
    """Writes every letter as a capital, in the same way in every country."""
    del transform

    def run(inputs: Sequence[pl.Series]) -> Outcome:
        return Outcome((inputs[0].str.to_uppercase(),))

    return run
