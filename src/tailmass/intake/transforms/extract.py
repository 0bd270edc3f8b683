"""`extract`: the groups of a regular expression, searched for in the value."""

from collections.abc import Sequence

import polars as pl

from tailmass.intake.transforms.expression import Expression
from tailmass.intake.transforms.step import Outcome, Step
from tailmass.jobs import Transform


def extract(transform: Transform) -> Step:
    """Fills an output from each group; a value without a match is a failure."""
    expression = Expression(transform.arguments[0])

    def run(inputs: Sequence[pl.Series]) -> Outcome:
        groups, found = expression.groups(inputs[0])
        return Outcome(groups, ~found)

    return run
