"""`split`: what stands between the matches of a regular expression."""

from collections.abc import Sequence

import polars as pl

from tailmass.intake.transforms.expression import Expression
from tailmass.intake.transforms.step import Outcome, Step
from tailmass.jobs import Transform


def split(transform: Transform) -> Step:
    """Fills the outputs with the first parts; where there are fewer the rest is empty, and that is no failure."""
    expression = Expression(transform.arguments[0])
    count = len(transform.output_names)

    def run(inputs: Sequence[pl.Series]) -> Outcome:
        return Outcome(expression.parts(inputs[0], count))

    return run
