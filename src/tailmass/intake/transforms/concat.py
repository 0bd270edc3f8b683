"""`concat`: values joined, with a separator between them."""

from collections.abc import Sequence

import polars as pl

from tailmass.intake.transforms.step import Outcome, Step
from tailmass.jobs import Transform


def concat(transform: Transform) -> Step:
    """Joins the inputs; one that is missing is joined as an empty one."""
    separator = transform.arguments[0] if transform.arguments else ""

    def run(inputs: Sequence[pl.Series]) -> Outcome:
        return Outcome((pl.select(pl.concat_str(inputs, separator=separator)).to_series(),))

    return run
